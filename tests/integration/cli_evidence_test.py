#!/usr/bin/env python3
"""Photos from a phone to the register and back, with both command lines as processes."""

import hashlib
import pathlib
import random
import unittest

from cli_support import SampleCase


def jpeg(seed: int, size: int) -> bytes:
    """So many bytes that begin as a JPEG does."""
    return b"\xff\xd8\xff\xe0" + random.Random(seed).randbytes(size - 4)


class Evidence(SampleCase):
    """One server for all."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        test = cls("ctl")
        cls.safety = test.add_office("safety-01", cls.directory)
        cls.lfu_01_01 = test.add_office("lfu-01-01", cls.directory)
        cls.lfu_02_01 = test.add_office("lfu-02-01", cls.directory)
        cls.phone = test.add_phone("inspector-01", cls.directory)

    def photo(self, seed: int, size: int) -> tuple[pathlib.Path, bytes, str]:
        content = jpeg(seed, size)
        path = self.directory / f"photo-{seed}.jpg"
        path.write_bytes(content)
        return path, content, hashlib.sha256(content).hexdigest()

    def report(self, *more: str) -> str:
        made = self.field(self.phone, "report", "--source", "RS-LF-001", "--description", "裂缝",
                          "--json", *more).json
        return made["provisional_number"]

    def number_of(self, provisional: str) -> str:
        return self.field(self.phone, "show", provisional, "--json").json["number"]

    def test_a_photo_goes_from_a_phone_to_the_register_and_back(self):
        path, content, sha256 = self.photo(1, 300_000)
        provisional = self.report()
        self.field(self.phone, "attach", provisional, path, "--caption", "before")
        # The phone has it: the file may go.
        path.unlink()
        status = self.field(self.phone, "status", "--json").json
        self.assertEqual(status["photos_waiting"], 1)
        self.assertIn("300000", self.field(self.phone, "outbox").out)
        self.assertIn("not sent", self.field(self.phone, "show", provisional).out)
        report = self.field(self.phone, "sync", "--json").json
        self.assertEqual((report["applied"], report["photos_sent"]), (2, 1))
        self.assertEqual(self.field(self.phone, "status", "--json").json["photos_waiting"], 0)
        self.assertIn("on this phone, sent", self.field(self.phone, "show", provisional).out)
        number = self.number_of(provisional)

        listed = self.ctl("evidence", "list", number, "--json").json
        self.assertEqual([(row["evidence"]["sha256"], row["evidence"]["caption"], row["arrived"])
                          for row in listed], [(sha256, "before", True)])
        out = self.directory / "back.jpg"
        self.ctl("evidence", "get", sha256, "--out", out)
        self.assertEqual(out.read_bytes(), content)
        folder = self.directory / "photos"
        folder.mkdir()
        got = self.ctl("evidence", "get", number, "--out", folder, "--json",
                       access=self.lfu_01_01).json
        self.assertEqual(got[0]["file"], str(folder / f"{sha256[:16]}.jpg"))
        self.assertEqual((folder / f"{sha256[:16]}.jpg").read_bytes(), content)
        # Whoever may not see the hazard does not get its photo.
        self.ctl("evidence", "get", sha256, "--out", self.directory / "no", code=5,
                 access=self.lfu_02_01)
        self.assertFalse((self.directory / "no").exists())

    def test_a_download_goes_on_where_it_broke_off(self):
        path, content, sha256 = self.photo(2, 700_000)
        provisional = self.report("--photo", str(path))
        self.field(self.phone, "sync")
        out = self.directory / "resumed.jpg"
        part = self.directory / "resumed.jpg.part"
        part.write_bytes(content[:500_001])
        self.ctl("evidence", "get", sha256, "--out", out)
        self.assertEqual(out.read_bytes(), content)
        self.assertFalse(part.exists())
        # What is not its beginning is found out.
        part.write_bytes(b"x" * 500_001)
        refused = self.ctl("evidence", "get", sha256, "--out", out, "--json", code=1)
        self.assertIn("CONTENT_MISMATCH", refused.err + refused.out)
        self.assertFalse(part.exists())
        self.assertIn(sha256, self.ctl("evidence", "list", self.number_of(provisional)).out)

    def test_a_record_says_which_photos_have_not_arrived(self):
        path, _, sha256 = self.photo(3, 200_000)
        provisional = self.report("--photo", str(path))
        # The phone loses the bytes; the record does not wait for them.
        kept = self.phone / "evidence" / sha256[:2] / sha256
        content = kept.read_bytes()
        kept.unlink()
        report = self.field(self.phone, "sync", "--json").json
        self.assertEqual((report["applied"], report["photos_sent"], report["photos_refused"]),
                         (1, 0, 1))
        number = self.number_of(provisional)
        shown = self.ctl("show", number)
        self.assertIn(f"photo {sha256} has not arrived yet", shown.out)
        self.assertEqual(self.hazard(number)["missing_evidence"], [sha256])
        self.ctl("evidence", "get", number, code=5)
        self.ctl("evidence", "get", sha256, code=5)
        self.assertIn("checksum", self.field(self.phone, "photo", "list").out)
        # Attached once more, it is sent.
        again = self.directory / "again.jpg"
        again.write_bytes(content)
        self.field(self.phone, "attach", provisional, again)
        self.assertEqual(self.field(self.phone, "sync", "--json").json["photos_sent"], 1)
        self.assertEqual(self.hazard(number)["missing_evidence"], [])

    def test_photos_wait_for_a_register_and_survive_its_restart(self):
        path, content, sha256 = self.photo(4, 400_000)
        provisional = self.report("--before", str(path))
        self.server.stop()
        self.field(self.phone, "sync", code=3)
        self.assertEqual(self.field(self.phone, "status", "--json").json["photos_waiting"], 1)
        self.server.start()
        self.assertEqual(self.field(self.phone, "sync", "--json").json["photos_sent"], 1)
        self.server.stop()
        self.server.start()
        out = self.directory / "later.jpg"
        self.ctl("evidence", "get", self.number_of(provisional), "--out", out)
        self.assertEqual(out.read_bytes(), content)
        stored = self.server.directory / "evidence" / sha256[:2] / sha256
        self.assertEqual(stored.read_bytes(), content)

    def test_the_office_attaches_too(self):
        path, content, sha256 = self.photo(5, 600_000)
        number = self.ctl("ledger", "--json").json["hazards"][0]["number"]
        self.ctl("attach", number, path, "--caption", "现场", access=self.safety)
        self.assertEqual(self.hazard(number)["missing_evidence"], [])
        out = self.directory / "office.jpg"
        self.ctl("evidence", "get", sha256, "--out", out, access=self.safety)
        self.assertEqual(out.read_bytes(), content)

    def test_what_is_no_photo_is_refused_at_once(self):
        path = self.directory / "notes.jpg"
        path.write_text("a text with a photo's name")
        number = self.report()
        pending = self.field(self.phone, "status", "--json").json["pending"]
        refused = self.field(self.phone, "attach", number, path, "--json", code=1)
        self.assertIn("MEDIA_TYPE_REFUSED", refused.out + refused.err)
        self.ctl("attach", self.ctl("ledger", "--json").json["hazards"][0]["number"], path, code=1)
        status = self.field(self.phone, "status", "--json").json
        self.assertEqual((status["pending"], status["photos_waiting"]), (pending, 0))
        self.field(self.phone, "attach", number, self.directory / "none.jpg", code=5)


if __name__ == "__main__":
    unittest.main()
