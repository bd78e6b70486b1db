"""`probe export` on the command line: its options and help."""

import sys
from pathlib import Path
from typing import Any

import click

from .reading_options import reading
from .run_paths import RUN
from .terminal import Terminal

console = Terminal()


@click.command()
@click.argument("run", required=False, type=RUN)
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="Where to write.",
)
@click.option(
    "--format",
    "formats",
    multiple=True,
    type=click.Choice(["parquet", "csv", "jsonl", "every-eval-ever"]),
    help="Format of the answers: a table, or records of Every Eval Ever; can be repeated.  [default: parquet]",
)
@click.option(
    "-s",
    "--site",
    "sites",
    multiple=True,
    metavar="SITE",
    help="Site of RUN whose states are written too, as safetensors; can be repeated.",
)
@click.option(
    "--pictures", metavar="DATASET", help="Write the pictures of DATASET under conditions, for any other system."
)
@click.option(
    "-p",
    "--perturb",
    multiple=True,
    metavar="FAMILY|SUITE[:SEVERITIES]",
    help="With --pictures: perturbations of the images; can be repeated.  [default: invariance]",
)
@click.option("-n", "--limit", type=int, help="With --pictures: use LIMIT images, at random.")
@click.option("--first", type=int, metavar="N", help="With --pictures: use the first N images.")
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed, as of `probe extract`.")
@reading
def export(run: Path | None, out: Path, **options: Any) -> None:
    """Write the answers and states of RUN, or the perturbed pictures of a dataset, in formats that others read.

    \b
    probe export runs/one -o out                    out/answers.parquet: a row for each sample under each condition
    probe export --pictures streets -p driving -o p  p/pictures/…png and p/manifest.jsonl: what to show and to ask

    The pictures are those that `probe extract` shows under the same perturbations and seed. The same command resumes.
    """
    from .export import command

    sys.exit(command.export(run, out, options, console))
