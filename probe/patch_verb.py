"""`probe patch` on the command line: its options and help."""

import sys
from pathlib import Path
from typing import Any

import click

from .intervention_options import intervening, layers
from .run_paths import RUN
from .terminal import Terminal

console = Terminal()


@click.command()
@click.argument("run", type=RUN)
@layers("Layers of the language model at which states are patched.  [default: all]")
@intervening(
    pairs="Most pairs of a sample and a condition: up to a third flips, a kept answer for each, the rest random.",
    batch="Number of patches (a layer and a group of tokens) in a forward.",
)
def patch(run: Path, **options: Any) -> None:
    """Find where answers of RUN are lost: put states of perturbed views into clean ones, and the reverse.

    For each pair, at every layer of the language model and for the tokens of the image, of the question and the last
    one: how far does the margin of the clean choice go to that of the run that the state is from? Beside it the state
    of another image under the same question. Margins are read from the options' first tokens; pairs whose pictures have
    other grids are counted and left out. The pairs and the analysis `patching` are kept in RUN. The same
    command goes on after an interruption.

    \b
    probe patch runs/one --pairs 300
    """
    from .patching import command

    sys.exit(command.run(run, options, console))
