#!/usr/bin/python3
"""buf.py and proto_baseline.py see a contract that is untidy, and one that broke."""

import contextlib
import io
import pathlib
import subprocess
import sys
import unittest

import buf
import planted
import proto_baseline

CONTRACT = """syntax = "proto3";

package vigil.v1;

import "google/protobuf/descriptor.proto";

message Rules {
  int32 policy = 1;
  repeated string roles = 2;
}

extend google.protobuf.FieldOptions {
  Rules field = 50100;
}

extend google.protobuf.EnumValueOptions {
  int32 rank = 50101;
}

enum Grade {
  GRADE_UNSPECIFIED = 0;
  GRADE_GRAVE = 1 [(rank) = 7];
}

message Hazard {
  string title = 1 [(field) = {policy: 3, roles: "office"}];
  Grade grade = 2;
}
"""
FILE = "proto/vigil/v1/hazard.proto"


class ProtoTest(planted.PlantedTree):
    def setUp(self) -> None:
        super().setUp()
        self.baseline = self.root / "baseline.binpb"
        self.plant("proto/buf.yaml", (proto_baseline.lint.ROOT / "proto/buf.yaml").read_text())
        self.plant(FILE, CONTRACT)
        self.baseline.write_bytes(
            proto_baseline.compile_contract(self.root / "proto").SerializeToString())

    def lint(self) -> int:
        script = pathlib.Path(buf.__file__)
        return subprocess.run([sys.executable, str(script), str(self.root / "proto")],
                              capture_output=True, check=False).returncode

    def problems(self, old: str, new: str) -> str:
        """What the check says after this change of the contract; empty if it passes."""
        self.assertIn(old, CONTRACT)
        self.plant(FILE, CONTRACT.replace(old, new))
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            code = proto_baseline.check(self.root / "proto", self.baseline)
        self.assertEqual(code, 1 if said.getvalue() else 0)
        return said.getvalue()

    def test_buf_lint(self) -> None:
        self.assertEqual(self.lint(), 0)
        self.plant(FILE, CONTRACT.replace("string title", "string Title"))
        self.assertNotEqual(self.lint(), 0)

    def test_additions_pass(self) -> None:
        self.assertEqual(self.problems("Grade grade = 2;", "Grade grade = 2; string more = 3;"), "")
        more = "GRADE_MORE = 2 [(rank) = 1]; GRADE_GRAVE ="
        self.assertEqual(self.problems("GRADE_GRAVE =", more), "")

    def test_missing_baseline(self) -> None:
        self.baseline.unlink()
        self.assertIn("is missing", self.problems("Grade grade = 2;", "Grade grade = 2; "))

    def test_breaking_structure(self) -> None:
        self.assertIn("grade", self.problems("Grade grade = 2;", ""))
        self.assertIn("title", self.problems("string title", "bytes title"))
        self.assertIn("name", self.problems("string title", "string name"))

    def test_breaking_option(self) -> None:
        for old, new, element in (
            ("policy: 3", "policy: 4", "Hazard.title = 1"),
            ('"office"', '"office", roles: "phone"', "Hazard.title = 1"),
            (' [(field) = {policy: 3, roles: "office"}]', "", "Hazard.title = 1"),
            ("Grade grade = 2", "Grade grade = 2 [(field) = {policy: 1}]", "Hazard.grade = 2"),
            ("(rank) = 7", "(rank) = 6", "Grade.GRADE_GRAVE"),
        ):
            found = self.problems(old, new)
            self.assertEqual(found.count("\n"), 1, found)
            self.assertIn(element, found)


if __name__ == "__main__":
    unittest.main()
