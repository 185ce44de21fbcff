"""One lab, made by pgpoollab or by the original pgpool_setup: to make it, start and stop it, and see if it works."""

from __future__ import annotations

import dataclasses
import itertools
import os
import struct
import subprocess
import time

import processes
import wire
from processes import Wrong, milliseconds_since, until

HOME = "/tmp/bench"  # in the namespace, where /tmp is what is measured on
PGPOOL_PORT, PCP_PORT, FIRST_NODE_PORT = 11000, 11001, 11002
USER = os.environ.get("USER", "")
SERVERS_ROLE = "pgpool"  # of pgpoollab's labs: who Pgpool-II itself is on the nodes
PGBIN = os.environ.get("PGBIN", "")
IN_PRODUCTION = 6  # DBState in PostgreSQL's pg_control.h

_row_numbers = itertools.count(1, 100_000)  # whoever takes one has so many


def next_rows() -> int:
    return next(_row_numbers)


@dataclasses.dataclass
class Lab:
    side: str
    nodes: int
    folder: str

    @property
    def output(self) -> str:
        return self.folder + ".out"

    @property
    def prober(self) -> str:
        """Who asks through Pgpool-II, many times and side by side.

        Where the lab has passwords, each login of a user costs Pgpool-II 12 ms of processor time for every node: it
        repeats a slow hash 4096 times. Its own role has one round only.
        """
        with open(f"{self.folder}/etc/pool_passwd", encoding="utf-8") as file:
            return SERVERS_ROLE if any(line.startswith(f"{SERVERS_ROLE}:") for line in file) else USER

    # ---- what is measured ----

    def set_up(self, options: list[str] | None = None, env: dict[str, str] | None = None) -> float:
        """Milliseconds. The cluster is proved to work by whoever starts it."""
        began = processes.run(
            self._setup(options or []), self.output, self._made(), {**self._setup_env(), **(env or {})})
        ms = milliseconds_since(began)
        if not until(processes.no_servers, 5):
            raise Wrong("servers are still running")
        for name in ("startall", "shutdownall", "pcppass", *(f"data{node}/PG_VERSION" for node in range(self.nodes))):
            if not os.path.isfile(f"{self.folder}/{name}"):
                raise Wrong(f"{name} is missing")
        return ms

    def memory_of_setup(self, namespace: processes.Namespace) -> tuple[float, int]:
        return processes.peak_memory(self._setup([]), self.output, namespace, self._made())

    def start(self, by_script: bool) -> float:
        """Milliseconds until the command has ended and Pgpool-II says that every node is up with its role.

        The original's script ends with starting Pgpool-II in the background: what counts is what that answers. It is
        asked from the beginning: a connection that is opened only then makes Pgpool-II connect to one node after the
        other, which takes longer the more there are, and is no part of starting.
        """
        command = self._command("startall", by_script)
        began = time.monotonic()
        with processes.spawned(command, self.output, self.folder) as program, NodesUp(self.prober) as nodes_up:
            up = until(lambda: nodes_up(self.nodes) or program.poll(), 60)
            processes.require_good_end(program, command)
            ms = milliseconds_since(began)
            if not up:
                raise Wrong(f"not all {self.nodes} nodes were up with their roles within 60 s")
        return ms

    def stop(self, by_script: bool) -> float:
        """Milliseconds until no server process is left."""
        began = processes.run(self._command("stopall", by_script), self.output, self.folder)
        if not until(processes.no_servers, 30):
            raise Wrong("servers still run 30 s later")
        return milliseconds_since(began)

    def recover(self, node: int) -> float:
        began = processes.run(
            ["pcp_recovery_node", "-h", "localhost", "-p", str(PCP_PORT), "-U", USER, "-w", "-n", str(node)],
            self.output, self.folder, {"PCPPASSFILE": f"{self.folder}/pcppass"})
        with NodesUp(self.prober) as nodes_up:
            if not until(lambda: nodes_up(self.nodes), 60):
                raise Wrong(f"not all {self.nodes} nodes were up with their roles 60 s later")
            return milliseconds_since(began)

    def kill(self, node: int) -> None:
        """As a crash; does not wait for the end of it."""
        subprocess.run([f"{PGBIN}/pg_ctl", "-D", f"{self.folder}/data{node}", "-m", "immediate", "-W", "stop"],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)

    # ---- whether it works ----

    def create_table(self) -> None:
        try:
            wire.query(PGPOOL_PORT, USER, "create table if not exists bench (id int primary key, port int)")
            if self.prober != USER:
                wire.query(PGPOOL_PORT, USER, f"grant all on bench to {self.prober}")
        except wire.Refused as error:
            raise Wrong(f"a table could not be created through Pgpool-II: {error}") from error

    def check_replication(self, nodes: list[int]) -> None:
        """A row written through Pgpool-II arrives on each of these nodes, one of which is a primary, the others not."""
        number = next_rows()
        try:
            wire.query(PGPOOL_PORT, USER, f"insert into bench values ({number}, current_setting('port')::int)")
        except wire.Refused as error:
            raise Wrong(f"an INSERT through Pgpool-II failed: {error}") from error
        for node in nodes:
            if not until(lambda: has_row(node, number), 10, 0.02):
                raise Wrong(f"a row written through Pgpool-II does not arrive on node {node}")
        primaries = sum(ask(node, "select pg_is_in_recovery()") == "f" for node in nodes)
        if primaries != 1:
            raise Wrong(f"{primaries} nodes are primaries")

    def promoted(self) -> int | None:
        """The standby that is a primary by now, read from its control file: no server is asked, no client connects."""
        for node in range(1, self.nodes):
            with open(f"{self.folder}/data{node}/global/pg_control", "rb") as file:
                if struct.unpack_from("=i", file.read(20), 16)[0] == IN_PRODUCTION:
                    return node
        return None

    def runs(self, node: int) -> bool:
        return subprocess.run([f"{PGBIN}/pg_ctl", "-D", f"{self.folder}/data{node}", "status"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0

    def ends_of_logs(self) -> str:
        text = ""
        for path in (self.output, *(f"{self.folder}/log/{name}.log" for name in ("pgpool", "failover", "recovery"))):
            if os.path.isfile(path) and os.path.getsize(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += f"bench: the end of {os.path.relpath(path, HOME)}:\n{''.join(file.readlines()[-12:])}"
        return text

    # ---- how each side is called ----

    def _made(self) -> str:
        os.makedirs(self.folder)
        return self.folder

    def _setup(self, options: list[str]) -> list[str]:
        if self.side == "pgpoollab":
            return [f"{HOME}/pgpoollab", "setup", "-s", "-n", str(self.nodes), "--pg-bin", PGBIN, *options]
        return ["/usr/sbin/pgpool_setup", "-s", "-n", str(self.nodes)]

    def _setup_env(self) -> dict[str, str]:
        if self.side == "pgpoollab":
            return {}
        # The sockets where it puts them by itself; its own default folders are those of an installation from source.
        return {
            "PGPOOL_INSTALL_DIR": f"{HOME}/original", "PGPOOLDIR": f"{HOME}/original/etc", "PGBIN": PGBIN,
            "PGSOCKET_DIR": "/tmp",
        }

    def _command(self, name: str, by_script: bool) -> list[str]:
        if self.side == "pgpool_setup":
            return ["sh", {"startall": "./startall", "stopall": "./shutdownall"}[name]]
        return ["sh", f"./{name}"] if by_script else [f"{HOME}/pgpoollab", name]


class NodesUp:
    """Does Pgpool-II say that so many nodes are up, one of them as primary and the others as standbys?

    One connection, made again when it broke. From 4.3 on "show pool_nodes" connects to every node twice, which would
    take longer than what is measured; the statistics of the health check (since 4.2) have status and role, too.
    """

    def __init__(self, user: str) -> None:
        self._user = user
        self._connection: wire.Connection | None = None
        self._question = "show pool_health_check_stats"

    def __call__(self, nodes: int) -> bool:
        try:
            self._connection = self._connection or wire.Connection(PGPOOL_PORT, self._user)
            answer = self._connection.query(self._question)
        except wire.Refused as error:
            if "unrecognized" in str(error):
                self._question = "show pool_nodes"
            self.close()
            return False
        shown = [dict(zip(answer.columns, row)) for row in answer.rows]
        roles = [node["role"] for node in shown if node["status"] in ("up", "waiting")]
        return len(roles) == nodes and roles.count("primary") == 1 and roles.count("standby") == nodes - 1

    def close(self) -> None:
        if self._connection:
            self._connection.close()
        self._connection = None

    def __enter__(self) -> NodesUp:
        return self

    def __exit__(self, *_) -> None:
        self.close()


def ask(node: int, sql: str) -> str | None:
    """One value from one PostgreSQL; None also when it cannot be asked."""
    try:
        return wire.query(FIRST_NODE_PORT + node, USER, sql).rows[0][0]
    except (wire.Refused, IndexError):
        return None


def has_row(node: int, number: int) -> bool:
    return ask(node, f"select count(*) from bench where id = {number}") == "1"


def clone_is_known(program: str) -> bool:
    """Does this pgpoollab's setup have --standbys clone?"""
    said = subprocess.run([program, "setup", "--help"], capture_output=True, text=True, check=False).stdout
    return "clone" in said.partition("--standbys")[2].partition("\n  -")[0]


def template_is_cached() -> bool:
    return any(files for _, _, files in os.walk(os.path.expanduser("~/.cache/pgpoollab")))
