"""The runs of a comparison, and which of them are pairs of a base and an aligned model."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hooks.settings import place
from stores import open_run
from stores.paths import resolved

from .. import kept_comparison
from ..closest import did_you_mean
from ..results import Evidence


@dataclass(frozen=True)
class Member:
    """One run of a comparison: its evidence, and the name under which its numbers stand."""

    name: str
    path: Path
    evidence: Evidence

    @property
    def model(self) -> dict[str, Any]:
        """What the run's provenance says of its model."""
        return self.evidence.run.provenance.get("model", {})

    @property
    def parameters(self) -> float:
        """The number of the model's parameters; nan where the run does not say it.

        Provenance counts the stored values by dtype: nf4 packs two weights into a byte, other packings are not counted.
        """
        counts, quantised = self.model.get("parameters"), self.model.get("quantization")
        if not counts or (quantised and quantised.get("method") not in ("nf4", "int8")):
            return float("nan")
        packed = 2 if quantised and quantised["method"] == "nf4" else 1
        return float(sum(count * (packed if dtype == "uint8" else 1) for dtype, count in counts.items()))


@dataclass(frozen=True)
class Pair:
    """A base model and the model that was aligned from it, by the names of their runs."""

    base: str
    aligned: str

    @property
    def name(self) -> str:
        """How the pair is called."""
        return f"{self.base} → {self.aligned}"


def open_members(paths: Sequence[Path], seed: int) -> tuple[Member, ...]:
    """Open the runs. Each is named as its folder, or as its path where two folders have one name.

    Raises ValueError for a run that is given twice and for one that is itself a comparison; what `open_run` raises.
    """
    places = [real(path) for path in paths]
    if twice := [path for path, where in zip(paths, places, strict=True) if places.count(where) > 1]:
        raise ValueError(f"{twice[0]} is given twice. Give each run once.")
    folders = [where.name for where in places]
    names = [str(path) if folders.count(name) > 1 else name for path, name in zip(paths, folders, strict=True)]
    return tuple(Member(name, path, _evidence(path, seed)) for name, path in zip(names, paths, strict=True))


def real(path: str | Path) -> Path:
    """Where a path leads: two spellings of one folder are the same. Raises ValueError for what is no path."""
    return resolved(path) if "://" in str(path) else Path(os.path.realpath(place("run", path)))


def _evidence(path: Path, seed: int) -> Evidence:
    run = open_run(path)
    kept_comparison.refuse(run.plan, path)
    if "sample" not in run.samples.dims:
        raise ValueError(f"{path} has no samples to compare. Extract with questions.")
    return Evidence(run, seed)


def pairs_of(text: str | None, members: Sequence[Member]) -> tuple[Pair, ...]:
    """The pairs that are asked for, "base=aligned,…" by paths or folder names; of two runs, the first is the base.

    Raises ValueError for what is no such text, and for a run that is not among those given.
    """
    if text is None:
        return (Pair(members[0].name, members[1].name),) if len(members) == 2 else ()
    found: list[Pair] = []
    for part in text.split(","):
        base, equals, aligned = part.partition("=")
        if not equals or not base.strip() or not aligned.strip() or "=" in aligned:
            raise ValueError(f"--pairs {part!r} is no pair. Write base=aligned, several separated by commas.")
        found.append(Pair(_named(base.strip(), members), _named(aligned.strip(), members)))
        if found[-1].base == found[-1].aligned:
            raise ValueError(f"--pairs {part!r} pairs a run with itself. Give a base and an aligned run.")
    return tuple(dict.fromkeys(found))


def _named(text: str, members: Sequence[Member]) -> str:
    for member in members:
        if text == member.name or real(text) == real(member.path):
            return member.name
    names = [member.name for member in members]
    raise ValueError(
        f"--pairs names {text!r}, which is none of the runs.{did_you_mean(text, names)} There are: {', '.join(names)}."
    )
