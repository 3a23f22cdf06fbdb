"""A client of Vigil that is not ours: generated from the .proto by protoc, over Debian's gRPC.

Starts a vigild of its own. Stubs are made from the descriptors, so that every method of the
contract can be called.
"""

import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time
import os
import uuid

import grpc

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
    organization_pb2, record_pb2, register_service_pb2, sync_service_pb2)
from google.protobuf import message_factory  # noqa: E402

SERVICE_FILES = (sync_service_pb2, register_service_pb2, admin_service_pb2)
UNBUILT_FILES = (access_service_pb2, evidence_service_pb2)


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


class Client:
    """Calls of one credential: client.call("SyncService.Push", request)."""

    def __init__(self, server: str, token: str | None, options=(), compression=None):
        self.channel = grpc.insecure_channel(
            server, options=[("grpc.enable_http_proxy", 0), *options], compression=compression)
        self.metadata = [("authorization", f"Bearer {token}")] if token is not None else []
        self.methods = {f"{service.name}.{method.name}": method
                        for service in services((*SERVICE_FILES, *UNBUILT_FILES))
                        for method in service.methods}

    def call(self, name: str, request, timeout=PATIENCE_S):
        method = self.methods[name]
        sends, receives = is_streaming(method)
        kind = f"{'stream' if sends else 'unary'}_{'stream' if receives else 'unary'}"
        path = f"/{method.containing_service.full_name}/{method.name}"
        stub = getattr(self.channel, kind)(
            path, request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=message_class(method.output_type).FromString)
        return stub(request, metadata=self.metadata, timeout=timeout)

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
        self.log = open(pathlib.Path(self.directory.name) / "log", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [str(BUILD / "bin" / "vigild"), "--data-dir", str(self.data), "--port", "0", *options],
            stdin=subprocess.DEVNULL, stderr=self.log)
        end = time.monotonic() + PATIENCE_S
        while not (self.data / "port").exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"vigild did not start: {self.errors()}")
            time.sleep(0.01)
        self.server = "127.0.0.1:" + (self.data / "port").read_text().strip()
        self.office = Client(self.server, (self.data / "office.token").read_text().strip())

    def errors(self) -> str:
        self.log.flush()
        self.log.seek(0)
        return self.log.read()

    def import_people(self) -> None:
        def requests():
            yield admin_service_pb2.ImportRequest(options={})
            for name, text in (("org_units.csv", self.ORG_UNITS), ("persons.csv", self.PERSONS),
                               ("risk_sources.csv", self.RISK_SOURCES)):
                yield admin_service_pb2.ImportRequest(
                    file={"name": name, "content": text.encode()})
        parts = list(self.office.call("AdminService.Import", requests()))
        problems = [part.problem for part in parts if part.HasField("problem")]
        if problems or not parts[-1].summary.applied:
            raise AssertionError(f"import failed: {problems}")

    def add_device(self, person: str, kind=organization_pb2.DEVICE_KIND_PHONE) -> "Device":
        added = self.office.call("AdminService.AddDevice", admin_service_pb2.AddDeviceRequest(
            person=person, kind=kind))
        return Device(self.server, added)

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
    """A device that numbers its operations."""

    def __init__(self, server: str, added, **more):
        super().__init__(server, added.token, **more)
        self.id, self.person, self.token = added.device, added.person, added.token
        self.device_seq = 0

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

    @staticmethod
    def entry(operation, content: bytes | None = None) -> sync_service_pb2.PushEntry:
        return sync_service_pb2.PushEntry(
            operation_id=operation.id, device_seq=operation.device_seq,
            operation=operation.SerializeToString() if content is None else content)

    def push(self, *entries) -> list[operation_pb2.Outcome]:
        response = self.call("SyncService.Push", sync_service_pb2.PushRequest(entries=entries))
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
    import hashlib
    sums = [0] * 256
    for record, content in held.items():
        bucket = hashlib.sha256(uuid.UUID(record).bytes).digest()[0]
        value = struct.unpack(">Q", hashlib.sha256(content).digest()[:8])[0]
        sums[bucket] = (sums[bucket] + value) % (1 << 64)
    return sums
