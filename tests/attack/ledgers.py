"""Attack a run's plan and markers: flipped bits, cuts, other values with a right checksum, and what is no file at all.

A changed plan must be refused in words. A changed marker must make its unit one that is not committed, said by name;
only what no reader relies on (where and when it was made) may be another value where the checksum is right.
"""

import json
import os
import random
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import small_run

import stores
from stores import DamagedRun, IncompleteRun, Unit, ledger, sealed

from . import memory
from .outcome import Outcome

SLOW_SECONDS = 5.0

VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3, 10**12, 10**30, 1.5, -0.0, "", "x", "../../etc/passwd", "/dev/zero", "\0", "\ud800",
    "b00000-c0002", [], [1], ["x"], [[]], {}, {"a": 1}, {"size": 1, "crc32": 1}, {"size": 10**12, "crc32c": 0},
)  # fmt: skip
FREE = {"host", "time", "report"}
"""Entries of a marker that may hold anything that is written there: no reader relies on them."""


@dataclass
class Tally:
    """What came of the changes so far."""

    refused: int = 0
    accepted: int = 0
    failures: list[str] = field(default_factory=list)
    slowest: float = 0.0
    most: int = 0

    def outcome(self, name: str) -> Outcome:
        """All of it."""
        tried = self.refused + self.accepted + len(self.failures)
        return Outcome(name, tried, self.refused, self.accepted, tuple(self.failures), self.slowest, self.most)


def plans(count: int, seed: int) -> Outcome:
    """Change plan.json `count` times, each time in another way."""
    tally, rng = Tally(), random.Random(seed)
    with _run() as run:
        file = run / "_ledger" / "plan.json"
        whole, original = file.read_bytes(), sealed.read(file)
        for _ in range(count):
            what, data = _changed(whole, original, rng, with_hash=rng.random() < 0.5)
            with _in_place_of(file, data, rng) as really:
                _try(tally, what, lambda: _read_plan(run, original), harmless=not really)
    return tally.outcome("plan.json")


def markers(count: int, seed: int) -> Outcome:
    """Change the marker of one unit `count` times, each time in another way."""
    tally, rng = Tally(), random.Random(seed)
    unit = Unit(1, 2)
    with _run() as run:
        file = ledger.marker(run, unit)
        whole, original = file.read_bytes(), sealed.read(file)
        for _ in range(count):
            what, data = _changed(whole, original, rng, with_hash=False)
            with _in_place_of(file, data, rng) as really:
                _try(tally, what, lambda: _read_marker(run, unit, original), harmless=not really)
    return tally.outcome("markers")


def _read_plan(run: Path, original: dict[str, Any]) -> bool:
    """Whether a run is read with its plan as it was; ValueError where it is refused."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", IncompleteRun)
        opened = stores.open_run(run)
    stores.summary(run)
    if told or stores.verify(run):
        raise ValueError("units that are not committed")
    return {**opened.record} == {name: value for name, value in original.items() if name != "crc32"}


def _read_marker(run: Path, unit: Unit, original: dict[str, Any]) -> bool:
    """Whether a run is read with the marker as it was, but for what may be anything; ValueError where it is refused."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", IncompleteRun)
        opened = stores.open_run(run)
    stores.summary(run)
    problems = stores.verify(run)
    if unit not in opened.committed:
        name = ledger.marker_name(unit)
        files = (name, *original["files"])  # the file that has another size than the marker says is named too
        if not all(any(file in line for line in lines for file in files) for lines in (map(str, told), problems)):
            raise AssertionError(f"{name} is not named in {[str(each.message) for each in told]}, {problems}")
        raise ValueError("an uncommitted unit")
    now = ledger.entry(run, unit)
    same = {name: value for name, value in original.items() if name not in FREE}
    return {name: value for name, value in now.items() if name in same} == same or bool(problems)


def _try(tally: Tally, what: str, read: Callable[[], bool], *, harmless: bool) -> None:
    started, begun = time.perf_counter(), memory.begin()
    try:
        as_it_was = read()
    except (ValueError, FileNotFoundError, DamagedRun) as error:
        if "\n" in str(error) or harmless:
            tally.failures.append(f"{what}: {error!r}")
        else:
            tally.refused += 1
    except Exception as error:  # any other kind is what is looked for
        tally.failures.append(f"{what}: {error!r}")
    else:
        if as_it_was:
            tally.accepted += 1
        else:
            tally.failures.append(f"{what}: accepted")
    seconds = time.perf_counter() - started
    grown = memory.taken_since(begun)
    tally.slowest, tally.most = max(tally.slowest, seconds), max(tally.most, grown)
    if seconds > SLOW_SECONDS:
        tally.failures.append(f"{what}: took {seconds:.1f} s")
    if grown > memory.LARGEST:
        tally.failures.append(f"{what}: took {grown / 1e6:,.0f} MB")


def _changed(
    whole: bytes, original: dict[str, Any], rng: random.Random, *, with_hash: bool
) -> tuple[str, bytes | None]:
    """A change in words, and the bytes that are then there; None for what is no file."""
    kind = rng.choice(("bit", "bit", "cut", "value", "value", "value", "value", "key", "bytes", "nested", "no file"))
    match kind:
        case "bit":
            place = rng.randrange(8 * len(whole))
            data = bytearray(whole)
            data[place // 8] ^= 1 << place % 8
            return f"bit {place}", bytes(data)
        case "cut":
            length = rng.randrange(len(whole))
            return f"cut at {length}", whole[:length]
        case "bytes":
            return "other bytes", rng.choice((b"", b"null", b"[]", b"{}", b"\xff\xfe", b"\0" * 99, rng.randbytes(99)))
        case "nested":
            return "nested", b"[" * 100_000
        case "no file":
            return "no file", None
        case _:
            content = json.loads(json.dumps(original))
            place = _change_value(content, rng, delete=kind == "key")
            if with_hash and isinstance(content.get("plan"), dict):
                content["plan"] = stores.hashed(content["plan"])
            return f"{kind} of {place}", _resealed(content)


def _resealed(content: Any) -> bytes:
    try:
        return sealed.seal(content)
    except ValueError:
        return b"{}"


def _change_value(content: dict[str, Any], rng: random.Random, *, delete: bool) -> str:
    """Change, remove or add a value somewhere in a nest of objects and lists; where it was."""
    place: Any = content
    said: list[str] = []
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = rng.choice(keys)
        said.append(str(key))
        inner = place[key]
        if isinstance(inner, dict | list) and inner and rng.random() < 0.7:
            place = inner
            continue
        if delete:
            del place[key]
        elif isinstance(place, dict) and rng.random() < 0.1:
            place[rng.choice(("x", "../x", ""))] = rng.choice(VALUES)
        else:
            place[key] = rng.choice(VALUES)
        break
    return ".".join(said)


@contextmanager
def _in_place_of(file: Path, data: bytes | None, rng: random.Random) -> Iterator[bool]:
    """Put bytes, or a pipe, a folder or a link, in the place of a file for a while; whether that changes anything."""
    away = file.with_suffix(".away")
    file.rename(away)
    try:
        if data is not None:
            file.write_bytes(data)
        else:
            kind = rng.choice(("pipe", "folder", "zero", "itself", "nothing"))
            if kind == "pipe":
                os.mkfifo(file)
            elif kind == "folder":
                file.mkdir()
            else:
                file.symlink_to({"zero": "/dev/zero", "itself": file, "nothing": "/nowhere"}[kind])
        yield data is None or data != away.read_bytes()
    finally:
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
        away.rename(file)


@contextmanager
def _run() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ledger-"))
    try:
        small_run.make(folder / "run", small_run.layout())
        yield folder / "run"
    finally:
        shutil.rmtree(folder, ignore_errors=True)
