#!/usr/bin/env python3
"""A register that goes back to a backup, with everybody's programs as processes."""

import pathlib
import tempfile
import unittest

from cli_support import DATA, CliTest, Result, Server, run


class RestoreTest(CliTest):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="vigil-restore-")
        self.addCleanup(temporary.cleanup)
        self.directory = pathlib.Path(temporary.name)
        self.server = Server(self.directory / "reg")
        self.server.start()
        self.addCleanup(self.server.stop)

    def seq(self) -> int:
        return int(self.ctl("audit", "head", "--json").json["seq"])

    def restore(self, backup: pathlib.Path, why: str, *words: str) -> Result:
        return run("vigilctl", "restore", backup, "--data", self.server.directory, "--why", why,
                   *words)

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
        refused = self.restore(backup, "no reason", "--json")
        self.assertNotEqual(refused.code, 0, refused.out)
        self.assertIn("stop vigild first", refused.err)
        self.server.stop()
        done = self.restore(backup, "the disk failed", "--json")
        self.assertEqual(done.code, 0, done.err)
        epoch = done.json
        self.assertEqual(int(epoch["back_to_seq"]), before)
        self.assertTrue((self.server.directory / f"register.db.before-{epoch['id']}").exists())
        self.server.start()
        # The administrator's program has exchanged its refresh token since; its key is enough.
        self.assertIn("the disk failed", self.ctl("backup", "list").out)
        self.assertEqual(self.seq(), before)
        self.assertEqual(self.ctl("witness", "list", "--json").json["copies"], [])
        self.ctl("audit", "verify")

        # Once more, from the same file.
        self.server.stop()
        again = self.restore(backup, "it failed again", "--json")
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
        self.assertIn(f"restored to operation {made['seq']};", done.out)
        self.assertIn(f"what they had done up to operation {seq},", done.err)
        listed = self.restore(new, "somebody had, after all")
        self.assertEqual(listed.code, 0, listed.err)
        self.assertNotIn("older than those", listed.err)
        self.server.start()


if __name__ == "__main__":
    unittest.main()
