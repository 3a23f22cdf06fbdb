#!/usr/bin/env python3
"""`buf lint` of the contract; the rules and their exceptions stand in proto/buf.yaml.

Usage: buf.py [PROTO_FOLDER].
"""

import os
import pathlib
import shutil
import subprocess
import sys

import lint


def tool() -> str | None:
    """buf as deploy/install-deps installed it, or one on the path."""
    build = pathlib.Path(os.environ.get("VIGIL_BUILD_DIR", lint.ROOT / "build"))
    for tools in (build / "tools", build.parent / "tools", lint.ROOT / "build/tools"):
        path = tools / "node_modules/.bin/buf"
        if path.exists():
            return str(path)
    return shutil.which("buf")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs buf; exit code 127 with a hint if it is missing."""
    buf = tool()
    if not buf:
        return subprocess.CompletedProcess(words, 127, "",
                                           "buf is missing: run deploy/install-deps test\n")
    return subprocess.run([buf, *words], capture_output=True, text=True, check=False)


def main() -> int:
    folder = sys.argv[1] if len(sys.argv) > 1 else str(lint.ROOT / "proto")
    result = run("lint", folder)
    print(result.stdout, result.stderr, sep="", end="")
    return result.returncode


if __name__ == "__main__":
    sys.exit(main())
