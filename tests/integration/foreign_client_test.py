#!/usr/bin/env python3
"""What a client that is not ours may rely on, and what bad input gets: reasons and nothing else."""

import hashlib
import time
import unittest

import grpc

import foreign_client as fc
from foreign_client import (
    error_pb2, evidence_service_pb2, operation_pb2, register_service_pb2, sync_service_pb2)

APPLIED = operation_pb2.VERDICT_APPLIED
REFUSED = operation_pb2.VERDICT_REFUSED
DEFERRED = operation_pb2.VERDICT_DEFERRED


class ForeignClientTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.vigild = fc.Vigild()
        cls.vigild.import_people()
        cls.risk_source = cls.vigild.find("risk_source", "RS-1").id
        cls.other_risk_source = cls.vigild.find("risk_source", "RS-2").id

    @classmethod
    def tearDownClass(cls):
        code = cls.vigild.stop()
        assert code == 0, f"vigild ended with {code}"

    def setUp(self):
        self.phone = self.vigild.add_device("i1")

    def assert_fails(self, code, reason, call):
        with self.assertRaises(grpc.RpcError) as caught:
            result = call()
            if hasattr(result, "__iter__"):
                list(result)
        self.assertEqual(caught.exception.code(), code)
        if reason:
            self.assertEqual(fc.reason_of(caught.exception), reason)
        return caught.exception

    # --- pushes, pulls, watches -------------------------------------------------------------

    def test_a_pull_that_is_no_pull(self):
        class Noise:
            def __init__(self, content):
                self.content = content

            def SerializeToString(self):  # pylint: disable=invalid-name
                return self.content

        for content in (b"no message", b"\x0a\xff\x01"):
            with self.subTest(content=content):
                self.assert_fails(grpc.StatusCode.INVALID_ARGUMENT, "REASON_MALFORMED",
                                  lambda: self.phone.call("SyncService.Pull", Noise(content)))

    def test_says_hello(self):
        hello = self.phone.call("SyncService.Hello", sync_service_pb2.HelloRequest(protocol=1))
        self.assertEqual(hello.device, self.phone.id)
        self.assertEqual(hello.person, self.phone.person)
        self.assertEqual(list(hello.units), [self.vigild.find("org_unit", "PARK").id])
        self.assertEqual(hello.last_judged_device_seq, 0)
        self.assertEqual(hello.time_zone, "Asia/Shanghai")

    def test_pushes_and_a_retry_is_a_repeat(self):
        operation = self.phone.report(self.risk_source)
        first, = self.phone.push(self.phone.entry(operation))
        self.assertEqual(first.verdict, APPLIED)
        self.assertFalse(first.repeat)
        self.assertTrue(first.number)
        second, = self.phone.push(self.phone.entry(operation))
        self.assertTrue(second.repeat)
        second.repeat = False
        self.assertEqual(first, second)
        operation.report_hazard.hazard.description = "other content"
        third, = self.phone.push(self.phone.entry(operation))
        self.assertEqual(third.verdict, REFUSED)
        self.assertEqual(third.error.reason, error_pb2.REASON_ID_REUSED)

    def test_pulls_its_scope_and_agrees_with_the_digest(self):
        other = self.vigild.add_device("i2")
        theirs = other.report(self.other_risk_source)
        other.push(other.entry(theirs))
        mine = self.phone.report(self.risk_source)
        self.phone.push(self.phone.entry(mine))
        pages = self.phone.pull()
        held = fc.held_after(pages)
        self.assertIn(mine.report_hazard.hazard_id, held)
        self.assertNotIn(theirs.report_hazard.hazard_id, held)
        self.assertTrue(pages[-1].last)
        self.assertEqual(pages[-1].last_judged_device_seq, 1)
        self.assertEqual(list(pages[-1].digest), fc.digest_of(held))
        # From where it stopped there is nothing more.
        cursors = {tuple(page.cursor.units): page.cursor for page in pages}
        again = self.phone.pull(cursors.values())
        self.assertEqual(fc.held_after(again), {})
        # A cursor beyond the scope is refused.
        self.assert_fails(
            grpc.StatusCode.PERMISSION_DENIED, "REASON_OUT_OF_SCOPE",
            lambda: self.phone.pull([{"units": [self.vigild.find("org_unit", "OTHER").id]}]))

    def test_is_told_of_changes(self):
        known = self.phone.pull()[-1].head.seq
        watch = self.phone.call("SyncService.Watch", sync_service_pb2.WatchRequest(seq=known))
        operation = self.phone.report(self.risk_source)
        outcome, = self.phone.push(self.phone.entry(operation))
        self.assertGreaterEqual(next(watch).seq, outcome.seq)
        watch.cancel()

    def test_repairs_a_bucket(self):
        held = fc.held_after(self.phone.pull())
        repaired = {}
        token = ""
        while True:
            page = self.phone.call("SyncService.Repair", sync_service_pb2.RepairRequest(
                buckets=range(256), page_token=token))
            repaired.update(fc.held_after([page_of(page)]))
            token = page.next_page_token
            if not token:
                break
        self.assertEqual(repaired, held)

    # --- bad input: each costs itself, and leaves the register unchanged ---------------------

    def check_refused(self, reason, change=None, encode=None, verdict=REFUSED):
        """A push of one bad entry between two good ones."""
        before = self.phone.report(self.risk_source)
        bad = self.phone.report(self.risk_source)
        if change:
            change(bad)
        after = self.phone.report(self.risk_source)
        content = encode(bad) if encode else None
        outcomes = self.phone.push(self.phone.entry(before), self.phone.entry(bad, content),
                                   self.phone.entry(after))
        self.assertEqual(outcomes[0].verdict, APPLIED, outcomes[0])
        self.assertEqual(error_pb2.Reason.Name(outcomes[1].error.reason), reason, outcomes[1])
        self.assertEqual(outcomes[1].verdict, verdict)
        self.assertTrue(outcomes[1].error.message)
        self.assertEqual(outcomes[2].verdict, APPLIED, outcomes[2])
        held = fc.held_after(self.phone.pull())
        self.assertNotIn(bad.report_hazard.hazard_id, held)

    def test_malformed_bytes(self):
        self.check_refused("REASON_MALFORMED", encode=lambda _: b"\xff\xff not an operation")

    def test_empty_operation(self):
        self.check_refused("REASON_INVALID_ID", encode=lambda _: b"")

    def test_oversized_operation(self):
        def change(bad):
            bad.report_hazard.hazard.description = "x" * (300 * 1024)
        self.check_refused("REASON_TOO_LARGE", change)

    def test_over_long_text(self):
        def change(bad):
            bad.report_hazard.hazard.description = "x" * 5000
        self.check_refused("REASON_TEXT_TOO_LONG", change)

    def test_unknown_command(self):
        bad = self.phone.report(self.risk_source)
        self.phone.device_seq -= 1
        bad.ClearField("report_hazard")
        # Field 99, a message that nobody knows.
        content = bad.SerializeToString() + bytes([0x9a, 0x06, 0x00])
        outcome, = self.phone.push(self.phone.entry(bad, content))
        self.assertEqual(outcome.verdict, DEFERRED)
        self.assertEqual(outcome.error.reason, error_pb2.REASON_COMMAND_UNKNOWN)

    def test_invalid_utf8(self):
        text = "坡顶裂缝".encode()
        self.check_refused(
            "REASON_INVALID_UTF8",
            encode=lambda bad: bad.SerializeToString().replace(text, b"\xff" * len(text)))

    def test_impossible_positions(self):
        for latitude, longitude in ((float("nan"), 114.0), (91.0, 114.0), (22.5, 180.5),
                                    (float("inf"), 0.0)):
            def change(bad, latitude=latitude, longitude=longitude):
                bad.report_hazard.hazard.position.latitude = latitude
                bad.report_hazard.hazard.position.longitude = longitude
            with self.subTest(latitude=latitude, longitude=longitude):
                self.check_refused("REASON_INVALID_POSITION", change)

    def test_impossible_times(self):
        for seconds in (-3_000_000_000, 8_000_000_000):
            def change(bad, seconds=seconds):
                bad.report_hazard.hazard.found_at.seconds = seconds
            with self.subTest(seconds=seconds):
                self.check_refused("REASON_INVALID_TIME", change)

    def test_ids_that_are_no_uuids(self):
        def change(bad):
            bad.report_hazard.hazard_id = "hazard-1"
        self.check_refused("REASON_INVALID_ID", change)

    def test_unknown_references(self):
        def change(bad):
            bad.report_hazard.hazard.risk_source = fc.new_id()
        self.check_refused("REASON_DEPENDENCY_MISSING", change, verdict=DEFERRED)

    def test_operations_of_somebody_else(self):
        other = self.vigild.add_device("i2")

        def as_device(bad):
            bad.device = other.id

        def as_person(bad):
            bad.person = other.person
        for change in (as_device, as_person):
            with self.subTest(change=change.__name__):
                self.check_refused("REASON_WRONG_AUTHOR", change)

    def test_a_phone_never_lifts_a_tag(self):
        operation = self.phone.begin()
        operation.lift_tag.order = fc.new_id()
        operation.lift_tag.from_status = 7
        outcome, = self.phone.push(self.phone.entry(operation))
        self.assertEqual(outcome.verdict, REFUSED)
        self.assertEqual(outcome.error.reason, error_pb2.REASON_WRONG_CHANNEL)

    def test_a_decision_in_another_scope(self):
        other = self.vigild.add_device("i2")
        report = other.report(self.other_risk_source)
        other.push(other.entry(report))
        digest = self.vigild.digest()
        operation = self.phone.begin()
        edit = operation.edit_record
        edit.record = report.report_hazard.hazard_id
        edit.entity.hazard.category = "x"
        edit.update_mask.paths.append("category")
        seen = operation.seen.add()
        seen.record = edit.record
        seen.version = self.vigild.office.call(
            "RegisterService.GetRecord",
            register_service_pb2.GetRecordRequest(record=edit.record)).record.version
        outcome, = self.phone.push(self.phone.entry(operation))
        self.assertEqual(outcome.verdict, REFUSED, outcome)
        self.assertIn(outcome.error.reason,
                      (error_pb2.REASON_OUT_OF_SCOPE, error_pb2.REASON_NOT_PERMITTED))
        self.assertEqual(self.vigild.digest(), digest)

    # --- calls that must not go through -------------------------------------------------------

    def test_every_method_wants_a_token(self):
        for token in (None, "guess"):
            client = fc.Client(self.vigild, token=token)
            for service in fc.services():
                for method in service.methods:
                    if fc.rules_of(method).open:
                        continue
                    name = f"{service.name}.{method.name}"
                    with self.subTest(method=name, token=token):
                        request = client.request(name)
                        sends, _ = fc.is_streaming(method)
                        self.assert_fails(
                            grpc.StatusCode.UNAUTHENTICATED, "REASON_UNAUTHENTICATED",
                            lambda: client.call(name, iter([request]) if sends else request))

    def test_every_method_keeps_to_its_channel_and_roles(self):
        inspector = self.vigild.add_office("i1")
        for service in fc.services():
            # Open, or everybody's on both channels.
            if service.name in ("AccessService", "EvidenceService"):
                continue
            for method in service.methods:
                name = f"{service.name}.{method.name}"
                sends, _ = fc.is_streaming(method)
                if service.name == "SyncService":
                    caller, reason = inspector, "REASON_WRONG_CHANNEL"
                elif service.name == "AdminService":
                    caller, reason = inspector, "REASON_NOT_PERMITTED"
                else:
                    caller, reason = self.phone, "REASON_WRONG_CHANNEL"
                request = caller.request(name)
                with self.subTest(method=name):
                    self.assert_fails(
                        grpc.StatusCode.PERMISSION_DENIED, reason,
                        lambda: caller.call(name, iter([request]) if sends else request))

    def test_a_photo_goes_in_by_chunks(self):
        content = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4
        chunk = evidence_service_pb2.UploadEvidenceRequest(
            sha256=hashlib.sha256(content).hexdigest(), media_type="image/jpeg",
            size_bytes=len(content), chunk=content[:600])
        status = self.phone.call("EvidenceService.UploadEvidence", chunk).status
        self.assertEqual((status.received_bytes, status.complete), (600, False))
        chunk.offset, chunk.chunk = 600, content[600:]
        self.assertTrue(self.phone.call("EvidenceService.UploadEvidence", chunk).status.complete)
        self.assert_fails(
            grpc.StatusCode.NOT_FOUND, "REASON_NOT_FOUND",
            lambda: self.phone.call(
                "EvidenceService.DownloadEvidence",
                evidence_service_pb2.DownloadEvidenceRequest(sha256=chunk.sha256)))

    def test_compressed_requests_are_refused(self):
        bomb = self.phone.report(self.risk_source, description="x" * (8 << 20))
        for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
            client = fc.Client(self.vigild, self.phone.access, compression=compression)
            with self.subTest(compression=compression):
                self.assert_fails(
                    grpc.StatusCode.UNIMPLEMENTED, None,
                    lambda: client.call("SyncService.Push",
                                        self.phone.push_request(self.phone.entry(bomb))))

    def test_oversized_messages_are_refused(self):
        bomb = self.phone.report(self.risk_source, description="x" * (20 << 20))
        # A connection that begins with so much is ended before anybody reads it.
        self.hello()
        self.assert_fails(grpc.StatusCode.RESOURCE_EXHAUSTED, None,
                          lambda: self.phone.push(self.phone.entry(bomb)))

    def test_a_batch_beyond_the_limit(self):
        entries = [self.phone.entry(self.phone.report(self.risk_source)) for _ in range(501)]
        error = self.assert_fails(grpc.StatusCode.INVALID_ARGUMENT, "REASON_TOO_LARGE",
                                  lambda: self.phone.push(*entries))
        self.assertEqual(fc.detail_of(error).metadata[0].key, "push_operations")

    # --- becoming known and staying known -----------------------------------------------------

    def hello(self, **more):
        return self.phone.call("SyncService.Hello", sync_service_pb2.HelloRequest(protocol=1),
                               **more)

    def with_proof(self, proof: bytes) -> list:
        return [("authorization", f"Bearer {self.phone.token}"), ("vigil-proof-bin", proof)]

    def refresh(self, following: bytes):
        return self.vigild.stranger.call("AccessService.RefreshToken",
                                         self.phone.access.refresh_request(following))

    def test_a_code_is_exchanged_once_and_a_lost_answer_asked_for_again(self):
        code = self.vigild.invite("i1")
        request = fc.enrol_request(fc.Key(), b"r" * 32, code)
        enrol = lambda request: self.vigild.stranger.call("AccessService.Enrol", request)  # noqa
        first, again = enrol(request), enrol(request)
        self.assertEqual(first.access.device, again.access.device)
        self.assert_fails(grpc.StatusCode.UNAUTHENTICATED, "REASON_CODE_INVALID",
                          lambda: enrol(fc.enrol_request(fc.Key(), b"r" * 32, code)))

    def test_an_enrolment_proves_its_key(self):
        request = fc.enrol_request(fc.Key(), b"r" * 32, self.vigild.invite("i1"))
        request.key.public_key = fc.Key().public_der
        self.assert_fails(grpc.StatusCode.UNAUTHENTICATED, "REASON_SIGNATURE_INVALID",
                          lambda: self.vigild.stranger.call("AccessService.Enrol", request))

    def test_a_refresh_token_is_exchanged_once(self):
        first = self.refresh(b"1" * 32)
        again = self.refresh(b"1" * 32)
        self.assertNotEqual(first.token.token, again.token.token)
        self.phone.access.token = self.phone.token = again.token.token
        self.hello()
        # Somebody else's copy: both are out.
        self.assert_fails(grpc.StatusCode.UNAUTHENTICATED, "REASON_UNAUTHENTICATED",
                          lambda: self.refresh(b"2" * 32))
        self.assert_fails(grpc.StatusCode.UNAUTHENTICATED, "REASON_UNAUTHENTICATED", self.hello)

    def test_each_call_proves_its_key(self):
        path = "vigil.v1.SyncService/Hello"
        now = time.time_ns() // 1000
        thief = fc.Access(fc.Key(), b"r" * 32, fc.access_service_pb2.Access())
        thief.register, thief.token = self.phone.access.register, self.phone.token
        elsewhere = fc.Access(self.phone.access.key, b"r" * 32, fc.access_service_pb2.Access())
        elsewhere.register, elsewhere.token = fc.new_id(), self.phone.token
        used = self.phone.access.proof(path)
        self.hello(metadata=self.with_proof(used))
        for why, proof in {
                "none": b"",
                "used": used,
                "another method": self.phone.access.proof("vigil.v1.SyncService/Pull"),
                "another key": thief.proof(path, now),
                "another register": elsewhere.proof(path, now),
                "too old": self.phone.access.proof(path, now - 61_000_000),
                "too young": self.phone.access.proof(path, now + 61_000_000 + 5_000_000),
                "a short nonce": self.phone.access.proof(path, now, b"n" * 15),
                "no proof at all": b"\xff\xff"}.items():
            with self.subTest(why=why):
                error = self.assert_fails(
                    grpc.StatusCode.UNAUTHENTICATED, "REASON_PROOF_INVALID",
                    lambda: self.hello(metadata=self.with_proof(proof)))
                metadata = {entry.key: int(entry.value) for entry in fc.detail_of(error).metadata}
                self.assertLess(abs(metadata["server_time_us"] - now), 60_000_000)

    def test_a_push_is_signed_with_the_phones_key(self):
        entry = self.phone.entry(self.phone.report(self.risk_source))
        request = self.phone.push_request(entry, key=fc.Key())
        self.assert_fails(grpc.StatusCode.UNAUTHENTICATED, "REASON_SIGNATURE_INVALID",
                          lambda: self.phone.call("SyncService.Push", request))
        outcome, = self.phone.push(entry)
        self.assertEqual(outcome.verdict, APPLIED)

    def test_whoever_signs_out_is_out(self):
        office = self.vigild.add_office("chief")
        get = lambda: office.call("RegisterService.GetSession",  # noqa
                                  register_service_pb2.GetSessionRequest())
        self.assertTrue(get().person)
        office.call("AccessService.SignOut", fc.access_service_pb2.SignOutRequest())
        self.assert_fails(grpc.StatusCode.UNAUTHENTICATED, "REASON_UNAUTHENTICATED", get)

    # --- what every gRPC server has -----------------------------------------------------------

    def test_health(self):
        check = self.phone.channel.unary_unary("/grpc.health.v1.Health/Check")
        self.assertEqual(check(b"", timeout=fc.PATIENCE_S), b"\x08\x01")

    def test_nothing_is_told_to_whoever_is_not_known(self):
        info = self.phone.channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        self.assert_fails(grpc.StatusCode.UNIMPLEMENTED, None,
                          lambda: info(iter([b"\x3a\x00"]), timeout=fc.PATIENCE_S))

    # --- the office's queries -----------------------------------------------------------------

    def test_the_office_sees_what_was_reported(self):
        operation = self.phone.report(self.risk_source, description="针孔渗水")
        outcome, = self.phone.push(self.phone.entry(operation))
        request = register_service_pb2.ListHazardsRequest()
        request.filter.text = "针孔渗水"
        rows = self.vigild.office.call("RegisterService.ListHazards", request).hazards
        self.assertEqual([row.number for row in rows], [outcome.number])
        history = self.vigild.office.call("RegisterService.ListHistory",
                                          register_service_pb2.ListHistoryRequest(
                                              record=operation.report_hazard.hazard_id))
        self.assertEqual(history.entries[0].command, "report_hazard")
        self.assertEqual(history.entries[0].person_name, "甲")

    def test_page_tokens_of_other_lists_are_refused(self):
        request = register_service_pb2.ListHazardsRequest(page_token="nonsense")
        self.assert_fails(grpc.StatusCode.INVALID_ARGUMENT, "REASON_INVALID_PAGE_TOKEN",
                          lambda: self.vigild.office.call("RegisterService.ListHazards", request))


def page_of(repair) -> sync_service_pb2.PullResponse:
    return sync_service_pb2.PullResponse(records=repair.records)


if __name__ == "__main__":
    unittest.main()
