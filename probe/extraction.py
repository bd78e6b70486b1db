"""From a plan to a run: made, resumed, refused, or found to be finished."""

import shlex
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stores import Run, Unit, Writer, create, ledger, open_run, summary

from . import models
from .errors import Interrupted, PlanError, PlanMismatch
from .plan import Keep, Plan, Settings, differences, free_bytes, make
from .prompts import PromptName

if TYPE_CHECKING:
    from hooks import LoadOptions, Model

OnUnit = Callable[[Unit], None]


@dataclass(frozen=True)
class Execution:
    """How a plan is carried out; none of it changes what the run means."""

    batch_size: int = 8
    device: str = "auto"
    workers: int = 1
    scheduler: str | None = None
    durable: bool = False
    trust_remote_code: bool = False


def extract(
    model: str,
    dataset: str,
    *,
    out: str | Path,
    perturb: Sequence[str] = ("invariance",),
    sites: Sequence[str] = (),
    prompt: PromptName | None = None,
    limit: int | None = None,
    seed: int = 0,
    keep: Keep = "pooled",
    dtype: Any = "auto",
    quantize: Any = None,
    double_quantization: bool = False,
    visual_tokens: int | None = None,
    plain: bool = False,
    revision: str | None = None,
    max_new_tokens: int = 32,
    execution: Execution | None = None,
) -> Run:
    """Extract a model's states and answers on a dataset under perturbations, and open the run.

    The same call on the same path resumes what is missing; a finished run is opened at once. Samples that could not be
    measured are in `run.failed`, each with its reason; the others are there.

    Raises PlanMismatch if the path holds a run with another plan, PlanError if the plan cannot be carried out,
    Interrupted on Ctrl-C and stores.DiskFull when the disk is full; in both cases the run can be resumed.
    """
    settings = Settings(
        model=model,
        dataset=dataset,
        perturb=(perturb,) if isinstance(perturb, str) else tuple(perturb),
        sites=(sites,) if isinstance(sites, str) else tuple(sites),
        prompt=prompt,
        limit=limit,
        seed=seed,
        keep=keep,
        dtype=dtype,
        quantize=quantize,
        double_quantization=double_quantization,
        visual_tokens=visual_tokens,
        plain=plain,
        revision=revision,
        max_new_tokens=max_new_tokens,
    )
    execution = execution or Execution()
    plan = prepare(settings, execution)
    run_plan(plan, Path(out), execution)
    return open_run(out)


def prepare(settings: Settings, execution: Execution) -> Plan:
    """The plan of these settings; reads the dataset's index and the model's configuration, no weights."""
    import hooks

    from .datasets.registry import open_dataset

    dataset, problems = open_dataset(settings.dataset, limit=settings.limit)
    blueprint = hooks.blueprint(models.source(settings.model), load_options(settings, execution))
    return make(settings, dataset, problems, blueprint)


def load_options(settings: Settings, execution: Execution) -> "LoadOptions":
    """How the model is loaded."""
    from hooks import LoadOptions

    return LoadOptions(
        dtype=settings.dtype,
        device=execution.device,
        quantize=settings.quantize,
        double_quantization=settings.double_quantization,
        revision=settings.revision,
        visual_tokens=settings.visual_tokens,
        plain=settings.plain,
        trust_remote_code=execution.trust_remote_code,
    )


def pending_units(plan: Plan, path: Path) -> tuple[Unit, ...]:
    """The units that are not committed yet; all of them where there is no run.

    Raises PlanMismatch if the path holds another plan.
    """
    stored = ledger.read_plan(path)
    if stored is None:
        return plan.units
    planned = plan.identity()
    if stored["hash"] != planned["hash"]:
        raise PlanMismatch(path, differences(stored, planned))
    done = ledger.done(path)
    return tuple(unit for unit in plan.units if unit not in done)


def run_plan(plan: Plan, path: Path, execution: Execution, on_unit: OnUnit = lambda unit: None) -> None:
    """Extract what is missing of a plan. A finished run is left alone, and no model is loaded for it."""
    pending = pending_units(plan, path)
    if not pending:
        return
    fresh = ledger.read_plan(path) is None
    needed, free = plan.layout.bytes_on_disk(), free_bytes(path)
    if fresh and needed > free:
        raise PlanError(
            f"the run needs {needed / 1e9:.1f} GB and {path} has {free / 1e9:.1f} GB free. Keep less "
            "(--keep pooled or answers, fewer sites), take fewer images (-n), or choose another disk."
        )
    try:
        if execution.scheduler or execution.workers > 1:
            from . import cluster

            cluster.run_plan(plan, path, pending, execution, on_unit)
        else:
            model = load(plan.settings, execution)
            begin(plan, path, model.provenance, execution)
            run_blocks(plan, path, pending, model, execution, on_unit)
    except KeyboardInterrupt:
        raise Interrupted(path, len(plan.units) - len(pending_units(plan, path)), len(plan.units)) from None


def load(settings: Settings, execution: Execution) -> "Model":
    """Load the model of these settings."""
    import transformers

    import hooks

    transformers.utils.logging.disable_progress_bar()  # it would run into the bar of the extraction
    return hooks.load(models.source(settings.model), load_options(settings, execution))


def begin(plan: Plan, path: Path, provenance: dict[str, Any], execution: Execution) -> None:
    """Create the store, or sweep what an interruption left in it; refuse other weights than it was begun with."""
    if ledger.read_plan(path) is None:
        create(path, plan.layout, plan=plan.identity(), provenance=provenance_of(plan, provenance, execution))
        return
    begun = summary(path)["provenance"]["model"]["weights_sha256"]
    if begun != provenance["weights_sha256"]:
        raise PlanError(
            f"{path} was begun with other weights of {plan.settings.model} (sha256 {begun[:16]}, now "
            f"{provenance['weights_sha256'][:16]}). Restore them (--revision), or choose another path."
        )
    ledger.sweep(path, plan.layout)


def run_blocks(
    plan: Plan, path: Path, pending: Collection[Unit], model: "Model", execution: Execution, on_unit: OnUnit
) -> None:
    """Extract the pending units, block after block, in this process."""
    from . import block

    target = Writer(path, plan.layout, durable=execution.durable)
    for index in sorted({unit.block for unit in pending}):
        conditions = [unit.condition for unit in pending if unit.block == index]
        block.run(plan, model, index, conditions, target, batch_size=execution.batch_size, on_unit=on_unit)


def provenance_of(plan: Plan, model: dict[str, Any], execution: Execution) -> dict[str, Any]:
    """Where a run comes from: model, data, code, machine, command and time."""
    from . import code

    return {
        "model": model,
        "dataset": {"name": plan.dataset.name, "fingerprint": plan.dataset.fingerprint},
        "seed": plan.settings.seed,
        "batch_size": execution.batch_size,
        "code": code.revision(),
        "packages": code.packages(),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }
