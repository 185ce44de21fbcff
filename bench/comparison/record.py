"""What was measured: for each row, number of nodes and side one value a round, or why there is none."""

from __future__ import annotations

import dataclasses
import statistics

from rows import BY_KEY, ROWS, Row, Selection

SIDES = ("pgpoollab", "pgpool_setup")


@dataclasses.dataclass(frozen=True)
class Value:
    number: float | None
    failure: str | None = None


class Record:
    """Values by row, nodes, side and round."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, int, str, int], Value] = {}

    def note(self, row: str, nodes: int, side: str, round_: int, value: Value) -> None:
        self._values[row, nodes, side, round_] = value

    def of(self, row: str, nodes: int, side: str, rounds: int) -> list[Value]:
        found = [self._values.get((row, nodes, side, round_)) for round_ in range(1, rounds + 1)]
        return [value or Value(None, "not measured") for value in found] if any(found) else []


def _rounded(number: float | None, unit: str) -> float | None:
    if number is None:
        return None
    return round(number, 1) if unit == "MB" or (unit == "ms" and number < 100) else round(number)


def _side(values: list[Value], unit: str) -> dict | None:
    if not values:
        return None
    numbers = [value.number for value in values]
    failures = [f"round {i}: {value.failure}" for i, value in enumerate(values, 1) if value.number is None]
    return {
        "median": None if failures else _rounded(statistics.median(numbers), unit),
        "values": [_rounded(number, unit) for number in numbers],
        "failure": failures[0] if failures else None,
    }


def _ratio(ours: list[Value], theirs: list[Value]) -> dict | None:
    """The original's number to pgpoollab's, round by round, and the median of these."""
    if not ours or not theirs:
        return None
    pairs = [t.number / o.number if o.number and t.number is not None else None for o, t in zip(ours, theirs)]
    return {
        "median": None if None in pairs else round(statistics.median(pairs), 2),
        "pairs": [None if pair is None else round(pair, 2) for pair in pairs],
    }


def summary(record: Record, selection: Selection, rounds: int) -> list[dict]:
    """The rows of the JSON, in the table's order; rows that were not measured are left out."""
    return [found for row in ROWS for nodes in selection.nodes_of(row) if (found := _row(record, row, nodes, rounds))]


def _row(record: Record, row: Row, nodes: int, rounds: int) -> dict | None:
    ours, theirs = (record.of(row.key, nodes, side, rounds) for side in SIDES)
    if not ours and not theirs:
        return None
    found = {
        "row": row.key,
        "nodes": nodes,
        "unit": row.unit,
        "pgpoollab": _side(ours, row.unit),
        "pgpool_setup": _side(theirs, row.unit),
        "ratio": _ratio(ours, theirs),
        "target": None,
        "met": None,
    }
    target = row.target(nodes)
    if target:
        found["target"] = {"at_most": target.at_most} if target.at_most is not None else {"times": target.times}
        found["met"] = target.met(
            found["pgpoollab"] and found["pgpoollab"]["median"], found["ratio"] and found["ratio"]["median"])
    return found


def title(row: dict) -> str:
    return BY_KEY[row["row"]].title
