"""One visitor's connection to a running page, over plain HTTP as gradio's own scripts and client speak it.

A visitor may read slowly, be far away, or leave: all their connections break off at once, whatever is under way.
"""

import json
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse
from threading import Lock
from urllib.parse import urlsplit

API = "/gradio_api"
PATIENCE = 300.0  # seconds without a byte, after which the server counts as hanging
# A slow reader: bytes that the system takes for it in advance, bytes at a time, and seconds between them.
SLOW_BUFFER, SLOW_BYTES, SLOW_SECONDS = 4096, 16_384, 0.02
FAST_BYTES = 1 << 20
# What a connection ends in that breaks off; the last two where another thread closes it under way.
BREAKS = (OSError, HTTPException, ValueError, AttributeError)
RESET = b"\1\0\0\0\0\0\0\0"  # SO_LINGER: what was not sent yet is dropped, and the other side is told of an error


class AnswerError(Exception):
    """An answer that is none: a status, a stream that ends early, or the page's own sentence about what is wrong."""


class LeftError(Exception):
    """The visitor has left meanwhile."""


@dataclass(frozen=True)
class _Answer:
    response: HTTPResponse
    connection: socket.socket


class Session:
    """One visitor, from the first connection until they leave.

    Attributes:
        name: the session's, drawn at random as browsers do.
        left: whether the visitor has left.
    """

    def __init__(self, address: str, functions: dict[str, int], slow: bool = False, latency: float = 0.0):
        """Args:
        functions: number of each of the page's functions by name, see `functions_of`.
        slow: whether the visitor reads slowly.
        latency: seconds that a request is under way before the server gets it.
        """
        self.name, self.left = secrets.token_hex(6), False
        self._functions, self._slow, self._latency = functions, slow, latency
        where = urlsplit(address)
        self._host, self._port = where.hostname or "", where.port or 80
        self._open: set[socket.socket] = set()
        self._lock = Lock()
        # The server takes a visitor for gone when this stream breaks off; nothing has to be read from it.
        self._heartbeat = self._send("GET", f"{API}/heartbeat/{self.name}")

    def page(self) -> bytes:
        """The page itself."""
        return self._asked("GET", "/")

    def upload(self, name: str, data: bytes) -> dict:
        """Send a file; returns what stands for it in questions."""
        boundary = secrets.token_hex(16)
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        body = head.encode() + data + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        (path,) = json.loads(self._asked("POST", f"{API}/upload", body, kind))
        return {"path": path, "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    def ask(self, function: str, *data: object) -> list:
        """Call one of the page's functions; returns its last outputs.

        Raises:
            AnswerError: for anything but an answer.
            LeftError: if the visitor leaves meanwhile.
        """
        body = {"data": data, "fn_index": self._functions[function], "session_hash": self.name}
        self._asked("POST", f"{API}/queue/join", json.dumps(body).encode(), "application/json")
        for message in self._messages():
            if message["msg"] == "unexpected_error":
                raise AnswerError(str(message.get("message")))
            if message["msg"] == "process_completed":
                output = message.get("output") or {}
                if not message.get("success"):
                    raise AnswerError(str(output.get("error")))
                return output["data"]
        raise AnswerError(f"The answer of {function} broke off.")

    def leave(self, abruptly: bool = False) -> None:
        """Break all connections off; `abruptly` as when a machine is switched off, not as when a page is closed."""
        with self._lock:
            self.left = True
            gone, self._open = self._open, set()
        for connection in gone:
            try:
                if abruptly:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                else:
                    connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # which the other side has closed before
                pass
            # The response may hold the file open, so that `close` alone would not end the connection.
            if (descriptor := connection.detach()) >= 0:
                socket.close(descriptor)

    def _messages(self) -> Iterator[dict]:
        answer = self._send("GET", f"{API}/queue/data?session_hash={self.name}")
        try:
            waiting = b""
            while part := self._read(answer):
                *lines, waiting = (waiting + part).split(b"\n")
                for line in lines:
                    if line.startswith(b"data:"):
                        yield json.loads(line.removeprefix(b"data:"))
        finally:
            self._close(answer)

    def _asked(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> bytes:
        answer = self._send(method, path, body, kind)
        try:
            return b"".join(iter(partial(self._read, answer), b""))
        finally:
            self._close(answer)

    def _send(self, method: str, path: str, body: bytes | None = None, kind: str = "") -> "_Answer":
        time.sleep(self._latency)
        http = HTTPConnection(self._host, self._port)
        try:
            http.sock = connection = self._connected()
            http.request(method, path, body, {"Content-Type": kind} if kind else {})
            answer = _Answer(http.getresponse(), connection)
        except BREAKS as error:
            raise self._broken(error) from error
        if answer.response.status != 200:
            said = self._read(answer)[:200].decode("utf-8", "replace")
            self._close(answer)
            raise AnswerError(f"{method} {path.split('?')[0]}: {answer.response.status} {said}")
        return answer

    def _read(self, answer: "_Answer") -> bytes:
        if self._slow:
            time.sleep(SLOW_SECONDS)
        try:
            return answer.response.read1(SLOW_BYTES if self._slow else FAST_BYTES)
        except BREAKS as error:
            raise self._broken(error) from error

    def _connected(self) -> socket.socket:
        connection = socket.socket()
        if self._slow:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SLOW_BUFFER)
        connection.settimeout(PATIENCE)
        connection.connect((self._host, self._port))
        with self._lock:
            if self.left:
                connection.close()
                raise LeftError
            self._open.add(connection)
        return connection

    def _close(self, answer: "_Answer") -> None:
        answer.response.close()
        with self._lock:
            self._open.discard(answer.connection)
        answer.connection.close()

    def _broken(self, error: Exception) -> Exception:
        return LeftError() if self.left else AnswerError(f"{type(error).__name__}: {error}")


def functions_of(config: dict) -> dict[str, int]:
    """The page's functions by name, from its /config."""
    return {one["api_name"]: one["id"] for one in config["dependencies"]}
