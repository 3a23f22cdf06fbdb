#!/usr/bin/env python3
"""A register that goes back to a backup, with everybody's programs as processes."""

import pathlib
import tempfile
import unittest

from cli_support import DATA, CliTest, Result, Server, run


class RestoreTest(CliTest):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="vigil-restore-")
        cls.directory = pathlib.Path(cls.temporary.name)
        cls.server = Server(cls.directory / "reg")
        cls.server.start()

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.temporary.cleanup()

    def seq(self) -> int:
        return int(self.ctl("audit", "head", "--json").json["seq"])

    def restore(self, backup: pathlib.Path, why: str) -> Result:
        return run("vigilctl", "restore", backup, "--data", self.server.directory, "--why", why,
                   "--json")

    def test_back_to_a_backup_and_on(self):
        backup = self.directory / "backup.db"
        made = self.ctl("backup", backup, "--place", "the safe", "--json").json
        self.assertEqual(int(made["seq"]), self.seq())
        self.assertFalse(backup.with_name("backup.db.part").exists())
        self.assertEqual(int(made["size_bytes"]), backup.stat().st_size)
        self.ctl("backup", backup, code=1)
        self.ctl("backup", backup, "--force")
        self.assertIn("the safe", self.ctl("backup", "list").out)
        self.assertEqual(list(self.server.directory.glob("backup-*")), [])
        before = self.seq()
        self.ctl("import", DATA)
        self.assertGreater(self.seq(), before)
        newer = self.directory / "newer.db"
        self.ctl("backup", newer)

        # While it is served, nothing happens to it.
        refused = self.restore(backup, "no reason")
        self.assertNotEqual(refused.code, 0, refused.out)
        self.assertIn("stop vigild first", refused.err)
        self.server.stop()
        done = self.restore(backup, "the disk failed")
        self.assertEqual(done.code, 0, done.err)
        epoch = done.json
        self.assertEqual(int(epoch["back_to_seq"]), before)
        self.assertNotIn("older than those", done.err)
        self.assertTrue((self.server.directory / f"register.db.before-{epoch['id']}").exists())
        self.server.start()
        # The administrator's program has exchanged its refresh token since; its key is enough.
        self.assertIn("the disk failed", self.ctl("backup", "list").out)
        self.assertEqual(self.seq(), before)
        self.assertEqual(self.ctl("witness", "list", "--json").json["copies"], [])
        self.ctl("audit", "verify")

        # Once more, from the same file.
        self.server.stop()
        again = self.restore(backup, "it failed again")
        self.assertEqual(again.code, 0, again.err)
        self.assertNotEqual(again.json["id"], epoch["id"])
        self.server.start()
        self.assertIn("it failed again", self.ctl("backup", "list").out)

    def test_a_backup_that_phones_do_not_count_on(self):
        old, new = self.directory / "old.db", self.directory / "new.db"
        made = self.ctl("backup", old, "--json").json
        self.ctl("import", DATA)
        seq = int(self.ctl("backup", new, "--json").json["seq"])
        for backup in self.ctl("backup", "list", "--json").json["backups"]:
            if int(backup["seq"]) < seq:
                self.ctl("backup", "forget", backup["id"])
        self.server.stop()
        done = self.restore(old, "nobody kept the newer one")
        self.assertEqual(done.code, 0, done.err)
        self.assertEqual(int(done.json["back_to_seq"]), int(made["seq"]))
        self.assertIn(f"what they had done up to operation {seq},", done.err)
        self.server.start()


if __name__ == "__main__":
    unittest.main()
