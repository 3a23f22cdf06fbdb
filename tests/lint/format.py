#!/usr/bin/env python3
"""All C++ is formatted by clang-format 14 as .clang-format says.

format.py checks; format.py --fix PREFIX... formats the files whose path begins so.
"""

import argparse
import pathlib
import shutil
import subprocess
import sys

import lint

# Other versions format otherwise, so only this one counts.
NAMES = ("clang-format-14", "clang-format")
VERSION = "version 14."


def tool() -> str | None:
    for name in NAMES:
        path = shutil.which(name)
        if path and VERSION in subprocess.run([path, "--version"], capture_output=True, text=True,
                                              check=True).stdout:
            return path
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=pathlib.Path, default=lint.ROOT)
    parser.add_argument("--fix", action="store_true", help="format instead of checking")
    parser.add_argument("prefix", nargs="*", help="only files whose path begins so")
    args = parser.parse_args()
    clang_format = tool()
    if not clang_format:
        print("clang-format 14 is missing: run deploy/install-deps test", file=sys.stderr)
        return 1
    files = [path for path in lint.project_files(args.root)
             if lint.is_cpp(path) and (not args.prefix or path.startswith(tuple(args.prefix)))]
    action = ["-i"] if args.fix else ["--dry-run", "-Werror", "--ferror-limit=3"]
    command = [clang_format, f"--style=file:{lint.ROOT / '.clang-format'}", *action]
    failed = False
    # Some files per call, so that no command line grows with the project.
    for start in range(0, len(files), 100):
        result = subprocess.run(command + files[start:start + 100], cwd=args.root, check=False)
        failed = failed or result.returncode != 0
    print(f"format: {len(files)} files checked")
    return 1 if failed or not files else 0


if __name__ == "__main__":
    sys.exit(main())
