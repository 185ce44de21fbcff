"""Two stages of bench/run.

`measure` runs in the namespace, on one file system; `render` outside, from what all of them found.

    measure                                       the environment says what is measured; the result goes to file
                                                  descriptor 4
    render RESULT ... [--json FILE] [--svg FILE]  the text goes to standard output
    check ROWS                                    are these names of rows?
"""

from __future__ import annotations

import argparse
import json
import os
import sys

import picture
import text
from rows import DEFAULT_GROUPS, GROUPS, Selection

FORMAT = 2


def groups(words: str) -> list[str]:
    asked = words.replace(",", " ").split()
    unknown = [word for word in asked if word not in (*GROUPS, "all")]
    if unknown:
        raise SystemExit(f"bench: --rows: {' '.join(unknown)}: unknown; there are {' '.join(GROUPS)}, and all")
    return list(GROUPS) if "all" in asked else asked or list(DEFAULT_GROUPS)


def measure() -> int:
    import facts
    import lab
    import original
    import phases
    import processes
    import record

    env = os.environ
    rounds = int(env["BENCH_ROUNDS"])
    selection = Selection(
        groups(env["BENCH_ROWS"]), [int(n) for n in env["BENCH_NODES"].split()], int(env["BENCH_ORIGINAL_UP_TO"]))
    program = f"{lab.HOME}/pgpoollab"
    result = {
        "format": FORMAT,
        **facts.versions(program, lab.PGBIN),
        "machine": facts.machine(),
        "rounds": rounds,
        "file_system": facts.file_system("/tmp"),
    }
    namespace = processes.Namespace()
    original.lay_out(f"{lab.HOME}/original")
    sshd = original.start_sshd(f"{lab.HOME}/ssh")
    namespace.own.add(sshd.pid)
    comparison = phases.Comparison(selection, rounds, env["BENCH_PLACE"], bool(env["BENCH_QUIET"]), namespace)
    comparison.run()
    result["template_cache"] = lab.template_is_cached()
    result["fsync"] = comparison.fsync
    result["rows"] = record.summary(comparison.record, selection, rounds)
    with os.fdopen(4, "w", encoding="utf-8") as file:
        json.dump(result, file)
    return 1 if comparison.failed else 0


def together(results: list[dict]) -> dict:
    """One report of the results from several file systems; the machine and the load are the first one's."""
    own = ("file_system", "template_cache", "fsync", "rows")
    return {
        **{k: v for k, v in results[0].items() if k not in own},
        "runs": [{k: result[k] for k in own} for result in results],
    }


def render(results: list[str], json_file: str | None, svg_file: str | None) -> int:
    found = []
    for path in results:
        with open(path, encoding="utf-8") as file:
            found.append(json.load(file))
    # A report that was written before can be drawn again.
    report = found[0] if "runs" in found[0] else together(found)
    print(text.table(report), end="")
    for path, content in ((json_file, json.dumps(report, indent=1) + "\n"), (svg_file, picture.svg(report))):
        if path:
            with open(path, "w", encoding="utf-8") as file:
                file.write(content)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="comparison")
    stages = parser.add_subparsers(dest="stage", required=True)
    stages.add_parser("measure")
    stages.add_parser("check").add_argument("rows")
    drawn = stages.add_parser("render")
    drawn.add_argument("results", nargs="+")
    drawn.add_argument("--json")
    drawn.add_argument("--svg")
    options = parser.parse_args()
    if options.stage == "measure":
        return measure()
    if options.stage == "check":
        groups(options.rows)
        return 0
    return render(options.results, options.json, options.svg)


if __name__ == "__main__":
    sys.exit(main())
