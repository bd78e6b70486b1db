"""How much memory a command takes, and the runs on which the analyses are measured, larger than they may take."""

import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import large_runs

from stores.lazy_arrays import CHUNK_BYTES

LIMIT = 2**30 + 2 * CHUNK_BYTES

SIZES = {
    "pooled, small": large_runs.Size(16, conditions=32, language=(33, 4096), vision=(6, 1024)),
    "pooled": large_runs.Size(63, conditions=32, language=(33, 4096), vision=(6, 1024)),
    "tokens, small": large_runs.Size(25, conditions=32, language=(4, 1024), vision=(6, 1024), keep_tokens=True),
    "tokens": large_runs.Size(100, conditions=32, language=(4, 1024), vision=(6, 1024), keep_tokens=True),
    "answers, small": large_runs.Size(875, conditions=100, block=64),
    "answers": large_runs.Size(3500, conditions=100, block=64),
    "lens, small": large_runs.Size(875, conditions=100, block=64, lens=33),
    "lens": large_runs.Size(3500, conditions=100, block=64, lens=33),
    "segmented, small": large_runs.Size(500, conditions=32, block=64, segmented=True),
    "segmented": large_runs.Size(2000, conditions=32, block=64, segmented=True),
}

ONE = """
import resource, sys
from probe.cli import main

try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def command(analysis: str, run: Path, other: Path) -> list[str]:
    """The command of an analysis of a run; `all` are all that it allows, `compare` is against the other run."""
    of_several = {"all": ["analyze", str(run)], "compare": ["compare", str(run), str(other)]}
    return of_several.get(analysis, ["analyze", str(run), analysis])


def largest(arguments: Sequence[str]) -> tuple[int, float] | str:
    """Bytes and seconds that a command takes, of processors, not of the clock; what it says where it fails."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", ONE, *arguments], capture_output=True, text=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode:
        return (done.stderr.splitlines()[:-1] or [f"exit code {done.returncode}"])[-1]
    return 1024 * int(done.stderr.split()[-1]), seconds
