#!/usr/bin/env python3
"""House rules that a compiler does not know: sizes, guards, and what never stands in a file.

Usage: tidy.py [ROOT].
"""

import ast
import pathlib
import re
import sys

import lint

MAX_LINES = 500
MAX_COLUMNS = 100
MAX_FUNCTION_LINES = 70

# Files over MAX_LINES, each with the size that it may have and the reason. Keep it short.
LONG_FILES: dict[str, int] = {}

# Functions over MAX_FUNCTION_LINES, as "path:name": nothing but a table of cases each.
LONG_FUNCTIONS = {
    "tests/support/rules_acts.cc:HazardActs",
    "tests/support/rules_acts.cc:OrderActs",
    "tests/unit/sync/rules/validate_test.cc:Faults",
}

TEXT = (".h", ".cc", ".c", ".py", ".sh", ".proto", ".txt", ".md", ".json", ".yaml", ".textproto",
        ".sql", ".ts", ".service")
SOURCES = (".h", ".cc", ".c", ".py", ".sh", ".proto", ".sql", ".ts", "CMakeLists.txt")
# Data is as long and as wide as it is; lock files are written by their tools.
DATA = re.compile(r"^deploy/data/|/(?:testdata|golden)/|package-lock\.json$")

# Split, so that this file does not find itself.
FORBIDDEN = (
    (re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b"),
     "unfinished work belongs in an issue"),
    (re.compile(r"(?<![\w.}])/(?:work|root|home)/[A-Za-z]|/tm" r"p/[A-Za-z]"),
     "a path of somebody's machine"),
    (re.compile(r"deb\.deb" r"ian\.org|registry\.np" r"mjs|pypi\.or" r"g|proxy\.gol" r"ang"),
     "the name of a package registry"),
)

_NOT_A_FUNCTION = re.compile(r"\b(?:namespace|class|struct|union|enum|extern)\b")
_OPERATOR = re.compile(r"\boperator\s*[^\w\s(]+")


def is_text(path: str) -> bool:
    if "/corpus/" in path:
        return False
    name = pathlib.PurePosixPath(path).name
    return path.endswith(TEXT) or ("." not in name and not path.startswith("."))


def is_source(path: str) -> bool:
    return path.endswith(SOURCES) or ("/" in path and "." not in pathlib.PurePosixPath(path).name)


def expected_guard(path: str) -> str:
    return "VIGIL_" + re.sub(r"[^A-Za-z0-9]", "_", path).upper() + "_"


def check_guard(path: str, text: str) -> list[lint.Problem]:
    guard = expected_guard(path)
    code = [line for line in lint.code_only(text).splitlines() if line.strip()]
    if code[:2] == [f"#ifndef {guard}", f"#define {guard}"] and code[-1].strip() == "#endif":
        return []
    return [lint.Problem(path, 1, f"the header's guard must be {guard}, around everything")]


def check_lines(path: str, text: str) -> list[lint.Problem]:
    problems = []
    lines = text.split("\n")
    if lines.pop():
        problems.append(lint.Problem(path, len(lines) + 1, "no newline at the end of the file"))
    limit = LONG_FILES.get(path, MAX_LINES)
    if is_source(path) and len(lines) > limit:
        problems.append(lint.Problem(path, limit, f"{len(lines)} lines; at most {limit}"))
    for number, line in enumerate(lines, start=1):
        if is_source(path) and len(line) > MAX_COLUMNS:
            problems.append(lint.Problem(path, number, f"{len(line)} columns"))
        if line != line.rstrip():
            problems.append(lint.Problem(path, number, "white space at the end of the line"))
        if "\t" in line:
            problems.append(lint.Problem(path, number, "a tab"))
    return problems


def check_forbidden(path: str, text: str) -> list[lint.Problem]:
    return [lint.Problem(path, text.count("\n", 0, match.start()) + 1, f"{match.group(0)}: {why}")
            for pattern, why in FORBIDDEN for match in pattern.finditer(text)]


def _outside_brackets(text: str) -> str:
    """The text without what stands in (), [] or <>."""
    depth, kept = 0, ""
    for char in text.replace("->", ""):
        depth -= char in ")]>"
        if depth == 0:
            kept += char
        depth += char in "([<"
    return kept


def _opens_function(head: str) -> bool:
    flat = _outside_brackets(_OPERATOR.sub("operator", head))
    return "(" in flat and "=" not in flat


def _scope_after(head: str) -> str:
    """What a brace opens after this text, at namespace or class scope."""
    if _opens_function(head):
        return "function"
    return "scope" if _NOT_A_FUNCTION.search(head) else "data"


def cpp_functions(text: str) -> list[tuple[str, int, int]]:
    """(head, first line, last line) of each function's body, by counting braces.

    Bodies within bodies (lambdas, local classes) count towards the function around them.
    """
    code = re.sub(r"(?m)^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda m: "\n" * m.group(0).count("\n"),
                  lint.code_only(text))
    functions, scopes, head, line = [], [], "", 1
    for char in code:
        line += char == "\n"
        inside = "function" in scopes or "data" in scopes
        if not inside and head.count("(") > head.count(")"):
            head += char  # A default argument may have braces.
        elif char == "{":
            scopes.append("inner" if inside else _scope_after(head))
            if scopes[-1] == "function":
                functions.append([" ".join(head.split()), line, line])
            head = ""
        elif char == "}":
            if scopes and scopes.pop() == "function":
                functions[-1][2] = line
            head = ""
        else:
            head = "" if char == ";" else head + char
    return [tuple(function) for function in functions]


def _cpp_name(head: str) -> str:
    match = re.search(r"([\w:~]+)\s*\(", head)
    return match.group(1) if match else head[-40:]


def functions_of(path: str, text: str) -> list[tuple[str, int, int]]:
    if path.endswith(".py"):
        nodes = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef)]
        return [(node.name, node.lineno, node.end_lineno) for node in nodes]
    if lint.is_cpp(path):
        return [(_cpp_name(head), first, last) for head, first, last in cpp_functions(text)]
    return []


def check_functions(path: str, text: str) -> list[lint.Problem]:
    problems = []
    for name, first, last in functions_of(path, text):
        lines, excepted = last - first + 1, f"{path}:{name}" in LONG_FUNCTIONS
        if lines > MAX_FUNCTION_LINES and not excepted:
            problems.append(lint.Problem(path, first, f"{name} has {lines} lines; at most "
                                         f"{MAX_FUNCTION_LINES}"))
        if lines <= MAX_FUNCTION_LINES and excepted:
            problems.append(lint.Problem(path, first, f"{name} stands in LONG_FUNCTIONS but is "
                                         "short enough"))
    return problems


def check_file(root: pathlib.Path, path: str) -> list[lint.Problem]:
    try:
        text = lint.read(root, path)
    except UnicodeDecodeError:
        return [lint.Problem(path, 1, "is not UTF-8")]
    problems = check_forbidden(path, text)
    if DATA.search(path):
        return problems
    problems += check_lines(path, text)
    problems += check_functions(path, text)
    if path.endswith(".h"):
        problems += check_guard(path, text)
    return problems


def check(root: pathlib.Path) -> tuple[list[lint.Problem], int]:
    files = [path for path in lint.project_files(root) if is_text(path)]
    problems = [problem for path in files for problem in check_file(root, path)]
    # An exception outlives its reason unless somebody looks.
    problems += [lint.Problem(path, 1, "stands in LONG_FILES but is short enough, or gone")
                 for path in LONG_FILES
                 if path not in files or lint.read(root, path).count("\n") <= MAX_LINES]
    return problems, len(files)


def main() -> int:
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else lint.ROOT
    return lint.finish(*check(root), "tidy")


if __name__ == "__main__":
    sys.exit(main())
