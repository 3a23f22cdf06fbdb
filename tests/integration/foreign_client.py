"""A client of Vigil that is not ours: generated from the .proto by protoc, over Debian's gRPC.

It becomes known and stays known as sync/docs/access.md describes it, with a key of its own. Starts
a vigild of its own, with TLS. Stubs are made from the descriptors, so that every method of the
contract can be called.
"""

import datetime
import hashlib
import ipaddress
import os
import pathlib
import secrets
import signal
import struct
import subprocess
import sys
import tempfile
import time
import uuid

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("VIGIL_BUILD_DIR", ROOT / "build" / "dev"))
PROTO = ROOT / "proto"
PATIENCE_S = 60

_generated = tempfile.TemporaryDirectory(prefix="vigil-pb2-")


def generate() -> None:
    """Makes vigil.v1's Python modules importable."""
    protos = sorted(str(path) for path in (PROTO / "vigil" / "v1").glob("*.proto"))
    subprocess.run(["protoc", f"--proto_path={PROTO}", f"--python_out={_generated.name}", *protos],
                   check=True)
    sys.path.insert(0, _generated.name)


generate()

# pylint: disable=wrong-import-position
from vigil.v1 import (  # noqa: E402
    access_service_pb2, admin_service_pb2, error_pb2, evidence_service_pb2, operation_pb2,
    organization_pb2, policy_pb2, record_pb2, register_service_pb2, report_service_pb2,
    sync_service_pb2)
from google.protobuf import message_factory  # noqa: E402

SERVICE_FILES = (sync_service_pb2, register_service_pb2, admin_service_pb2, access_service_pb2,
                 evidence_service_pb2, report_service_pb2)
PASSWORD = "a long enough password"


def message_class(descriptor):
    return message_factory.MessageFactory().GetPrototype(descriptor)


def services(files=SERVICE_FILES):
    for file in files:
        yield from file.DESCRIPTOR.services_by_name.values()


def is_streaming(method) -> tuple[bool, bool]:
    """Whether the client streams, whether the server does."""
    # Python's descriptors of this version keep it in the serialised file alone.
    from google.protobuf import descriptor_pb2
    file = descriptor_pb2.FileDescriptorProto()
    method.containing_service.file.CopyToProto(file)
    for service in file.service:
        for proto in service.method:
            if service.name == method.containing_service.name and proto.name == method.name:
                return proto.client_streaming, proto.server_streaming
    raise KeyError(method.full_name)


def rules_of(method) -> policy_pb2.RpcRules:
    return method.GetOptions().Extensions[policy_pb2.rpc]


# --- what is signed -------------------------------------------------------------------------------

def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


def text(content) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return struct.pack(">I", len(content)) + content


def number(value: int) -> bytes:
    return struct.pack(">Q", value)


def identity(value: str) -> bytes:
    return uuid.UUID(value).bytes


class Key:
    """A program's key."""

    def __init__(self):
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.public_der = self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, kind: str, *fields: bytes) -> bytes:
        content = b"vigil/" + kind.encode() + b"/1\0" + b"".join(fields)
        return self.private.sign(content, ec.ECDSA(hashes.SHA256()))


class Access:
    """What a program keeps once it is known."""

    def __init__(self, key: Key, refresh_token: bytes, access: access_service_pb2.Access):
        self.key = key
        self.refresh_token = refresh_token
        self.device, self.person, self.register = access.device, access.person, access.register
        self.token = access.token.token
        self.clock_offset_us = access.server_time.ToMicroseconds() - time.time_ns() // 1000

    def proof(self, method: str, issued_at_us: int | None = None,
              nonce: bytes | None = None) -> bytes:
        """For one call of "vigil.v1.SyncService/Pull"."""
        if issued_at_us is None:
            issued_at_us = time.time_ns() // 1000 + self.clock_offset_us
        proof = access_service_pb2.CallProof(nonce=nonce or secrets.token_bytes(16))
        proof.issued_at.FromMicroseconds(issued_at_us)
        proof.signature = self.key.sign(
            "call", identity(self.register), sha256(self.token.encode()), text(method),
            number(issued_at_us), text(proof.nonce))
        return proof.SerializeToString()

    def refresh_request(self, following: bytes) -> access_service_pb2.RefreshTokenRequest:
        return access_service_pb2.RefreshTokenRequest(
            device=self.device, refresh_token=self.refresh_token, next_hash=sha256(following),
            signature=self.key.sign("refresh", sha256(self.refresh_token), sha256(following)))


def program_key(key: Key, refresh_token: bytes, kind: str, name: str):
    """The key of somebody who enrols with a code, or signs in as a person."""
    return access_service_pb2.ProgramKey(
        public_key=key.public_der, refresh_hash=sha256(refresh_token),
        signature=key.sign(kind, text(name), sha256(refresh_token)))


def enrol_request(key: Key, refresh_token: bytes, code: str) -> access_service_pb2.EnrolRequest:
    return access_service_pb2.EnrolRequest(
        code=code, key=program_key(key, refresh_token, "enrol", code))


class Client:
    """Calls with one access, or with a token alone: client.call("SyncService.Push", request)."""

    def __init__(self, vigild: "Vigild", access: Access | None = None, token: str | None = None,
                 compression=None):
        self.vigild = vigild
        self.access = access
        self.token = access.token if access else token
        self.channel = grpc.secure_channel(
            vigild.server, grpc.ssl_channel_credentials(vigild.authority.certificate_pem),
            options=[("grpc.enable_http_proxy", 0)], compression=compression)
        self.methods = {f"{service.name}.{method.name}": method
                        for service in services(SERVICE_FILES)
                        for method in service.methods}

    def metadata(self, method) -> list:
        if self.token is None:
            return []
        metadata = [("authorization", f"Bearer {self.token}")]
        if self.access and not rules_of(method).signed_request:
            path = f"{method.containing_service.full_name}/{method.name}"
            metadata.append(("vigil-proof-bin", self.access.proof(path)))
        return metadata

    def call(self, name: str, request, timeout=PATIENCE_S, metadata=None):
        method = self.methods[name]
        sends, receives = is_streaming(method)
        kind = f"{'stream' if sends else 'unary'}_{'stream' if receives else 'unary'}"
        path = f"/{method.containing_service.full_name}/{method.name}"
        stub = getattr(self.channel, kind)(
            path, request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_class(method.output_type).FromString)
        return stub(request, timeout=timeout,
                    metadata=self.metadata(method) if metadata is None else metadata)

    def request(self, name: str):
        return message_class(self.methods[name].input_type)()


def detail_of(error: grpc.RpcError) -> error_pb2.ErrorDetail:
    for key, value in error.trailing_metadata():
        if key == "vigil-error-bin":
            return error_pb2.ErrorDetail.FromString(value)
    raise AssertionError(f"no vigil-error-bin in the trailers: {error}")


def reason_of(error: grpc.RpcError) -> str:
    return error_pb2.Reason.Name(detail_of(error).reason)


def new_id() -> str:
    """UUIDv7."""
    value = (int(time.time() * 1000) << 80) | (uuid.uuid4().int & ((1 << 80) - 1))
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return str(uuid.UUID(int=value))


def timestamp(message) -> None:
    message.GetCurrentTime()


class Authority:
    """A certificate authority, and a certificate for this machine."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test authority")])
        self.certificate_pem = self._pem(self._builder(self.name, self.key).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True))

    def _builder(self, subject: x509.Name, key) -> x509.CertificateBuilder:
        now = datetime.datetime.utcnow()
        return (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                .public_key(key.public_key()).serial_number(x509.random_serial_number())
                .not_valid_before(now - datetime.timedelta(hours=1))
                .not_valid_after(now + datetime.timedelta(days=1)))

    def _pem(self, builder: x509.CertificateBuilder) -> bytes:
        certificate = builder.sign(self.key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, directory: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
        """The files of a server's certificate and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        builder = self._builder(subject, key).add_extension(
            x509.SubjectAlternativeName(names), critical=False)
        certificate_file, key_file = directory / "server.pem", directory / "server.key"
        certificate_file.write_bytes(self._pem(builder))
        key_file.touch(mode=0o600)
        key_file.write_bytes(key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption()))
        return certificate_file, key_file


class Vigild:
    """A server with a register of its own and some people in it."""

    ORG_UNITS = "code,name,kind,parent_unit\nBUREAU,局,bureau,\nPARK,公园,park,BUREAU\n" \
                "OTHER,别处,park,BUREAU\n"
    PERSONS = "code,name,unit,roles\ni1,甲,PARK,inspector@PARK\ni2,乙,OTHER,inspector@OTHER\n" \
              "chief,丙,BUREAU,safety_office@BUREAU\n"
    RISK_SOURCES = "code,name,site_type,responsible_unit\nRS-1,坡,park_slope,PARK\n" \
                   "RS-2,坡二,park_slope,OTHER\n"

    def __init__(self, *options: str):
        self.directory = tempfile.TemporaryDirectory(prefix="vigild-")
        self.data = pathlib.Path(self.directory.name) / "reg"
        self.authority = Authority()
        certificate, key = self.authority.issue(pathlib.Path(self.directory.name))
        self.certificate_files = certificate, key
        self.log = open(pathlib.Path(self.directory.name) / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [str(BUILD / "bin" / "vigild"), "--data-dir", str(self.data), "--port", "0",
             "--tls-certificate", str(certificate), "--tls-key", str(key), *options],
            stdin=subprocess.DEVNULL, stderr=self.log)
        end = time.monotonic() + PATIENCE_S
        while not (self.data / "port").exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"vigild did not start: {self.errors()}")
            time.sleep(0.01)
        self.server = "127.0.0.1:" + (self.data / "port").read_text().strip()
        self.stranger = Client(self)
        code = (self.data / "first-administrator.code").read_text().strip()
        self.office = Client(self, self.sign_in("admin", code))

    def errors(self) -> str:
        # Opened anew: the server's own file must not be moved under it.
        return (pathlib.Path(self.directory.name) / "log").read_text(encoding="utf-8")

    def import_people(self) -> None:
        def requests():
            yield admin_service_pb2.ImportRequest(options={})
            for name, content in (("org_units.csv", self.ORG_UNITS), ("persons.csv", self.PERSONS),
                               ("risk_sources.csv", self.RISK_SOURCES)):
                yield admin_service_pb2.ImportRequest(
                    file={"name": name, "content": content.encode()})
        parts = list(self.office.call("AdminService.Import", requests()))
        problems = [part.problem for part in parts if part.HasField("problem")]
        if problems or not parts[-1].summary.applied:
            raise AssertionError(f"import failed: {problems}")

    def invite(self, person: str, kind=organization_pb2.DEVICE_KIND_PHONE) -> str:
        """A one-time code."""
        return self.office.call("AdminService.Invite", admin_service_pb2.InviteRequest(
            person=person, kind=kind)).code

    def sign_in(self, person: str, code: str) -> Access:
        """Chooses a password with the code, and signs in with it."""
        self.stranger.call("AccessService.SetPassword", access_service_pb2.SetPasswordRequest(
            person_code=person, code=code, new_password=PASSWORD))
        key, refresh_token = Key(), secrets.token_bytes(32)
        answer = self.stranger.call("AccessService.SignIn", access_service_pb2.SignInRequest(
            person_code=person, password=PASSWORD,
            key=program_key(key, refresh_token, "sign-in", person)))
        return Access(key, refresh_token, answer.access)

    def add_office(self, person: str) -> Client:
        code = self.invite(person, organization_pb2.DEVICE_KIND_OFFICE)
        return Client(self, self.sign_in(person, code))

    def add_device(self, person: str) -> "Device":
        key, refresh_token = Key(), secrets.token_bytes(32)
        answer = self.stranger.call("AccessService.Enrol", enrol_request(
            key, refresh_token, self.invite(person)))
        return Device(self, Access(key, refresh_token, answer.access))

    def find(self, kind: str, key: str) -> record_pb2.Record:
        return self.office.call("RegisterService.GetRecord", register_service_pb2.GetRecordRequest(
            kind=kind, key=key)).record

    def digest(self) -> list[int]:
        return list(self.office.call("RegisterService.GetDigest",
                                     register_service_pb2.GetDigestRequest()).digest)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(PATIENCE_S)
        self.log.close()
        self.directory.cleanup()
        return code


class Device(Client):
    """A phone, which numbers and chains its operations and signs what it sends."""

    def __init__(self, vigild: Vigild, access: Access, **more):
        super().__init__(vigild, access, **more)
        self.id, self.person = access.device, access.person
        self.device_seq = 0
        # By device sequence: what the operation before it had for a hash, and what it has itself.
        self.chain = {0: (b"", b"")}

    def begin(self) -> operation_pb2.Operation:
        self.device_seq += 1
        operation = operation_pb2.Operation(id=new_id(), device=self.id, person=self.person,
                                            device_seq=self.device_seq)
        operation.made_at.GetCurrentTime()
        return operation

    def report(self, risk_source: str, **fields) -> operation_pb2.Operation:
        operation = self.begin()
        report = operation.report_hazard
        report.hazard_id = new_id()
        report.hazard.risk_source = risk_source
        report.hazard.description = fields.get("description", "坡顶裂缝")
        report.hazard.found_at.GetCurrentTime()
        return operation

    def entry(self, operation, content: bytes | None = None) -> sync_service_pb2.PushEntry:
        content = operation.SerializeToString() if content is None else content
        seq = operation.device_seq
        if seq not in self.chain:
            self.chain[seq] = (self.chain[seq - 1][1], sha256(content))
        return sync_service_pb2.PushEntry(
            operation_id=operation.id, device_seq=seq, previous_hash=self.chain[seq][0],
            operation=content)

    def push_request(self, *entries, key: Key | None = None) -> sync_service_pb2.PushRequest:
        last = entries[-1]
        signature = (key or self.access.key).sign(
            "push", identity(self.access.register), identity(self.id), number(last.device_seq),
            sha256(last.operation))
        return sync_service_pb2.PushRequest(entries=entries, signature=signature)

    def push(self, *entries) -> list[operation_pb2.Outcome]:
        response = self.call("SyncService.Push", self.push_request(*entries))
        if len(response.outcomes) != len(entries):
            raise AssertionError("one outcome for each entry")
        return list(response.outcomes)

    def pull(self, cursors=(), page_bytes=4096) -> list[sync_service_pb2.PullResponse]:
        return list(self.call("SyncService.Pull", sync_service_pb2.PullRequest(
            cursors=cursors, page_bytes=page_bytes)))


def held_after(pages) -> dict[str, bytes]:
    """What a phone holds after these pages: id to bytes."""
    held = {}
    for page in pages:
        for content in page.records:
            held[record_pb2.Record.FromString(content).id] = content
        for departure in page.departures:
            held.pop(departure.record, None)
    return held


def digest_of(held: dict[str, bytes]) -> list[int]:
    """As write_set and sync/README.md describe it, in other words."""
    sums = [0] * 256
    for record, content in held.items():
        bucket = sha256(uuid.UUID(record).bytes)[0]
        value = struct.unpack(">Q", sha256(content)[:8])[0]
        sums[bucket] = (sums[bucket] + value) % (1 << 64)
    return sums
