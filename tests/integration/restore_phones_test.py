#!/usr/bin/env python3
"""What phones bring back to a register that was restored, and forked phones, all as processes."""

import pathlib
import shutil
import tempfile
import unittest

from cli_support import DATA, CliTest, Result, Server, run

NOTICE = "督字〔2030〕1号"


class RestoreCase(CliTest):
    """A register with the sample data, an office and two phones, anew for each test."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="vigil-restore-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.server = Server(self.directory / "register")
        self.addCleanup(self.server.stop)
        self.server.start()
        self.ctl("import", DATA)
        self.safety = self.add_office("safety-01", self.directory)
        self.a = self.add_phone("inspector-01", self.directory)
        self.b = self.add_phone("inspector-02", self.directory)

    def office(self, *words: str) -> Result:
        return self.ctl(*words, access=self.safety)

    def report(self, phone: pathlib.Path, description: str) -> str:
        """The id of a hazard that the phone has not sent yet."""
        made = self.field(phone, "report", "--source", "RS-LF-001", "--description", description,
                          "--json").json
        shown = self.field(phone, "show", made["provisional_number"], "--json").json
        return shown["record"]["id"]

    def sync(self, phone: pathlib.Path) -> dict:
        report = self.field(phone, "sync", "--json").json
        self.assertTrue(report["complete"], report)
        return report

    def status(self, phone: pathlib.Path) -> dict:
        return self.field(phone, "status", "--json").json

    def backup(self) -> pathlib.Path:
        path = self.directory / "backup.db"
        self.ctl("backup", path)
        return path

    def restore(self, backup: pathlib.Path, why: str, *more: str) -> Result:
        """Of a register that does not run, which it does not afterwards, either."""
        self.server.stop()
        return run("vigilctl", "restore", backup, "--data", self.server.directory, "--why", why,
                   *more)

    def must_restore(self, backup: pathlib.Path, why: str) -> None:
        done = self.restore(backup, why)
        self.assertEqual(done.code, 0, done.err)
        self.server.start()

    def assert_all_equal(self, *phones: pathlib.Path) -> None:
        """The phones and the register hold the same, and the log holds."""
        for phone in phones:
            self.sync(phone)
        for phone in phones:
            held = self.field(phone, "digest", "--json").json
            units = (word for unit in held["units"] for word in ("--unit", unit))
            register = self.ctl("digest", *units, "--json").json
            self.assertEqual(held["digest"], register["digest"])
        self.assertIn(" ok", self.ctl("audit", "verify").out)

class PhonesBringBack(RestoreCase):
    def setUp(self):
        super().setUp()
        self.old = self.report(self.a, "crack along the crest")
        self.sync(self.a)
        self.sync(self.b)
        self.kept = self.backup()
        self.office("confirm", self.old, "--grade", "general", "--unit", "LFU-01",
                    "--due", "2030-01-31")
        self.office("edit", self.old, "--set", "grade=major")
        self.office("tag", self.old, "--level", "city", "--number", NOTICE, "--signatory", "负责人",
                    "--content", "限期治理", "--plan-due", "2029-06-30", "--due", "2030-06-30",
                    "--received-by", "场长")
        self.of_a = self.report(self.a, "loose rock above the fence")
        self.field(self.a, "edit", self.of_a, "--set", "category=slope drainage")
        self.of_b = self.report(self.b, "seepage at the toe")
        self.field(self.b, "edit", self.of_b, "--set", "grade=major")
        for phone in (self.a, self.b, self.a):
            self.sync(phone)
        # Nobody but its author has heard of this one.
        self.alone = self.report(self.a, "blocked ditch")
        self.sync(self.a)
        self.before = {hazard: self.hazard(hazard) for hazard in self.late()}
        self.count = self.hazard_count()

    def late(self) -> list[str]:
        return [self.of_a, self.of_b, self.alone]

    def hazard_count(self) -> int:
        return int(self.ctl("ledger", "--page-size", 1, "--json").json["total_size"])

    def check_nothing_is_lost(self) -> None:
        """What was acknowledged before the restore is there, once."""
        self.assertEqual(self.hazard_count(), self.count)
        for hazard, before in self.before.items():
            now = self.hazard(hazard)
            number = before["record"]["entity"]["hazard"]["number"]
            self.assertEqual(self.ctl("show", number, "--json").json["record"]["id"], hazard)
            for field in ("status", "grade", "conflicts"):
                self.assertEqual(now["state"][field], before["state"][field], number)
            for field in ("description", "category"):
                self.assertEqual(now["record"]["entity"]["hazard"].get(field),
                                 before["record"]["entity"]["hazard"].get(field), number)
        # Vigilance does not decrease.
        state = self.hazard(self.old)["state"]
        self.assertEqual((state["grade"], state["tagged"], state["order_status"]),
                         ("HAZARD_GRADE_MAJOR", True, "ORDER_STATUS_SERVED"))
        self.assertEqual(state["due_date"], {"year": 2030, "month": 6, "day": 30})
        # What its finder left open is in conflict with nothing.
        self.assertEqual(state["conflicts"], [])
        order = self.ctl("orders", "--hazard", self.old, "--json").json["orders"]
        self.assertEqual([o["number"] for o in order], [NOTICE])

    def check_told(self, phone: pathlib.Path, why: str, operations: int, times: int) -> None:
        restores = self.status(phone)["restores"]
        self.assertEqual(len(restores), times)
        self.assertEqual((restores[0]["epoch"]["why"], restores[0]["operations_back"]),
                         (why, operations))
        self.assertGreater(restores[0]["records_back"], 0)
        said = self.field(phone, "status", "--lang", "en").out
        self.assertRegex(said, f"restored on .* by admin .*: {why}")
        self.assertIn(f"{operations} operations had to be sent again", said)

    def settle_rest(self) -> None:
        """What the register cannot do by itself, the office sees and deals with."""
        copies = self.ctl("witness", "list", "--json").json["copies"]
        of_old = [c for c in copies if "status" in c["differing"]]
        self.assertEqual(len(of_old), 1, copies)
        shown = self.ctl("witness", "show", of_old[0]["id"], "--lang", "en").out
        self.assertIn("confirmed", shown)
        self.assertIn("LFU-01", shown)
        for copy in copies:
            self.office("witness", "settle", copy["id"])
        self.assertEqual(self.ctl("witness", "list", "--json").json["copies"], [])
        everything = self.ctl("witness", "list", "--all", "--json").json["copies"]
        settled = {copy["id"] for copy in everything if copy["settled"]}
        self.assertLessEqual({copy["id"] for copy in copies}, settled)

    def test_promise_8_what_was_acknowledged_comes_back_once_with_nothing_lowered(self):
        self.must_restore(self.kept, "the disk failed")
        # Nothing but the backup is here yet.
        self.ctl("show", self.of_a, "--kind", "hazard", code=5)
        self.sync(self.b)
        self.assertTrue(self.hazard(self.old)["state"]["tagged"])
        self.sync(self.a)
        self.check_nothing_is_lost()
        self.check_told(self.a, "the disk failed", 3, 1)
        self.check_told(self.b, "the disk failed", 2, 1)
        self.settle_rest()
        self.assert_all_equal(self.a, self.b)

        # Once more from the same backup; what came back is lost again, and comes back again.
        self.must_restore(self.kept, "it failed again")
        self.assertEqual(self.sync(self.a)["applied"], 3)
        self.assertEqual(self.sync(self.b)["applied"], 2)
        self.check_nothing_is_lost()
        self.check_told(self.a, "it failed again", 3, 2)
        self.check_told(self.b, "it failed again", 2, 2)
        self.assert_all_equal(self.a, self.b)

    def test_one_phone_alone_brings_back_what_it_knows(self):
        self.must_restore(self.kept, "the disk failed")
        self.sync(self.a)
        state = self.hazard(self.old)["state"]
        self.assertEqual((state["grade"], state["tagged"]), ("HAZARD_GRADE_MAJOR", True))
        # Of its own it says again what it did; of the other phone it has a copy.
        of_b = self.hazard(self.of_b)
        self.assertEqual(of_b["record"]["entity"]["hazard"]["description"], "seepage at the toe")
        self.assert_all_equal(self.a)

class ForkedPhones(RestoreCase):
    """A phone's directory that was copied while it had unsent work, and both are used."""

    def setUp(self):
        super().setUp()
        self.both = self.report(self.a, "known to both")
        self.copy = self.directory / "copy"
        shutil.copytree(self.a, self.copy)
        self.of_a = self.report(self.a, "only on the phone")
        self.of_copy = self.report(self.copy, "only on the copy")
        self.field(self.copy, "edit", self.of_copy, "--set", "category=slope drainage")

    def check_told(self, phone: pathlib.Path) -> None:
        said = self.field(phone, "sync", "--lang", "en", code=1).out
        self.assertIn(f"init --anew --server {self.server.address} --code CODE", said)
        self.assertTrue(self.status(phone)["forked"])
        self.assertIn("init --anew", self.field(phone, "status", "--lang", "en").out)

    def enrol_anew(self, phone: pathlib.Path) -> None:
        former = self.status(phone)["device"]
        self.init_phone(phone, self.invite("inspector-01", self.directory), "--anew")
        self.assertNotEqual(self.status(phone)["device"], former)
        self.assertEqual(self.sync(phone)["deferred"], 0)
        self.assertEqual((self.status(phone)["forked"], self.status(phone)["pending"]), (False, 0))

    def check_all_once(self, hazards: int) -> None:
        descriptions = [h["description"] for h in self.ctl("ledger", "--all", "--json").json[
            "hazards"]]
        self.assertEqual(len(descriptions), hazards + 3)
        for hazard, description in ((self.both, "known to both"),
                                    (self.of_a, "only on the phone"),
                                    (self.of_copy, "only on the copy")):
            self.assertEqual(descriptions.count(description), 1, description)
            self.assertEqual(
                self.hazard(hazard)["record"]["entity"]["hazard"]["description"], description)
        self.assertEqual(
            self.hazard(self.of_copy)["record"]["entity"]["hazard"]["category"], "slope drainage")

    def check_order(self, first: pathlib.Path, second: pathlib.Path) -> None:
        hazards = int(self.ctl("ledger", "--page-size", 1, "--json").json["total_size"])
        self.sync(first)
        self.check_told(second)
        self.enrol_anew(second)
        self.check_all_once(hazards)
        # The other one may go on as it was, or become another device, too.
        self.report(first, "later on the first")
        self.assertEqual(self.sync(first)["applied"], 1)
        self.report(first, "last on the first")
        self.enrol_anew(first)
        self.check_all_once(hazards + 2)
        self.assert_all_equal(first, second)

    def test_the_copy_comes_second(self):
        self.check_order(self.a, self.copy)

    def test_the_copy_comes_first(self):
        self.check_order(self.copy, self.a)

    def test_both_become_other_devices_before_either_has_sent_anything(self):
        hazards = int(self.ctl("ledger", "--page-size", 1, "--json").json["total_size"])
        self.enrol_anew(self.copy)
        self.enrol_anew(self.a)
        self.check_all_once(hazards)
        self.assert_all_equal(self.a, self.copy)


class LostKey(RestoreCase):
    """The disk took register.key, too, which no backup holds."""

    def test_without_its_key_a_register_is_restored_on_request_only(self):
        first = self.backup()
        # One that the old key has signed.
        self.must_restore(first, "the disk failed")
        kept = self.directory / "later.db"
        self.ctl("backup", kept)
        done_before = self.report(self.a, "sent before the key was lost")
        self.sync(self.a)
        self.server.stop()
        key = self.server.directory / "register.key"
        key.unlink()
        refused = self.restore(kept, "the new disk failed", "--lang", "en")
        self.assertEqual(refused.code, 1, refused.err)
        for word in (str(key), "--new-key", "init --anew", "sign in"):
            self.assertIn(word, refused.err)
        self.assertFalse(key.exists())
        done = self.restore(kept, "the new disk failed", "--new-key")
        self.assertEqual(done.code, 0, done.err)
        self.server.start()

        unsent = self.report(self.a, "while the phone was refused")
        for _ in range(2):
            said = self.field(self.a, "sync", "--lang", "en", code=1).err
            self.assertIn("SIGNATURE_INVALID", said)
            self.assertIn("init --anew", said)
        self.assertEqual(self.status(self.a)["pending"], 1)
        self.assertIn("sign-in", self.ctl("audit", "verify", "--lang", "en", code=1).out)
        self.office("sign-in", "--person", "safety-01", "--password-file",
                    self.safety.with_suffix(".password"))
        self.ctl("sign-in", "--person", "admin", "--password-file",
                 self.server.admin.with_suffix(".password"))

        self.init_phone(self.a, self.invite("inspector-01", self.directory), "--anew")
        self.assertEqual(self.sync(self.a)["applied"], 2)
        for hazard in (done_before, unsent):
            self.assertEqual(self.hazard(hazard)["state"]["status"], "HAZARD_STATUS_REPORTED")
        self.field(self.b, "sync", code=1)
        self.init_phone(self.b, self.invite("inspector-02", self.directory), "--anew")
        # A phone that is new knows nothing of the old key.
        new = self.add_phone("inspector-03", self.directory)
        self.assert_all_equal(self.a, self.b, new)


if __name__ == "__main__":
    unittest.main(verbosity=2)
