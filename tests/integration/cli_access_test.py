#!/usr/bin/env python3
"""How phones and office programs get known, stay known and stop being known, as processes."""

import pathlib
import stat
import tempfile
import unittest

import cli_support
from cli_support import PASSWORD, CliTest, Server, run


class AccessTest(CliTest):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="vigil-access-")
        cls.directory = pathlib.Path(cls.temporary.name)
        cls.server = Server(cls.directory / "reg")
        cls.server.start()
        done = run("vigilctl", "import", cli_support.DATA, env=cls.server.env(cls.server.admin))
        assert done.code == 0, done.err

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()
        cls.temporary.cleanup()

    def setUp(self):
        self.place = self.directory / self.id()
        self.place.mkdir()

    def report(self, phone: pathlib.Path, description: str) -> None:
        self.field(phone, "report", "--source", "RS-LF-001", "--description", description)

    def device(self, phone: pathlib.Path) -> str:
        return self.field(phone, "status", "--json").json["device"]

    def expire(self, access: pathlib.Path) -> None:
        """The access token ends now, as far as the program knows."""
        state = access / "state"
        lines = ["expires_at_us=1" if line.startswith("expires_at_us=") else line
                 for line in state.read_text().splitlines()]
        state.write_text("\n".join(lines) + "\n")

    def test_init_may_be_repeated(self):
        phone = self.place / "phone"
        code = self.invite("lfu-01-02", self.place)
        first = self.init_phone(phone, code, "--json").json
        # Also after the refresh token has moved on, when the register would refuse the code.
        self.expire(phone / "access-1")
        self.field(phone, "sync")
        self.assertEqual(self.init_phone(phone, code, "--json").json, first)
        for name, mode in (("key.pem", 0o400), ("state", 0o600)):
            self.assertEqual(stat.S_IMODE((phone / "access-1" / name).stat().st_mode), mode)

    def test_a_code_is_not_used_up_for_a_phone_in_use(self):
        phone = self.add_phone("lfu-01-02", self.place)
        code = self.invite("lfu-01-01", self.place)
        self.assertIn("--hand-over", self.init_phone(phone, code, "--lang", "en", code=4).err)
        self.init_phone(self.place / "other", code)

    def test_a_revoked_phone_keeps_what_is_unsent_and_says_what_to_do(self):
        phone = self.add_phone("lfu-01-02", self.place)
        device = self.device(phone)
        self.report(phone, "坡脚渗水")
        self.ctl("device", "revoke", device)
        refused = self.field(phone, "sync", "--lang", "en", code=4)
        self.assertIn("DEVICE_REVOKED", refused.err)
        self.assertIn("1 operations", refused.err)
        self.assertIn("init --hand-over", refused.err)
        self.assertEqual(len(self.field(phone, "outbox", "--json").json), 1)
        self.field(phone, "outbox", "export", self.place / "unsent.vigil")
        # A new device of the same person goes on; what was unsent is not its own.
        code = self.invite("lfu-01-02", self.place)
        self.init_phone(phone, code, "--hand-over")
        self.field(phone, "sync")
        self.assertNotEqual(self.device(phone), device)
        self.assertEqual(self.field(phone, "outbox", "--json").json, [])

    def test_a_phone_that_is_handed_back_sends_what_was_left(self):
        phone = self.add_phone("lfu-01-02", self.place)
        device = self.device(phone)
        self.report(phone, "坡顶裂缝")
        self.init_phone(phone, self.invite("lfu-01-01", self.place), "--hand-over")
        self.field(phone, "sync")
        self.assertEqual(self.field(phone, "outbox", "--json").json, [])
        back = ("init", "--server", self.server.address, "--plain-text", "--device")
        self.field(phone, *back, "01890000-0000-7000-8000-000000000001", code=5)
        self.field(phone, *back, device)
        self.assertEqual(self.field(phone, "sync", "--json").json["applied"], 1)

    def test_the_office_stays_signed_in_until_it_signs_out(self):
        access = self.add_office("lfu-01-02", self.place)
        self.ctl("stats", "--summary", access=access)
        before = (access / "state").read_text()
        self.expire(access)
        self.ctl("stats", "--summary", access=access)
        after = (access / "state").read_text()
        self.assertNotEqual(before, after)
        self.assertNotIn("next_refresh_token", after)
        self.ctl("sign-out", access=access)
        self.assertFalse((access / "state").exists())
        self.assertIn("NOT_INITIALISED",
                      self.ctl("stats", "--summary", "--lang", "en", access=access, code=4).err)

    def test_a_new_password_signs_everybody_out(self):
        access = self.add_office("lfu-01-01", self.place)
        old, new = self.place / "old", self.place / "new"
        old.write_text(PASSWORD + "\n")
        new.write_text(PASSWORD + " and more\n")
        words = ("--person", "lfu-01-01", "--password-file", new)
        self.ctl("set-password", *words, "--old-password-file", old, access=access)
        self.ctl("stats", "--summary", access=access, code=4)
        wrong = self.ctl("sign-in", "--person", "lfu-01-01", "--password-file", old, "--lang",
                         "en", access=access, code=1)
        self.assertNotIn(PASSWORD, wrong.err)
        self.ctl("sign-in", *words, access=access)
        self.ctl("stats", "--summary", access=access)

    def test_no_terminal_no_question(self):
        access = self.place / "nobody"
        for words in (("sign-in",), ("set-password", "--code", "0000-0000-0000-0000")):
            self.ctl(*words, "--person", "admin", access=access, code=2)

    def test_plain_text_stays_on_this_machine(self):
        done = run("vigilctl", "--server", "register.example:7433", "--plain-text", "stats",
                   "--summary", "--lang", "en", env={"VIGIL_ACCESS": str(self.server.admin)})
        self.assertEqual(done.code, 1, done.err)
        self.assertIn("INVALID_CONFIGURATION", done.err)
        code = self.invite("lfu-01-02", self.place)
        refused = self.field(self.place / "phone", "init", "--server", "register.example:7433",
                             "--plain-text", "--code-file", code, "--lang", "en", code=1)
        self.assertIn("INVALID_CONFIGURATION", refused.err)

    def test_without_an_authority_the_test_register_is_not_reached_by_tls(self):
        done = run("vigilctl", "--server", self.server.address, "stats", "--summary", "--lang",
                   "en", env={"VIGIL_ACCESS": str(self.server.admin)})
        self.assertEqual(done.code, 3, done.err)


if __name__ == "__main__":
    unittest.main(verbosity=2)
