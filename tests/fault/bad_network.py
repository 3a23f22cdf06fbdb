"""Networks that phones have to live with, between a client and a server on this machine."""

import socket
import threading
import time
from concurrent import futures

import grpc

CHUNK_BYTES = 2048


class Relay:
    """Passes connections on. The next ones may be cut after so many bytes; all may be slow."""

    def __init__(self, port: int, bytes_s: int | None = None):
        self._port = port
        self._bytes_s = bytes_s
        self._lock = threading.Lock()
        # Of each connection to come, the bytes in either direction after which it is cut.
        self._cuts: list[int] = []
        self.cut = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_next_after(self, *counts: int) -> None:
        with self._lock:
            self._cuts.extend(counts)

    def close(self) -> None:
        # Ends the wait for a connection, which closing alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            with self._lock:
                left = [self._cuts.pop(0)] if self._cuts else None
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._pass, args=(source, target, left),
                                 daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, left: list[int] | None) -> None:
        try:
            while data := source.recv(CHUNK_BYTES):
                if left is not None:
                    left[0] -= len(data)
                    if left[0] < 0:
                        self.cut += 1
                        break
                if self._bytes_s:
                    # The link itself; nobody waits for this.
                    time.sleep(len(data) / self._bytes_s)
                target.sendall(data)
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        # Each end is read by one of the two.
        source.close()


class Doubler(grpc.GenericRpcHandler):
    """Sends every request with one answer to the server twice, at the same time; the client gets
    the first answer that is not an error."""

    def __init__(self, address: str):
        self._channel = grpc.insecure_channel(address)
        self._server = grpc.server(futures.ThreadPoolExecutor(16))
        self._server.add_generic_rpc_handlers((self,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self.doubled = 0
        self._server.start()

    def close(self) -> None:
        self._server.stop(None)
        self._channel.close()

    def service(self, details):
        method = details.method
        # The client's own words; what gRPC adds is added anew.
        metadata = [(key, value) for key, value in details.invocation_metadata
                    if not key.startswith(("user-agent", "grpc-", ":"))]

        def forward(requests, context):
            first = next(requests)
            if method.endswith(("/Pull", "/Watch")):
                yield from self._channel.unary_stream(method)(first, metadata=metadata)
                return
            call = self._channel.unary_unary(method)
            answers = [call.future(first, metadata=metadata) for _ in range(2)]
            self.doubled += 1
            good = [answer for answer in answers if answer.exception() is None]
            if not good:
                context.abort(answers[0].code(), answers[0].details())
            yield good[0].result()

        return grpc.stream_stream_rpc_method_handler(forward)
