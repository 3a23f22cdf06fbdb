"""Receivers of notifications on loopback: HTTP with TLS, SMTP, and one that hangs."""

import base64
import email
import http.server
import json
import pathlib
import queue
import socket
import socketserver
import ssl
import threading
import urllib.parse

HOST = "127.0.0.1"


def tls(certificate: pathlib.Path, key: pathlib.Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


class Request:
    """A POST as it came."""

    def __init__(self, path: str, headers, body: bytes):
        split = urllib.parse.urlsplit(path)
        self.path = split.path
        self.query = dict(urllib.parse.parse_qsl(split.query))
        self.headers = {name.lower(): value for name, value in headers.items()}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)


class HttpReceiver:
    """Takes requests and answers each as `answer(request)` says: status, headers, body."""

    def __init__(self, context: ssl.SSLContext | None, answer=None):
        self.requests: list[Request] = []
        self.arrived: queue.Queue[Request] = queue.Queue()
        self.answer = answer or (lambda request: (204, {}, b""))
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = Request(self.path, self.headers, body)
                receiver.requests.append(request)
                status, headers, content = receiver.answer(request)
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                receiver.arrived.put(request)

            do_GET = do_POST

            def log_message(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self.server.handle_error = lambda *_: None
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True,
                                                     do_handshake_on_connect=False)
        self.port = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Silence:
    """Accepts connections, counts them, and says nothing."""

    def __init__(self, host: str = HOST):
        self.socket = socket.create_server((host, 0))
        self.port = self.socket.getsockname()[1]
        self.connections: list[socket.socket] = []
        self.accepted: queue.Queue[int] = queue.Queue()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            self.connections.append(connection)
            self.accepted.put(len(self.connections))

    def close(self) -> None:
        self.socket.close()
        for connection in self.connections:
            connection.close()


class MailSession:
    """One connection of SMTP: STARTTLS (or TLS from the start), AUTH PLAIN, mails."""

    def __init__(self, receiver: "MailReceiver", connection: socket.socket):
        self.receiver = receiver
        self.connection = connection
        self.encrypted = False
        self.mail = self.new_mail()
        if receiver.implicit:
            self.encrypt()
        self.lines = self.connection.makefile("rb")

    @staticmethod
    def new_mail() -> dict:
        return {"to": [], "encrypted": False, "auth": None}

    def encrypt(self) -> None:
        self.connection = self.receiver.context.wrap_socket(self.connection, server_side=True)
        self.lines = self.connection.makefile("rb")
        self.encrypted = True

    def say(self, text: str) -> None:
        self.connection.sendall(text.encode() + b"\r\n")

    def run(self) -> None:
        self.say("220 test")
        while line := self.lines.readline():
            text = line.decode("utf-8", errors="replace").rstrip("\r\n")
            if not self.encrypted:
                self.receiver.clear.append(text)
            word = text.split(" ")[0].upper()
            if word == "QUIT":
                # Some never say good-bye.
                if self.receiver.ignores_quit:
                    self.receiver.quits.put(text)
                    self.lines.readline()
                    return
                self.say("221 bye")
                return
            getattr(self, f"on_{word.lower()}", self.on_other)(text)

    def on_other(self, _: str) -> None:
        self.say("250 ok")

    def on_ehlo(self, _: str) -> None:
        offers = ["test", "AUTH PLAIN"]
        if self.receiver.context and not self.encrypted:
            offers.append("STARTTLS")
        for offer in offers[:-1]:
            self.say(f"250-{offer}")
        self.say(f"250 {offers[-1]}")

    def on_starttls(self, _: str) -> None:
        self.say("220 go on")
        self.encrypt()

    def on_auth(self, text: str) -> None:
        words = text.split(" ")
        if len(words) < 3:
            self.say("334 ")
            words.append(self.lines.readline().decode().strip())
        self.mail["auth"] = base64.b64decode(words[2]).decode().split("\0")[1:]
        self.say("235 welcome")

    def on_mail(self, text: str) -> None:
        self.mail["from"] = text
        self.say("250 ok")

    def on_rcpt(self, text: str) -> None:
        if any(refused in text for refused in self.receiver.refuses):
            self.say("550 nobody of this name")
            return
        self.mail["to"].append(text)
        self.say("250 ok")

    def on_data(self, _: str) -> None:
        self.say("354 go on")
        content = b""
        while (part := self.lines.readline()) not in (b".\r\n", b""):
            content += part[1:] if part.startswith(b".") else part
        self.mail |= {"raw": content, "message": email.message_from_bytes(content),
                      "encrypted": self.encrypted}
        self.say("250 taken")
        self.receiver.mails.append(self.mail)
        self.receiver.arrived.put(self.mail)
        self.mail = self.new_mail()


class MailReceiver:
    """A small SMTP server."""

    def __init__(self, context: ssl.SSLContext | None, implicit: bool = False,
                 refuses: tuple[str, ...] = (), ignores_quit: bool = False):
        self.context = context
        self.implicit = implicit
        self.refuses = refuses
        self.ignores_quit = ignores_quit
        self.mails: list[dict] = []
        self.arrived: queue.Queue[dict] = queue.Queue()
        self.quits: queue.Queue[str] = queue.Queue()
        # All that came in without encryption.
        self.clear: list[str] = []
        receiver = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                MailSession(receiver, self.request).run()

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, *_):  # pylint: disable=arguments-differ
                pass

        self.server = Server((HOST, 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
