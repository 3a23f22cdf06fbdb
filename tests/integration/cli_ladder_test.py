#!/usr/bin/env python3
"""Another escalation ladder: looked at before it holds, and read again while the server runs."""

import pathlib
import shutil
import tempfile
import time
import unittest

from cli_support import DATA, ROOT, START_S, CliTest, Server

SHIPPED = ROOT / "deploy" / "config" / "ladder.textproto"


class Ladders(CliTest):

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="vigil-ladder-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.ladder = self.directory / "ladder.textproto"
        self.ladder.write_text(SHIPPED.read_text(encoding="utf-8"), encoding="utf-8")
        config = self.directory / "vigild.textproto"
        config.write_text(f'ladder_file: "{self.ladder}"\n')
        type(self).server = Server(self.directory / "register", words=("--config", config))
        self.addCleanup(self.server.stop)
        self.server.start()
        self.ctl("import", DATA)

    def proposed(self, *changes: tuple[str, str]) -> pathlib.Path:
        """The shipped ladder with these changes, in a file of its own."""
        text = SHIPPED.read_text(encoding="utf-8")
        for before, after in changes:
            self.assertIn(before, text)
            text = text.replace(before, after, 1)
        path = self.directory / "proposed.textproto"
        path.write_text(text, encoding="utf-8")
        return path

    def wait_for_log(self, words: str) -> None:
        log = self.directory / "vigild.log"
        until = time.monotonic() + START_S
        while words not in log.read_text(encoding="utf-8"):
            self.assertLess(time.monotonic(), until, f"not in the log: {words}")
            time.sleep(0.1)

    def test_a_change_is_looked_at_before_it_holds_and_then_holds_without_a_restart(self):
        shown = self.ctl("ladder", "show", "--lang", "en").out
        self.assertIn("edition 2026-1", shown)
        self.assert_row(shown, "e1 extension window closing", "-20", "responsible unit", "yes")
        path = self.proposed(("REPORT_UNCONFIRMED", "TRANSFER_UNDECIDED"))
        self.assertIn("two rungs", self.ctl("ladder", "check", path, "--lang", "en", code=1).err)
        # Inspections are overdue ten days later.
        path = self.proposed(('edition: "2026-1"', 'edition: "2026-2"'),
                             ("INSPECTION_OVERDUE\n  days: 1", "INSPECTION_OVERDUE\n  days: 11"))
        before = {row["item_number"]: row["falls_due_at"]
                  for row in self.ctl("escalation", "next", "--json").json["steps"]
                  if row["step"] == "ESCALATION_STEP_INSPECTION_OVERDUE"}
        self.assertGreater(len(before), 900)
        checked = self.ctl("ladder", "check", path, "--json").json
        self.assertEqual({change["step"] for change in checked["changes"]},
                         {"ESCALATION_STEP_INSPECTION_OVERDUE"})
        self.assertEqual(len(checked["changes"]), len(before))
        told = self.ctl("ladder", "check", path, "--lang", "en").out
        self.assert_row(told, "inspection overdue", str(len(before)))
        self.assertIn("edition 2026-2 in place of 2026-1", told)
        # A wrong file changes nothing and is told.
        self.ladder.write_text("edition: 7\n")
        self.wait_for_log("the old ones stay")
        self.assertIn("edition 2026-1", self.ctl("ladder", "show", "--lang", "en").out)
        path.replace(self.ladder)
        self.wait_for_log("all looked at again")
        self.assertIn("edition 2026-2", self.ctl("ladder", "show", "--lang", "en").out)
        after = {row["item_number"]: row["falls_due_at"]
                 for row in self.ctl("escalation", "next", "--json").json["steps"]
                 if row["step"] == "ESCALATION_STEP_INSPECTION_OVERDUE"}
        self.assertEqual(after.keys(), before.keys())
        self.assertTrue(all(after[key] > before[key] for key in before))

    def test_the_same_edition_and_missing_steps_are_pointed_out(self):
        text = SHIPPED.read_text(encoding="utf-8")
        start = text.index("rung {\n  step: ESCALATION_STEP_REPORT_UNCONFIRMED")
        end = text.index("}\n", start) + 2
        path = self.directory / "less.textproto"
        path.write_text(text[:start] + text[end:], encoding="utf-8")
        checked = self.ctl("ladder", "check", path, "--lang", "en")
        self.assertIn("same edition 2026-1", checked.err)
        self.assertIn("report unconfirmed has no rung any more", checked.err)
        self.assert_row(checked.out, "report unconfirmed", "3")
        rows = self.ctl("ladder", "check", path, "--all", "--lang", "en").out
        self.assert_row(rows, "report unconfirmed", "never")


if __name__ == "__main__":
    unittest.main(verbosity=2)
