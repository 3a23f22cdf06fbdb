#!/usr/bin/env python3
"""clang-tidy by .clang-tidy, on what changed or on everything (10 to 15 s a file).

  clang_tidy.py BUILD_DIR               files that differ from the last commit
  clang_tidy.py BUILD_DIR --since REV   files that differ from that revision
  clang_tidy.py BUILD_DIR --all         every file of ours in BUILD_DIR/compile_commands.json
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import shutil
import subprocess
import sys

import lint


def compiled_files(build: pathlib.Path) -> set[str]:
    """Our own .cc files that the build tree compiles; generated code is not ours."""
    commands = json.loads((build / "compile_commands.json").read_text(encoding="utf-8"))
    files = {pathlib.Path(command["directory"], command["file"]).resolve() for command in commands}
    ours = set(lint.project_files(lint.ROOT))
    return {str(file.relative_to(lint.ROOT)) for file in files
            if file.is_relative_to(lint.ROOT) and str(file.relative_to(lint.ROOT)) in ours}


def changed_files(revision: str) -> set[str]:
    words = ["git", "-C", str(lint.ROOT), "diff", "--name-only", "--diff-filter=d", revision]
    return set(subprocess.run(words, capture_output=True, text=True,
                              check=True).stdout.splitlines())


def check(clang_tidy: str, build: pathlib.Path, path: str) -> str:
    """What clang-tidy says about the file; empty if nothing."""
    # Flags that only g++ knows stand in the commands of its build tree.
    words = [clang_tidy, f"-p={build}", "--quiet", "--extra-arg=-Wno-unknown-warning-option",
             str(lint.ROOT / path)]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    return result.stdout + (result.stderr if result.returncode else "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--since", default="HEAD", metavar="REV")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    clang_tidy = shutil.which("clang-tidy-14") or shutil.which("clang-tidy")
    if not clang_tidy:
        print("clang-tidy is missing: run deploy/install-deps full", file=sys.stderr)
        return 1
    files = compiled_files(args.build)
    if not args.all:
        files &= changed_files(args.since)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for said in pool.map(lambda path: check(clang_tidy, args.build, path), sorted(files)):
            if said.strip():
                print(said, flush=True)
                failed += 1
    print(f"clang-tidy: {len(files)} files checked, {failed} with problems")
    return 1 if failed or (args.all and not files) else 0


if __name__ == "__main__":
    sys.exit(main())
