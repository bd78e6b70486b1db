"""The bar over a run's views begins where the run stands and ends full, whatever the sizes of its blocks."""

import io
from itertools import product

import small_run
from rich.console import Console

from probe import progress
from stores import Unit


def test_the_bar_of_a_resumed_run_ends_full() -> None:
    layout = small_run.layout(images=5, block_size=4)  # blocks of four images and of one
    conditions = len(layout.conditions)
    for pending in (
        [Unit(0, 0)],
        [Unit(1, 0), Unit(1, 2)],
        [Unit(*each) for each in product((0, 1), range(conditions))],
    ):
        console = Console(file=(shown := io.StringIO()), width=120)
        with progress.bar(layout, pending, console) as advance:
            for unit in pending:
                advance(unit)
        assert f"{5 * conditions}/{5 * conditions}" in shown.getvalue()
