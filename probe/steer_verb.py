"""`probe steer` on the command line: its options and help."""

import sys
from pathlib import Path
from typing import Any

import click

from .intervention_options import intervening, layers
from .run_paths import RUN
from .terminal import Terminal

console = Terminal()


class Strengths(click.ParamType[tuple[float, ...]]):
    """Strengths as numbers: `0.5,1,2`."""

    name = "strengths"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, ...]:
        """Ascending, each once, with 0 among them, at which nothing may change."""
        if isinstance(value, tuple):
            return value
        try:
            found = {float(part) for part in str(value).split(",")}
        except ValueError:
            self.fail(f"{value!r} is no list of numbers. Write 0.5,1,2.", param, ctx)
        if any(abs(each) > 1e6 or each != each for each in found):
            self.fail(f"{value!r} has a strength that is no use. Write numbers such as 0.5,1,2.", param, ctx)
        return tuple(sorted(found | {0.0}))


@click.command()
@click.argument("run", type=RUN)
@layers("Layers of the language model that are steered, one at a time.  [default: three, evenly spread, and the last]")
@click.option(
    "--alpha",
    "alphas",
    type=Strengths(),
    default="0.5,1,2,4",
    show_default=True,
    metavar="A,A,…",
    help="Strengths: 1 adds the mean difference as it is. 0 is always taken too.",
)
@click.option(
    "--tokens",
    type=click.Choice(["last", "question", "image"]),
    default="last",
    show_default=True,
    help="Tokens that are steered, all by one direction.",
)
@intervening(
    pairs="Most pairs of a sample and a condition: up to half flips, the rest random; the directions are of these.",
    batch="Number of steered copies in a forward.",
)
def steer(run: Path, **options: Any) -> None:
    """Steer the views of RUN: add the mean difference of clean and perturbed states, and count what mends and breaks.

    The direction of each family is fitted on other images than the one that it steers, and added at a layer and a
    strength to perturbed views (flips mended, answers broken, accuracy) and to clean ones (accuracy). Beside it a
    random direction of the same length. Choices are read from the options' first tokens. The pairs and the analysis
    `steering` are kept in RUN. The same command goes on after an interruption.

    \b
    probe steer runs/one --layers 2-4 --alpha 1,2
    """
    from .steering import command

    sys.exit(command.run(run, options, console))
