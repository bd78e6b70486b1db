"""How a plan is carried out: the options of one machine, and what a worker does."""

import shlex
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stores import Unit, Writer, create, ledger, summary

from .. import models
from ..errors import PlanError
from .plan import Plan
from .settings import Settings

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
    ledger.remove_uncommitted(path, plan.layout)


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
    from .. import code

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
