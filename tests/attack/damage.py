"""Flip bits of a run's files, remove or cut them: each change is found and named, and a repair mends it."""

import os
import random
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import small_run
import xarray as xr

import stores
from stores import IncompleteRun, ledger

from . import forked, memory
from .outcome import Outcome

Change = Callable[[Path, random.Random], str]
"""Change a file; what was done, in words."""

REPAIRED_SHARE = 0.05


def bit_flips(count: int, seed: int) -> Outcome:
    """Flip one bit of one file, the ledger's among them; checksums find it."""
    return _attack("bit flips", _flip, count, seed, at_opening=False)


def losses(count: int, seed: int) -> Outcome:
    """Remove or cut a file; opening the run tells."""
    return _attack("deletions and truncations", _lose, count, seed, at_opening=True)


def _flip(file: Path, rng: random.Random) -> str:
    data = bytearray(file.read_bytes())
    place = rng.randrange(8 * len(data))
    data[place // 8] ^= 1 << place % 8
    file.write_bytes(data)
    return f"bit {place}"


def _lose(file: Path, rng: random.Random) -> str:
    if rng.random() < 0.5:
        file.unlink()
        return "deleted"
    length = rng.randrange(file.stat().st_size)
    os.truncate(file, length)
    return f"cut at {length}"


def _attack(name: str, change: Change, count: int, seed: int, *, at_opening: bool) -> Outcome:
    rng, failures, slowest, found, most = random.Random(seed), list[str](), 0.0, 0, 0
    folder = Path(tempfile.mkdtemp(prefix="damage-"))
    try:
        run = folder / "run"
        small_run.make(run, small_run.layout())
        result = xr.Dataset({"rate": ("family", np.array([0.5, 0.25]))})
        stores.results.write(run, "rates", result, attrs={"seed": 0})
        whole = forked.contents(run)
        files = sorted(file for file in run.rglob("*") if file.is_file() and file.stat().st_size)
        for _ in range(count):
            file = rng.choice(files)
            before, started, begun = file.read_bytes(), time.perf_counter(), memory.begin()
            said = f"{file.relative_to(run)}, {change(file, rng)}"
            wrong = _is_found(run, file, at_opening=at_opening)
            slowest, most = max(slowest, time.perf_counter() - started), max(most, grown := memory.taken_since(begun))
            if grown > memory.LARGEST:
                wrong = wrong or f"took {grown / 1e6:,.0f} MB"
            if wrong is None and rng.random() < REPAIRED_SHARE and not {"analyses", "results"} & set(file.parts):
                wrong = _repaired(run, whole)
                file.write_bytes(before) if not file.exists() else None
            if wrong is None:
                found += 1
            else:
                failures.append(f"{name}, {said}: {wrong}")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(before)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Outcome(name, count, found, 0, tuple(failures), slowest, most)


def _is_found(run: Path, file: Path, *, at_opening: bool) -> str | None:
    """Why a change of a file was not found, None where it was named."""
    name = file.relative_to(run).as_posix()
    result = name.startswith(("analyses/rates", "_ledger/results/"))
    try:
        told = _told_at_opening(run, with_result=result)
        problems = stores.verify(run)
    except (ValueError, FileNotFoundError) as error:
        named = name in str(error) or "is no run of this project" in str(error)
        return None if named and "\n" not in str(error) else f"is told as {error!r}"
    except Exception as error:  # any other kind is what is looked for
        return f"raises {error!r}"
    if name == "analyses/zarr.json" or (name.startswith("_ledger/done/") and not file.exists()):
        return None  # a unit that is not there is one to be done
    if at_opening and not any(name in each for each in [*told, *problems]):
        return "opening the run does not tell"
    return None if result or any(name in problem for problem in problems) else "is not found by its checksum"


def _told_at_opening(run: Path, *, with_result: bool) -> list[str]:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", IncompleteRun)
        opened = stores.open_run(run)
        stores.summary(run)
        if with_result and "rates" in opened.results:
            opened.result("rates")
    return [str(each.message) for each in told]


def _repaired(run: Path, whole: dict[str, bytes]) -> str | None:
    """Whether making again what changed brings the run back to its bytes."""
    plan = small_run.layout()
    try:
        with stores.writing(run, repair=True) as own:
            stores.mend(run, plan, plan=small_run.PLAN, provenance=lambda: small_run.PROVENANCE)
            record = ledger.read_record(run)
            assert record is not None
            ledger.withdraw(run, stores.changed(run, record))
            writer = stores.Writer(run, plan, permission=own.check)
            for unit in ledger.missing(run, plan):
                writer.commit(unit, small_run.payload(plan, unit), report={"code": "deadbeef"})
    except Exception as error:  # any kind is a failure of the repair
        return f"its repair raises {error!r}"
    if problems := stores.verify(run):
        return f"is not repaired: {problems[0]}"
    return None if forked.contents(run) == whole else "is repaired to other bytes"
