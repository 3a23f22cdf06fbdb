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


class FloodTest(AttackTest):
    """Whoever takes more than his share: the others notice nothing."""

    CONFIG = """
limits {
  connections_per_address_max: 20
  calls_per_device_s: 20
  streams_per_device_max: 2
}
"""

    def raw(self, source=ATTACKER, tls=False):
        host, port = self.vigild.server.split(":")
        plain = socket.create_connection((host, int(port)), timeout=PATIENCE_S,
                                         source_address=(source, 0))
        if not tls:
            return plain
        context = ssl.create_default_context(
            cadata=self.vigild.authority.certificate_pem.decode())
        context.set_alpn_protocols(["h2"])
        return context.wrap_socket(plain, server_hostname="localhost")

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
            connection = self.raw(tls=False)
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
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0))
        fields = b"".join(literal(name, value) for name, value in (
            (":method", "POST"), (":scheme", "https"), (":authority", "localhost"),
            (":path", "/vigil.v1.SyncService/Hello"), ("content-type", "application/grpc"),
            ("te", "trailers")))
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
        self.fails(lambda: bomber.call("SyncService.Push", request))
        self.assertLess(self.status("VmRSS"), memory + 100_000)
        self.hello(phone)

    def test_readers_that_do_not_read(self):
        phone, other = self.phone(), self.phone()
        request = sync_service_pb2.PullRequest(page_bytes=4096)
        open_streams = [phone.call("SyncService.Pull", request) for _ in range(1)]
        hello = self.hello(phone)
        watch = sync_service_pb2.WatchRequest(epoch=hello.head.epoch, seq=hello.head.seq)
        open_streams += [phone.call("SyncService.Watch", watch) for _ in range(3)]
        refused = 0
        for stream in open_streams[1:]:
            try:
                stream.initial_metadata()
                if stream.done() or stream.code() is not None:
                    refused += 1
            except grpc.RpcError:
                refused += 1
            if refused:
                break
        self.assertGreater(refused, 0)
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


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Of HTTP/2 (RFC 9113, 4.1)."""
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def literal(name: str, value: str) -> bytes:
    """A header without indexing, HPACK (RFC 7541, 6.2.2)."""
    return b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()


class CertificateTest(AttackTest):
    """What the server shows, and asks for."""

    def shown(self) -> str:
        host, port = self.vigild.server.split(":")
        return ssl.get_server_certificate((host, int(port)))

    def wait_until(self, holds) -> None:
        end = time.monotonic() + PATIENCE_S
        while not holds():
            self.assertLess(time.monotonic(), end, self.vigild.errors())
            time.sleep(0.1)

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
