"""What is done to the labs, and in which order: each row is measured once a round for each side, in turn A B A B."""

from __future__ import annotations

import contextlib
import math
import os
import shutil
import statistics
import subprocess
import sys
import time

import processes
import prober
import wire
from lab import HOME, PGBIN, PGPOOL_PORT, FIRST_NODE_PORT, USER, Lab, ask, clone_is_known, has_row, next_rows
from lab import NodesUp
from processes import Wrong, milliseconds_since, until
from record import Record, Value
from rows import BY_KEY, Selection

SMALL_COMMANDS = 11  # a value for --help and nodes is the median, or the highest, of so many calls


class Comparison:
    def __init__(
            self, selection: Selection, rounds: int, place: str, quiet: bool, namespace: processes.Namespace) -> None:
        self.selection, self.rounds, self.place, self.quiet, self.namespace = selection, rounds, place, quiet, namespace
        self.record = Record()
        self.fsync: dict[str, str] = {}
        self.round = 0
        self.failed = False

    # ---- the way through ----

    def run(self) -> None:
        for side in ("pgpoollab", "pgpool_setup"):
            self._warm_up(side)
        for nodes in self.selection.all_nodes():
            for self.round in range(1, self.rounds + 1):
                self._one_round(nodes)
                # Not on a disk: a file system that has just deleted much is slower for a while.
                if self.place == "tmpfs":
                    shutil.rmtree(f"{HOME}/labs")

    def _one_round(self, nodes: int) -> None:
        wants = lambda *groups: any(self.selection.wants(group, nodes) for group in groups)
        sides = self.selection.sides(nodes)
        labs = {side: self._lab(side, nodes, "warm") for side in sides}
        phases = []
        if wants("setup", "startall", "stopall", "failover", "follow", "recovery", "nodes", "memory"):
            phases += [self._set_up, self._start_and_stop]
        if wants("failover", "follow", "recovery"):
            phases += [self._fail_over_and_recover]
        for phase in phases:
            for side in sides:
                self._do(phase, labs[side])
        if wants("cold", "load"):
            for side in sides:
                self._do(self._set_up_cold_and_fail_over_under_load, self._lab(side, nodes, "cold"))
        if wants("clone") and clone_is_known(f"{HOME}/pgpoollab"):
            for side in sides:
                self._do(self._set_up_clone, self._lab(side, nodes, "clone"))
        if wants("memory"):
            self._do(self._set_up_under_a_microscope, self._lab("pgpoollab", nodes, "memory"))
        if wants("help"):
            self._do(self._help, self._lab("pgpoollab", nodes, "warm"))

    def _do(self, phase, lab: Lab) -> None:
        phase(lab)
        self.namespace.sweep()

    def _lab(self, side: str, nodes: int, kind: str) -> Lab:
        return Lab(side, nodes, f"{HOME}/labs/n{nodes}-{self.round}-{kind}-{side}")

    def _warm_up(self, side: str) -> None:
        """Reads the programs from disk once, and fills pgpoollab's cache of templates. Failures show again, later."""
        lab = Lab(side, 2, f"{HOME}/labs/warm-up-{side}")
        with contextlib.suppress(Wrong):
            lab.set_up()
        self.namespace.sweep()

    # ---- noting ----

    def _note(self, lab: Lab, row: str, number: float, more: str = "") -> None:
        self.record.note(row, lab.nodes, lab.side, self.round, Value(number))
        self._say(lab, row, f"{number:.1f} {BY_KEY[row].unit}".rstrip() + more)

    def _note_failure(self, lab: Lab, row: str, reason: str) -> None:
        self.record.note(row, lab.nodes, lab.side, self.round, Value(None, reason))
        if lab.nodes in self.selection.nodes_of(BY_KEY[row]):
            self.failed = True
            self._say(lab, row, f"FAILED: {reason}")

    def _say(self, lab: Lab, row: str, what: str) -> None:
        if not self.quiet and lab.nodes in self.selection.nodes_of(BY_KEY[row]):
            print(f"bench: {self.place}, n={lab.nodes} round {self.round}/{self.rounds} {row} {lab.side}: {what}",
                  file=sys.stderr)

    @contextlib.contextmanager
    def _rows(self, lab: Lab, *rows: str):
        """A wrong result in here fails these rows, unless they have a time already, and ends what is left over."""
        try:
            yield
        except Wrong as error:
            for row in rows:
                if not self._came_out_well(lab, row):
                    self._note_failure(lab, row, str(error))
            print(lab.ends_of_logs(), end="", file=sys.stderr)
            self.namespace.sweep()

    def _came_out_well(self, lab: Lab, row: str) -> bool:
        values = self.record.of(row, lab.nodes, lab.side, self.rounds)
        return bool(values) and values[self.round - 1].number is not None

    def _settle(self, lab: Lab) -> None:
        """What the step before has left to be written to disk is not this one's."""
        if self.place != "tmpfs":
            subprocess.run(["sync", "-f", HOME], check=False)

    # ---- the phases ----

    def _set_up(self, lab: Lab) -> None:
        with self._rows(lab, "setup", "setup-started"):
            self._settle(lab)
            started = processes.StartedProcesses()
            ms = lab.set_up()
            self._note(lab, "setup-started", started.count())
            self._note(lab, "setup", ms)

    def _start_and_stop(self, lab: Lab) -> None:
        """By the script, which both have, and by pgpoollab's command, for which the original's script runs again."""
        rows = ("startall-script", "stopall-script", "startall", "stopall",
                *(("nodes", "nodes-memory") if lab.side == "pgpoollab" else ()))
        with self._rows(lab, *rows):
            self._need_setup(lab)
            # pgpool_setup may end with 0 and have made nothing that works: only a cluster that starts and replicates
            # is one.
            try:
                self._settle(lab)
                ms = lab.start(by_script=True)
                lab.create_table()
                lab.check_replication(list(range(lab.nodes)))
            except Wrong as error:
                self._note_failure(lab, "setup", f"the cluster it made does not work: {error}")
                self._note_failure(lab, "setup-started", "setup failed")
                raise
            self._note(lab, "startall-script", ms)
            self.fsync[lab.side] = ask(0, "show fsync") or "unknown"
            self._note(lab, "stopall-script", lab.stop(by_script=True))
            self._settle(lab)
            self._note(lab, "startall", lab.start(by_script=False))
            lab.check_replication(list(range(lab.nodes)))
            if lab.side == "pgpoollab" and self.selection.wants("nodes", lab.nodes):
                self._small_command(lab, "nodes", ["nodes"])
            self._note(lab, "stopall", lab.stop(by_script=False))

    def _fail_over_and_recover(self, lab: Lab) -> None:
        rows = ["failover", *(["follow"] if lab.nodes > 2 else []), "recovery"]
        with self._rows(lab, *rows):
            self._need_setup(lab)
            self._settle(lab)
            lab.start(by_script=True)
            lab.check_replication(list(range(lab.nodes)))
            # How long a failover takes without clients depends on when the next health check comes; the original's
            # is every 10 s, pgpoollab's every second. So the rounds are spread evenly over those 10 s, and over one,
            # alike for both.
            part = (self.round - 0.5) / self.rounds
            time.sleep(math.floor(part * 10) + part)
            began = time.monotonic()
            lab.kill(0)
            if not until(lambda: lab.promoted() is not None, 90, 0.001):
                raise Wrong("no standby was promoted within 90 s")
            primary = self._note_first_insert(lab, "failover", began)
            if lab.nodes > 2:
                self._follow(lab, began)
            time.sleep(2)  # right after a failover Pgpool-II may be starting its pcp anew
            self._settle(lab)
            ms = lab.recover(0)
            lab.check_replication([0, primary])
            self._note(lab, "recovery", ms)
            lab.stop(by_script=True)

    def _note_first_insert(self, lab: Lab, row: str, began: float) -> int:
        """Notes the time from then until an INSERT through Pgpool-II works. Gives back the new primary."""
        first = prober.first_insert(PGPOOL_PORT, lab.prober, FIRST_NODE_PORT, next_rows(), 60)
        if first is None:
            raise Wrong("no INSERT through Pgpool-II worked within 60 s")
        primary = lab.promoted()
        if primary is None or not has_row(primary, first.number) or ask(primary, "select pg_is_in_recovery()") != "f":
            raise Wrong("the INSERT did not reach the new primary")
        if lab.runs(0):
            raise Wrong("the old primary still runs")
        self._note(lab, row, (first.moment - began) * 1000,
                   f", {first.attempts} attempts, every {first.apart * 1000:.0f} ms at the worst")
        return primary

    def _follow(self, lab: Lab, began: float) -> None:
        """The other nodes follow the new primary. Where they do not, the recovery of node 0 may work yet."""
        with NodesUp(lab.prober) as nodes_up:
            if not until(lambda: nodes_up(lab.nodes - 1), 90, 0.05):
                raise Wrong("the other nodes were not up within 90 s of the failover")
        try:
            lab.check_replication(list(range(1, lab.nodes)))
            self._note(lab, "follow", milliseconds_since(began))
        except Wrong as error:
            self._note_failure(lab, "follow", f"{error}, 10 s after Pgpool-II says that it is up")

    def _set_up_cold_and_fail_over_under_load(self, lab: Lab) -> None:
        """A lab of its own for each: one that has failed over before is not as it was."""
        cold = self.selection.wants("cold", lab.nodes)
        with self._rows(lab, *(["setup-cold"] if cold else []), "failover-load"):
            self._settle(lab)
            ms = lab.set_up(env={"XDG_CACHE_HOME": f"{lab.folder}.cache"} if cold else None)
            lab.start(by_script=True)
            lab.create_table()
            lab.check_replication(list(range(lab.nodes)))
            if cold:
                self._note(lab, "setup-cold", ms)
            if self.selection.wants("load", lab.nodes):
                self._fail_over_under_load(lab)
                self.namespace.sweep()
            else:
                lab.stop(by_script=True)

    def _fail_over_under_load(self, lab: Lab) -> None:
        pgbench = [f"{PGBIN}/pgbench", "-h", wire.SOCKETS, "-p", str(PGPOOL_PORT), "-U", USER]
        processes.run([*pgbench, "-i", "-q", "test"], lab.output)
        with processes.spawned([*pgbench, "-n", "-c", "4", "-T", "120", "test"], lab.output) as load:
            if not until(lambda: int(ask(0, "select count(*) from pgbench_history") or 0) >= 200, 30, 0.1):
                raise Wrong("pgbench did not come to 200 transactions within 30 s")
            if load.poll() is not None:
                raise Wrong("pgbench ended before the primary was killed")
            began = time.monotonic()
            lab.kill(0)
            self._note_first_insert(lab, "failover-load", began)

    def _set_up_clone(self, lab: Lab) -> None:
        """The original has one way only to make standbys: that is what it is compared with."""
        with self._rows(lab, "setup-clone"):
            self._settle(lab)
            ms = lab.set_up(["--standbys", "clone"] if lab.side == "pgpoollab" else [])
            lab.start(by_script=True)
            lab.create_table()
            lab.check_replication(list(range(lab.nodes)))
            self._note(lab, "setup-clone", ms)
            lab.stop(by_script=True)

    def _set_up_under_a_microscope(self, lab: Lab) -> None:
        with self._rows(lab, "setup-memory", "setup-alive"):
            megabytes, at_once = lab.memory_of_setup(self.namespace)
            self._note(lab, "setup-memory", megabytes)
            self._note(lab, "setup-alive", at_once)

    def _help(self, lab: Lab) -> None:
        os.makedirs(os.path.dirname(lab.folder), exist_ok=True)
        with self._rows(lab, "help", "help-memory"):
            self._small_command(lab, "help", ["--help"], ".")

    def _small_command(self, lab: Lab, row: str, arguments: list[str], folder: str | None = None) -> None:
        argv = [f"{HOME}/pgpoollab", *arguments]
        times = [
            milliseconds_since(processes.run(argv, lab.output, folder or lab.folder)) for _ in range(SMALL_COMMANDS)]
        self._note(lab, row, statistics.median(times))
        # They last a few milliseconds: one look at their memory may come too early, the most of several does not.
        peaks = [
            processes.peak_memory(argv, lab.output, self.namespace, folder or lab.folder)[0]
            for _ in range(SMALL_COMMANDS)]
        self._note(lab, f"{row}-memory", max(peaks))

    def _need_setup(self, lab: Lab) -> None:
        if not self._came_out_well(lab, "setup"):
            raise Wrong("there is no lab: setup failed")
