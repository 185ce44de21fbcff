"""Programs in the namespace: to run and time them, what memory they need, and to clear away what a failure left."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import subprocess
import time

SERVERS = ("postgres", "pgpool")


class Wrong(Exception):
    """A result that is not right, and why; there is no time for it."""


def until(condition, within: float, pause: float = 0.002) -> bool:
    """Asks until the condition holds; False if it does not within so many seconds."""
    end = time.monotonic() + within
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


@contextlib.contextmanager
def spawned(argv: list[str], output: str, folder: str = ".", env: dict[str, str] | None = None):
    """The program, its output in a file; killed when it outlives the block."""
    with open(output, "wb") as file:
        program = subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=file, stderr=file, cwd=folder, env={**os.environ, **(env or {})})
    try:
        yield program
    finally:
        if program.poll() is None:
            program.kill()
        program.wait()


def wait_for_end(program: subprocess.Popen, seconds: float) -> int | None:
    """The exit code. (Popen.wait with a timeout looks every 50 ms only; this wakes at once.)"""
    if program.returncode is not None:
        return program.returncode
    handle = os.pidfd_open(program.pid)
    try:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        return program.wait() if poll.poll(seconds * 1000) else None
    finally:
        os.close(handle)


def run(
        argv: list[str], output: str, folder: str = ".", env: dict[str, str] | None = None,
        seconds: float = 300) -> float:
    """Runs a program until it ends well. Gives back the time.monotonic() at which it began."""
    began = time.monotonic()
    with spawned(argv, output, folder, env) as program:
        require_good_end(program, argv, seconds)
    return began


def require_good_end(program: subprocess.Popen, argv: list[str], seconds: float = 300) -> None:
    """Waits for it. Any other exit code than 0 is wrong."""
    code = wait_for_end(program, seconds)
    if code is None:
        raise Wrong(f"{os.path.basename(argv[0])} did not end within {seconds:.0f} s")
    if code != 0:
        raise Wrong(f"{' '.join([os.path.basename(argv[0]), *argv[1:2]])}: exit code {code}")


def milliseconds_since(began: float) -> float:
    return (time.monotonic() - began) * 1000


def all_processes():
    """(pid, name) of each process that is not a zombie."""
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                stat = file.read()
        except OSError:
            continue
        command, state = stat[stat.index("(") + 1 : stat.rindex(")")], stat[stat.rindex(")") + 2]
        if state not in "ZX":
            yield int(name), command


def no_servers() -> bool:
    return not any(command in SERVERS for _, command in all_processes())


class Namespace:
    """Every process in here but PID 1, this program and the sshd was started by what is measured."""

    def __init__(self) -> None:
        self.own = {1, os.getpid()}

    def sweep(self) -> None:
        """Ends what a failed row left."""
        for pid, _ in all_processes():
            if pid not in self.own:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        until(no_servers, 10)
        subprocess.run(["ipcrm", "--all=shm", "--all=sem"], stderr=subprocess.DEVNULL, check=False)
        for folder in ("/tmp", "/run/postgresql"):
            for name in os.listdir(folder):
                if name.startswith(".s.PGSQL."):
                    os.remove(os.path.join(folder, name))

    def programs(self) -> int:
        """How many run that are no PostgreSQL and no Pgpool-II."""
        return sum(pid not in self.own and command not in SERVERS for pid, command in all_processes())


class StartedProcesses:
    """Counts the processes and threads that were started in this namespace.

    The kernel hands out their numbers one after the other.
    """

    def __init__(self) -> None:
        self._first = self._next_number()

    def count(self) -> int:
        count = self._next_number() - self._first - 1
        if count < 0:  # they began anew, from 300
            with open("/proc/sys/kernel/pid_max", encoding="ascii") as file:
                count += int(file.read()) - 300
        return count

    @staticmethod
    def _next_number() -> int:
        pid = os.fork()
        if pid == 0:
            os._exit(0)
        os.waitpid(pid, 0)
        return pid


def peak_memory(argv: list[str], output: str, namespace: Namespace, folder: str = ".") -> tuple[float, int]:
    """Runs a program. Gives back the most memory (MB, resident) it had itself, and how many programs ran at once.

    It is one of those. The kernel keeps the peak of a living process (VmHWM); it is read until the end: all the time
    at first, every millisecond later. The figure that wait4 gives would include this program's own, from before the
    exec.
    """
    peak, at_once = 0, 1
    began = time.monotonic()
    looked = 0.0
    with spawned(argv, output, folder) as program:
        path = f"/proc/{program.pid}/status"
        while program.poll() is None:
            with contextlib.suppress(OSError):
                with open(path, "rb") as file:
                    found = re.search(rb"VmHWM:\s*(\d+)", file.read())
                peak = max(peak, int(found[1]) if found else 0)
            if (now := time.monotonic()) - began > 0.05:
                if now - looked > 0.005:
                    looked = now
                    at_once = max(at_once, namespace.programs())
                time.sleep(0.001)
            if now - began > 300:
                raise Wrong("it did not end within 300 s")
    if program.returncode != 0:
        raise Wrong(f"exit code {program.returncode}")
    return peak / 1024, at_once
