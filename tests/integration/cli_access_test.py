#!/usr/bin/env python3
"""How phones and office programs get known, stay known and stop being known, as processes."""

import hashlib
import pathlib
import signal
import stat
import termios
import unittest

from cli_support import PASSWORD, SampleCase, Server, Terminal, run


class AccessTest(SampleCase):
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

    def sit_at(self, *words: str, access: pathlib.Path) -> Terminal:
        terminal = Terminal("vigilctl", *words, "--lang", "en", env=self.server.env(access))
        self.addCleanup(terminal.__exit__)
        return terminal

    def new_office_user(self, person: str) -> tuple[pathlib.Path, pathlib.Path]:
        """The file with the code for a first password, and where the access will be."""
        return self.invite(person, self.place, "--office"), self.place / "office"

    def choose(self, person: str, code: pathlib.Path, access: pathlib.Path) -> Terminal:
        return self.sit_at("set-password", "--person", person, "--code-file", code, access=access)

    def assert_hidden(self, terminal: Terminal, *secrets: str) -> None:
        for secret in secrets:
            self.assertNotIn(secret, terminal.shown)
        self.assertTrue(terminal.echoes, "the terminal still shows nothing of what is typed")

    def test_a_password_is_typed_twice_and_never_shown(self):
        code, access = self.new_office_user("lfu-01-02")
        choosing = self.choose("lfu-01-02", code, access)
        first, other = "first of all 1234", "second to none 56"
        for typed in ((first, other), (first, first)):
            choosing.wait_for("new password: ")
            self.assertFalse(choosing.echoes)
            choosing.type(typed[0] + "\n")
            choosing.wait_for("the same again: ")
            self.assertFalse(choosing.echoes)
            choosing.type(typed[1] + "\n")
            if typed[0] != typed[1]:
                choosing.wait_for("two different passwords")
        self.assertEqual(choosing.wait(), 0, choosing.shown)
        self.assertIn("the password is set", choosing.shown)
        self.assert_hidden(choosing, first, other)

        signing_in = self.sit_at("sign-in", "--person", "lfu-01-02", access=access)
        signing_in.wait_for("password: ")
        self.assertFalse(signing_in.echoes)
        signing_in.type(first + "\n")
        self.assertEqual(signing_in.wait(), 0, signing_in.shown)
        self.assert_hidden(signing_in, first)
        self.ctl("stats", "--summary", access=access)

    def test_whoever_never_types_the_same_is_sent_away(self):
        code, access = self.new_office_user("lfu-01-02")
        choosing = self.choose("lfu-01-02", code, access)
        for i in range(3):
            choosing.wait_for("new password: ")
            choosing.type(f"{PASSWORD} {i}\n")
            choosing.wait_for("the same again: ")
            choosing.type(f"{PASSWORD} and {i}\n")
        self.assertEqual(choosing.wait(), 2, choosing.shown)
        self.assert_hidden(choosing, PASSWORD)
        self.server.sign_in("lfu-01-02", code, access)

    def test_whoever_breaks_off_at_the_prompt_has_changed_nothing_and_sees_what_he_types(self):
        code, access = self.new_office_user("lfu-01-02")
        prompts = ("new password: ", "the same again: ")
        for at in range(len(prompts)):
            # Ctrl-C, Ctrl-\ and Ctrl-D; a terminal that goes away, and whoever ends the program.
            for key, code_expected in (("\x03", -signal.SIGINT), ("\x1c", -signal.SIGQUIT),
                                       ("\x04", 2), (PASSWORD[:4] + "\x04\x04", 2),
                                       (signal.SIGHUP, -signal.SIGHUP),
                                       (signal.SIGTERM, -signal.SIGTERM)):
                with self.subTest(at=prompts[at], key=key):
                    choosing = self.choose("lfu-01-02", code, access)
                    self.assertTrue(choosing.echoes)
                    before = termios.tcgetattr(choosing.its)
                    for prompt in prompts[:at]:
                        choosing.wait_for(prompt)
                        choosing.type(PASSWORD + "\n")
                    choosing.wait_for(prompts[at])
                    if isinstance(key, str):
                        choosing.type(key)
                    else:
                        choosing.process.send_signal(key)
                    self.assertEqual(choosing.wait(), code_expected, choosing.shown)
                    self.assert_hidden(choosing, PASSWORD)
                    self.assertEqual(termios.tcgetattr(choosing.its), before)
        for key, code_expected in (("\x03", -signal.SIGINT), ("correct h\x04\x04", 2)):
            signing_in = self.sit_at("sign-in", "--person", "lfu-01-02", access=access)
            signing_in.wait_for("password: ")
            # Nobody leaves a silent terminal behind by stopping the program.
            self.assertEqual(termios.tcgetattr(signing_in.its)[6][termios.VSUSP], b"\0")
            signing_in.type(key)
            self.assertEqual(signing_in.wait(), code_expected, signing_in.shown)
            self.assert_hidden(signing_in, "correct h")
            self.assertFalse(access.exists())
        # The code was not used.
        self.server.sign_in("lfu-01-02", code, access)

    def test_what_was_delegated_by_or_to_a_leaver_ends_and_his_codes_are_worth_nothing(self):
        for code in ("leaver", "stand-in"):
            self.ctl("create", "person", "--set", f"code={code}", "--set", f"name={code}", "--set",
                     "unit=LFU-01")
        self.ctl("role", "grant", "leaver", "responsible_unit", "--unit", "LFU-01")
        self.ctl("role", "grant", "stand-in", "receiver", "--unit", "DST-LG")
        for by, to in (("leaver", "stand-in"), ("stand-in", "leaver")):
            self.ctl("person", "delegate", by, "--to", to, "--until", "2190-06-30")
        access = self.add_office("stand-in", self.place)

        def roles() -> set[str]:
            mine = self.ctl("whoami", "--json", access=access).json["roles"]
            return {role["role"] for role in mine}

        def sees() -> int:
            return len(self.ctl("ledger", "--json", access=access).json["hazards"])

        both = sees()
        self.assertEqual(roles(), {"ROLE_RESPONSIBLE_UNIT", "ROLE_RECEIVER"})
        codes = (self.invite("leaver", self.place), self.invite("leaver", self.place, "--office"))
        left = self.ctl("person", "leave", "leaver", "--to", "stand-in", "--json").json
        self.assertEqual({ended["person_code"] for ended in left["ended_delegations"]},
                         {"leaver", "stand-in"})
        self.assertEqual(roles(), {"ROLE_RECEIVER"})
        self.assertLess(sees(), both)
        self.assertIn("CODE_INVALID", self.init_phone(self.place / "phone", codes[0], "--lang",
                                                      "en", code=1).err)
        password = self.place / "password"
        password.write_text(PASSWORD + "\n")
        refused = self.ctl("set-password", "--person", "leaver", "--code-file", codes[1],
                           "--password-file", password, "--lang", "en", code=1)
        self.assertIn("CODE_INVALID", refused.err)
        held = self.ctl("role", "list", "leaver", "--json").json
        self.assertEqual([(role["grant"]["role"], role["holds"]) for role in held],
                         [("ROLE_RESPONSIBLE_UNIT", False)])
        # Nobody delegates to him, or in his name, any more; nor does anybody let him in.
        for words in (("person", "delegate", "leaver", "--to", "stand-in"),
                      ("person", "delegate", "stand-in", "--to", "leaver")):
            self.ctl(*words, "--until", "2190-06-30", code=1)
        self.ctl("person", "invite", "leaver", "--out", self.place / "again", code=5)

    def test_the_files_of_a_stopped_register_are_checked_as_they_are(self):
        server = Server(self.place / "reg")

        def files() -> dict[str, str]:
            return {str(path.relative_to(server.directory)):
                    hashlib.sha256(path.read_bytes()).hexdigest()
                    for path in server.directory.rglob("*") if path.is_file()}

        def verify(code: int) -> str:
            before = files()
            done = run("vigilctl", "audit", "verify", "--data", server.directory, "--lang", "en")
            self.assertEqual(done.code, code, done.err)
            if server.process is None:
                self.assertEqual(files(), before)
            return done.out + done.err

        server.start()
        self.addCleanup(server.stop)
        self.assertIn("stop vigild first", verify(7))
        server.process.kill()
        server.process.wait()
        server.process = None
        self.assertIn("register.db-wal", files())
        self.assertIn("Start vigild once", verify(1))
        server.start()
        server.stop()
        self.assertRegex(verify(0), r"(?m)^audit: operations=\d+ .* ok$")

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
