"""From settings to a run: created, resumed, refused or already finished."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from os import PathLike
from os.path import exists, samefile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import stores
from hooks.load_options import Dtype, Quantize
from stores import Ownership, changed, ledger, ownership, presence, writing
from stores.files import write_failed
from stores.paths import resolved

from ..datasets.problems import DatasetNote
from ..errors import Interrupted, PlanError, PlanMismatch
from ..prompts import PromptName
from . import asked
from .execution import (
    Execution,
    OnUnit,
    Target,
    begin,
    check_model,
    check_perturbations,
    provenance_of,
    reader_of,
    run_blocks,
)
from .plan import Plan, differences, free_bytes, make
from .settings import Keep, Settings

if TYPE_CHECKING:
    from stores import Run

    from ..readers.reader import Reader


def extract(
    model: str | PathLike[str],
    dataset: str | PathLike[str],
    *,
    out: str | PathLike[str],
    perturb: str | Sequence[str] = ("invariance",),
    sites: str | Sequence[str] = (),
    prompt: PromptName | Sequence[PromptName] | None = None,
    limit: int | None = None,
    seed: int = 0,
    keep: Keep = "pooled",
    dtype: Dtype = "auto",
    quantize: Quantize | None = None,
    double_quantization: bool = False,
    visual_tokens: int | None = None,
    plain: bool = False,
    revision: str | None = None,
    adapter: str | PathLike[str] | None = None,
    max_new_tokens: int | None = None,
    first: int | None = None,
    columns: str | Sequence[str] = (),
    dataset_revision: str | None = None,
    outside_paths: bool = False,
    max_pixels: int | None = None,
    free_answers: bool = False,
    forms: bool = False,
    keep_thumbnails: bool = False,
    end_of_turn: bool = False,
    pictures_on_device: bool = False,
    readouts: str | Sequence[str] = (),
    execution: Execution | None = None,
) -> "Run":
    """Extract a model's states and answers on a dataset under perturbations, and open the run.

    The same call on the same path resumes the run; a finished run is opened at once. Samples that could not be measured
    are in `run.failed`, each with its reason.

    Raises ValueError for a setting that cannot be, PlanMismatch if the path contains a run of another plan, PlanError
    if the plan cannot be executed, Interrupted on Ctrl-C and stores.DiskFull when the disk is full; after the last two
    the run can be resumed.
    """
    given = locals()  # every setting is an argument
    settings = Settings(**{name: given[name] for name in Settings.__dataclass_fields__})
    plan, reader = prepare(settings, used := execution or Execution())
    mend(plan, out, reader, used)
    run_plan(plan, find_target(plan, out, repair=used.repair), reader, used)
    return stores.open_run(out)


def prepare(settings: Settings, execution: Execution) -> "tuple[Plan, Reader]":
    """The plan of these settings and the reader of their model; reads the dataset's index, no weights.

    Warns DatasetNote where the dataset has other numbers of samples or images than it officially has. Raises PlanError
    where the model's weights come in another quantisation than the settings'.
    """
    from ..datasets.registry import open_dataset

    if not isinstance(execution, Execution):
        raise ValueError(f"execution {execution!r} is none. Give probe.Execution(device=..., batch_size=...).")
    dataset, problems = open_dataset(settings.dataset, settings.part)
    for note in dataset.notes:
        warnings.warn(DatasetNote(note), stacklevel=2)
    made = reader_of(settings, execution)
    if isinstance(settings.prompt, tuple):
        dataset = asked.of_prompts(dataset, settings.prompt, made.kind)
    return make(settings, dataset, problems, made), made


def mend(plan: Plan, out: str | PathLike[str], reader: "Reader", execution: Execution) -> tuple[str, ...]:
    """With `repair`, make the plan, metadata and tables of a run that are damaged again; their names.

    Raises DamagedRun where the run is of another plan or version, RunInUse while another process writes into it.
    """
    path = resolved(out)
    if not execution.repair or not path.exists():
        return ()

    def made_again() -> dict[str, Any]:
        with closing(reader.open(path)) as opened:
            model = opened.provenance
        weights = {content["report"].get("weights") for _, content in ledger.entries(path)}
        if weights - {model.get("weights_sha256"), None}:
            raise PlanError(f"{path} was made with other weights of {plan.settings.model}. Restore them (--revision).")
        return provenance_of(plan, model, execution)

    with writing(path, repair=True):
        return stores.mend(path, plan.layout, plan=plan.record, provenance=made_again)


def find_target(plan: Plan, out: str | PathLike[str], *, repair: bool = False) -> Target:
    """Whether a plan's run exists at a path, and which of its units are pending.

    Committed units whose files are missing or short are pending; with `repair` every byte of them is read, and those
    that have changed are pending too. Raises PlanMismatch if the path contains a run of another plan, ModelMismatch for
    other inputs of the model, DamagedRun where no unit brings a file back, PlanError where a file is in the way,
    ValueError for a run of another schema version.
    """
    path = resolved(out)
    there = next(each for each in (path, *path.parents) if each.exists())
    if not there.is_dir():
        raise PlanError(f"{there} is a file, where the folder of a run is needed. Choose another path.")
    stored = ledger.read_plan(path)
    if stored is None:
        return Target(path, created=False, pending=plan.units, plan_hash=plan.hash)
    if stored["hash"] != plan.hash and (found := differences(stored, respelt(plan.record, stored))):
        raise PlanMismatch(path, found)
    check_model(path, {"inputs": plan.inputs})
    check_perturbations(path, plan.conditions)
    damaged = set(presence.damage(path, exact=True))
    if repair and (record := ledger.read_record(path)) is not None:
        damaged |= changed(path, record).keys()
    pending = tuple(sorted({*ledger.missing(path, plan.layout), *damaged}))
    return Target(path, created=True, pending=pending, plan_hash=stored["hash"], damaged=tuple(sorted(damaged)))


def respelt(planned: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """A plan's record with its model and dataset spelt as another's where both are the same place."""
    old, new = stored["settings"], planned["settings"]
    same = {name: old[name] for name in ("model", "dataset") if is_same_place(old[name], new[name])}
    return {**planned, "settings": {**new, **same}}


def is_same_place(one: str, other: str) -> bool:
    """Whether two spellings of a path lead to one file or folder that exists."""
    return one == other or (exists(one) and exists(other) and samefile(one, other))


def run_plan(
    plan: Plan,
    target: Target,
    reader: "Reader",
    execution: Execution,
    on_unit: OnUnit = lambda unit: None,
    on_wait: Callable[[str], None] = lambda holder: None,
) -> None:
    """Extract the pending units of a plan. No model is loaded for a finished run.

    With `join`, blocks that other processes have claimed are left to them; `on_wait` is told of one that is just
    creating the run. Raises PlanError if the disk is too small or the run has other weights, RunInUse while another
    process writes into it, stores.RunMoved if its folder is gone at the end, Interrupted on Ctrl-C.
    """
    if not target.pending:
        ownership.tidy(target.path)
        return
    path, needed, free = target.path, plan.layout.bytes_on_disk(), free_bytes(target.path)
    if not target.created and needed > free:
        raise PlanError(
            f"the run needs {needed / 1e9:.1f} GB and {path} has {free / 1e9:.1f} GB free. Keep less "
            "(--keep pooled or answers, fewer sites), take fewer images (-n), or choose another disk."
        )
    if not execution.scheduler:  # whose workers have devices of their own
        reader.require_here()
    try:
        with writing(path, join=execution.join, on_wait=on_wait) as own:
            extract_pending(plan, again(plan, target), own, reader, execution, on_unit)
        ownership.require(path)
    except KeyboardInterrupt:
        raise Interrupted(path, len(ledger.done(path)), len(plan.units)) from None
    except OSError as error:
        raise of_writing(error, path) from error


def of_writing(error: OSError, path: Path) -> OSError:
    """The error as one of writing the run where it is one: the run's own folder refused something."""
    if isinstance(error, stores.StoreFailed):
        return write_failed(error, path, "the run", 0)
    named = error.filename if isinstance(error.filename, str) else ""
    if type(error).__module__ == "builtins" and error.errno and named and Path(named).absolute().is_relative_to(path):
        return write_failed(error, path, Path(named).name, 0)
    return error


def again(plan: Plan, target: Target) -> Target:
    """The target as it is now that the run is owned; what was found damaged before is looked at once more."""
    now = find_target(plan, target.path)
    found = {*now.damaged, *(target.damaged if now.created else ())}
    return replace(now, damaged=tuple(sorted(found)), pending=tuple(sorted({*now.pending, *found})))


def extract_pending(
    plan: Plan, target: Target, own: Ownership, reader: "Reader", execution: Execution, on_unit: OnUnit
) -> None:
    """Load the model, here or on workers, and commit the pending units."""
    if execution.scheduler or execution.workers > 1:
        from . import cluster

        cluster.run_plan(plan, target, own, execution, on_unit)
    else:
        with closing(reader.open(target.path)) as opened:
            begin(plan, target, opened.provenance, execution)
            run_blocks(plan, target, own, opened, execution, on_unit)
