#!/usr/bin/env python3
"""Prints "PASSED FAILED" of a JUnit file that ctest wrote.

A test that was disabled, skipped or could not be started did not pass: it counts as failed.
"""

import sys
import xml.etree.ElementTree as ElementTree


def main() -> int:
    suite = ElementTree.parse(sys.argv[1]).getroot()
    passed = sum(case.get("status") == "run" and case.find("failure") is None
                 for case in suite.iter("testcase"))
    total = sum(1 for _ in suite.iter("testcase"))
    print(passed, total - passed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
