"""What the page is made of: runs, sections, comparisons and samples, gathered before anything is written."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from stores import IncompleteRun

from .. import foreign_text
from ..comparison import compared, kept, output
from ..comparison.registry import Study, studies
from ..results import ANALYSES, Result
from .explorer import Explorer, explorer_data
from .member import Member, member
from .sections import Section, sections


@dataclass(frozen=True)
class Content:
    """The runs, what differs between them, and why that could not be told."""

    members: tuple[Member, ...]
    compared: tuple[tuple[str, Result], ...]
    notes: tuple[str, ...]
    explorers: tuple[tuple[str, Explorer], ...]

    @property
    def title(self) -> str:
        """What the page is about."""
        return "; ".join(foreign_text.line(each.subject, longest=120) for each in self.members)

    @property
    def is_single(self) -> bool:
        """Whether the page is of one run."""
        return len(self.members) == 1

    @cached_property
    def between(self) -> tuple[Section, ...]:
        """The sections of what differs between runs."""
        return sections(self.compared)

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """The sections of the runs, side by side where there are several."""
        found = [("" if self.is_single else each.name, result) for each in self.members for result in each.results]
        order = list(ANALYSES)
        return sections(sorted(found, key=lambda each: order.index(each[1].name)))

    @property
    def samples(self) -> list[dict[str, Any]]:
        """The samples of each run, for the page's script."""
        return [explorer.to_json() for _, explorer in self.explorers]


def gather(paths: Sequence[Path], *, samples: int, seed: int, thumbnails: bool = True) -> Content:
    """Everything that the page shows of these runs.

    Raises ValueError for a run that is named twice or is none, DamagedRun where files of one are missing.
    """
    if len({path.resolve() for path in paths}) < len(paths):
        raise ValueError("one run is named twice. Name each once.")
    members = tuple(member(path, name, seed=seed) for path, name in zip(paths, _names(paths), strict=True))
    found, notes = _compared(members, seed)
    with_answers = [(each.name, each.evidence) for each in members if each.evidence is not None]
    explorers = tuple(
        (name, explorer_data(evidence, samples=samples, seed=seed, thumbnails=thumbnails, run=number, name=name))
        for number, (name, evidence) in enumerate(with_answers)
    )
    return Content(members, found, notes, explorers)


def _names(paths: Sequence[Path]) -> list[str]:
    """The folders' names; with those above them where two are the same."""
    names = [path.resolve().name for path in paths]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]


def _compared(members: Sequence[Member], seed: int) -> tuple[tuple[tuple[str, Result], ...], tuple[str, ...]]:
    """What differs between the runs, each result with its pair, and what was left out; or why nothing can be told."""
    if len(members) == 1:
        only = members[0]
        return (tuple(_of_studies(kept.read(only.path))), ()) if only.evidence is None else ((), ())
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            comparison = compared.compare([each.path for each in members], seed=seed)
            found = tuple(_of_studies(studies(comparison)))
        except ValueError as error:
            return (), (f"The runs stand side by side, and are not compared: {error}",)
    # what a run lacks is told beside it
    warned = [str(each.message) for each in told if not issubclass(each.category, IncompleteRun)]
    return found, tuple(dict.fromkeys([*output.notes(comparison), *warned]))


def _of_studies(found: Sequence[Study]) -> Iterator[tuple[str, Result]]:
    for study in found:
        yield from study.results()
