"""What the benchmarks of commands share: processor seconds of a command, and tables that say when and with what."""

import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Spent:
    """What a command took: seconds of processors and of the clock, and the largest resident memory of it [bytes]."""

    cpu: float
    wall: float
    peak: int
    code: int


def spent(command: Sequence[str], *, folder: Path | None = None, **environment: str) -> Spent:
    """Run a command to its end, its children included; what it prints is thrown away."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - begun
    return Spent(usage.ru_utime + usage.ru_stime, wall, 1024 * usage.ru_maxrss, process.returncode)


def ranged(values: Sequence[float], digits: int = 2) -> str:
    """The median with the smallest and the largest value.

    >>> ranged([0.3, 0.1, 0.2])
    '0.20 (0.10–0.30)'
    """
    return f"{median(values):,.{digits}f} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def ratios(before: Sequence[float], after: Sequence[float]) -> list[float]:
    """How many times as much was spent before, by pairs that were measured one after the other."""
    return [one / other for one, other in zip(before, after, strict=True)]


def with_what(*packages: str) -> str:
    """When, where and with which versions."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Python {platform.python_version()}, {versions}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; all columns but the first are aligned right."""
    lines = [headings, ["---", *["---:"] * (len(headings) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def keep(name: str, title: str, paragraphs: Sequence[str]) -> None:
    """Print a page and write it to `results/NAME.md`."""
    text = "\n\n".join([f"# {title}", *paragraphs]) + "\n"
    print(text)
    (RESULTS / f"{name}.md").write_text(text, "utf-8")


def probe(*arguments: str) -> list[str]:
    """A command of ours."""
    return [sys.executable, "-m", "probe", *arguments]


def code_of(checkout: Path) -> Mapping[str, str]:
    """The environment in which `probe` is that of a checkout."""
    return {"PYTHONPATH": str(checkout.resolve())}
