"""From a plan to a run: made, resumed, refused, or found to be finished."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stores import Run, Unit, ledger, open_run

from .. import models
from ..errors import Interrupted, PlanError, PlanMismatch
from ..prompts import PromptName
from .execution import Execution, OnUnit, begin, load, load_options, run_blocks
from .plan import Plan, differences, free_bytes, make
from .settings import Keep, Settings

if TYPE_CHECKING:
    pass


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

    from ..datasets.registry import open_dataset

    dataset, problems = open_dataset(settings.dataset, limit=settings.limit)
    blueprint = hooks.blueprint(models.source(settings.model), load_options(settings, execution))
    return make(settings, dataset, problems, blueprint)


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
