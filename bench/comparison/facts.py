"""What the numbers depend on: the machine and the versions."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess


def machine() -> dict:
    kilobytes = int(_first(r"^MemTotal:\s*(\d+)", "/proc/meminfo") or 0)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "cpu": _first(r"^(?:model name|Model|Processor)\s*:\s*(.+)$", "/proc/cpuinfo") or platform.machine(),
        "memory": f"{kilobytes / 1048576:.0f} GB",
        "load": os.getloadavg()[0],
        "system": _first(r'^PRETTY_NAME="?([^"\n]+)', "/etc/os-release") or "unknown",
        "kernel": f"{platform.system()} {platform.release()}",
    }


def versions(pgpoollab: str, pgbin: str) -> dict:
    return {
        "date": datetime.date.today().isoformat(),
        "pgpoollab": _said(pgpoollab, "--version").split()[-1],
        "pgpool": _said("pgpool", "--version").split()[2],
        "postgresql": _said(f"{pgbin}/postgres", "-V").split()[2],
    }


def file_system(path: str) -> str:
    return _said("findmnt", "-n", "-o", "FSTYPE", "-T", path) or _said("stat", "-f", "-c", "%T", path)


def _first(pattern: str, path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            found = re.search(pattern, file.read(), re.MULTILINE)
    except OSError:
        return None
    return found[1].strip() if found else None


def _said(*argv: str) -> str:
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.strip()
