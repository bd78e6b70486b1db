"""Progress in a terminal: of an extraction, images times conditions with rate and time left, and of shorter work."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from stores import Layout, Unit


class RateColumn(ProgressColumn):
    """Views per second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:.1f}/s" if task.speed else "–/s", style="progress.data.speed")


@contextmanager
def bar(layout: Layout, pending: Collection[Unit], console: Console) -> Iterator[Callable[[Unit], None]]:
    """A progress bar over the run's views (an image under a condition), and the callable that moves it on.

    `pending` are the units still to do; on resume the bar starts where the run stood.
    """
    sizes = [rows.stop - rows.start for rows in map(layout.rows, range(layout.blocks))]
    total = sum(sizes) * len(layout.conditions)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console) as progress:
        there = total - sum(sizes[unit.block] for unit in pending)
        task = progress.add_task("images × conditions", total=total, completed=there)
        try:
            yield lambda unit: progress.advance(task, sizes[unit.block])
        except Exception:  # the message says enough; in a file, a bar would stand before it
            progress.update(task, visible=console.is_terminal)
            raise


@contextmanager
def passing(name: str, console: Console, *, shown: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar that goes when the work is done, and the callable that takes how much of how many is done."""
    with Progress(console=console, transient=True, disable=not shown) as progress:
        task = progress.add_task(name, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
