"""The same seed tells the same story, in another process too."""

import os
import subprocess
import sys

SEEDS = [3, 8, 21, 34]


def trace(program: str, seed: int) -> str:
    run = subprocess.run([program, "--seed", str(seed), "--trace", "--quiet"],
                         capture_output=True, text=True, check=False)
    lines = [line for line in run.stdout.splitlines() if line.startswith("trace: ")]
    return lines[0] if run.returncode == 0 and lines else run.stdout + run.stderr


def main() -> int:
    program = os.path.join(os.environ["VIGIL_BUILD_DIR"], "tests", "bin", "vigil_sim")
    wrong = 0
    for seed in SEEDS:
        first, second = trace(program, seed), trace(program, seed)
        if first != second or not first.startswith("trace: "):
            print(f"seed {seed}: {first} … {second}")
            wrong += 1
    print(f"repeat: seeds={len(SEEDS)} different={wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
