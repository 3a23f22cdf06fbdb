#!/usr/bin/env python3
"""Whoever takes more than his share, over real TLS from a real server, and the others notice
nothing; and what the server shows and asks for."""

import socket
import ssl
import struct
import time
import unittest

import grpc

import foreign_client as fc
from attack_test import PATIENCE_S, AttackTest
from foreign_client import sync_service_pb2

# An address of this machine that the others do not use.
ATTACKER = "127.0.0.2"
MIB = 1024 * 1024

# --- what a client of ours never sends ------------------------------------------------------------

# Of HTTP/2 (RFC 9113): 4.1, 6.
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
ACK, END_STREAM, END_HEADERS = 1, 1, 4
INITIAL_WINDOW_SIZE = 4
FRAME_BYTES_MAX = 16384


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0)


def literal(name: str, value: str) -> bytes:
    """A header without indexing, HPACK (RFC 7541, 6.2.2)."""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


def headers(path: str) -> bytes:
    """Of a call."""
    return b"".join(literal(name, value) for name, value in (
        (":method", "POST"), (":scheme", "https"), (":authority", "localhost"), (":path", path),
        ("content-type", "application/grpc"), ("te", "trailers")))


def connect(vigild: fc.Vigild, tls: bool):
    host, port = vigild.server.split(":")
    plain = socket.create_connection((host, int(port)), timeout=PATIENCE_S,
                                     source_address=(ATTACKER, 0))
    if not tls:
        return plain
    context = ssl.create_default_context(cadata=vigild.authority.certificate_pem.decode())
    context.set_alpn_protocols(["h2"])
    return context.wrap_socket(plain, server_hostname="localhost")


class Unfinished:
    """A stranger's connection, on which messages are begun, sent as far as the server takes them
    in, and never finished."""

    PATH = "/vigil.v1.AccessService/SignIn"

    def __init__(self, vigild: fc.Vigild, streams: int, bytes_each: int):
        self.socket = connect(vigild, tls=True)
        self.received = b""
        self.window = {0: 65535}
        self.initial_window = 65535
        self.left = {}
        self.sent = 0
        self.is_open = True
        self.socket.sendall(PREFACE)
        for stream in range(1, 1 + 2 * streams, 2):
            self._begin(stream, bytes_each)

    def _begin(self, stream: int, size: int) -> None:
        self.window[stream] = self.initial_window
        # One byte more is promised than will ever be sent.
        self.left[stream] = b"\0" + struct.pack(">I", size + 1) + bytes(size)
        self.socket.sendall(frame(HEADERS, END_HEADERS, stream, headers(self.PATH)))

    def read(self) -> None:
        """What the server has to say; waits for it."""
        received = self.socket.recv(1 << 16)
        if not received:
            raise ConnectionError("ended")
        self.received += received
        while len(self.received) >= 9:
            size = int.from_bytes(self.received[:3], "big")
            if len(self.received) < 9 + size:
                break
            kind, flags, stream = struct.unpack(">BBI", self.received[3:9])
            payload = self.received[9:9 + size]
            self.received = self.received[9 + size:]
            self._take(kind, flags, stream, payload)

    def _take(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                name, value = struct.unpack(">HI", payload[at:at + 6])
                if name == INITIAL_WINDOW_SIZE:
                    for open_stream in self.window.keys() - {0}:
                        self.window[open_stream] += value - self.initial_window
                    self.initial_window = value
            self.socket.sendall(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.socket.sendall(frame(PING, ACK, 0, payload))
        elif kind == WINDOW_UPDATE and stream in self.window:
            self.window[stream] += int.from_bytes(payload, "big")
        elif kind == RST_STREAM or (kind == HEADERS and flags & END_STREAM):
            self.left.pop(stream, None)
        elif kind == GOAWAY:
            raise ConnectionError("shown the door")

    def send(self) -> None:
        """As much as it may now."""
        for stream, left in list(self.left.items()):
            while size := min(FRAME_BYTES_MAX, self.window[stream], self.window[0], len(left)):
                if size < 0:
                    break
                self.socket.sendall(frame(DATA, 0, stream, left[:size]))
                left = left[size:]
                self.window[stream] -= size
                self.window[0] -= size
                self.sent += size
            self.left[stream] = left

    def go_on(self) -> None:
        """Sends, and hears what the server says to it, if there is something."""
        try:
            self.send()
            self.socket.settimeout(0.01)
            self.read()
        except (socket.timeout, ssl.SSLWantReadError):
            pass
        except OSError:
            self.is_open = False
        self.socket.settimeout(PATIENCE_S)


class FloodTest(AttackTest):
    """Whoever takes more than his share: the others notice nothing."""

    CONFIG = """
limits {
  connections_per_address_max: 20
  calls_per_device_s: 20
  streams_per_device_max: 2
}
"""

    def raw(self, tls=False):
        return connect(self.vigild, tls)

    def is_turned_away(self, connection) -> bool:
        connection.settimeout(0.2)
        try:
            return connection.recv(1) == b""
        except socket.timeout:
            return False
        except OSError:
            return True

    def test_connections_of_one_address(self):
        phone = self.phone()
        flood = [self.raw() for _ in range(60)]
        kept = [connection for connection in flood if not self.is_turned_away(connection)]
        self.assertLessEqual(len(kept), 20)
        self.assertGreater(len(kept), 0)
        self.hello(phone)
        self.hello(self.vigild.add_device("i1"))
        for connection in flood:
            connection.close()
        # The places are free again.
        end = time.monotonic() + PATIENCE_S
        while True:
            connection = self.raw()
            away = self.is_turned_away(connection)
            connection.close()
            if not away:
                break
            self.assertLess(time.monotonic(), end)

    def test_connections_that_are_reset_or_speak_nonsense(self):
        phone = self.phone()
        for i in range(300):
            connection = self.raw()
            if i % 3 == 0:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif i % 3 == 1:
                try:
                    connection.sendall(b"GET / HTTP/1.1\r\n\r\n" + bytes(range(256)))
                except OSError:
                    pass
            connection.close()
        self.hello(phone)

    def test_streams_that_are_begun_and_reset(self):
        phone = self.phone()
        memory, threads = self.status("VmRSS"), self.status("Threads")
        connection = self.raw(tls=True)
        connection.sendall(PREFACE)
        fields = headers("/vigil.v1.SyncService/Hello")
        try:
            for batch in range(200):
                out = b""
                for i in range(100):
                    stream = (batch * 100 + i) * 2 + 1
                    out += frame(1, 4, stream, fields) + frame(3, 0, stream, struct.pack(">I", 8))
                connection.sendall(out)
        except OSError:
            pass  # It was shown the door.
        self.hello(phone)
        self.assertLess(self.status("Threads"), threads + 40)
        self.assertLess(self.status("VmRSS"), memory + 300_000)
        connection.close()

    def test_a_gzip_bomb(self):
        phone = self.phone()
        memory = self.status("VmRSS")
        bomber = fc.Device(self.vigild, phone.access, compression=grpc.Compression.Gzip)
        request = bomber.push_request(bomber.entry(bomber.begin(), bytes(100_000_000)))
        # Before it is inflated: one that would be small is refused just so.
        small = bomber.push_request(bomber.entry(bomber.begin(), bytes(1000)))
        for compressed in (request, small):
            with self.assertRaises(grpc.RpcError) as caught:
                bomber.call("SyncService.Push", compressed)
            self.assertEqual(caught.exception.code(), grpc.StatusCode.UNIMPLEMENTED)
        self.assertLess(self.status("VmRSS"), memory + 100_000)
        self.hello(phone)

    def test_readers_that_do_not_read(self):
        phone, other = self.phone(), self.phone()
        request = sync_service_pb2.PullRequest(page_bytes=4096)
        open_streams = [phone.call("SyncService.Pull", request)]
        hello = self.hello(phone)
        watch = sync_service_pb2.WatchRequest(epoch=hello.head.epoch, seq=hello.head.seq)
        watches = [phone.call("SyncService.Watch", watch, timeout=None) for _ in range(4)]
        open_streams += watches
        # Two have a place, whichever come first.
        self.wait_until(lambda: sum(each.done() for each in watches) >= 2)
        for each in watches:
            if each.done():
                self.assertEqual(fc.reason_of(each), "REASON_RATE_LIMITED")
        self.assertTrue(other.pull())
        for stream in open_streams:
            stream.cancel()

    def test_calls_without_end(self):
        phone, other = self.phone(), self.phone()
        reasons = set()
        for _ in range(400):
            try:
                self.hello(phone)
            except grpc.RpcError as error:
                reasons.add(fc.reason_of(error))
                self.assertTrue(any(entry.key == "retry_after_ms"
                                    for entry in fc.detail_of(error).metadata))
                break
        self.assertEqual(reasons, {"REASON_RATE_LIMITED"})
        self.hello(other)


class UnfinishedTest(AttackTest):
    """Whoever begins messages and never finishes them."""

    CONFIG = "limits { call_s: 10 }"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.honest = cls.vigild.add_device("i1")

    def attack(self, connections: int) -> int:
        """Until all have been shown the door, or as long as anything is taken in; the memory that
        it took at most, in KiB. Meanwhile somebody else is served."""
        before = most = self.status("VmRSS")
        attackers, sent = [], -1
        while True:
            if len(attackers) < connections:
                attackers.append(Unfinished(self.vigild, 16, 4 * MIB - 100))
                self.addCleanup(attackers[-1].socket.close)
            for attacker in attackers:
                if attacker.is_open:
                    attacker.go_on()
            self.hello(self.honest)
            most = max(most, self.status("VmRSS"))
            told = sum(attacker.sent for attacker in attackers)
            if len(attackers) == connections and (
                    told == sent or not any(each.is_open for each in attackers)):
                break
            sent = told
        self.still_open = [attacker for attacker in attackers if attacker.is_open]
        return most - before

    def test_of_strangers(self):
        self.assertLess(self.attack(100), 128 * 1024)
        for attacker in self.still_open:
            with self.assertRaises(OSError):
                while True:
                    attacker.read()
        self.hello(self.honest)
        self.wait_until(lambda: "brought no call" in self.vigild.errors())

    def test_a_connection_without_a_call_ends_and_one_with_a_call_stays(self):
        hello = self.hello(self.honest)
        watch = self.honest.call("SyncService.Watch", sync_service_pb2.WatchRequest(
            epoch=hello.head.epoch, seq=hello.head.seq), timeout=None)
        # The end of the second is long after that of the watch would have been.
        for _ in range(2):
            stranger = connect(self.vigild, tls=True)
            self.addCleanup(stranger.close)
            stranger.sendall(PREFACE)
            with self.assertRaises(OSError):
                while stranger.recv(1024):
                    pass
                raise ConnectionError("ended")
        self.assertTrue(watch.is_active())
        self.hello(self.honest)
        watch.cancel()


class CertificateTest(AttackTest):
    """What the server shows, and asks for."""

    def shown(self) -> str:
        host, port = self.vigild.server.split(":")
        return ssl.get_server_certificate((host, int(port)))

    def test_a_certificate_that_ends_soon(self):
        # Those of the tests are good for a day.
        self.wait_until(lambda: "the certificate ends soon" in self.vigild.errors())

    def test_certificates_rotate_without_a_restart(self):
        phone = self.phone()
        before = self.shown()
        certificate, key = self.vigild.certificate_files
        good = certificate.read_bytes(), key.read_bytes()
        certificate.write_bytes(b"")
        self.wait_until(lambda: "stays in force" in self.vigild.errors())
        self.assertEqual(self.shown(), before)
        self.hello(phone)
        key.unlink()
        self.vigild.authority.issue(certificate.parent)
        self.assertNotEqual(good[0], certificate.read_bytes())
        self.wait_until(lambda: self.shown() != before)
        self.hello(self.phone())

    def test_older_tls_is_refused(self):
        host, port = self.vigild.server.split(":")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        with self.assertRaises(OSError), socket.create_connection((host, int(port))) as plain:
            context.wrap_socket(plain)
        with self.assertRaises(grpc.RpcError):
            channel = grpc.insecure_channel(self.vigild.server)
            channel.unary_unary("/vigil.v1.SyncService/Hello")(b"", timeout=5)


if __name__ == "__main__":
    unittest.main()
