"""`probe export`: what it writes, and what it says of that."""

import itertools
import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from .. import kept_comparison
from ..datasets.options import Options
from ..datasets.problems import DatasetNote
from ..errors import PlanError
from ..foreign_text import line
from ..info import SHOWN_FAILURES, named
from ..progress import passing
from ..terminal import say
from .files import complete, require_new

if TYPE_CHECKING:
    from stores import Run

RECORDS = "every-eval-ever"
"""The format of records of whole runs and single answers."""

TABLE = "answers"
"""The stem of the file with a row for each sample under each condition."""


def export(run: Path | None, out: Path, options: Mapping[str, Any], console: Console) -> int:
    """Write a run's table and states, or a dataset's pictures: 0, or 1 where some pictures could not be made."""
    pictures = options["pictures"]
    if (run is None) == (pictures is None):
        what = "both a RUN and --pictures DATASET are given" if run else "neither RUN nor --pictures DATASET is given"
        raise PlanError(f"{what}. Name the run whose answers are written, or the dataset whose pictures are.")
    if pictures is not None:
        if options["sites"] or options["formats"]:
            raise PlanError("--site and --format are for a RUN, and --pictures writes those of a dataset. Leave them.")
        return of_dataset(pictures, out, options, console)
    if options["perturb"]:
        raise PlanError("--perturb is for --pictures DATASET: a RUN has its conditions. Leave it out.")
    assert run is not None
    return of_run(run, out, options["formats"] or ("parquet",), options["sites"], console)


def of_run(path: Path, out: Path, formats: Sequence[str], sites: Sequence[str], console: Console) -> int:
    """Write the answers of a run in each format, and the states of each site."""
    from stores import DamagedRun, open_run, presence

    from . import every_eval_ever, rows, states, tables

    run = open_run(path)
    kept_comparison.refuse(run.plan, path)
    if run.damaged:
        raise DamagedRun(presence.describe(run.path, run.damaged))
    named_sites = {out / f"{states.canonical(run, site)[1]['slug']}.safetensors": site for site in sites}
    files = {out / f"{TABLE}.{name}": tables.FORMATS[name] for name in dict.fromkeys(formats) if name != RECORDS}
    records = every_eval_ever.paths(run, out) if RECORDS in formats else ()
    require_new(*files, *records, *named_sites)
    for file, write in files.items():
        with complete(file) as partial:
            write(partial, rows.pieces(run))
        count = run.samples.sizes["sample"]
        say(console, f"{file}: {count:,} samples under {run.conditions.sizes['condition']} conditions.")
    if records:
        _write_records(run, records, console)
    for file, site in named_sites.items():
        with complete(file) as partial:
            states.write(partial, run, site)
        say(console, f"{file}: the states of {states.canonical(run, site)[0]}.")
    return 0


def _write_records(run: "Run", paths: tuple[Path, ...], console: Console) -> None:
    """Write the records of Every Eval Ever."""
    from . import every_eval_ever, rows

    origin, (details, whole) = every_eval_ever.Origin.of(run), paths
    with complete(details) as partial:
        count = every_eval_ever.write_answers(partial, rows.pieces(run), origin)
    with complete(whole) as partial:
        record = every_eval_ever.aggregate(run, origin, details, count)
        partial.write_text(json.dumps(record, indent=1) + "\n", encoding="ascii")
    say(console, f"{whole}, {details.name}: {count:,} answers, Every Eval Ever {every_eval_ever.SCHEMA}.")


def of_dataset(dataset: str, out: Path, options: Mapping[str, Any], console: Console) -> int:
    """Write the pictures of a dataset under conditions, and the manifest that says what to ask of each."""
    from ..datasets.labels import overlay_labels
    from ..datasets.registry import open_dataset
    from ..perturbations import suites
    from . import pictures

    reading = ("limit", "first", "seed", "columns", "outside_paths", "max_pixels")
    part = Options(**{name: options[name] for name in reading}, revision=options["dataset_revision"])
    opened, problems = open_dataset(dataset, part)
    for note in opened.notes:
        warnings.warn(DatasetNote(note), stacklevel=2)
    if not opened.samples:
        raise PlanError(
            f"dataset {dataset!r} has no sample that can be asked. {problems[0].message if problems else ''}"
        )
    specs = tuple(options["perturb"]) or ("invariance",)
    conditions = suites.parse(specs, labels=overlay_labels(opened))
    made = pictures.PictureExport(opened, problems, conditions, suites.prepare(specs), specs, part.seed)
    done = pictures.begin(made, out)
    if done:
        say(console, f"Resuming {out}: {done:,} of {len(opened.images):,} images are there.")
    through = itertools.count(done + 1)
    with passing("images", console, shown=True) as advance:
        trouble = pictures.write(made, out, done, lambda: advance(next(through), len(opened.images)))
    what = f"{len(opened.images):,} images under {len(conditions)} conditions, {len(opened.samples):,} samples"
    say(console, f"{out / pictures.MANIFEST}: {what}.")
    return _report(pictures.unfinished(problems, trouble), console)


def _report(missing: Mapping[str, str], console: Console) -> int:
    if not missing:
        return 0
    say(console, f"{len(missing):,} could not be written; the others are there:", style="bold yellow")
    for name, reason in list(missing.items())[:SHOWN_FAILURES]:
        say(console, named(name, line(reason)), wrap=True)
    if len(missing) > SHOWN_FAILURES:
        say(console, f"  … and {len(missing) - SHOWN_FAILURES:,} more.")
    return 1
