"""The report as a picture, on a logarithmic scale.

It has a bar for pgpoollab and one for the original for each row that has a time. One SVG without scripts, fonts or
links. It brings its own background, and turns dark where the reader's system is dark, so that it can be read on any
page.
"""

from __future__ import annotations

import math
from xml.sax.saxutils import escape

from record import title
from text import target

WIDTH, LEFT, RIGHT = 880, 250, 190
LINE, BAR, TOP = 34, 11, 92
STYLE = """
  .card { fill: #ffffff; stroke: #d0d7de }
  text { font: 12px system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', sans-serif; fill: #1f2328 }
  .title { font-size: 16px; font-weight: 600 }
  .faint { fill: #656d76 }
  .place { font-size: 13px; font-weight: 600 }
  .ratio { font-weight: 600 }
  .grid { stroke: #d8dee4; stroke-width: 1 }
  .ours { fill: #1a7f37 }
  .theirs { fill: #8c959f }
  .missed { fill: #9a6700 }
  @media (prefers-color-scheme: dark) {
    .card { fill: #0d1117; stroke: #30363d }
    text { fill: #e6edf3 }
    .faint { fill: #8d96a0 }
    .grid { stroke: #21262d }
    .ours { fill: #3fb950 }
    .theirs { fill: #6e7681 }
    .missed { fill: #d29922 }
  }
"""


def _times(run: dict) -> list[dict]:
    return [row for row in run["rows"] if row["unit"] == "ms" and row["pgpoollab"] and row["pgpoollab"]["median"]]


def svg(report: dict) -> str:
    runs = [(run, rows) for run in report["runs"] if (rows := _times(run))]
    shown = [row[side]["median"] for _, rows in runs for row in rows for side in ("pgpoollab", "pgpool_setup")
             if row[side] and row[side]["median"]]
    scale = _Scale(shown or [1.0, 10.0])
    parts: list[str] = []
    y = TOP
    for run, rows in runs:
        parts += [_text(20, y + 4, f"On {run['file_system']}", "place")]
        y += 16
        parts += scale.grid(y, y + len(rows) * LINE)
        for row in rows:
            parts += _row(row, y, scale)
            y += LINE
        y += 34
    machine = report["machine"]
    parts += _head(report) + [
        _text(20, y, f"{machine['cores']} cores, {machine['cpu']}, {machine['memory']}; {machine['system']}; "
                     f"PostgreSQL {report['postgresql']}, Pgpool-II {report['pgpool']}; {report['date']}", "faint"),
    ]
    height = y + 18
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'role="img" '
        f'aria-label="pgpoollab and the original pgpool_setup: milliseconds, logarithmic">\n<style>{STYLE}</style>\n'
        f'<rect class="card" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>\n'
        + "\n".join(parts) + "\n</svg>\n")


class _Scale:
    """Milliseconds to x, logarithmic, between whole powers of ten."""

    def __init__(self, values: list[float]) -> None:
        self.low = math.floor(math.log10(min(values)))
        self.high = max(math.ceil(math.log10(max(values))), self.low + 1)

    def x(self, milliseconds: float) -> float:
        at = (math.log10(max(milliseconds, 10.0**self.low)) - self.low) / (self.high - self.low)
        return LEFT + at * (WIDTH - LEFT - RIGHT)

    def grid(self, top: float, bottom: float) -> list[str]:
        parts = []
        for power in range(self.low, self.high + 1):
            x, label = self.x(10.0**power), f"{10**power:g} ms" if power < 3 else f"{10 ** (power - 3):g} s"
            parts.append(f'<line class="grid" x1="{x:.1f}" y1="{top}" x2="{x:.1f}" y2="{bottom}"/>')
            parts.append(_text(x, bottom + 14, label, "faint", "middle"))
        return parts


def _head(report: dict) -> list[str]:
    rounds = report["rounds"]
    return [
        _text(20, 30, f"pgpoollab {report['pgpoollab']} and the original pgpool_setup", "title"),
        _text(20, 50, f"Shorter is better. Logarithmic; medians of {rounds} round{'s' if rounds > 1 else ''}, "
                      "in turn A B A B", "faint"),
        f'<rect class="ours" x="{WIDTH - 290}" y="42" width="10" height="10" rx="2"/>',
        _text(WIDTH - 275, 51, "pgpoollab"),
        f'<rect class="theirs" x="{WIDTH - 200}" y="42" width="10" height="10" rx="2"/>',
        _text(WIDTH - 185, 51, "pgpool_setup"),
        _text(WIDTH - 100, 78, "times as fast", "faint", "end"), _text(WIDTH - 20, 78, "target", "faint", "end"),
    ]


def _row(row: dict, y: float, scale: _Scale) -> list[str]:
    name = title(row) if row["row"] == "help" else f"{title(row)}, n = {row['nodes']}"
    parts = [_text(LEFT - 12, y + LINE / 2 + 4, name, anchor="end")]
    sides = [(row[side]["median"], style)
             for side, style in (("pgpoollab", "ours"), ("pgpool_setup", "theirs")) if row[side]]
    at = y + (LINE - len(sides) * (BAR + 2)) / 2
    for value, style in sides:
        if value is None:
            parts.append(_text(LEFT + 6, at + 10, "failed", "faint"))
        else:
            width = max(scale.x(value) - LEFT, 1)
            parts.append(
                f'<rect class="{style}" x="{LEFT}" y="{at:.1f}" width="{width:.1f}" height="{BAR}" rx="2"/>')
            parts.append(_text(scale.x(value) + 6, at + 10, _duration(value), "faint"))
        at += BAR + 2
    ratio = row["ratio"] and row["ratio"]["median"]
    if ratio:
        parts.append(_text(WIDTH - 100, y + LINE / 2 + 4, f"{ratio:.1f}×", "ratio", "end"))
    if row["target"]:
        mark = {True: "✓ ", False: "✗ ", None: ""}[row["met"]]
        parts.append(_text(WIDTH - 20, y + LINE / 2 + 4, mark + target(row).replace("<=", "≤").replace("x", "×"),
                           {True: "ours", False: "missed", None: "faint"}[row["met"]], "end"))
    return parts


def _duration(milliseconds: float) -> str:
    if milliseconds >= 1000:
        return f"{milliseconds / 1000:.1f} s"
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:g} ms"


def _text(x: float, y: float, words: str, style: str = "", anchor: str = "start") -> str:
    kind = f' class="{style}"' if style else ""
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text{kind} x="{x:.1f}" y="{y:.1f}"{where}>{escape(words)}</text>'
