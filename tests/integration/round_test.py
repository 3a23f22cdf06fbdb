#!/usr/bin/env python3
"""The quickstart's authority and its field round with the real programs, phones in either order."""

import csv
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import unittest

from cli_support import BIN, DATA, ROOT, CliTest, Server, run

ROUND = ROOT / "deploy" / "round" / "round.sh"
AUTHORITY = ROOT / "deploy" / "make-test-authority"
EXPECTED = ("round: applied=8 merged=3 refused=1 conflicts_open=3 conflicts_settled=3 escalated=2 "
            "replicas_equal=yes")


def make_authority(directory: pathlib.Path) -> str:
    """What the script said."""
    return subprocess.run([AUTHORITY, directory], check=True, text=True, capture_output=True,
                          timeout=60).stdout


class TestAuthority(unittest.TestCase):
    """What make-test-authority makes, keeps and makes anew."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="vigil-authority-"))
        self.addCleanup(shutil.rmtree, self.directory)
        make_authority(self.directory)
        self.made = self.contents()

    def contents(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.directory.iterdir()}

    def changed(self) -> set[str]:
        """Names of the files that another run writes anew."""
        make_authority(self.directory)
        now = self.contents()
        self.assertEqual(set(now), set(self.made), "files left over or missing")
        return {name for name, content in now.items() if content != self.made[name]}

    def end_soon(self, name: str) -> None:
        """As if the certificate had been made a while ago: it ends within a day."""
        path = self.directory / f"{name}.pem"
        authority = ["-CA", self.directory / "ca.pem", "-CAkey", self.directory / "ca.key"]
        path.chmod(0o600)
        subprocess.run(
            ["openssl", "req", "-x509", "-key", self.directory / f"{name}.key", "-days", "1",
             "-subj", "/CN=ends soon", "-out", path, *(authority if name == "server" else [])],
            check=True, capture_output=True, timeout=60)

    def test_keys_are_for_their_owner_alone(self):
        self.assertEqual(set(self.made), {"ca.pem", "ca.key", "server.pem", "server.key"})
        for name in ("ca.key", "server.key"):
            mode = stat.S_IMODE((self.directory / name).stat().st_mode)
            self.assertEqual(mode, 0o400, name)

    def test_what_is_good_stays(self):
        self.assertEqual(self.changed(), set())

    def test_certificate_that_ends_is_renewed_under_the_same_authority(self):
        self.end_soon("server")
        self.assertEqual(self.changed(), {"server.pem", "server.key"})

    def test_authority_that_ends_takes_its_certificate_with_it(self):
        self.end_soon("ca")
        self.assertEqual(self.changed(), set(self.made))

    def test_key_of_another_certificate_is_replaced(self):
        shutil.copy(self.directory / "ca.key", self.directory / "other")
        os.replace(self.directory / "other", self.directory / "server.key")
        self.assertEqual(self.changed(), {"server.pem", "server.key"})


def visible(hazards: list[dict[str, str]], below: set[str]) -> int:
    return sum(hazard["responsible_unit"] in below for hazard in hazards)


class Round(CliTest):
    """Each order works on a register of its own, copied from one import."""

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="vigil-round-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        make_authority(cls.directory / "authority")
        cls.server = cls.make_server(cls.directory)
        cls.server.start()
        cls("ctl").ctl("import", DATA)
        cls("ctl").ctl("escalation", "tick")
        cls.server.stop()

    @classmethod
    def make_server(cls, directory: pathlib.Path) -> Server:
        server = Server(directory / "register", cls.directory / "authority")
        # Where the round looks for the administrator.
        server.admin = directory / "people" / "admin"
        server.admin.parent.mkdir(parents=True, exist_ok=True)
        cls.addClassCleanup(server.stop)
        return server

    def round(self, order: str) -> str:
        """What the round printed; its server runs on."""
        directory = self.directory / order
        directory.mkdir()
        for name in ("register", "people"):
            shutil.copytree(self.directory / name, directory / name)
        (directory / "register" / "port").unlink(missing_ok=True)
        server = self.make_server(directory)
        server.start()
        done = subprocess.run(
            [ROUND, order, directory], capture_output=True, timeout=300, check=False, text=True,
            env={"PATH": f"{BIN}:{os.environ['PATH']}", "HOME": "/", **server.env(server.admin)})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stderr, "")
        self.check_log(server)
        return done.stdout

    def check_log(self, server: Server) -> None:
        """The auditor finds both phones' chains and signatures good."""
        done = run("vigilctl", "audit", "verify",
                   env=server.env(server.admin.parent / "auditor-01"))
        self.assertEqual(done.code, 0, done.out + done.err)
        self.assertRegex(
            done.out, r"audit: operations=\d+ chains=2 signatures=2 head=[0-9a-f]{64} ok")

    def check_people(self, said: str) -> None:
        """Each sees the hazards of his units and of those below them, and no others."""
        with open(DATA / "org_units.csv", encoding="utf-8", newline="") as file:
            parents = {row["code"]: row["parent_unit"] for row in csv.DictReader(file)}
        with open(DATA / "hazards.csv", encoding="utf-8", newline="") as file:
            hazards = list(csv.DictReader(file))
        rows = re.findall(r"^  (\S+) +sees +(\d+) of (\d+) hazards +(.+)$", said, re.MULTILINE)
        roles = {grant.split(" @ ")[0] for row in rows for grant in row[3].split(", ")}
        self.assertLessEqual({"safety office", "industry department", "responsible unit",
                              "receiver", "auditor"}, roles)
        for person, seen, whole, grants in rows:
            below = {grant.split(" @ ")[1] for grant in grants.split(", ")}
            while more := {unit for unit, parent in parents.items() if parent in below} - below:
                below |= more
            with self.subTest(person=person):
                self.assertEqual((int(seen), int(whole)), (visible(hazards, below), len(hazards)))

    def test_promise_6_arrival_order_does_not_matter_to_the_round(self):
        for order in ("ab", "ba"):
            said = self.round(order)
            self.assertEqual(said.splitlines()[-1], EXPECTED)
            self.check_people(said)
        first, second = ((self.directory / order / "ledger.txt").read_text()
                         for order in ("ab", "ba"))
        self.assertEqual(first.count("Round: "), 2)
        self.assertGreater(len(first.splitlines()), 370)
        self.assertEqual(first, second)


if __name__ == "__main__":
    unittest.main(verbosity=2)
