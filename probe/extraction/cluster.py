"""A run on several processes or machines, which receive blocks and never arrays.

The plan is sent once to each worker, also to those that come later. A worker loads the model once and writes the units
of its own blocks into the store, so that no two workers share a file. With `--workers N` the processes are local, with
`--scheduler tcp://…` the cluster's.
"""

import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from dask.distributed import Client, Future, KilledWorker, LocalCluster, WorkerPlugin, as_completed, get_worker

from hooks import families
from stores import Ownership, StoreFailed, Unit, ledger

from ..errors import PlanError
from ..perturbations import extension
from .execution import Execution, Target, begin, reader_of, run_blocks
from .local_workers import LocalWorkers, local_workers
from .plan import Plan
from .settings import Settings

if TYPE_CHECKING:
    from ..readers.reader import OpenReader

POLL_SECONDS = 0.5
WAIT_SECONDS = 0.05


@dataclass(frozen=True)
class SentPlan(WorkerPlugin):
    """What the scheduler gives to every worker as it comes, so that none has to ask another for it."""

    plan: Plan


@dataclass(frozen=True)
class Connection:
    """A client of the cluster, and the local processes where they are ours."""

    client: Client
    local: LocalWorkers | None

    def start(self) -> None:
        """Start the local processes."""
        if self.local:
            self.local.start()

    def finished(self, futures: Iterable["Future[Any]"]) -> Iterator["Future[Any]"]:
        """The futures as they finish. Raises PlanError if the local processes end again and again."""
        waiting = as_completed(futures)
        while not waiting.is_empty():
            if waiting.has_ready():
                yield next(waiting)
                continue
            if self.local:
                self.local.check()
            time.sleep(WAIT_SECONDS)


def run_plan(plan: Plan, target: Target, own: Ownership, execution: Execution, on_unit: Callable[[Unit], None]) -> None:
    """Distribute the pending blocks to the workers, and report units as their markers appear.

    Raises PlanError where a perturbation or the model's family was registered in this process only, so that the workers
    do not have it.
    """
    if families.process_local(plan.model["family"]):
        raise PlanError(
            f"family {plan.model['family']!r} was added in this process, so that other workers cannot know it. Offer "
            "it through the entry-point group 'probe.families' of an installed package, or use one worker."
        )
    if unknown := extension.process_local(plan.conditions):
        raise PlanError(
            f"perturbation {', '.join(unknown)} was made in this process, so that other workers cannot know it. Offer "
            f"it through the entry-point group {extension.GROUP!r} of an installed package, or use one worker."
        )
    threads = torch.get_num_threads()
    with connect(execution) as cluster, sent(plan, cluster.client) as name:
        cluster.start()
        client, futures = cluster.client, list[Future[Any]]()
        try:
            dtype = plan.model["dtype"]
            loaded = client.submit(worker_provenance, plan.settings, execution, target.path, threads, dtype, pure=False)
            futures.append(loaded)
            for future in cluster.finished([loaded]):
                begin(plan, target, future.result(), execution)
            futures += [
                client.submit(run_on_worker, name, of_block, own, execution, threads, pure=False)
                for of_block in by_block(target)
            ]
            with watched(target.path, target.pending, on_unit):
                for future in cluster.finished(futures[1:]):
                    future.result()
        except (KilledWorker, CancelledError):
            client.cancel(futures)
            raise PlanError(
                f"several workers died on one block of {target.path}, likely for lack of memory. All committed "
                "units are safe: take fewer images at once (-b 1) or fewer workers, and rerun the same command."
            ) from None
        except BaseException:
            client.cancel(futures)
            raise


@contextmanager
def connect(execution: Execution) -> Iterator[Connection]:
    """A connection to the given scheduler, or to one of our own with local processes that end with the context."""
    if execution.scheduler:
        with Client(execution.scheduler) as client:
            yield Connection(client, None)
        return
    with (
        LocalCluster(
            n_workers=0,
            dashboard_address=None,  # pyright: ignore[reportArgumentType]
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # any free port: nobody looks at it
            protocol="tcp",
            silence_logs=50,
        ) as local,
        local_workers(str(local.scheduler_address), execution.workers) as workers,  # pyright: ignore[reportAttributeAccessIssue]
        Client(local) as client,
    ):
        yield Connection(client, workers)


@contextmanager
def sent(plan: Plan, client: Client) -> Iterator[str]:
    """The plan at every worker that there is or comes, and the name that it has there."""
    name = f"plan-{plan.hash}-{uuid.uuid4().hex}"  # two runs of one plan may share a scheduler (--join)
    with suppress(OSError):  # a worker that ends while it is sent: the scheduler has it, and gives it to all others
        client.register_plugin(SentPlan(plan), name=name)
    yield name
    with suppress(OSError):
        client.unregister_worker_plugin(name)


@contextmanager
def watched(path: Path, pending: Collection[Unit], on_unit: Callable[[Unit], None]) -> Iterator[None]:
    """Call `on_unit` for each pending unit once its marker is there."""
    stop = threading.Event()
    waiting = set(pending)

    def report() -> None:
        with suppress(StoreFailed):  # the next look may be answered
            look()

    def look() -> None:
        for unit in sorted(waiting & ledger.done(path)):
            waiting.discard(unit)
            on_unit(unit)

    def watch() -> None:
        while not stop.wait(POLL_SECONDS):
            report()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        report()


@lru_cache(maxsize=1)
def worker_reader(settings: Settings, execution: Execution, run: Path) -> "OpenReader":
    """The open reader of this worker process."""
    return reader_of(settings, execution).open(run)


def worker_provenance(settings: Settings, execution: Execution, run: Path, threads: int, dtype: str) -> dict[str, Any]:
    """Load the model on a worker and return its provenance.

    Raises PlanError where the worker computes in another data type than the plan has, which was made elsewhere.
    """
    torch.set_num_threads(threads)  # sums depend on it: every worker computes as the coordinator would
    opened = worker_reader(settings, execution, run)
    own, device = opened.reader.dtype, str(opened.provenance["device"]).partition(":")[0]
    if own != dtype:
        raise PlanError(
            f"the workers would compute in {own} on {device}; the plan, made on another machine, "
            f"stores {dtype}. Name both: --dtype {own} --device {device}."
        )
    return dict(opened.provenance)


def by_block(target: Target) -> list[Target]:
    """The target in one part for each block."""
    indices = sorted({unit.block for unit in target.pending})
    return [replace(target, pending=tuple(unit for unit in target.pending if unit.block == k)) for k in indices]


def run_on_worker(plan_name: str, target: Target, own: Ownership, execution: Execution, threads: int) -> None:
    """Extract one block's pending units on a worker."""
    torch.set_num_threads(threads)
    sent_plan = get_worker().plugins[plan_name]
    assert isinstance(sent_plan, SentPlan)
    plan = sent_plan.plan
    reader = worker_reader(plan.settings, execution, target.path)
    run_blocks(plan, target, own, reader, execution, on_unit=lambda unit: None)
