"""Blocks one after another, so that the model never waits for what threads can do beside it.

    read and perturb, encode          threads, ahead, as far as there is room
    read the model                    this thread
    assemble, check and commit        one thread, a unit behind

While the last condition of a block is read, the next block is opened. Nothing of it changes a number: views come in
order, units are committed in order.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from stores import Unit, Writer, nonfinite

from ..perturbations.condition import CLEAN
from . import readouts
from .ahead import usable_threads
from .block import Block, Read, assemble, force_clean_answers, open_block, read_states, unit_metadata, unit_report
from .freed import give_back
from .head_divergence import HeadDivergence
from .plan import Plan
from .prepared import prepared_views
from .reductions import Reducer
from .views import InvalidSizes, PreparedView, size_check

if TYPE_CHECKING:
    from ..readers.reader import OpenReader
    from .ahead import Ahead

Claimed = Iterator[tuple[int, Sequence[int]]]
"""Blocks that this process is to do, each with its pending conditions; the next is asked for when there is time."""


@dataclass(frozen=True)
class Opened:
    """A block that is ready to be read: its conditions in order, and its views under each of them in turn."""

    block: Block
    pending: Sequence[int]
    order: Sequence[int]
    views: "Ahead[PreparedView]"


@dataclass(frozen=True)
class Extraction:
    """What all blocks share."""

    plan: Plan
    reader: "OpenReader"
    writer: Writer
    batch_size: int
    invalid_sizes: InvalidSizes

    @property
    def needs_clean_answers(self) -> bool:
        """Whether a site averages over the answers to the clean images."""
        return any(site.kind.needs_clean_answer for site in self.plan.sites)

    @property
    def needs_clean(self) -> bool:
        """Whether other conditions depend on the clean images (token drift, divergence of heads, clean answers)."""
        compared = readouts.compares_clean(self.plan.settings.readouts)
        return self.needs_clean_answers or compared or any(site.has_tokens for site in self.plan.sites)


def run(
    plan: Plan,
    reader: "OpenReader",
    claimed: Claimed,
    writer: Writer,
    *,
    batch_size: int,
    processes: int,
    on_unit: Callable[[Unit], None],
) -> None:
    """Extract and commit the pending conditions of blocks, clean first.

    On resume the clean images are read again where other conditions depend on them. `processes` share this machine.
    `on_unit` is called in this thread for each unit once it is committed.
    """
    extraction = Extraction(plan, reader, writer, reader.images_at_once(batch_size), size_check(reader))
    with threads(processes) as (pool, opener, committer):
        commits = Commits(committer, on_unit)

        def open_following() -> "Future[Opened | None]":
            return opener.submit(open_next, extraction, claimed, pool)

        following = open_following()
        while (opened := following.result()) is not None:
            following = read_block(extraction, opened, commits, open_following)
            give_back()
        commits.finish()


@contextmanager
def threads(processes: int) -> Iterator[tuple[ThreadPoolExecutor, ThreadPoolExecutor, ThreadPoolExecutor]]:
    """Threads for pictures, to open a block and to commit a unit; at the end only what has begun is awaited."""
    pool = ThreadPoolExecutor(usable_threads(processes), "picture")
    opener, committer = ThreadPoolExecutor(1, "block"), ThreadPoolExecutor(1, "commit")
    try:
        yield pool, opener, committer
    finally:
        for each in (pool, opener, committer):
            each.shutdown(cancel_futures=True)


def open_next(extraction: Extraction, claimed: Claimed, pool: ThreadPoolExecutor) -> Opened | None:
    """Claim and open the next block, and begin with its views; None where there is none."""
    if (found := next(claimed, None)) is None:
        return None
    index, pending = found
    plan = extraction.plan
    order = sorted({*pending, 0} if extraction.needs_clean else pending)
    block = open_block(plan, extraction.reader, index, extraction.batch_size, extraction.invalid_sizes, pool)
    unmeasured = [CLEAN] if extraction.needs_clean_answers else []
    views = prepared_views(block, unmeasured, [plan.conditions[each] for each in order], pool)
    return Opened(block, pending, order, views)


def read_block(
    extraction: Extraction, opened: Opened, commits: "Commits", open_following: "Callable[[], Future[Opened | None]]"
) -> "Future[Opened | None]":
    """Read a block under each of its conditions and hand its units on; the next block, which is opened meanwhile."""
    block, views, reducer, heads = opened.block, opened.views, Reducer(), HeadDivergence()
    following: Future[Opened | None] | None = None
    for condition in opened.order:
        started = time.perf_counter()
        if condition == opened.order[-1]:
            following = open_following()
        named = extraction.plan.conditions[condition]
        if named == CLEAN and extraction.needs_clean_answers:
            block = force_clean_answers(block, islice(views, len(block.images)))
        states = read_states(block, islice(views, len(block.images)), reducer, heads, named)
        if condition in opened.pending:
            commits.add(extraction, block, Unit(block.index, condition), states, time.perf_counter() - started)
    assert following is not None
    return following


class Commits:
    """Commits units in a thread of its own, in order; while one is written, the next is read."""

    def __init__(self, committer: ThreadPoolExecutor, on_unit: Callable[[Unit], None]) -> None:
        self._committer = committer
        self._on_unit = on_unit
        self._last: Future[Unit] | None = None

    def add(self, extraction: Extraction, block: Block, unit: Unit, states: Read, seconds: float) -> None:
        """Commit a unit once the one before is there. Raises what kept that from being committed."""
        self.finish()
        self._last = self._committer.submit(commit, extraction, block, unit, states, seconds)

    def finish(self) -> None:
        """Wait for the last unit. Raises what kept it from being committed."""
        last, self._last = self._last, None
        if last is not None:
            self._on_unit(last.result())


def commit(extraction: Extraction, block: Block, unit: Unit, states: Read, seconds: float) -> Unit:
    """Write a unit's arrays and its marker."""
    arrays = assemble(block, unit, states)
    counted = nonfinite(extraction.plan.layout, unit, arrays)
    report = unit_report(block, unit, states, counted) | unit_metadata(extraction.reader, seconds)
    extraction.writer.commit(unit, arrays, report=report, counted=counted)
    extraction.reader.committed(unit)
    return unit
