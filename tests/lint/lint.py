"""What the lint checks share: the project's files, C++ text without strings, problems."""

import dataclasses
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# The top level is given; everything else beside it (build trees, checkouts) is not the project.
TOP_FOLDERS = (".ci", "deploy", "proto", "server", "sync", "tests")
SKIPPED_FOLDERS = {"__pycache__", "node_modules", "dist"}


@dataclasses.dataclass(frozen=True)
class Problem:
    """One finding, printed the way compilers do."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


def project_files(root: pathlib.Path) -> list[str]:
    """Paths of all files of the project relative to root, sorted."""
    found = [entry.name for entry in os.scandir(root) if entry.is_file()]
    for folder in TOP_FOLDERS:
        for parent, folders, names in os.walk(root / folder):
            folders[:] = [f for f in folders if f not in SKIPPED_FOLDERS]
            found += [str((pathlib.Path(parent) / name).relative_to(root)) for name in names]
    return sorted(found)


def is_cpp(path: str) -> bool:
    return path.endswith((".h", ".cc", ".c"))


def read(root: pathlib.Path, path: str) -> str:
    return (root / path).read_text(encoding="utf-8")


_NOT_CODE = re.compile(
    r'R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'  # string
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"  # character, but no digit separator
    r"|//[^\n]*"
    r"|/\*.*?\*/",
    re.DOTALL,
)


def code_only(text: str) -> str:
    """C++ text with comments and literals blanked; every line keeps its number."""

    def blank(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match.group(0))

    return _NOT_CODE.sub(blank, text)


def finish(problems: list[Problem], checked: int, what: str) -> int:
    """Prints what was found; the exit code. Checking nothing is a failure too."""
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{what}: {checked} files checked, {len(problems)} problems")
    if checked == 0:
        print(f"{what}: found no file to check", file=sys.stderr)
    return 1 if problems or checked == 0 else 0
