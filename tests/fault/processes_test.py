#!/usr/bin/env python3
"""Programs that die, stop and lose their connections while there is work to do."""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

# pylint: disable=wrong-import-position
from cli_support import BIN, DATA, CliTest, Server, run  # noqa: E402
from bad_network import Doubler, Relay  # noqa: E402

KILLS = 200
PHONES = 4
PATIENCE_S = 180
# A link of 64 kbit/s, and what waits for it.
LINK_BYTES_S = 8000
UNSENT_BYTES = 500_000
REPORT_BYTES = 3600
# What vigil-field ends with where the register cannot be reached.
UNREACHABLE = 3


class Processes(CliTest):
    """A register and phones whose work must arrive once, whatever becomes of their processes."""

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="vigil-fault-"))
        cls.server = Server(cls.directory / "register")
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.addClassCleanup(cls.server.stop)
        cls.server.start()
        test = cls("ctl")
        test.ctl("import", DATA)
        cls.phones = [test.add_phone(f"inspector-{number:02}", cls.directory)
                      for number in range(1, PHONES + 1)]

    def setUp(self):
        self.told: set[str] = set()
        self.tried: set[str] = set()

    def spawn(self, phone: pathlib.Path, *words: str) -> subprocess.Popen:
        process = subprocess.Popen(
            [BIN / "vigil-field", *map(str, words)], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "HOME": "/", "VIGIL_PHONE_DIR": str(phone)})
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process: subprocess.Popen) -> None:
        if process.poll() is None:
            process.kill()
        process.wait()

    def report(self, phone: pathlib.Path, text: str) -> subprocess.Popen:
        self.tried.add(text)
        return self.spawn(phone, "report", "--source", "RS-LF-001", "--description", text)

    def check(self):
        """Everybody synchronises; then what a phone was told is in the register once."""
        for phone in self.phones:
            self.field(phone, "sync")
        for phone in self.phones:
            report = self.field(phone, "sync", "--json").json
            self.assertTrue(report["digest_equal"] and report["complete"], report)
            self.assertEqual(report["repaired"], 0)
            status = self.field(phone, "status", "--json").json
            self.assertEqual((status["pending"], status["deferred"], status["refused"],
                              status["faults"]), (0, 0, 0, 0), status)
        rows = self.ctl("ledger", "--all", "--json").json["hazards"]
        found = [row["description"] for row in rows if row["description"] in self.tried]
        self.assertEqual(len(found), len(set(found)), "something was applied twice")
        self.assertEqual(self.told - set(found), set(), "something that was said is gone")
        self.assertIn("ok", self.ctl("audit", "verify").out)

    def test_killed_again_and_again_under_load(self):
        chance = random.Random(17)
        killed = {"server": 0, "phone": 0}
        cycle = 0
        while sum(killed.values()) < KILLS:
            cycle += 1
            work: dict[str, subprocess.Popen] = {}
            for number, phone in enumerate(self.phones):
                name = f"cycle {cycle}, phone {number}"
                if (cycle + number) % 2:
                    work[name] = self.report(phone, name)
                else:
                    work[name] = self.spawn(phone, "sync")
            running = list(work.values())
            # So many have ended when it strikes.
            for _ in range(chance.randrange(PHONES)):
                running.pop(chance.randrange(len(running))).wait(PATIENCE_S)
            if cycle % 2:
                self.server.process.kill()
                self.server.process.wait()
                killed["server"] += 1
            for victim in running[:1 + chance.randrange(2)]:
                victim.kill()
                # It may have been done before.
                killed["phone"] += victim.wait(PATIENCE_S) == -signal.SIGKILL
            for name, process in work.items():
                code = process.wait(PATIENCE_S)
                self.assertIn(code, (0, UNREACHABLE, -signal.SIGKILL), name)
                if code == 0 and name in self.tried:
                    self.told.add(name)
            if cycle % 2:
                self.server.start()
        self.assertGreater(min(killed.values()), KILLS // 10, killed)
        self.assertGreater(len(self.told), KILLS // 4)
        print(f"kills={sum(killed.values())} server={killed['server']} phone={killed['phone']} "
              f"told={len(self.told)}")
        self.check()

    def test_a_stopped_register_holds_nobody_for_ever(self):
        text = "reported to a register that stands still"
        self.assertEqual(self.report(self.phones[0], text).wait(PATIENCE_S), 0)
        self.told.add(text)
        self.server.process.send_signal(signal.SIGSTOP)
        try:
            waits = [self.spawn(phone, "sync") for phone in self.phones]
            for process in waits:
                self.assertEqual(process.wait(PATIENCE_S), UNREACHABLE)
        finally:
            self.server.process.send_signal(signal.SIGCONT)
        self.check()

    def test_a_stopped_phone_holds_nobody_else(self):
        text = "reported by a phone that stands still"
        self.assertEqual(self.report(self.phones[0], text).wait(PATIENCE_S), 0)
        self.told.add(text)
        stopped = self.spawn(self.phones[0], "sync")
        stopped.send_signal(signal.SIGSTOP)
        for phone in self.phones[1:]:
            self.assertEqual(self.spawn(phone, "sync").wait(PATIENCE_S), 0)
        stopped.send_signal(signal.SIGCONT)
        self.assertIn(stopped.wait(PATIENCE_S), (0, UNREACHABLE))
        self.check()

    def test_connections_that_are_cut_anywhere(self):
        relay = Relay(self.server.port)
        self.addCleanup(relay.close)
        phone = self.phones[0]
        # Within the handshake, the first calls, the push, the answer.
        for count in (10, 100, 300, 700, 1500, 2500, 4000, 6000, 9000):
            text = f"cut after {count} bytes"
            self.assertEqual(self.report(phone, text).wait(PATIENCE_S), 0)
            self.told.add(text)
            relay.cut_next_after(count)
            self.assertIn(self.spawn(phone, "sync", "--server", relay.address).wait(PATIENCE_S),
                          (0, UNREACHABLE))
        self.assertGreater(relay.cut, 0)
        self.check()

    def test_much_unsent_work_leaves_over_a_slow_link(self):
        phone = self.phones[0]
        unsent_bytes = 0
        while unsent_bytes < UNSENT_BYTES:
            text = f"{len(self.told)} " + "crack " * (REPORT_BYTES // 6)
            self.assertEqual(self.report(phone, text).wait(PATIENCE_S), 0)
            self.told.add(text)
            unsent_bytes += REPORT_BYTES
        relay = Relay(self.server.port, bytes_s=LINK_BYTES_S)
        self.addCleanup(relay.close)
        pending = len(self.told)
        while pending > 0:
            self.spawn(phone, "sync", "--server", relay.address).wait(2 * PATIENCE_S)
            before, pending = pending, self.field(phone, "status", "--json").json["pending"]
            self.assertLess(pending, before, "an attempt must bring it further")
        self.check()

    def test_every_request_comes_twice(self):
        doubler = Doubler(self.server.address)
        self.addCleanup(doubler.close)
        for number in range(5):
            text = f"said twice, {number}"
            self.assertEqual(self.report(self.phones[0], text).wait(PATIENCE_S), 0)
            self.told.add(text)
            self.field(self.phones[0], "sync", "--server", doubler.address)
        self.assertGreaterEqual(doubler.doubled, 10)
        self.check()


class FullDisk(CliTest):
    """A register on a small disk of its own."""

    DISK_MIB = 40
    RESERVE_MIB = 16

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="vigil-disk-"))
        self.addCleanup(shutil.rmtree, self.directory)
        self.disk = self.directory / "disk"
        self.disk.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self.DISK_MIB}m", "tmpfs", self.disk],
            capture_output=True, check=False)
        if mounted.returncode != 0:
            self.skipTest(f"nothing can be mounted here: {mounted.stderr.decode()}")
        self.addCleanup(subprocess.run, ["umount", self.disk], check=True)
        config = self.directory / "vigild.textproto"
        config.write_text(f"limits {{ storage_reserve_mib: {self.RESERVE_MIB} }}\n")
        self.server = Server(self.disk / "register", words=("--config", config))
        self.server.admin = self.directory / "admin"
        self.addCleanup(self.server.stop)

    def fill(self, left_mib: int) -> pathlib.Path:
        """A file that leaves so much of the disk."""
        filler = self.disk / f"filler-{left_mib}"
        free = os.statvfs(self.disk)
        size = free.f_bavail * free.f_frsize - left_mib * 1024 * 1024
        with open(filler, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)
        return filler

    def test_a_full_disk_is_read_and_takes_nothing_in(self):
        self.server.start()
        self.ctl("import", DATA)
        phone = self.add_phone("inspector-01", self.directory)
        self.field(phone, "report", "--source", "RS-LF-001", "--description", "crack")
        fillers = [self.fill(self.RESERVE_MIB - 1)]
        report = self.field(phone, "sync", "--json").json
        self.assertEqual((report["applied"], report["deferred"]), (0, 1), report)
        self.assertEqual(self.field(phone, "status", "--json").json["deferred"], 1)
        self.assertNotEqual(self.ctl("ledger", "--json").json["hazards"], [])
        # The same when it starts, and with nothing left at all.
        self.server.process.kill()
        self.server.process.wait()
        fillers.append(self.fill(0))
        # There is not even room for the file with its port.
        self.server.launch()
        until = time.monotonic() + PATIENCE_S
        while run("vigilctl", "ledger", env=self.server.env(self.server.admin)).code != 0:
            self.assertIsNone(self.server.process.poll(), "vigild does not start on a full disk")
            self.assertLess(time.monotonic(), until)
        self.assertNotEqual(self.ctl("ledger", "--json").json["hazards"], [])
        self.assertEqual(self.field(phone, "sync", "--json").json["deferred"], 1)
        for filler in fillers:
            filler.unlink()
        self.assertEqual(self.field(phone, "sync", "--json").json["applied"], 1)
        self.assertIn("ok", self.ctl("audit", "verify").out)


if __name__ == "__main__":
    unittest.main()
