"""Executing a plan: the options that change no number, and what a worker does."""

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hooks import load_options, settings
from hooks.load_options import LoadOptions
from stores import Ownership, Unit, Writer, changed, create, ledger, provenance

from ..errors import ModelMismatch, PlanError
from ..models import PREFIX
from ..perturbations import extension
from ..perturbations.condition import Condition
from ..readers.served import endpoint as addresses
from ..readers.served.endpoint import Endpoint
from ..sample import Dataset
from .plan import Plan, differences
from .settings import LOADING, Settings

if TYPE_CHECKING:
    from ..readers.reader import OpenReader, Reader

IDENTITY = ("inputs", "attention", "code", "adapter", "generation", "served")
"""What of a model's provenance is compared on resume, beside its weights."""

SWITCHES = ("durable", "trust_remote_code", "join", "repair")

OnUnit = Callable[[Unit], None]


@dataclass(frozen=True)
class Execution:
    """How a plan is executed; none of it changes the meaning of the run. ValueError for what cannot be.

    `endpoint` is the address of a served model (api:NAME), `requests` are in flight there at most, `request_timeout`
    [s] is the longest that one may take, `key_variable` the environment variable that holds the key.

    `join` takes blocks beside other processes that write into the run, each of which has the same plan. `repair` reads
    every byte of the run first, and makes what is not as it was written again.
    """

    batch_size: int = 8
    device: str = "auto"
    workers: int = 1
    scheduler: str | None = None
    durable: bool = False
    trust_remote_code: bool = False
    join: bool = False
    repair: bool = False
    endpoint: str | None = None
    requests: int = 8
    request_timeout: int = 120
    key_variable: str = "OPENAI_API_KEY"

    def __post_init__(self) -> None:
        plain: dict[str, Any] = {
            "batch_size": settings.whole("batch size", self.batch_size, least=1),
            "device": load_options.device(self.device),
            "workers": settings.whole("workers", self.workers, least=1),
            **{name: settings.switch(name.replace("_", " "), getattr(self, name)) for name in SWITCHES},
        }
        plain |= {
            "requests": settings.whole("requests", self.requests, least=1),
            "request_timeout": settings.whole("request timeout", self.request_timeout, least=1),
            "key_variable": addresses.variable(self.key_variable),
        }
        if self.endpoint is not None:
            plain["endpoint"] = addresses.checked(settings.text("endpoint", self.endpoint))
        if self.scheduler is not None:
            plain["scheduler"] = settings.text("scheduler", self.scheduler)
        for name, value in plain.items():
            object.__setattr__(self, name, value)
        if self.scheduler and self.workers > 1:
            raise ValueError(f"a scheduler has workers of its own: leave out workers {self.workers}, or the scheduler.")


@dataclass(frozen=True)
class Target:
    """Where a plan's run is written: whether it was created before, and the units that are not committed yet.

    `damaged` are those among the pending that were committed, and have lost or changed files since. `plan_hash` is that
    of the run, which two spellings of one path make differ from the plan's own.
    """

    path: Path
    created: bool
    pending: tuple[Unit, ...]
    plan_hash: str
    damaged: tuple[Unit, ...] = ()


def reader_of(chosen: Settings, execution: Execution) -> "Reader":
    """The reader of the settings' model, by its name; no weights are read and nothing is asked.

    Raises PlanError where the model's weights come in another quantisation than the settings'.
    """
    if chosen.model.startswith(PREFIX):
        return served_by(chosen.model.removeprefix(PREFIX), execution)
    from ..readers import local

    if execution.endpoint:
        raise ValueError(
            f"endpoint: {chosen.model} is loaded here. Name a served model api:NAME, or leave out --endpoint."
        )
    return local.describe(chosen.model, loading(chosen, execution))


def served_by(model: str, execution: Execution) -> "Reader":
    """The reader of a served model. ValueError where nothing says where, or for what only a model here can do."""
    from ..readers.served.served import ServedReader

    named = f"{PREFIX}{model}"
    if not model:
        raise ValueError("model 'api:' has no name. Give that of the server: api:NAME.")
    if execution.endpoint is None:
        raise ValueError(f"{named}: where is it served? Give --endpoint, such as http://localhost:8000/v1.")
    if execution.workers > 1 or execution.scheduler:
        raise ValueError(f"{named}: one process asks a server. Leave out --workers and --scheduler, raise --requests.")
    if execution.device != "auto" or execution.trust_remote_code:
        flag = "--trust-remote-code" if execution.trust_remote_code else f"--device {execution.device}"
        raise ValueError(f"{named} is loaded elsewhere, as its server chose. Leave out {flag}.")
    waits, variable = float(execution.request_timeout), execution.key_variable
    where = Endpoint(execution.endpoint, variable, execution.requests, waits, durable=execution.durable)
    return ServedReader(model, where)


def loading(chosen: Settings, execution: Execution) -> LoadOptions:
    """How the model is loaded."""
    of_run = {name: getattr(chosen, name) for name in LOADING}
    return LoadOptions(**of_run, device=execution.device, trust_remote_code=execution.trust_remote_code)


def begin(plan: Plan, target: Target, model: dict[str, Any], execution: Execution) -> None:
    """Create the store, or remove what an interruption left in it. `model` is the provenance of the model.

    Raises PlanError where the run was created with other weights, ModelMismatch for other inputs, kernels or code.
    """
    path = target.path
    if not target.created:
        made = provenance_of(plan, model, execution)
        create(path, plan.layout, plan=plan.record, provenance=made, durable=execution.durable)
        return
    before, now = provenance(path)["model"].get("weights_sha256"), model.get("weights_sha256")
    if before is not None and now is not None and before != now:
        raise PlanError(
            f"{path} was created with other weights of {plan.settings.model} (sha256 {before[:16]}, now {now[:16]}). "
            "Restore them (--revision), or choose another path."
        )
    check_model(path, model)
    ledger.remove_unfinished(path)


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
    plan: Plan, target: Target, own: Ownership, reader: "OpenReader", execution: Execution, on_unit: OnUnit
) -> None:
    """Extract the pending units of the target, block after block, in this process.

    A block that another process has claimed is left to it. Of a block that is done a second time, because a worker
    died or another process gave it up, what is committed meanwhile is not done again.
    """
    from . import stream

    writer = Writer(
        target.path, plan.layout, plan_hash=target.plan_hash, durable=execution.durable, permission=own.check
    )
    stream.run(
        plan,
        reader,
        claimed(target, own),
        writer,
        batch_size=execution.batch_size,
        processes=execution.workers,
        on_unit=on_unit,
    )


def claimed(target: Target, own: Ownership) -> Iterator[tuple[int, Sequence[int]]]:
    """The blocks of the target that nobody else has, each claimed when it is asked for, with its pending conditions."""
    for index in sorted({unit.block for unit in target.pending}):
        if not own.claim_block(index):
            continue
        withdraw_damaged(target, index)
        units = [unit for unit in target.pending if unit.block == index]
        done = ledger.committed(target.path, units)
        conditions = [unit.condition for unit in units if unit not in done]
        if conditions:
            yield index, conditions


def withdraw_damaged(target: Target, index: int) -> None:
    """Remove the markers of a block's units that are still damaged, now that the block is claimed."""
    damaged = [unit for unit in target.damaged if unit.block == index]
    record = ledger.read_record(target.path) if damaged else None
    if record is not None:
        ledger.withdraw(target.path, changed(target.path, record, damaged))


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
