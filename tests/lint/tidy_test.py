#!/usr/bin/env python3
"""tidy.py sees each thing that it is there for."""

import unittest

import planted
import tidy

GUARDED = "#ifndef VIGIL_SYNC_A_H_\n#define VIGIL_SYNC_A_H_\n\n#endif  // VIGIL_SYNC_A_H_\n"


def long_body(lines: int) -> str:
    return "  ++x;\n" * lines


class TidyTest(planted.PlantedTree):
    def reasons(self, path: str, text: str) -> str:
        self.plant(path, text)
        found = [p.text for p in tidy.check(self.root)[0] if p.path == path]
        self.assertLessEqual(len(found), 1, found)
        return found[0] if found else ""

    def test_long_file(self) -> None:
        self.assertEqual(self.reasons("sync/a.cc", "//\n" * 500), "")
        self.assertIn("501 lines", self.reasons("sync/a.cc", "//\n" * 501))

    def test_stale_exception(self) -> None:
        self.addCleanup(tidy.LONG_FILES.clear)
        tidy.LONG_FILES["sync/a.cc"] = 600
        self.assertEqual(self.reasons("sync/a.cc", "//\n" * 550), "")
        self.assertIn("601 lines", self.reasons("sync/a.cc", "//\n" * 601))
        self.assertIn("LONG_FILES", self.reasons("sync/a.cc", "//\n" * 400))

    def test_long_line(self) -> None:
        self.assertEqual(self.reasons("sync/a.cc", "/" * 100 + "\n"), "")
        self.assertIn("101 columns", self.reasons("sync/a.cc", "/" * 101 + "\n"))
        self.assertIn("101 columns", self.reasons("tests/script", "#" * 101 + "\n"))
        self.assertEqual(self.reasons("deploy/data/a.txt", "/" * 101 + "\n"), "")

    def test_white_space(self) -> None:
        self.assertIn("end of the line", self.reasons("sync/a.cc", "int x; \n"))
        self.assertIn("a tab", self.reasons("sync/a.cc", "\tint x;\n"))
        self.assertIn("no newline", self.reasons("sync/a.cc", "int x;"))

    def test_header_guard(self) -> None:
        self.assertEqual(self.reasons("sync/a.h", GUARDED), "")
        self.assertEqual(self.reasons("sync/a.h", "// Words first.\n\n" + GUARDED), "")
        for wrong in (GUARDED.replace("SYNC", "SINK"), "#pragma once\n", GUARDED + "int x;\n",
                      "#include <string>\n" + GUARDED):
            self.assertIn("VIGIL_SYNC_A_H_", self.reasons("sync/a.h", wrong))

    def test_forbidden_words(self) -> None:
        for words in ("// TO" "DO: later\n", "// FIX" "ME\n", "cd /wo" "rk/main\n",
                      'open("/tm' 'p/x")\n', "http://deb.deb" "ian.org/debian\n",
                      "https://registry.np" "mjs.org/\n"):
            self.assertNotEqual(self.reasons("sync/a.cc", words), "", words)
        self.assertNotEqual(self.reasons("deploy/data/a.txt", "/ho" "me/somebody\n"), "")
        for words in ('mkdtemp("XXXXXX")\n', "$TMPDIR/homework/root\n", "etc/work/a\n"):
            self.assertEqual(self.reasons("sync/a.cc", words), "", words)

    def test_long_cpp_function(self) -> None:
        for head in ("int F(int x)", "Foo::Foo(int x)\n    : a_{x}, b_(x)", "TEST(A, B)",
                     "auto F(std::function<void(int)> f = {}) -> absl::StatusOr<int>",
                     "bool operator==(const A& a, const A& b)", "struct stat F(int x)",
                     "template <typename T = int>\nT F()", "void F() const noexcept"):
            for around in ("%s", "namespace a {\nclass B {\n%s};\n}\n"):
                text = around % (head + " {\n" + long_body(68) + "}\n")
                self.assertEqual(self.reasons("sync/a.cc", text), "", head)
                text = around % (head + " {\n" + long_body(69) + "}\n")
                self.assertIn("has 71 lines", self.reasons("sync/a.cc", text), head)

    def test_long_function_by_exception(self) -> None:
        self.addCleanup(tidy.LONG_FUNCTIONS.discard, "sync/a.cc:F")
        tidy.LONG_FUNCTIONS.add("sync/a.cc:F")
        self.assertEqual(self.reasons("sync/a.cc", "int F() {\n" + long_body(99) + "}\n"), "")
        self.assertIn("LONG_FUNCTIONS", self.reasons("sync/a.cc", "int F() {\n}\n"))

    def test_data_and_scopes_are_no_functions(self) -> None:
        for head in ("namespace a", "struct A", "class A : public B<void(int)>", "enum class A",
                     "constexpr A kTable[] =", 'extern "C"', "const auto kF = Make(1, 2) ="):
            text = head + " {\n" + "int a;\n" * 100 + "};\n"
            self.assertEqual(self.reasons("sync/a.cc", text), "", head)

    def test_literals_and_comments_hold_no_braces(self) -> None:
        text = 'int F() {\n  s = "{"; c = \'{\'; n = 1\'000; // {\n  /* { */ r = R"({)";\n}\n'
        functions = tidy.cpp_functions(text + "int G() {\n}\n")
        self.assertEqual([(f[1], f[2]) for f in functions], [(1, 4), (5, 6)])

    def test_long_python_function(self) -> None:
        self.assertEqual(self.reasons("tests/a.py", "def f():\n" + "    f()\n" * 69), "")
        self.assertIn("has 71 lines",
                      self.reasons("tests/a.py", "def f():\n" + "    f()\n" * 70))

    def test_what_lies_beside_the_project_is_not_checked(self) -> None:
        self.plant("build/x/a.cc", "\t")
        self.plant("node_modules/a.cc", "\t")
        self.assertEqual(tidy.check(self.root), ([], 0))


if __name__ == "__main__":
    unittest.main()
