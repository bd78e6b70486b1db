"""From logs to a run: created, resumed, refused or already finished, by the same ledger as an extraction."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stores import Unit, Writer, create, ledger, open_run, presence, writing
from stores.paths import resolved

from ..datasets.options import Options
from ..errors import Interrupted, PlanError, PlanMismatch
from ..extraction.execution import dataset_of, made_by
from ..extraction.plan import differences
from ..extraction.run import of_writing
from . import planned, sources
from .planned import MISSING, ImportSettings, PlannedImport
from .scored import NOT_READ, Scored, scored

if TYPE_CHECKING:
    from stores import Ownership, Run

NOT_ANSWERED = "the log has no answer to it under {condition}"


def import_logs(
    logs: str | PathLike[str] | Sequence[str | PathLike[str]],
    dataset: str | PathLike[str] = "log",
    *,
    out: str | PathLike[str],
    condition: str = "",
    clean: str = "clean",
    columns: Sequence[str] = (),
    model: str = "",
    **part: Any,
) -> "Run":
    """Import logs as a run and open it; settings as of `ImportSettings`, `part` those of `datasets.options.Options`.

    Raises PlanError for logs of which nothing can be used, PlanMismatch where the path has a run of another plan.
    """
    several = (logs,) if isinstance(logs, str | PathLike) else logs
    settings = ImportSettings(
        tuple(fspath(each) for each in several),
        fspath(dataset),
        condition,
        clean,
        tuple(columns),
        model,
        Options(**part),
    )
    write(planned.plan(settings), settings, out)
    return open_run(out)


def pending(plan: PlannedImport, out: str | PathLike[str]) -> tuple[Path, tuple[Unit, ...]]:
    """Where the run is, and its units that are not there; all where there is no run yet. Raises PlanMismatch."""
    path = resolved(out)
    there = next(each for each in (path, *path.parents) if each.exists())
    if not there.is_dir():
        raise PlanError(f"{there} is a file, where the folder of a run is needed. Choose another path.")
    stored = ledger.read_plan(path)
    if stored is None:
        return path, plan.layout.units()
    if stored["hash"] != plan.record["hash"] and (found := differences(stored, plan.record)):
        raise PlanMismatch(path, found)
    damaged = presence.damage(path, exact=True)
    return path, tuple(sorted({*ledger.missing(path, plan.layout), *damaged}))


def write(
    plan: PlannedImport,
    settings: ImportSettings,
    out: str | PathLike[str],
    on_unit: Callable[[Unit], None] = lambda unit: None,
) -> None:
    """Write the units that are not there.

    Raises RunInUse while another process writes into the run, Interrupted on Ctrl-C.
    """
    path, units = pending(plan, out)
    if not units:
        return
    try:
        with writing(path) as own:
            _write(plan, settings, path, units, own, on_unit)
    except KeyboardInterrupt:
        raise Interrupted(path, len(ledger.done(path)), len(plan.layout.units())) from None
    except OSError as error:
        raise of_writing(error, path) from error


def _write(
    plan: PlannedImport,
    settings: ImportSettings,
    path: Path,
    units: Sequence[Unit],
    own: "Ownership",
    on_unit: Callable[[Unit], None],
) -> None:
    if ledger.read_record(path) is None:
        create(path, plan.layout, plan=plan.record, provenance=_provenance(plan, settings))
    for unit in units:  # of those that lost files
        ledger.marker(path, unit).unlink(missing_ok=True)
    ledger.remove_unfinished(path)
    writer = Writer(path, plan.layout, plan_hash=plan.record["hash"], permission=own.check)
    for unit in units:
        arrays, failed = unit_arrays(plan, unit)
        condition = plan.conditions[unit.condition].condition_id
        writer.commit(unit, arrays, report={"condition": condition, "failed": failed, "undefined": {}, **_when()})
        on_unit(unit)


def _when() -> dict[str, Any]:
    made = made_by()
    return {"utc": made["utc"]}


def _provenance(plan: PlannedImport, settings: ImportSettings) -> dict[str, Any]:
    files = {
        each.path.name: {
            "format": plan.gathered.formats[str(each.path)],
            "sha256": sources.digest(each.path),
            "condition": each.condition,
        }
        for each in settings.sources
    }
    return {
        "model": {"source": plan.record["settings"]["model"]},
        "dataset": dataset_of(plan.dataset),
        "logs": files,
        "left out": plan.troubles.counts,
        "seed": settings.part.seed,
        **made_by(),
    }


def unit_arrays(plan: PlannedImport, unit: Unit) -> tuple[dict[str, Any], dict[str, str]]:
    """The arrays of a unit, and the samples without a usable answer, each with the reason."""
    arrays, failed = plan.layout.blank(unit), dict[str, str]()
    name = plan.names[unit.condition]
    images = plan.dataset.images[plan.layout.rows(unit.block)]
    first = plan.layout.sample_rows(unit.block).start
    for image in images:
        for sample in plan.dataset.samples_of(image.id):
            given = plan.gathered.answers[sample.id].get(name)
            if given is None:
                failed[sample.id] = NOT_ANSWERED.format(condition=name)
                plan.troubles.add(MISSING, f"sample {sample.id!r}", failed[sample.id])
                continue
            answer = scored(given, sample)
            if answer.trouble:
                plan.troubles.add(answer.trouble, given.where, f"sample {sample.id!r}: {answer.why}")
                if answer.trouble != NOT_READ:  # a text that names no option is an answer
                    failed[sample.id] = f"{given.where}: {answer.why}"
            _fill(arrays, plan.layout.sample_index(sample.id) - first, answer)
    return arrays, failed


def _fill(arrays: Mapping[str, Any], row: int, answer: Scored) -> None:
    if "answers/choice" in arrays:
        arrays["answers/choice"][row] = answer.choice
    beside = {
        "log_likelihood": answer.log_likelihoods,
        "token_count": answer.token_counts,
        "end_of_turn": answer.end_of_turn,
    }
    for name, values in beside.items():
        if values is not None:
            arrays[f"answers/{name}"][row, : len(values)] = values
    if answer.text is not None:
        arrays["answers/text"][row] = answer.text
        arrays["answers/cut"][row] = answer.cut
