"""The rows of the table: what each measures, at which numbers of nodes, and how good pgpoollab has to be."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Target:
    """`times` faster than the original, or a median of `at_most` the row's unit."""

    times: float | None = None
    at_most: float | None = None

    def met(self, median: float | None, ratio: float | None) -> bool | None:
        """None: not known, as there is nothing to compare with."""
        if median is None:
            return False
        if self.at_most is not None:
            return median <= self.at_most
        return None if ratio is None else ratio >= self.times


@dataclasses.dataclass(frozen=True)
class Row:
    """`group` is what --rows selects it by; `targets` maps a number of nodes, or 0 for any, to a target."""

    key: str
    group: str
    title: str
    nodes: tuple[int, ...] = (2,)
    unit: str = "ms"
    both: bool = True  # False: the original has nothing to compare with
    targets: dict[int, Target] = dataclasses.field(default_factory=dict)

    def target(self, nodes: int) -> Target | None:
        return self.targets.get(nodes) or self.targets.get(0)


def _times(times: float) -> dict[int, Target]:
    return {0: Target(times=times)}


def _at_most(limit: float) -> dict[int, Target]:
    return {0: Target(at_most=limit)}


ROWS = (
    Row("setup", "setup", "setup, template cached", (2, 4, 8, 16),
        targets={2: Target(times=25), 4: Target(times=35), 8: Target(times=45)}),
    Row("setup-clone", "clone", "setup --standbys clone, cached"),
    Row("setup-cold", "cold", "setup, nothing cached", targets=_times(6)),
    Row("startall", "startall", "pgpoollab startall", (2, 8), targets=_times(3)),
    Row("startall-script", "startall", "./startall", (2, 8), targets=_times(3)),
    Row("stopall", "stopall", "pgpoollab stopall", (2, 8), targets=_times(20)),
    Row("stopall-script", "stopall", "./stopall", (2, 8), targets=_times(20)),
    Row("failover", "failover", "failover, no clients", targets=_at_most(800)),
    Row("failover-load", "load", "failover under pgbench -c 4", targets=_at_most(120)),
    Row("follow", "follow", "follow primary", (4,)),
    Row("recovery", "recovery", "online recovery", targets=_at_most(500)),
    Row("help", "help", "--help", both=False, targets=_at_most(10)),
    Row("help-memory", "help", "--help: peak memory", unit="MB", both=False, targets=_at_most(20)),
    Row("nodes", "nodes", "nodes", both=False, targets=_at_most(60)),
    Row("nodes-memory", "nodes", "nodes: peak memory", unit="MB", both=False, targets=_at_most(20)),
    Row("setup-memory", "memory", "setup: peak memory", (2, 8, 16), unit="MB", both=False),
    Row("setup-alive", "memory", "setup: programs at once", (2, 8, 16), unit="", both=False),
    Row("setup-started", "memory", "setup: processes started", (2, 8, 16), unit=""),
)
BY_KEY = {row.key: row for row in ROWS}
GROUPS = tuple(dict.fromkeys(row.group for row in ROWS))
# With replication slots the original of Pgpool-II 4.3 fails "follow" every time: it is measured when asked for.
DEFAULT_GROUPS = tuple(group for group in GROUPS if group != "follow")


class Selection:
    """Which rows are measured at which numbers of nodes, for which side."""

    def __init__(self, groups: list[str], nodes: list[int], original_up_to: int) -> None:
        self.groups = groups
        self.chosen_nodes = nodes
        self.original_up_to = original_up_to

    def nodes_of(self, row: Row) -> list[int]:
        """The numbers asked for, or the row's own."""
        if row.group not in self.groups:
            return []
        if row.group in ("help", "nodes"):
            return [2]
        return [n for n in self.chosen_nodes or row.nodes if row.group != "follow" or n > 2]

    def all_nodes(self) -> list[int]:
        return sorted({n for row in ROWS for n in self.nodes_of(row)})

    def wants(self, group: str, nodes: int) -> bool:
        return any(nodes in self.nodes_of(row) for row in ROWS if row.group == group)

    def sides(self, nodes: int) -> tuple[str, ...]:
        return ("pgpoollab", "pgpool_setup") if nodes <= self.original_up_to else ("pgpoollab",)
