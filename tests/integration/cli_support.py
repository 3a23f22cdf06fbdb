"""A server and the two command lines as processes, for the tests of both."""

import fcntl
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import termios
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ["VIGIL_BUILD_DIR"]) / "bin"
DATA = ROOT / "deploy" / "data" / "shenzhen-2017"
START_S = 60


PASSWORD = "correct horse battery 17"


class Server:
    """vigild on a free port, with TLS if there is an authority; its directory outlives a stop."""

    def __init__(self, directory: pathlib.Path, authority: pathlib.Path | None = None,
                 words: tuple = ()):
        self.directory = directory
        # More of vigild's command line.
        self.words = words
        # As deploy/make-test-authority leaves it.
        self.authority = authority
        self.process: subprocess.Popen | None = None
        self.port = 0
        # Where the first administrator's program keeps its key and access.
        self.admin = directory.parent / f"{directory.name}-admin"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def env(self, access: pathlib.Path) -> dict[str, str]:
        """What vigilctl finds in its environment."""
        trust = {"VIGIL_CA": str(self.authority / "ca.pem")} if self.authority else {
            "VIGIL_PLAIN_TEXT": "1"}
        return {"VIGIL_SERVER": self.address, "VIGIL_ACCESS": str(access), **trust}

    def launch(self) -> None:
        """Starts it, and waits for nothing."""
        trust = ["--plain-text"] if not self.authority else [
            "--tls-certificate", self.authority / "server.pem",
            "--tls-key", self.authority / "server.key"]
        with open(self.directory.parent / "vigild.log", "ab") as log:
            self.process = subprocess.Popen(
                [BIN / "vigild", "--data-dir", self.directory, "--port", str(self.port), *trust,
                 *self.words],
                stdout=log, stderr=log)

    def start(self) -> None:
        port_file = self.directory / "port"
        # One that was killed has left its own.
        port_file.unlink(missing_ok=True)
        self.launch()
        until = time.monotonic() + START_S
        while not (port_file.exists() and port_file.read_text().strip()):
            if self.process.poll() is not None or time.monotonic() > until:
                raise AssertionError("vigild did not start; see vigild.log")
            time.sleep(0.02)
        self.port = int(port_file.read_text())
        code = self.directory / "first-administrator.code"
        if code.exists() and not self.admin.exists():
            self.sign_in("admin", code, self.admin)

    def sign_in(self, person: str, code: pathlib.Path, access: pathlib.Path) -> None:
        """Chooses a password with the code in this file, and signs in with it."""
        password = access.with_suffix(".password")
        password.write_text(PASSWORD + "\n")
        for words in (("set-password", "--code-file", code), ("sign-in",)):
            done = run("vigilctl", *words, "--person", person, "--password-file", password,
                       env=self.env(access))
            if done.code != 0:
                raise AssertionError(f"vigilctl {words}\n{done.out}\n{done.err}")

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


class Terminal:
    """A program that somebody sits before: it has a terminal of its own."""

    def __init__(self, program: str, *words: str, env: dict[str, str]):
        try:
            self.ours, self.its = pty.openpty()
        except OSError as error:
            # A bare chroot has no /dev/pts.
            raise unittest.SkipTest(f"this machine gives no terminals: {error}") from error
        self.shown = ""
        self.rest = ""
        environment = {"PATH": os.environ["PATH"], "HOME": "/", "LANG": "C.UTF-8", **env}
        self.process = subprocess.Popen(
            [BIN / program, *map(str, words)], stdin=self.its, stdout=self.its, stderr=self.its,
            env=environment, start_new_session=True, preexec_fn=self._sit_down)

    @staticmethod
    def _sit_down() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        # Whoever runs the tests may be deaf to some of them.
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.ours)
        os.close(self.its)

    @property
    def echoes(self) -> bool:
        return bool(termios.tcgetattr(self.its)[3] & termios.ECHO)

    def _read(self, until: float) -> bool:
        """Takes what is there, waiting for it; false: there was nothing in time."""
        if not select.select([self.ours], [], [], max(0.0, until - time.monotonic()))[0]:
            return False
        text = os.read(self.ours, 4096).decode("utf-8", errors="replace")
        self.shown += text
        self.rest += text
        return True

    def wait_for(self, text: str) -> None:
        """Until the terminal shows this, behind what was waited for before."""
        until = time.monotonic() + START_S
        while text not in self.rest:
            is_over = self.process.poll() is not None or time.monotonic() > until
            if not self._read(time.monotonic() + 0.05) and is_over:
                raise AssertionError(f"not shown: {text!r}; shown: {self.shown!r}")
        self.rest = self.rest.partition(text)[2]

    def type(self, text: str) -> None:
        os.write(self.ours, text.encode("utf-8"))

    def wait(self) -> int:
        """Until it has ended, with its exit code; all that it wrote has been shown then."""
        until = time.monotonic() + START_S
        # A terminal that nobody looks at holds a program up.
        while self.process.poll() is None:
            if time.monotonic() > until:
                raise AssertionError(f"it does not end; shown: {self.shown!r}")
            self._read(time.monotonic() + 0.05)
        while self._read(time.monotonic()):
            pass
        return self.process.returncode


class CliTest(unittest.TestCase):
    """Running the programs, with what they said in each failure."""

    maxDiff = None
    server: Server

    def ctl(self, *words: str, access: pathlib.Path | None = None, code: int = 0) -> Result:
        """vigilctl of whoever is signed in there; of the first administrator otherwise."""
        result = run("vigilctl", *words, env=self.server.env(access or self.server.admin))
        self.assertEqual(result.code, code, f"vigilctl {words}\n{result.out}\n{result.err}")
        return result

    def field(self, phone: pathlib.Path, *words: str, code: int = 0, stdin: str = "") -> Result:
        result = run("vigil-field", *words, env={"VIGIL_PHONE_DIR": str(phone)}, stdin=stdin)
        self.assertEqual(result.code, code, f"vigil-field {words}\n{result.out}\n{result.err}")
        return result

    def invite(self, person: str, directory: pathlib.Path, *more: str) -> pathlib.Path:
        """The file with a one-time code."""
        code = directory / f"{person}{''.join(more)}.code"
        code.unlink(missing_ok=True)
        self.ctl("person", "invite", person, *more, "--out", code)
        return code

    def add_office(self, person: str, directory: pathlib.Path) -> pathlib.Path:
        """Where a person's program of the office keeps its access, signed in."""
        access = directory / f"{person}-office"
        self.server.sign_in(person, self.invite(person, directory, "--office"), access)
        return access

    def init_phone(self, phone: pathlib.Path, code_file: pathlib.Path, *more: str,
                   code: int = 0) -> Result:
        return self.field(phone, "init", "--server", self.server.address, "--plain-text",
                          "--code-file", code_file, *more, code=code)

    def add_phone(self, person: str, directory: pathlib.Path) -> pathlib.Path:
        """The directory of a phone that has synchronised once."""
        phone = directory / person
        self.init_phone(phone, self.invite(person, directory))
        report = self.field(phone, "sync", "--json").json
        self.assertTrue(report["complete"] and report["digest_equal"], report)
        return phone

    def hazard(self, number: str) -> dict:
        return self.ctl("show", number, "--kind", "hazard", "--json").json

    def assert_row(self, text: str, *cells: str) -> None:
        """Some line has these cells, in this order."""
        pattern = r".*".join(re.escape(cell) for cell in cells)
        self.assertRegex(text, pattern)


class SampleCase(CliTest):
    """A register with the sample data, which all tests of a class share, and a place for files."""

    directory: pathlib.Path

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="vigil-cli-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.server = Server(cls.directory / "register")
        cls.addClassCleanup(cls.server.stop)
        cls.server.start()
        cls("ctl").ctl("import", DATA)
