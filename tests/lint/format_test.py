#!/usr/bin/env python3
"""format.py sees a file that is not formatted, and mends it when told to."""

import pathlib
import subprocess
import sys
import unittest

import planted

SCRIPT = pathlib.Path(__file__).with_name("format.py")


class FormatTest(planted.PlantedTree):
    def run_format(self, *words: str) -> int:
        return subprocess.run([sys.executable, str(SCRIPT), "--root", str(self.root), *words],
                              capture_output=True, check=False).returncode

    def test_sees_and_mends(self) -> None:
        self.plant("sync/a.cc", "int  F( ) {return 1;}\n")
        self.assertEqual(self.run_format(), 1)
        self.assertEqual(self.run_format("--fix", "server/"), 1, "nothing to do is a failure")
        self.assertEqual(self.run_format("--fix", "sync/"), 0)
        self.assertEqual((self.root / "sync/a.cc").read_text(), "int F() { return 1; }\n")
        self.assertEqual(self.run_format(), 0)


if __name__ == "__main__":
    unittest.main()
