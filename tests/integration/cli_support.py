"""A server and the two command lines as processes, for the tests of both."""

import json
import os
import pathlib
import re
import signal
import subprocess
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["VIGIL_BUILD_DIR"]) / "bin"
DATA = ROOT / "deploy" / "data" / "shenzhen-2017"
START_S = 60


class Server:
    """vigild on a free port; its directory outlives a stop."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.process: subprocess.Popen | None = None
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def token_file(self) -> pathlib.Path:
        return self.directory / "office.token"

    def start(self) -> None:
        with open(self.directory.parent / "vigild.log", "ab") as log:
            self.process = subprocess.Popen(
                [BIN / "vigild", "--data-dir", self.directory, "--port", str(self.port)],
                stdout=log, stderr=log)
        until = time.monotonic() + START_S
        port_file = self.directory / "port"
        while not (port_file.exists() and port_file.read_text().strip()):
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError("vigild did not start; see vigild.log")
            time.sleep(0.02)
        self.port = int(port_file.read_text())

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=START_S)
        self.process = None


class Result:
    """What a program said and how it ended."""

    def __init__(self, done: subprocess.CompletedProcess):
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8")
        self.err = done.stderr.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.out)


def run(program: str, *words: str, env: dict[str, str] | None = None, stdin: str = "") -> Result:
    """The program with a clean locale; words may be paths or numbers."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/", "LANG": "C.UTF-8", **(env or {})}
    return Result(subprocess.run(
        [BIN / program, *map(str, words)], input=stdin.encode("utf-8"), env=environment,
        capture_output=True, timeout=300, check=False))


class CliTest(unittest.TestCase):
    """Running the programs, with what they said in each failure."""

    maxDiff = None
    server: Server

    def ctl(self, *words: str, token: pathlib.Path | None = None, code: int = 0) -> Result:
        result = run("vigilctl", *words, env={
            "VIGIL_SERVER": self.server.address,
            "VIGIL_TOKEN_FILE": str(token or self.server.token_file)})
        self.assertEqual(result.code, code, f"vigilctl {words}\n{result.out}\n{result.err}")
        return result

    def field(self, phone: pathlib.Path, *words: str, code: int = 0, stdin: str = "") -> Result:
        result = run("vigil-field", *words, env={"VIGIL_PHONE_DIR": str(phone)}, stdin=stdin)
        self.assertEqual(result.code, code, f"vigil-field {words}\n{result.out}\n{result.err}")
        return result

    def add_device(self, person: str, directory: pathlib.Path, kind: str = "phone") -> pathlib.Path:
        """The file with the credential of a new device."""
        token = directory / f"{person}-{kind}.token"
        self.ctl("device", "add", "--person", person, "--kind", kind, "--out", token)
        return token

    def add_phone(self, person: str, directory: pathlib.Path) -> pathlib.Path:
        """The directory of a phone that has synchronised once."""
        token = self.add_device(person, directory)
        phone = directory / person
        self.field(phone, "init", "--server", self.server.address, "--token-file", token)
        report = self.field(phone, "sync", "--json").json
        self.assertTrue(report["complete"] and report["digest_equal"], report)
        return phone

    def hazard(self, number: str) -> dict:
        return self.ctl("show", number, "--kind", "hazard", "--json").json

    def assert_row(self, text: str, *cells: str) -> None:
        """Some line has these cells, in this order."""
        pattern = r".*".join(re.escape(cell) for cell in cells)
        self.assertRegex(text, pattern)
