"""`probe knockout` on the command line: its options and help."""

import sys
from pathlib import Path
from typing import Any

import click

from .intervention_options import intervening
from .run_paths import RUN
from .terminal import Terminal

console = Terminal()


@click.command()
@click.argument("run", type=RUN)
@click.option(
    "--window",
    type=click.IntRange(min=1),
    metavar="N",
    help="Number of layers that are cut together.  [default: a quarter of all]",
)
@click.option(
    "--queries",
    type=click.Choice(["text", "question", "last"]),
    default="text",
    show_default=True,
    help="Tokens that no longer attend to the picture: all text after it, or without the last one, or that one alone.",
)
@intervening(
    pairs="Most pairs of a sample and a condition: up to a third flips, a kept answer for each, the rest random.",
    batch="Number of cuts (a window of layers) in a forward.",
)
def knockout(run: Path, **options: Any) -> None:
    """Find the layers in which answers of RUN read the picture: cut attention from the text to it, window by window.

    For each pair, in its clean and its perturbed view: how much of the margin of the clean choice is lost where the
    text after the picture cannot attend to it in some layers, and in all? Beside it the same without random tokens of
    the text. Margins are read from the options' first tokens. The pairs and the analysis `knockout` are kept in RUN.
    The same command goes on after an interruption.

    \b
    probe knockout runs/one --window 2
    """
    from .knockout import command

    sys.exit(command.run(run, options, console))
