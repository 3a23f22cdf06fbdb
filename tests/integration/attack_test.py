#!/usr/bin/env python3
"""What somebody who means harm gets, over real TLS from a real server; and that it costs others
nothing. What is planted as a secret is looked for in the whole run's log at the end."""

import pathlib
import tempfile
import time
import unittest

import grpc
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

import foreign_client as fc
from foreign_client import (
    access_service_pb2, admin_service_pb2, error_pb2, operation_pb2, organization_pb2, policy_pb2,
    record_pb2, register_service_pb2, sync_service_pb2)

PATIENCE_S = 60
PHONE = organization_pb2.DEVICE_KIND_PHONE
OFFICE = organization_pb2.DEVICE_KIND_OFFICE


def text_paths(descriptor, depth=4):
    """The fields of a message, and of those in it, that are texts."""
    for field in descriptor.fields:
        if field.type == field.TYPE_STRING:
            yield (field.name,)
        elif field.type == field.TYPE_MESSAGE and depth:
            for path in text_paths(field.message_type, depth - 1):
                yield (field.name, *path)


def set_text(message, path, value: str) -> None:
    name, *rest = path
    field = message.DESCRIPTOR.fields_by_name[name]
    repeated = field.label == field.LABEL_REPEATED
    if rest:
        part = getattr(message, name)
        set_text(part.add() if repeated else part, rest, value)
    elif repeated:
        getattr(message, name).append(value)
    else:
        setattr(message, name, value)


class AttackTest(unittest.TestCase):
    CONFIG = ""

    @classmethod
    def setUpClass(cls):
        cls.files = tempfile.TemporaryDirectory(prefix="vigil-attack-")
        config = pathlib.Path(cls.files.name) / "vigild.textproto"
        config.write_text(cls.CONFIG)
        cls.vigild = fc.Vigild("--config", str(config), *cls.more_options())
        cls.vigild.import_people()
        cls.risk_source = cls.vigild.find("risk_source", "RS-1").id
        cls.other_risk_source = cls.vigild.find("risk_source", "RS-2").id
        cls.secrets = [fc.PASSWORD, "甲", "乙", "丙", "113.9876", "坡顶裂缝"]

    @classmethod
    def more_options(cls):
        return ()

    @classmethod
    def tearDownClass(cls):
        log = cls.vigild.errors()
        code = cls.vigild.stop()
        cls.files.cleanup()
        assert code == 0, f"vigild ended with {code}"
        told = [secret for secret in cls.secrets if secret in log]
        assert not told, f"the log tells {told}"

    def wait_until(self, holds) -> None:
        end = time.monotonic() + PATIENCE_S
        while not holds():
            self.assertLess(time.monotonic(), end, self.vigild.errors())
            time.sleep(0.1)

    def phone(self, person="i1") -> fc.Device:
        phone = self.vigild.add_device(person)
        self.secrets += [phone.token, phone.access.refresh_token.hex()]
        return phone

    def hello(self, client: fc.Client, **more):
        return client.call("SyncService.Hello", sync_service_pb2.HelloRequest(protocol=1), **more)

    def fails(self, call) -> grpc.RpcError:
        with self.assertRaises(grpc.RpcError) as caught:
            result = call()
            if hasattr(result, "__iter__"):
                list(result)
        return caught.exception

    def assert_reason(self, reason: str, call) -> None:
        self.assertEqual(fc.reason_of(self.fails(call)), f"REASON_{reason}")

    def status(self, name: str) -> int:
        """A figure of /proc/PID/status: VmRSS in KiB, Threads."""
        text = pathlib.Path(f"/proc/{self.vigild.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in text.splitlines() if line.startswith(name)))

    def submit(self, client: fc.Client, operation) -> operation_pb2.Outcome:
        return client.call("RegisterService.Submit", register_service_pb2.SubmitRequest(
            operation=operation.SerializeToString())).outcome

    def office_operation(self, client: fc.Client, *seen) -> operation_pb2.Operation:
        operation = operation_pb2.Operation(
            id=fc.new_id(), device=client.access.device, person=client.access.person)
        operation.made_at.GetCurrentTime()
        for record in seen:
            operation.seen.add(record=record.id, version=record.version)
        return operation

    def find(self, record: str) -> record_pb2.Record:
        return self.vigild.office.call(
            "RegisterService.GetRecord",
            register_service_pb2.GetRecordRequest(record=record)).record


class IdentityTest(AttackTest):
    """Whoever says that he is somebody else."""

    def test_a_token_that_promises_no_algorithm(self):
        for token in ("eyJhbGciOiJub25lIn0.eyJyb2xlIjoiYWRtaW5pc3RyYXRvciJ9.", "a.b.c", "=" * 43,
                      "\\x00", "A" * 200_000):
            client = fc.Client(self.vigild, token=token)
            error = self.fails(lambda c=client: self.hello(c))
            self.assertIn(error.code(), (grpc.StatusCode.UNAUTHENTICATED,
                                         grpc.StatusCode.RESOURCE_EXHAUSTED))

    def test_a_key_of_another_kind(self):
        others = [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1()),
                  ed25519.Ed25519PrivateKey.generate()]
        for private in others:
            code = self.vigild.invite("i1")
            self.secrets.append(code)
            der = private.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
            message = b"vigil/enrol/1\0" + fc.text(code) + fc.sha256(bytes(32))
            if isinstance(private, rsa.RSAPrivateKey):
                signature = private.sign(message, padding.PKCS1v15(), hashes.SHA256())
            elif isinstance(private, ec.EllipticCurvePrivateKey):
                signature = private.sign(message, ec.ECDSA(hashes.SHA256()))
            else:
                signature = private.sign(message)
            key = access_service_pb2.ProgramKey(
                public_key=der, refresh_hash=fc.sha256(bytes(32)), signature=signature)
            self.assert_reason("INVALID_VALUE", lambda c=code, k=key: self.vigild.stranger.call(
                "AccessService.Enrol", access_service_pb2.EnrolRequest(code=c, key=k)))

    def test_a_signature_of_one_kind_does_not_pass_for_another(self):
        code = self.vigild.invite("i1")
        key = fc.Key()
        request = access_service_pb2.EnrolRequest(
            code=code, key=fc.program_key(key, bytes(32), "sign-in", code))
        self.assert_reason("SIGNATURE_INVALID",
                           lambda: self.vigild.stranger.call("AccessService.Enrol", request))

    def test_what_was_signed_for_another_register(self):
        phone = self.phone()
        phone.access.register = fc.new_id()
        self.assert_reason("PROOF_INVALID", lambda: self.hello(phone))
        operation = phone.report(self.risk_source)
        self.assert_reason("SIGNATURE_INVALID", lambda: phone.push(phone.entry(operation)))

    def test_a_token_without_its_key(self):
        phone, thief = self.phone(), self.phone("i2")
        stolen = fc.Access(thief.access.key, bytes(32), access_service_pb2.Access(
            device=phone.id, person=phone.person, register=phone.access.register,
            token=access_service_pb2.AccessToken(token=phone.token)))
        stolen.clock_offset_us = phone.access.clock_offset_us
        client = fc.Device(self.vigild, stolen)
        self.assert_reason("PROOF_INVALID", lambda: self.hello(client))
        operation = client.report(self.risk_source)
        self.assert_reason("SIGNATURE_INVALID", lambda: client.push(client.entry(operation)))
        self.hello(phone)

    def test_a_proof_is_good_once_and_for_one_call(self):
        phone = self.phone()
        proof = phone.access.proof("vigil.v1.SyncService/Hello")
        metadata = [("authorization", f"Bearer {phone.token}"), ("vigil-proof-bin", proof)]
        self.hello(phone, metadata=metadata)
        self.assert_reason("PROOF_INVALID", lambda: self.hello(phone, metadata=metadata))
        other = [("authorization", f"Bearer {phone.token}"),
                 ("vigil-proof-bin", phone.access.proof("vigil.v1.SyncService/Hello"))]
        self.assert_reason("PROOF_INVALID", lambda: phone.call(
            "SyncService.Repair", sync_service_pb2.RepairRequest(), metadata=other))

    def test_a_push_sent_again_by_whoever_heard_it(self):
        phone, thief = self.phone(), self.phone("i2")
        request = phone.push_request(phone.entry(phone.report(self.risk_source)))
        first = phone.call("SyncService.Push", request).outcomes[0]
        self.assertEqual(first.verdict, operation_pb2.VERDICT_APPLIED)
        again = phone.call("SyncService.Push", request).outcomes[0]
        self.assertTrue(again.repeat)
        self.assertEqual(again.seq, first.seq)
        self.assert_reason("SIGNATURE_INVALID", lambda: thief.call("SyncService.Push", request))

    def test_a_forged_device(self):
        phone, victim = self.phone(), self.phone("i2")
        operation = phone.report(self.risk_source)
        operation.device = victim.id
        outcome, = phone.push(phone.entry(operation))
        self.assertEqual(outcome.verdict, operation_pb2.VERDICT_REFUSED)
        request = phone.access.refresh_request(b"n" * 32)
        request.device = victim.id
        self.assert_reason("UNAUTHENTICATED", lambda: self.vigild.stranger.call(
            "AccessService.RefreshToken", request))
        self.hello(victim)

    def test_a_copied_refresh_token_ends_the_sign_in(self):
        phone = self.phone()
        self.vigild.stranger.call("AccessService.RefreshToken",
                                  phone.access.refresh_request(b"a" * 32))
        self.assert_reason("UNAUTHENTICATED", lambda: self.vigild.stranger.call(
            "AccessService.RefreshToken", phone.access.refresh_request(b"b" * 32)))
        self.assert_reason("UNAUTHENTICATED", lambda: self.hello(phone))

    def test_passwords_are_not_guessed_quickly(self):
        def guess():
            key = fc.Key()
            self.vigild.stranger.call("AccessService.SignIn", access_service_pb2.SignInRequest(
                person_code="chief", password="a wrong password",
                key=fc.program_key(key, bytes(32), "sign-in", "chief")))
        reasons = [fc.reason_of(self.fails(guess)) for _ in range(12)]
        self.assertEqual(reasons[0], "REASON_WRONG_PASSWORD")
        self.assertEqual(reasons[-1], "REASON_RATE_LIMITED")
        self.secrets.append("a wrong password")


class ScopeTest(AttackTest):
    """Whoever is known, and wants more than is his."""

    def test_other_peoples_ids(self):
        office = self.vigild.add_office("i1")
        theirs, nobodys = self.other_risk_source, fc.new_id()
        calls = {
            "RegisterService.GetRecord": lambda record: register_service_pb2.GetRecordRequest(
                record=record),
            "RegisterService.ListHistory": lambda record: register_service_pb2.ListHistoryRequest(
                record=record),
            "RegisterService.GetDigest": lambda _: register_service_pb2.GetDigestRequest(
                units=[self.vigild.find("org_unit", "OTHER").id]),
        }
        for name, request in calls.items():
            told = self.fails(lambda n=name, r=request: office.call(n, r(theirs)))
            self.assertEqual(fc.reason_of(told), "REASON_NOT_FOUND", name)
            if "Digest" in name:
                continue
            unknown = self.fails(lambda n=name, r=request: office.call(n, r(nobodys)))
            self.assertEqual(told.details(), unknown.details(), name)
        ours = office.call("RegisterService.ListRecords", register_service_pb2.ListRecordsRequest(
            kind="risk_source"))
        self.assertEqual([record.id for record in ours.records], [self.risk_source])

    def test_a_cursor_of_other_units(self):
        phone = self.phone()
        self.assert_reason("OUT_OF_SCOPE", lambda: phone.pull(cursors=[
            sync_service_pb2.ScopeCursor(units=[self.vigild.find("org_unit", "OTHER").id])]))

    def test_fields_that_are_not_the_clients(self):
        phone = self.phone()
        operation = phone.report(self.risk_source)
        hazard = operation.report_hazard.hazard
        status = hazard.DESCRIPTOR.fields_by_name["status"]
        setattr(hazard, "status", max(value.number for value in status.enum_type.values))
        outcome, = phone.push(phone.entry(operation))
        self.assertEqual(outcome.verdict, operation_pb2.VERDICT_REFUSED)
        self.assertEqual(outcome.error.reason, error_pb2.REASON_FIELD_NOT_EDITABLE)
        answer = self.vigild.office.call("RegisterService.ListRecords",
                                         register_service_pb2.ListRecordsRequest(kind="hazard"))
        stored = [record for record in answer.records
                  if record.id == operation.report_hazard.hazard_id]
        reported = status.enum_type.values_by_name["HAZARD_STATUS_REPORTED"].number
        self.assertTrue(all(record.entity.hazard.status == reported for record in stored))

    def test_nobody_gives_himself_a_role(self):
        phone = self.phone()
        person = self.find(phone.person)
        for client in (phone, self.vigild.add_office("i1")):
            operation = (client.begin() if client is phone
                         else self.office_operation(client, person))
            operation.edit_record.record = person.id
            operation.edit_record.update_mask.paths.append("roles")
            operation.edit_record.entity.person.roles.add(role=policy_pb2.ROLE_ADMINISTRATOR)
            if client is phone:
                outcome, = phone.push(phone.entry(operation))
            else:
                outcome = self.submit(client, operation)
            self.assertEqual(outcome.verdict, operation_pb2.VERDICT_REFUSED)
        roles = [grant.role for grant in self.find(person.id).entity.person.roles]
        self.assertNotIn(policy_pb2.ROLE_ADMINISTRATOR, roles)

    def test_a_phone_makes_no_phone(self):
        phone = self.phone()
        operation = phone.begin()
        operation.create_record.record = fc.new_id()
        device = operation.create_record.entity.device
        device.person, device.kind, device.public_key = (
            phone.person, PHONE, fc.Key().public_der)
        outcome, = phone.push(phone.entry(operation))
        self.assertEqual(outcome.verdict, operation_pb2.VERDICT_REFUSED)

    def test_names_that_are_paths_or_end_early(self):
        for name in ("../hazards.csv", "/etc/passwd", "a\0b.csv", "..", ""):
            def requests(name=name):
                yield admin_service_pb2.ImportRequest(options={})
                yield admin_service_pb2.ImportRequest(file={"name": name, "content": b"code\n"})
            reason = fc.reason_of(self.fails(
                lambda r=requests: self.vigild.office.call("AdminService.Import", r())))
            self.assertEqual(reason, "REASON_INVALID_VALUE", name)
        for name in ("../admin", "%2e%2e", "'; drop table person; --", "x" * 1_000_000):
            self.assert_reason("NOT_FOUND", lambda n=name: self.vigild.invite(n))
            self.assert_reason("WRONG_PASSWORD", lambda n=name: self.vigild.stranger.call(
                "AccessService.SignIn", access_service_pb2.SignInRequest(
                    person_code=n, password="x", key=fc.program_key(
                        fc.Key(), bytes(32), "sign-in", n))))
            self.assert_reason("CODE_INVALID", lambda n=name: self.vigild.stranger.call(
                "AccessService.Enrol", fc.enrol_request(fc.Key(), bytes(32), n)))

    def test_a_nul_in_any_text_of_any_call(self):
        phone, office, tried = self.phone(), self.vigild.office, 0
        for service in fc.services():
            for method in service.methods:
                name, rules = f"{service.name}.{method.name}", fc.rules_of(method)
                caller = (self.vigild.stranger if rules.open else
                          phone if policy_pb2.CHANNEL_PHONE in rules.channels else office)
                for path in text_paths(method.input_type):
                    request = caller.request(name)
                    set_text(request, path, "a\0b")
                    if name == "SyncService.Push":
                        outcome, = phone.push(sync_service_pb2.PushEntry(
                            operation_id="a\0b", device_seq=1,
                            operation=phone.report(self.risk_source).SerializeToString()))
                        self.assertEqual(outcome.error.reason, error_pb2.REASON_MALFORMED)
                    elif name == "SyncService.ReturnCopies":
                        # No text is taken over: an epoch is looked up, and as with a push, what
                        # is wrong in one copy costs that copy alone.
                        if path == ("epoch",):
                            self.assert_reason("EPOCH_CHANGED",
                                               lambda n=name, r=request: phone.call(n, r))
                        else:
                            phone.call(name, request)
                    else:
                        whole = iter([request]) if fc.is_streaming(method)[0] else request
                        error = self.fails(lambda c=caller, n=name, w=whole: c.call(n, w))
                        self.assertEqual(fc.reason_of(error), "REASON_INVALID_VALUE", (name, path))
                        field = [entry.value for entry in fc.detail_of(error).metadata
                                 if entry.key == "field"]
                        self.assertEqual(field, [".".join(path)], name)
                    tried += 1
        self.assertGreater(tried, 40)
        self.hello(phone)

    def test_over_long_everything(self):
        code = self.vigild.invite("i1")
        request = fc.enrol_request(fc.Key(), bytes(32), code)
        request.label = "x" * 1_000_000
        self.assert_reason("TEXT_TOO_LONG",
                           lambda: self.vigild.stranger.call("AccessService.Enrol", request))
        phone = self.phone()
        long = [("authorization", f"Bearer {phone.token}"), ("x-long", "x" * 100_000)]
        attacker = fc.Client(self.vigild, phone.access)
        error = self.fails(lambda: self.hello(attacker, metadata=long))
        self.assertIn(error.code(), (grpc.StatusCode.RESOURCE_EXHAUSTED,
                                     grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL))
        self.hello(phone)


class RevocationTest(AttackTest):
    """What is taken away is gone, also under what stands open."""

    def watch(self, phone: fc.Device):
        hello = self.hello(phone)
        watch = phone.call("SyncService.Watch", sync_service_pb2.WatchRequest(
            epoch=hello.head.epoch, seq=0), timeout=PATIENCE_S)
        next(watch)
        return watch

    def edit(self, record: record_pb2.Record, path: str, **fields) -> None:
        office = self.vigild.office
        operation = self.office_operation(office, record)
        operation.edit_record.record = record.id
        operation.edit_record.update_mask.paths.append(path)
        kind = record.entity.WhichOneof("entity")
        body = getattr(operation.edit_record.entity, kind)
        for name, value in fields.items():
            setattr(body, name, value)
        body.SetInParent()
        self.assertEqual(self.submit(office, operation).verdict, operation_pb2.VERDICT_APPLIED)

    def drain(self, watch) -> grpc.RpcError:
        with self.assertRaises(grpc.RpcError) as caught:
            for _ in watch:
                pass
        return caught.exception

    def test_a_revoked_phone(self):
        phone = self.phone()
        watch = self.watch(phone)
        self.edit(self.find(phone.id), "revoked", revoked=True)
        self.assertEqual(fc.reason_of(self.drain(watch)), "REASON_DEVICE_REVOKED")
        self.assert_reason("DEVICE_REVOKED", lambda: self.hello(phone))
        operation = phone.report(self.risk_source)
        self.assert_reason("DEVICE_REVOKED", lambda: phone.push(phone.entry(operation)))
        self.assert_reason("DEVICE_REVOKED", lambda: self.vigild.stranger.call(
            "AccessService.RefreshToken", phone.access.refresh_request(b"n" * 32)))

    def test_a_person_who_has_left(self):
        phone = self.phone("i2")
        watch = self.watch(phone)
        person = self.find(phone.person)
        self.edit(person, "departed", departed=True)
        self.assertEqual(fc.reason_of(self.drain(watch)), "REASON_UNAUTHENTICATED")
        self.assert_reason("UNAUTHENTICATED", lambda: self.hello(phone))
        self.edit(self.find(phone.person), "departed", departed=False)
        self.hello(phone)

    def test_a_role_that_is_taken_back(self):
        phone = self.phone("i2")
        watch = self.watch(phone)
        person = self.find(phone.person)
        office = self.vigild.office
        operation = self.office_operation(office, person)
        operation.edit_record.record = person.id
        operation.edit_record.update_mask.paths.append("roles")
        operation.edit_record.entity.person.SetInParent()
        operation.edit_record.removed.person.roles.extend(person.entity.person.roles)
        self.assertEqual(self.submit(office, operation).verdict, operation_pb2.VERDICT_APPLIED)
        self.assertEqual(fc.reason_of(self.drain(watch)), "REASON_OUT_OF_SCOPE")
        self.assertEqual(list(self.hello(phone).units), [])


if __name__ == "__main__":
    unittest.main()
