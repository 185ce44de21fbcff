"""The report as text."""

from __future__ import annotations

from record import title

HEAD = ("row", "n", "pgpoollab", "pgpool_setup", "ratio", "target", "met", "round by round")


def table(report: dict) -> str:
    machine = report["machine"]
    lines = [
        f"pgpoollab {report['pgpoollab']} and the pgpool_setup of Pgpool-II {report['pgpool']}, {report['date']}",
        "",
        f"Machine      {machine['cores']} cores, {machine['cpu']}, {machine['memory']}; "
        f"load average at the beginning {machine['load']:.2f}",
        f"System       {machine['system']}, {machine['kernel']}",
        f"PostgreSQL   {report['postgresql']}",
        "",
        f"Medians of {report['rounds']} round{'s' if report['rounds'] > 1 else ''}, measured in turn A B A B. "
        "Ratio: the original's figure to pgpoollab's, the median of the rounds' own ratios.",
    ]
    for run in report["runs"]:
        lines += ["", *_run(run)]
    return "\n".join(lines) + "\n"


def _run(run: dict) -> list[str]:
    fsync = sorted(set(run["fsync"].values()))
    heading = f"On {run['file_system']}"
    if fsync:
        own = ", ".join(f"fsync {v} ({k})" for k, v in run["fsync"].items())
        heading += f", fsync {fsync[0]}" if len(fsync) == 1 else f", {own}"
    if not run["template_cache"]:
        heading += ". This pgpoollab kept no template: nothing was cached in any row"
    cells = [HEAD, *(_cells(row) for row in run["rows"])]
    widths = [max(len(line[i]) for line in cells) for i in range(len(HEAD))]
    lines = [heading, ""]
    for line in cells:
        aligned = (cell.ljust(w) if i in (0, 6, 7) else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths)))
        lines.append("  ".join(aligned).rstrip())
    for row in run["rows"]:
        for side in ("pgpoollab", "pgpool_setup"):
            if row[side] and row[side]["failure"]:
                lines.append(f"FAILED: {title(row)}, n={row['nodes']}, {side}, {row[side]['failure']}")
    return lines


def _cells(row: dict) -> tuple[str, ...]:
    sides = (row["pgpoollab"], row["pgpool_setup"])
    ratio = row["ratio"] and row["ratio"]["median"]
    return (
        title(row),
        str(row["nodes"]),
        *(_median(side, row["unit"]) for side in sides),
        f"{ratio:.1f}x" if ratio else "-",
        target(row),
        {True: "yes", False: "NO", None: ""}[row["met"]],
        " ".join("/".join(_values(side, i) for side in sides if side)
                 for i in range(len((sides[0] or sides[1])["values"]))),
    )


def target(row: dict) -> str:
    wanted = row["target"]
    if not wanted:
        return ""
    return f"{wanted['times']:g}x" if "times" in wanted else f"<= {wanted['at_most']:g} {row['unit']}".rstrip()


def number(value: float, unit: str) -> str:
    return f"{value:g} {unit}".rstrip() if value < 100 else f"{value:.0f} {unit}".rstrip()


def _median(side: dict | None, unit: str) -> str:
    if side is None:
        return "-"
    return "FAILED" if side["median"] is None else number(side["median"], unit)


def _values(side: dict, i: int) -> str:
    value = side["values"][i]
    return "-" if value is None else f"{value:g}" if value < 100 else f"{value:.0f}"
