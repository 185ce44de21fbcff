"""When does an INSERT through Pgpool-II work again? Asked with a fresh connection every few milliseconds.

While it fails over, Pgpool-II lets whoever connects wait, and then hangs up or serves him. So several attempts wait
side by side, each in the place of one that is over, and the first that is served has the time. There are fewer than
Pgpool-II has processes for clients (32): attempts that nobody takes in would delay what they are to measure.
"""

from __future__ import annotations

import dataclasses
import selectors
import socket
import time

import wire

EVERY = 0.004  # seconds between the beginnings of two attempts: the resolution
# Attempts under way, as many as pgbench has clients: each that is served takes processor time from what is measured.
AT_ONCE = 4
PATIENCE = 3.0  # seconds until one is given up and another takes its place


@dataclasses.dataclass(frozen=True)
class FirstInsert:
    moment: float  # time.monotonic() when it was acknowledged
    number: int  # the row's id
    attempts: int
    apart: float  # seconds without a new attempt though there was room, at most: the resolution that was reached


class Attempt:
    """One fresh connection that inserts one row, and asks on which server it landed."""

    def __init__(self, port: int, user: str, number: int) -> None:
        self.number = number
        self.began = time.monotonic()
        self.landed_on: int | None = None  # the port of the PostgreSQL that took the row
        self._outgoing = wire.startup_message(user, "test")
        self._asked = False
        self._reader = wire.AnswerReader()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.setblocking(False)
        self.socket.connect_ex(wire.address(port))

    @property
    def waits_for(self) -> int:
        return selectors.EVENT_WRITE if self._outgoing else selectors.EVENT_READ

    def advance(self) -> bool:
        """True once it is over, well or not."""
        try:
            if self._outgoing:
                self._outgoing = self._outgoing[self.socket.send(self._outgoing) :]
                return False
            data = self.socket.recv(65536)
            answer = self._reader.feed(data)
        except BlockingIOError:
            return False
        except (OSError, wire.Refused):
            return True
        if answer is None:
            return not data
        if answer.error:
            return True
        if not self._asked:
            self._asked = True
            self._outgoing = wire.query_message(
                f"insert into bench values ({self.number}, current_setting('port')::int) returning port")
            return False
        self.landed_on = int(answer.rows[0][0]) if answer.rows and answer.rows[0][0] else None
        return True


def first_insert(port: int, user: str, not_on: int, first_number: int, within: float) -> FirstInsert | None:
    """The first INSERT that a server other than the one at port `not_on`, the old primary, acknowledges.

    Until the old primary is dead it still takes rows; those do not count.
    """
    selector = selectors.DefaultSelector()
    give_up = time.monotonic() + within
    number, due, apart = first_number, time.monotonic(), 0.0
    running: set[Attempt] = set()

    def end(attempt: Attempt) -> None:
        running.discard(attempt)
        selector.unregister(attempt.socket)
        attempt.socket.close()

    try:
        while (now := time.monotonic()) < give_up:
            for attempt in [a for a in running if now - a.began > PATIENCE]:
                end(attempt)
            if len(running) == AT_ONCE:
                due = now
            elif now >= due:
                apart = max(apart, now - due + EVERY)
                attempt = Attempt(port, user, number)
                running.add(attempt)
                selector.register(attempt.socket, attempt.waits_for, attempt)
                number, due = number + 1, now + EVERY
            for key, _ in selector.select(max(due - time.monotonic(), 0.0005)):
                attempt = key.data
                if not attempt.advance():
                    selector.modify(attempt.socket, attempt.waits_for, attempt)
                    continue
                moment = time.monotonic()
                end(attempt)
                if attempt.landed_on not in (None, not_on):
                    return FirstInsert(moment, attempt.number, number - first_number, apart)
        return None
    finally:
        for attempt in list(running):
            end(attempt)
        selector.close()
