"""`probe lens` on the command line: its options and help."""

import sys
from pathlib import Path
from typing import Any

import click

from .run_paths import RUN, LocalPath
from .terminal import Terminal

console = Terminal()


@click.command()
@click.argument("run", type=RUN)
@click.argument("image")
@click.option(
    "-c",
    "--condition",
    "conditions",
    multiple=True,
    metavar="CONDITION",
    help="Condition of RUN that is shown beside the clean picture; can be repeated: fog:severity=3.",
)
@click.option(
    "--layers",
    default="*",
    show_default=True,
    metavar="WHICH",
    help="Layers of the language model, as in a site: 0,4,-1 or 8:16. 0 is its input.",
)
@click.option(
    "--top", type=click.IntRange(1, 100), default=5, show_default=True, metavar="K", help="Number of words at a place."
)
@click.option(
    "-o",
    "--out",
    type=LocalPath(dir_okay=False),
    default=Path("lens.html"),
    show_default=True,
    metavar="PAGE",
    help="Where to write the page.",
)
@click.option("--device", default="auto", show_default=True, help="Where to run: cpu, cuda, cuda:1, …")
@click.option("--trust-remote-code", is_flag=True, help="Run the code that comes with a checkpoint. Off by default.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def lens(run: Path, **options: Any) -> None:
    """Draw over an IMAGE of RUN the words that its model is near to at each place, layer by layer.

    IMAGE is the id of an image or of a sample (`probe info RUN --samples`). The model is shown the picture again, and
    its states at the places of the picture are read by its own final norm and head, over the whole vocabulary (Neo et
    al. 2024). The page is one file and needs no network: choose a layer, and point at a place for its words.

    \b
    probe lens runs/one img_0007 -c fog:severity=3
    """
    from .lens import command

    sys.exit(command.run(run, options, console))
