#!/usr/bin/env python3
"""The quickstart's field round with the real programs, phones in either order."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from cli_support import BIN, DATA, ROOT, CliTest, Server

ROUND = ROOT / "deploy" / "round" / "round.sh"
EXPECTED = ("round: applied=8 merged=3 refused=1 conflicts_open=3 conflicts_settled=3 escalated=2 "
            "replicas_equal=yes")


class Round(CliTest):
    """Each order works on a register of its own, copied from one import."""

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="vigil-round-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.server = Server(cls.directory / "register")
        cls.addClassCleanup(cls.server.stop)
        cls.server.start()
        cls("ctl").ctl("import", DATA)
        cls("ctl").ctl("escalation", "tick")
        cls.server.stop()

    def round(self, order: str) -> str:
        """What the round printed."""
        directory = self.directory / order
        directory.mkdir()
        shutil.copytree(self.directory / "register", directory / "register")
        server = Server(directory / "register")
        (directory / "register" / "port").unlink(missing_ok=True)
        self.addCleanup(server.stop)
        server.start()
        done = subprocess.run(
            [ROUND, order, directory], capture_output=True, timeout=300, check=False, text=True,
            env={"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": "/",
                 "VIGIL_SERVER": server.address, "VIGIL_TOKEN_FILE": str(server.token_file)})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def test_promise_6_arrival_order_does_not_matter_to_the_round(self):
        for order in ("ab", "ba"):
            self.assertEqual(self.round(order).splitlines()[-1], EXPECTED)
        first, second = ((self.directory / order / "ledger.txt").read_text()
                         for order in ("ab", "ba"))
        self.assertEqual(first.count("Round: "), 2)
        self.assertGreater(len(first.splitlines()), 370)
        self.assertEqual(first, second)


if __name__ == "__main__":
    unittest.main(verbosity=2)
