#!/usr/bin/env python3
"""Notifications that really leave: a real vigild, and real receivers on loopback."""

import base64
import email.header
import hashlib
import hmac
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest

from cli_support import BIN, CliTest, DATA, ROOT, START_S, Server
from receivers import HOST, HttpReceiver, MailReceiver, Silence, tls

WAIT_S = 60
KEYS = [b"k" * 24, b"another key of thirty-two bytes!"]
WECOM_KEY = "wecom-key-693a91f6"
DINGTALK_TOKEN = "dingtalk-token-5ac1"
DINGTALK_SECRET = "SECdingtalk-secret-77"
PASSWORD = "smtp-password-4711"
HOOK_PATH = "/hooks/path-secret-0815"
# Nobody has it.
NOBODY = 'recipients: "NOBODY"'


def key_line(key: bytes) -> str:
    return "whsec_" + base64.b64encode(key).decode()


def signatures(request, keys: list[bytes]) -> list[str]:
    content = b".".join([request.headers["webhook-id"].encode(),
                         request.headers["webhook-timestamp"].encode(), request.body])
    return ["v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
            for key in keys]


class OutboxCase(CliTest):
    """A place, an authority, and receivers that end with the class."""

    directory: pathlib.Path

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="vigil-outbox-"))
        cls.addClassCleanup(shutil.rmtree, cls.directory)
        cls.authority = cls.make_authority("authority")
        cls.context = tls(cls.authority / "server.pem", cls.authority / "server.key")

    @classmethod
    def make_authority(cls, name: str) -> pathlib.Path:
        path = cls.directory / name
        subprocess.run([ROOT / "deploy" / "make-test-authority", path], check=True,
                       capture_output=True)
        return path

    @classmethod
    def receiver(cls, receiver):
        cls.addClassCleanup(receiver.close)
        return receiver

    @classmethod
    def secret(cls, name: str, content: str) -> pathlib.Path:
        path = cls.directory / name
        path.touch(mode=0o600)
        path.write_text(content + "\n")
        return path

    @classmethod
    def configure(cls, channels: list[str], more: str = "") -> pathlib.Path:
        path = cls.directory / "vigild.textproto"
        body = "\n".join(f"  channels {{ {channel} }}" for channel in channels)
        path.write_text(f'notifications {{\n  allowed_networks: "{HOST}/32"\n  first_retry_s: 1\n'
                        f'  {more}\n{body}\n}}\n')
        return path

    @classmethod
    def webhook(cls, name: str, port: int, more: str = "", path: str = "/", host: str = HOST,
                authority: pathlib.Path | None = None) -> str:
        return (f'name: "{name}" {more} webhook {{ url: "https://{host}:{port}{path}" '
                f'keys_file: "{cls.directory / "keys"}" '
                f'authorities_file: "{(authority or cls.authority) / "ca.pem"}" }}')

    def log(self) -> str:
        return (self.directory / "vigild.log").read_text()

    def outbox(self, *words: str) -> list[dict]:
        return self.ctl("outbox", "list", *words, "--json").json.get("notifications", [])

    def until(self, holds, what: str) -> None:
        """Asks again and again; a test that hangs here says what it waited for."""
        end = time.monotonic() + WAIT_S
        while not holds():
            if time.monotonic() > end:
                self.fail(f"waited in vain: {what}\n{self.log()[-3000:]}")
            time.sleep(0.1)

    def try_channel(self, name: str, *more: str, sent: bool = True) -> str:
        """What vigilctl says of a test message."""
        result = self.ctl("outbox", "test", name, *more, "--lang", "en", code=0 if sent else 3)
        return result.out + result.err


class DeliveryTest(OutboxCase):
    """What an import sets off, by channels of all sorts at once."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.secret("keys", "\n".join(key_line(key) for key in KEYS))
        cls.secret("wecom", WECOM_KEY)
        cls.secret("token", DINGTALK_TOKEN)
        cls.secret("dingtalk", DINGTALK_SECRET)
        cls.secret("password", PASSWORD)
        ok = lambda request: (200, {}, b'{"errcode":0,"errmsg":"ok"}')
        cls.hook = cls.receiver(HttpReceiver(cls.context))
        cls.flaky_seen: set[str] = set()
        cls.flaky = cls.receiver(HttpReceiver(cls.context, cls.answer_flaky))
        cls.gone = cls.receiver(HttpReceiver(cls.context, lambda request: (410, {}, b"")))
        cls.elsewhere = cls.receiver(HttpReceiver(cls.context))
        cls.redirect = cls.receiver(HttpReceiver(cls.context, lambda request: (
            302, {"Location": f"https://{HOST}:{cls.elsewhere.port}/"}, b"")))
        cls.silence = cls.receiver(Silence())
        cls.forbidden = cls.receiver(Silence("127.0.0.2"))
        cls.wecom = cls.receiver(HttpReceiver(cls.context, ok))
        cls.dingtalk = cls.receiver(HttpReceiver(cls.context, ok))
        cls.mail = cls.receiver(MailReceiver(cls.context, refuses=("wrong@",)))
        cls.smtps = cls.receiver(MailReceiver(cls.context, implicit=True))
        cls.clear_mail = cls.receiver(MailReceiver(None))
        cls.rude_mail = cls.receiver(MailReceiver(cls.context, ignores_quit=True))
        ca = cls.authority / "ca.pem"

        def smtp(name: str, url: str) -> str:
            return (f'name: "{name}" {NOBODY} smtp {{ url: "{url}" from: "vigil@example.org" '
                    f'user: "vigil" password_file: "{cls.directory / "password"}" '
                    f'authorities_file: "{ca}" addresses {{ address: "duty@example.org" }} '
                    f'addresses {{ address: "wrong@example.org" }} }}')

        config = cls.configure([
            cls.webhook("hook", cls.hook.port, path=HOOK_PATH),
            cls.webhook("flaky", cls.flaky.port),
            cls.webhook("gone", cls.gone.port),
            cls.webhook("hangs", cls.silence.port),
            cls.webhook("redirect", cls.redirect.port, NOBODY),
            # A way to write 127.0.0.2 that is an address to nobody but the resolver.
            cls.webhook("forbidden", cls.forbidden.port, NOBODY, host="127.2"),
            cls.webhook("stranger", cls.hook.port, NOBODY,
                        authority=cls.make_authority("stranger")),
            f'name: "wecom" {NOBODY} languages: NOTICE_LANGUAGE_ZH '
            f'wecom {{ url: "https://{HOST}:{cls.wecom.port}/cgi-bin/webhook/send" '
            f'key_file: "{cls.directory / "wecom"}" authorities_file: "{ca}" }}',
            f'name: "dingtalk" {NOBODY} dingtalk {{ '
            f'url: "https://{HOST}:{cls.dingtalk.port}/robot/send" '
            f'token_file: "{cls.directory / "token"}" '
            f'secret_file: "{cls.directory / "dingtalk"}" authorities_file: "{ca}" }}',
            smtp("mail", f"smtp://{HOST}:{cls.mail.port}"),
            smtp("smtps", f"smtps://{HOST}:{cls.smtps.port}"),
            smtp("clear", f"smtp://{HOST}:{cls.clear_mail.port}"),
            smtp("rude", f"smtp://{HOST}:{cls.rude_mail.port}"),
        ], "attempt_s: 300")
        cls.server = Server(cls.directory / "register", words=("--config", config))
        cls.addClassCleanup(cls.server.stop)
        cls.server.start()
        test = cls("ctl")
        test.ctl("import", DATA)
        test.ctl("escalation", "tick")
        cls.count = len(test.outbox())
        assert cls.count > 3

    @classmethod
    def answer_flaky(cls, request):
        """Each message's first attempt fails."""
        first = request.headers["webhook-id"] not in cls.flaky_seen
        cls.flaky_seen.add(request.headers["webhook-id"])
        return (503 if first else 200, {}, b"")

    def sent(self, channel: str) -> list[dict]:
        return self.outbox("--channel", channel, "--state", "sent")

    def test_each_message_arrives_once_and_is_signed_with_each_key(self):
        self.until(lambda: len(self.sent("hook")) == self.count, "all by the hook")
        numbers = [request.json["data"]["notification"] for request in self.hook.requests
                   if request.json["type"] == "notification.escalation"]
        self.assertEqual(sorted(map(int, numbers)), sorted(
            int(message["id"]) for message in self.sent("hook")))
        for request in self.hook.requests:
            self.assertEqual(request.path, HOOK_PATH)
            self.assertEqual(request.headers["content-type"], "application/json")
            self.assertEqual(request.headers["webhook-signature"].split(),
                             signatures(request, KEYS))
            self.assertLess(abs(int(request.headers["webhook-timestamp"]) - time.time()), 3600)
        escalation = next(request.json for request in self.hook.requests
                          if request.json["type"] == "notification.escalation")
        self.assertTrue(escalation["data"]["recipient"]["name"])
        self.assertEqual(set(escalation["data"]["text"]), {"zh", "en"})

    def test_a_hanging_receiver_holds_up_nobody(self):
        self.until(lambda: self.silence.connections, "the hanging one is asked")
        self.until(lambda: len(self.sent("hook")) == self.count, "all by the hook")
        self.assertEqual(self.sent("hangs"), [])
        self.assertEqual(len(self.silence.connections), 1, "one at a time")

    def test_a_second_attempt_is_the_same_message(self):
        self.until(lambda: self.sent("flaky"), "one by the flaky one")
        delivery = self.sent("flaky")[0]["deliveries"][0]
        self.assertEqual(delivery["attempts"], 2)
        number = self.sent("flaky")[0]["id"]
        of_it = [request for request in self.flaky.requests
                 if request.json["data"]["notification"] == number]
        self.assertEqual(len(of_it), 2)
        self.assertEqual(len({request.headers["webhook-id"] for request in of_it}), 1)

    def test_what_is_dead_is_listed_and_tried_again(self):
        dead = lambda: self.outbox("--channel", "gone", "--state", "dead")
        self.until(lambda: len(dead()) == self.count, "all dead of the one that is gone")
        self.assertEqual(len(self.gone.requests), self.count, "each was tried once")
        self.assertIn("a notification is dead", self.log())
        table = self.ctl("outbox", "list", "--state", "dead", "--lang", "en").out
        self.assert_row(table, dead()[0]["id"], "gone", "dead", "answered 410")
        number = dead()[0]["id"]
        said = self.ctl("outbox", "retry", number, "--channel", "gone", "--lang", "en").out
        self.assertIn("tried again: 1", said)
        self.until(lambda: len(self.gone.requests) == self.count + 1, "the retry")
        self.ctl("outbox", "retry", "999999", code=5)
        self.ctl("outbox", "retry", code=2)
        self.ctl("outbox", "retry", "1", "--dead", code=2)

    def test_a_redirect_is_not_followed(self):
        self.assertIn("redirects are not followed", self.try_channel("redirect", sent=False))
        self.assertEqual(self.elsewhere.requests, [])

    def test_what_is_not_allowed_is_never_connected_to(self):
        said = self.try_channel("forbidden", sent=False)
        self.assertIn("127.0.0.2 is not allowed", said)
        self.assertEqual(self.forbidden.connections, [])

    def test_a_stranger_s_certificate_is_not_taken(self):
        before = len([r for r in self.hook.requests if r.json["type"] == "notification.test"])
        self.try_channel("stranger", sent=False)
        after = len([r for r in self.hook.requests if r.json["type"] == "notification.test"])
        self.assertEqual(before, after)

    def test_keys_are_exchanged_without_a_restart(self):
        self.secret("keys", key_line(KEYS[1]))
        self.addCleanup(self.secret, "keys", "\n".join(key_line(key) for key in KEYS))
        self.try_channel("redirect", sent=False)
        request = self.redirect.requests[-1]
        self.assertEqual(request.headers["webhook-signature"], signatures(request, KEYS)[1])

    def test_wecom(self):
        self.try_channel("wecom")
        request = self.wecom.arrived.get(timeout=WAIT_S)
        self.assertEqual((request.path, request.query),
                         ("/cgi-bin/webhook/send", {"key": WECOM_KEY}))
        self.assertEqual(request.json["msgtype"], "text")
        self.assertIn("测试消息", request.json["text"]["content"])
        self.assertNotIn("test:", request.json["text"]["content"])

    def test_a_robot_that_refuses_in_a_200_has_not_taken_it(self):
        answer = self.wecom.answer
        self.addCleanup(setattr, self.wecom, "answer", answer)
        self.wecom.answer = lambda request: (
            200, {}, f'{{"errcode":93000,"errmsg":"invalid {WECOM_KEY}"}}'.encode())
        said = self.try_channel("wecom", sent=False)
        self.assertIn("93000", said)
        self.assertIn("invalid ***", said)

    def test_dingtalk(self):
        self.try_channel("dingtalk")
        request = self.dingtalk.arrived.get(timeout=WAIT_S)
        self.assertEqual(request.query["access_token"], DINGTALK_TOKEN)
        stamp = request.query["timestamp"]
        sign = hmac.new(DINGTALK_SECRET.encode(), f"{stamp}\n{DINGTALK_SECRET}".encode(),
                        hashlib.sha256).digest()
        self.assertEqual(request.query["sign"], base64.b64encode(sign).decode())
        self.assertEqual(len(stamp), 13)
        self.assertEqual(request.json["msgtype"], "text")

    def test_mail_with_starttls(self):
        self.try_channel("mail", "--address", "duty@example.org")
        mail = self.mail.arrived.get(timeout=WAIT_S)
        self.assertTrue(mail["encrypted"])
        self.assertEqual(mail["auth"], ["vigil", PASSWORD])
        self.assertIn("<duty@example.org>", mail["to"][0])
        self.assertIn("<vigil@example.org>", mail["from"])
        message = mail["message"]
        self.assertEqual(message["Auto-Submitted"], "auto-generated")
        self.assertRegex(message["Message-ID"], r"^<[0-9a-f-]{36}@example\.org>$")
        subject = str(email.header.make_header(email.header.decode_header(message["Subject"])))
        self.assertEqual(subject, "[Vigil] 测试消息")
        text = message.get_payload(decode=True).decode("utf-8")
        self.assertIn("这是一条测试消息", text)
        self.assertIn("This is a test", text)
        self.assertNotRegex(mail["raw"], rb"[^\r]\n")
        self.assertEqual([line.split(" ")[0] for line in self.mail.clear[:2]],
                         ["EHLO", "STARTTLS"])

    def test_mail_with_tls_from_the_start(self):
        self.try_channel("smtps", "--address", "duty@example.org")
        self.assertTrue(self.smtps.arrived.get(timeout=WAIT_S)["encrypted"])

    def test_mail_is_never_sent_in_clear(self):
        said = self.try_channel("clear", "--address", "duty@example.org", sent=False)
        self.assertIn("encryption", said)
        self.assertEqual(self.clear_mail.mails, [])
        self.assertFalse([line for line in self.clear_mail.clear
                          if not line.startswith(("EHLO", "HELO", "QUIT", "STARTTLS"))])

    def test_an_address_that_is_refused(self):
        self.assertIn("550", self.try_channel("mail", "--address", "wrong@example.org",
                                               sent=False))
        self.ctl("outbox", "test", "mail", code=5)
        self.ctl("outbox", "test", "mail", "--address", "x@example.org", code=5)
        self.ctl("outbox", "test", "nothing", code=5)

    def test_no_secret_shows(self):
        shown = self.log() + self.ctl("outbox", "list").out
        shown += self.ctl("outbox", "list", "--json").out
        for secret in (WECOM_KEY, DINGTALK_TOKEN, DINGTALK_SECRET, PASSWORD, HOOK_PATH[1:],
                       base64.b64encode(KEYS[0]).decode(), base64.b64encode(KEYS[1]).decode()):
            self.assertNotIn(secret, shown)

    def test_the_list_lines_up(self):
        for language, headings in (("en", ("made", "channel", "tries", "last error")),
                                   ("zh", ("生成时间", "渠道", "次数", "上次错误"))):
            self.assert_row(self.ctl("outbox", "list", "--lang", language).out, *headings)
        self.assertIn("outbox retry", self.ctl("outbox", "retry", "--help", "--lang", "en").out)

    def test_the_end_waits_for_nobody_who_says_no_good_bye(self):
        asked = subprocess.Popen(
            [BIN / "vigilctl", "outbox", "test", "rude", "--address", "duty@example.org"],
            env={"LANG": "C.UTF-8", **self.server.env(self.server.admin)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(asked.wait)
        self.addCleanup(asked.kill)
        self.rude_mail.quits.get(timeout=WAIT_S)
        self.server.stop()
        self.server.start()

    def test_the_end_waits_for_nobody(self):
        self.until(lambda: self.silence.connections, "the hanging one is asked")
        # An attempt may take longer than this waits.
        self.assertLess(START_S, 300)
        self.server.stop()
        self.server.start()
        self.until(lambda: len(self.silence.connections) > 1, "the message is tried again")


class ConfigurationTest(OutboxCase):
    """What changes between two starts."""

    def start(self, config: pathlib.Path) -> None:
        self.server.words = ("--config", config)
        self.server.start()

    def test_a_channel_that_is_gone_leaves_dead_letters(self):
        self.secret("keys", key_line(KEYS[0]))
        silence = self.receiver(Silence())
        hook = self.receiver(HttpReceiver(self.context))
        type(self).server = Server(self.directory / "register", words=(
            "--config", self.configure([self.webhook("old", silence.port)])))
        self.addCleanup(self.server.stop)
        self.server.start()
        self.ctl("import", DATA)
        self.ctl("escalation", "tick")
        silence.accepted.get(timeout=WAIT_S)
        self.server.stop()
        self.start(self.configure([self.webhook("new", hook.port)]))
        dead = self.outbox("--state", "dead")
        self.assertGreater(len(dead), 3)
        self.assertIn("not in the configuration", dead[0]["deliveries"][0]["last_error"])
        self.assertIn("their channels are not configured any longer", self.log())
        self.ctl("outbox", "retry", "--dead")
        self.until(lambda: len(self.outbox("--channel", "new", "--state", "sent")) == len(dead),
                   "all by the new channel")
        self.assertEqual(self.outbox("--state", "dead"), [])

    def test_a_secret_that_others_can_read_is_refused(self):
        keys = self.secret("keys", key_line(KEYS[0]))
        self.addCleanup(keys.chmod, 0o600)
        keys.chmod(0o644)
        server = Server(self.directory / "other", words=(
            "--config", self.configure([self.webhook("a", 1)])))
        server.launch()
        self.assertNotEqual(server.process.wait(timeout=START_S), 0)
        self.assertRegex(self.log(), re.escape(f"channel a: {keys} may be read by others"))


if __name__ == "__main__":
    unittest.main()
