"""As much of PostgreSQL's protocol as a probe needs: start up without a password, simple queries, plain answers.

A psql process costs about 20 ms each time; this costs well under one, so that a probe can ask every few milliseconds.
https://www.postgresql.org/docs/current/protocol-message-formats.html
"""

from __future__ import annotations

import contextlib
import dataclasses
import socket
import struct


TERMINATE = b"X\0\0\0\4"

# Where both labs can be met by unix socket: by TCP pgpoollab's would ask for a password, by which the two would do
# different things.
SOCKETS = "/tmp"


def address(port: int) -> str:
    return f"{SOCKETS}/.s.PGSQL.{port}"


class Refused(Exception):
    """The server said no, or hung up; the text is its own where it gave one."""


def startup_message(user: str, database: str) -> bytes:
    body = struct.pack("!I", 3 << 16)
    for name, value in (("user", user), ("database", database), ("application_name", "bench")):
        body += name.encode() + b"\0" + value.encode() + b"\0"
    body += b"\0"
    return struct.pack("!I", len(body) + 4) + body


def query_message(sql: str) -> bytes:
    body = sql.encode() + b"\0"
    return b"Q" + struct.pack("!I", len(body) + 4) + body


@dataclasses.dataclass
class Answer:
    """What came until the server was ready again."""

    columns: list[str] = dataclasses.field(default_factory=list)
    rows: list[list[str | None]] = dataclasses.field(default_factory=list)
    error: str | None = None


class AnswerReader:
    """Takes bytes as they come in, and gives an Answer once it is complete."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answer = Answer()

    def feed(self, data: bytes) -> Answer | None:
        self._buffer += data
        while len(self._buffer) >= 5:
            kind = self._buffer[:1]
            (length,) = struct.unpack_from("!I", self._buffer, 1)
            if len(self._buffer) < length + 1:
                return None
            body, self._buffer = self._buffer[5 : length + 1], self._buffer[length + 1 :]
            if kind == b"Z":
                answer, self._answer = self._answer, Answer()
                return answer
            self._take(kind, body)
        return None

    def _take(self, kind: bytes, body: bytes) -> None:
        if kind == b"E":
            fields = {part[:1]: part[1:] for part in body.split(b"\0") if part}
            self._answer.error = fields.get(b"M", b"an error without a message").decode("utf-8", "replace")
        elif kind == b"R" and body[:4] != b"\0\0\0\0":
            raise Refused("it asks for a password")
        elif kind == b"T":
            self._answer.columns = list(_column_names(body))
        elif kind == b"D":
            self._answer.rows.append(list(_values(body)))

    @property
    def error(self) -> str | None:
        """What the server complained of so far: it may hang up right after it."""
        return self._answer.error


def _column_names(body: bytes):
    at = 2
    for _ in range(struct.unpack_from("!H", body)[0]):
        end = body.index(b"\0", at)
        yield body[at:end].decode()
        at = end + 19  # the zero, and 18 bytes about its type


def _values(body: bytes):
    at = 2
    for _ in range(struct.unpack_from("!H", body)[0]):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        yield None if length < 0 else body[at : at + length].decode("utf-8", "replace")
        at += max(length, 0)


class Connection:
    """One connection that waits for each answer, for as long as `timeout` seconds."""

    def __init__(self, port: int, user: str, database: str = "test", timeout: float = 10) -> None:
        self._reader = AnswerReader()
        try:
            self._socket = socket.socket(socket.AF_UNIX)
            self._socket.settimeout(timeout)
            self._socket.connect(address(port))
        except OSError as error:
            self._socket.close()
            raise Refused(str(error)) from error
        try:
            self._ask(startup_message(user, database))
        except BaseException:
            self.close()
            raise

    def query(self, sql: str) -> Answer:
        return self._ask(query_message(sql))

    def _ask(self, message: bytes) -> Answer:
        try:
            self._socket.sendall(message)
            while True:
                data = self._socket.recv(65536)
                answer = self._reader.feed(data)
                if answer is not None and answer.error is None:
                    return answer
                if answer is not None or not data:
                    raise Refused(answer.error if answer else self._reader.error or "it hung up")
        except OSError as error:
            raise Refused(self._reader.error or str(error)) from error

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.sendall(TERMINATE)
        self._socket.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def query(port: int, user: str, sql: str) -> Answer:
    with Connection(port, user) as connection:
        return connection.query(sql)
