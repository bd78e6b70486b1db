"""`probe import` on the command line: its options and help."""

import sys
from pathlib import Path
from typing import Any

import click

from .execution_options import writing
from .reading_options import max_pixels
from .run_paths import RunPath
from .terminal import Terminal

console = Terminal()


@click.command(name="import")
@click.argument("logs", nargs=-1, required=True, metavar="[CONDITION=]LOG...")
@click.option("-o", "--out", type=RunPath(), required=True, metavar="RUN", help="Where to write the run.")
@click.option(
    "--dataset",
    default="log",
    show_default=True,
    metavar="NAME",
    help="Dataset whose samples were asked, as of `probe extract`; log: what the logs themselves say was asked.",
)
@click.option("--condition", default="", help="Condition of the logs that name none.  [default: the clean one]")
@click.option(
    "--clean",
    default="clean",
    show_default=True,
    metavar="NAME",
    help="What the logs call the condition that the others are compared with.",
)
@click.option("--model", default="", metavar="NAME", help="What answered.  [default: the name of the first log]")
@click.option(
    "--columns",
    multiple=True,
    metavar="OURS=THEIRS,…",
    help="Which column of a log is what: sample=id,text=said,choice=picked,condition=corruption.",
)
@click.option("--epoch", type=int, metavar="N", help="Epoch of Inspect's logs to read.  [default: each sample's first]")
@click.option("-n", "--limit", type=int, help="Of DATASET, use LIMIT images at random.")
@click.option("--first", type=int, metavar="N", help="Of DATASET, use the first N images.")
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed of the choice of images.")
@click.option("--dataset-revision", metavar="REVISION", help="Revision of the dataset on the hub.")
@click.option("--outside-paths", is_flag=True, help="Allow pictures outside of the dataset's folder.")
@max_pixels
@writing
def import_(logs: tuple[str, ...], out: Path, **options: Any) -> None:
    """Make RUN of answers that somebody has: logs of lm-eval, lmms-eval, VLMEvalKit, Inspect, or plain ones.

    A log is of one condition (fog:3=fog3.jsonl, --condition), or has a column that says it. Plain logs are JSON lines,
    JSON, CSV, TSV, Excel or Parquet with a sample, perhaps a condition, and a text, a choice or log-likelihoods.

    \b
    probe import clean=a.jsonl fog:3=b.jsonl --dataset pope -o runs/theirs
    probe import answers.csv --clean 384 --columns sample=id,condition=size,text=said -o runs/sizes
    """
    from .logs import command

    sys.exit(command.run(logs, out, options, console))
