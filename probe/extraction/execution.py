"""Executing a plan: the options that change no number, and what a worker does."""

import shlex
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hooks import load_options, settings
from hooks.load_options import LoadOptions
from stores import Unit, Writer, create, ledger, provenance

from .. import models
from ..errors import ModelMismatch, PlanError
from ..perturbations import extension
from ..perturbations.condition import Condition
from ..sample import Dataset
from .plan import Plan, differences
from .settings import LOADING, Settings

if TYPE_CHECKING:
    from hooks import Blueprint, Model

IDENTITY = ("inputs", "attention", "code", "adapter", "generation")
"""What of a model's provenance is compared on resume, beside its weights."""

OnUnit = Callable[[Unit], None]


@dataclass(frozen=True)
class Execution:
    """How a plan is executed; none of it changes the meaning of the run. ValueError for what cannot be."""

    batch_size: int = 8
    device: str = "auto"
    workers: int = 1
    scheduler: str | None = None
    durable: bool = False
    trust_remote_code: bool = False

    def __post_init__(self) -> None:
        plain: dict[str, Any] = {
            "batch_size": settings.whole("batch size", self.batch_size, least=1),
            "device": load_options.device(self.device),
            "workers": settings.whole("workers", self.workers, least=1),
            "durable": settings.switch("durable", self.durable),
            "trust_remote_code": settings.switch("trust remote code", self.trust_remote_code),
        }
        if self.scheduler is not None:
            plain["scheduler"] = settings.text("scheduler", self.scheduler)
        for name, value in plain.items():
            object.__setattr__(self, name, value)
        if self.scheduler and self.workers > 1:
            raise ValueError(f"a scheduler has workers of its own: leave out workers {self.workers}, or the scheduler.")


@dataclass(frozen=True)
class Target:
    """Where a plan's run is written: whether it was created before, and the units that are not committed yet.

    `damaged` are those among the pending that were committed, and lost files since.
    """

    path: Path
    created: bool
    pending: tuple[Unit, ...]
    damaged: tuple[Unit, ...] = ()


def blueprint(chosen: Settings, execution: Execution) -> "Blueprint":
    """The blueprint of the settings' model; no weights are read."""
    import hooks

    return hooks.blueprint(models.source(chosen.model), loading(chosen, execution))


def loading(chosen: Settings, execution: Execution) -> LoadOptions:
    """How the model is loaded."""
    of_run = {name: getattr(chosen, name) for name in LOADING}
    return LoadOptions(**of_run, device=execution.device, trust_remote_code=execution.trust_remote_code)


def load(blueprint: "Blueprint") -> "Model":
    """Load the weights of a blueprint's model."""
    import transformers

    import hooks

    transformers.utils.logging.disable_progress_bar()  # it would run into the bar of the extraction
    return hooks.load(blueprint)


def begin(plan: Plan, target: Target, model: dict[str, Any], execution: Execution) -> None:
    """Create the store, or remove what an interruption left in it. `model` is the provenance of the model.

    Raises PlanError where the run was created with other weights, ModelMismatch for other inputs, kernels or code.
    """
    path = target.path
    if not target.created:
        create(path, plan.layout, plan=plan.record, provenance=provenance_of(plan, model, execution))
        return
    before, now = provenance(path)["model"]["weights_sha256"], model["weights_sha256"]
    if before != now:
        raise PlanError(
            f"{path} was created with other weights of {plan.settings.model} (sha256 {before[:16]}, now {now[:16]}). "
            "Restore them (--revision), or choose another path."
        )
    check_model(path, model)
    for unit in target.damaged:
        ledger.marker(path, unit).unlink(missing_ok=True)
    ledger.remove_uncommitted(path, plan.layout)


def check_perturbations(path: Path, conditions: Sequence[Condition]) -> None:
    """Raise ModelMismatch where a run was made with other functions of the perturbations that are not ours."""
    before, now = provenance(path).get("perturbations"), extension.code_of(conditions)
    if before is not None and (found := differences({"perturbations": before}, {"perturbations": now}, other="now")):
        raise ModelMismatch(path, found)


def check_model(path: Path, model: Mapping[str, Any]) -> None:
    """Raise ModelMismatch where a run was made with other inputs, attention kernels, remote code or adapter weights.

    What is not known of either (`model` may know little before it is loaded) is not compared.
    """
    before = provenance(path)["model"]
    known = [name for name in IDENTITY if name in before and name in model]
    old, new = ({name: each[name] for name in known} for each in (before, model))
    if found := differences(old, new, other="now"):
        raise ModelMismatch(path, found)


def run_blocks(
    plan: Plan, path: Path, pending: Collection[Unit], model: "Model", execution: Execution, on_unit: OnUnit
) -> None:
    """Extract the pending units, block after block, in this process."""
    from . import block

    writer = Writer(path, plan.layout, durable=execution.durable)
    for index in sorted({unit.block for unit in pending}):
        conditions = [unit.condition for unit in pending if unit.block == index]
        block.run(plan, model, index, conditions, writer, batch_size=execution.batch_size, on_unit=on_unit)


def dataset_of(dataset: Dataset) -> dict[str, Any]:
    """Where a run's samples come from: the dataset, its content, and the hub's revision where it is from there."""
    found: dict[str, Any] = {"name": dataset.name, "fingerprint": dataset.fingerprint}
    return found | ({"revision": dataset.revision} if dataset.revision else {})


def provenance_of(plan: Plan, model: dict[str, Any], execution: Execution) -> dict[str, Any]:
    """The origin of a run: model, data, code, packages, command and time."""
    return {
        "model": model,
        "dataset": dataset_of(plan.dataset),
        "perturbations": extension.code_of(plan.conditions),
        "seed": plan.settings.seed,
        "batch_size": execution.batch_size,
        **made_by(),
    }


def made_by() -> dict[str, Any]:
    """Which code makes something now, under which packages, by which command and when."""
    from .. import code

    return {
        "code": code.revision(),
        "packages": code.packages(),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
        "utc": datetime.now(UTC).isoformat(timespec="seconds"),
    }
