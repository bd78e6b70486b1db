"""The command line: verbs, options and help. What they do is elsewhere; what they print is in `tables`."""

import sys
from pathlib import Path
from typing import Any, get_args

import click

from . import prompts
from .answer_options import answering
from .command_line_errors import Probe, stderr, tell
from .execution_options import execution
from .export_verb import export
from .extraction.settings import Keep
from .import_verb import import_
from .knockout_verb import knockout
from .lens_verb import lens
from .loading_options import loading, loading_weights, one_of
from .patch_verb import patch
from .push_verb import push
from .reading_options import max_pixels, reading
from .run_paths import RUN, LocalPath, RunPath
from .serving_options import serving
from .steer_verb import steer
from .terminal import Terminal, say, show, write, write_json

PREVIEWED = ("common",)

console = Terminal()


@click.group(cls=Probe, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="vlm-undertow", prog_name="probe")
@click.option("--debug", is_flag=True, help="Show where an error comes from (also PROBE_DEBUG=1).")
def main(debug: bool) -> None:
    """See what moves inside a vision-language model when its answer does not.

    \b
    probe demo                                    the whole instrument on embedded data, offline
    probe extract pocket-vlm streets -o runs/one  states and answers under perturbations, resumable
    probe analyze runs/one                        drift against control, flips, margins
    probe compare runs/one runs/two               base against aligned, small against large
    probe report runs/one                         all of it on one page that can be sent
    """


@main.command()
@click.argument("model")
@click.argument("dataset")
@click.option(
    "-o", "--out", type=RunPath(), required=True, metavar="RUN", help="Folder or s3://BUCKET/NAME to write the run to."
)
@click.option(
    "-p",
    "--perturb",
    multiple=True,
    default=("invariance",),
    show_default=True,
    metavar="FAMILY|SUITE[:SEVERITIES]",
    help="Perturbations of the images; can be repeated: common:3, translation:dx=-8. See `probe list perturbations`.",
)
@click.option(
    "-s",
    "--site",
    "sites",
    multiple=True,
    metavar="SITE",
    help="Site whose activations are stored; can be repeated. See `probe list sites -m MODEL`.",
)
@click.option(
    "--prompt",
    multiple=True,
    metavar=one_of(prompts.NAMES),
    help="One prompt for all samples, instead of the default of each kind. Repeated: describe and safety are put to "
    "each image, presence to each critical class of it, others to the samples that they suit.",
)
@click.option("-n", "--limit", type=int, help="Use LIMIT images, at random but the same under the same --seed.")
@click.option("--first", type=int, metavar="N", help="Use the first N images.")
@click.option(
    "--seed",
    type=int,
    default=0,
    show_default=True,
    help="Random seed of the perturbations and of the choice of images.",
)
@reading
@click.option("-b", "--batch", type=int, default=8, show_default=True, help="Number of images in a batch.")
@click.option(
    "--keep",
    metavar=one_of(get_args(Keep)),
    default="pooled",
    show_default=True,
    help="What to store: raw tokens, pooled states and reductions of the tokens, or answers only.",
)
@answering
@click.option(
    "--keep-thumbnails",
    is_flag=True,
    help="Keep a small copy of every picture shown, for reports made without the dataset.",
)
@loading
@serving
@execution
@click.option("--dry-run", is_flag=True, help="Print the plan; load no weights and write nothing.")
@click.option(
    "--calibrate",
    type=int,
    metavar="N",
    help="With --dry-run: load the model, read N images under one condition of each family, and say how long the run "
    "will take on this machine.",
)
def extract(out: Path, dry_run: bool, calibrate: int | None, **options: Any) -> None:
    """Extract the states and answers of MODEL on DATASET into RUN.

    MODEL is an embedded model (`probe list models`), a local folder, a hub id, or api:NAME with --endpoint. DATASET is
    NAME[:PATH][@SPLIT] (`probe list datasets`), a file of your own (.jsonl, .csv, .tsv, .parquet), a folder of
    pictures, or OWNER/NAME on the hub with --columns. The same command resumes an interrupted run.
    """
    from . import runs

    sys.exit(runs.extract(out, options, dry_run=dry_run, calibrate=calibrate, console=console))


@main.command()
@click.argument("model")
@click.argument("dataset")
@click.option("-o", "--out", type=RunPath(), required=True, metavar="RUN", help="Run to add to, or to make.")
@click.option(
    "-p",
    "--perturb",
    multiple=True,
    metavar="FAMILY|SUITE[:SEVERITIES]",
    help="Perturbations of the images; can be repeated.  [default: those of RUN; driving where there is none]",
)
@click.option("-n", "--limit", type=int, help="Use LIMIT images at random.  [default: as RUN does]")
@click.option("--first", type=int, metavar="N", help="Use the first N images.  [default: as RUN does]")
@click.option("--seed", type=int, help="Random seed.  [default: that of RUN; 0 where there is none]")
@click.option(
    "--predictions",
    type=LocalPath(),
    metavar="FOLDER",
    help="Read label maps from FOLDER/CONDITION/IMAGE.png; MODEL is then the name of the model that wrote them.",
)
@click.option(
    "--ids",
    metavar=one_of(("train", "label")),
    default="train",
    show_default=True,
    help="What the numbers in these files are: Cityscapes' train ids or its label ids.",
)
@max_pixels
@click.option("--allow-lost", is_flag=True, help="Count pixels of classes that MODEL does not know as wrong.")
@click.option(
    "-b", "--batch", "batch_size", type=int, default=1, show_default=True, help="Number of images in a batch."
)
@loading_weights
@click.option("--durable", is_flag=True, help="Wait until every file is on the disk (fsync).")
@click.option("--dry-run", is_flag=True, help="Print the classes and what is to be done; load no weights.")
def segment(out: Path, dry_run: bool, **options: Any) -> None:
    """Segment the pictures of DATASET with MODEL under the conditions of RUN, and store the confusion matrices there.

    MODEL is a semantic or universal segmentation model, DATASET has label maps: streets, cityscapes, camvid.
    """
    from .segmentation import command

    sys.exit(command.segment(out, options, dry_run=dry_run, console=console))


@main.command()
@click.option(
    "-o",
    "--out",
    type=LocalPath(),
    default=Path("runs/demo"),
    show_default=True,
    metavar="DIR",
    help="Where to write the run and its report.",
)
@click.option("-n", "--images", type=click.IntRange(min=2), default=64, show_default=True, help="Number of images.")
def demo(out: Path, images: int) -> None:
    """Run everything on the embedded model and data, and show what was found."""
    from . import demo as demonstration

    sys.exit(demonstration.show(out, images=images, console=console))


@main.command()
@click.argument("model")
@loading
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def check(model: str, as_json: bool, **options: Any) -> None:
    """Check MODEL: that its sites, prompts and scores are what they should be."""
    from . import runs

    sys.exit(runs.check(model, options, as_json=as_json, console=console))


@main.command()
@click.argument("source", metavar="IMAGE|DATASET")
@click.option("-o", "--out", type=LocalPath(), required=True, metavar="SHEET", help=".png, .jpg, .webp or .pdf.")
@click.option(
    "-p",
    "--perturb",
    "specs",
    multiple=True,
    default=PREVIEWED,
    show_default=True,
    metavar="FAMILY|SUITE[:SEVERITIES]",
    help="Perturbations to show; can be repeated. See `probe list suites`.",
)
@click.option("--image", metavar="ID", help="Image of DATASET to show; the first by default.")
@click.option(
    "--size", type=click.IntRange(32, 1024), default=160, show_default=True, help="Longer side of a tile, in pixels."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed.")
@max_pixels
def preview(source: str, out: Path, **options: Any) -> None:
    """Draw IMAGE, or one image of DATASET, under every condition on one labelled sheet.

    An image of a dataset looks as it does in a run with the same suites and seed.
    """
    from . import preview as sheets

    write(console, sheets.preview(source, out, **options))


@main.command()
@click.argument("run", type=RUN)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Random seed of the control pairs and the bootstrap."
)
@click.option(
    "--csv",
    type=LocalPath(file_okay=False),
    metavar="DIR",
    help="Also write the results as .csv files into DIR.",
)
@click.option(
    "--by",
    metavar="KEY",
    help="A table for each group of samples: by kind, dataset, or what the dataset says of them, such as category.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def analyze(run: Path, names: tuple[str, ...], seed: int, csv: Path | None, by: str | None, as_json: bool) -> None:
    """Analyse RUN: all that its contents allow, or the NAMEs alone, with 95 % intervals by image.

    The results are also kept in RUN, under /analyses, where plain xarray reads them; those of groups (--by) are not.
    """
    from . import analyze as analyses

    if by is not None:
        groups = analyses.by_group(run, by, names=names, seed=seed)
        if csv is not None:
            analyses.write_groups_csv(csv, by, groups)
        if as_json:
            write_json(console, analyses.groups_to_json(run, by, groups))
        else:
            analyses.show_groups(by, groups, console)
        return
    found = analyses.of_run(run, names=names, seed=seed)
    if csv is not None:
        analyses.write_csv(csv, found)
    if as_json:
        write_json(console, analyses.to_json(run, found))
    else:
        analyses.show(found, console)
    if trouble := analyses.keep(run, found, seed=seed):
        say(stderr, trouble, style="yellow")


@main.command()
@click.argument("runs", nargs=-1, required=True, type=RUN, metavar="RUN RUN...")
@click.option(
    "--pairs",
    metavar="BASE=ALIGNED,…",
    help="Which runs are pairs, by their paths or folder names.  [default: of two runs, the first is the base]",
)
@click.option(
    "--reference",
    type=RunPath(),
    metavar="RUN",
    help="Run that all errors are measured against, one of the RUNs or another.  [default: AlexNet where its errors "
    "are known]",
)
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Random seed of the bootstrap and the permutations."
)
@click.option(
    "--csv",
    type=LocalPath(file_okay=False),
    metavar="DIR",
    help="Also write the results as .csv files into DIR.",
)
@click.option("-o", "--out", type=RunPath(), metavar="RUN", help="Keep the comparison as a run.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def compare(runs: tuple[Path, ...], **options: Any) -> None:
    """Compare RUNs: base against aligned models, small against large ones.

    On the samples and conditions that all runs share: accuracy, corruption errors, flips, drift and margins of each,
    and for each pair the differences, with 95 % intervals and permutation tests by image.
    """
    from .comparison import command

    if kept := command.run(runs, console=console, **options):
        tell(kept)


@main.command()
@click.argument("runs", nargs=-1, required=True, type=RUN, metavar="RUN...")
@click.option(
    "-o",
    "--out",
    type=LocalPath(dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    metavar="PAGE",
    help="Where to write the page.",
)
@click.option(
    "--figures",
    type=LocalPath(file_okay=False),
    metavar="DIR",
    help="Also write the figures (.svg, .pdf) and tables (.csv, .tex) for a paper into DIR.",
)
@click.option(
    "--samples",
    type=click.IntRange(min=0),
    default=400,
    show_default=True,
    help="How many pairs of a sample and a condition can be opened on the page: flips, hidden ones, the farthest, "
    "others at random.",
)
@click.option("--no-pictures", is_flag=True, help="Leave the pictures out: the page is then free of them.")
@click.option(
    "--seed", type=int, default=0, show_default=True, help="Random seed of the control pairs and the bootstrap."
)
def report(runs: tuple[Path, ...], no_pictures: bool, **options: Any) -> None:
    """Write one page on RUN: what was found, figures, tables, samples with their pictures, and how to repeat it.

    The page is one file, needs no network, and can be sent. Several RUNs stand side by side, with what differs between
    them as `probe compare` tells it.
    """
    from .report import command

    command.run(runs, pictures=not no_pictures, console=console, **options)


@main.command()
@click.argument("run", type=RUN)
@click.option("--verify", is_flag=True, help="Recompute every checksum.")
@click.option("--samples", is_flag=True, help="List the samples and their images: which ones they were.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def info(run: Path, verify: bool, samples: bool, as_json: bool) -> None:
    """Show what RUN holds, where it comes from and what is missing."""
    from . import info as shown

    if samples:
        if verify:
            raise click.UsageError("--samples lists the samples, --verify reads the files. Give one.")
        sys.exit(shown.list_samples(run, as_json=as_json, console=console))
    sys.exit(shown.info(run, verify=verify, as_json=as_json, console=console))


for verb in (import_, export, push, patch, steer, knockout, lens):
    main.add_command(verb)


@main.command(name="list")
@click.argument("what", type=click.Choice(["models", "datasets", "perturbations", "suites", "sites", "analyses"]))
@click.option("-m", "--model", default="pocket-vlm", show_default=True, help="Model whose sites to list.")
@click.option("--all", "every", is_flag=True, help="Of models, every type of the installed transformers.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def list_(what: str, model: str, every: bool, as_json: bool) -> None:
    """List what there is to choose from."""
    from . import listing

    if every and what != "models":
        raise click.UsageError(f"--all belongs to `probe list models`, not to `probe list {what}`. Leave it out.")
    what = "model types" if every else what
    rows = listing.rows(what, model)
    if as_json:
        write_json(console, rows)
    else:
        show(console, listing.table(what, rows))


@main.command()
@click.argument("run", type=RUN)
def cite(run: Path) -> None:
    """Print the BibTeX of the papers behind RUN: its perturbations, its dataset, the measures that it allows."""
    from . import citations

    write(console, citations.bibliography(run))


if __name__ == "__main__":
    main()
