"""A run on several processes or machines, which receive blocks and never arrays.

The plan is sent once. Each worker loads the model once and writes the units of its own blocks into the store, so that
no two workers share a file. With `--workers N` the processes are local, with `--scheduler tcp://…` the cluster's.
"""

import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from dask.distributed import Client, KilledWorker, LocalCluster, as_completed

from hooks import families
from stores import Ownership, Unit, ledger

from ..errors import PlanError
from ..perturbations import extension
from .execution import Execution, Target, begin, blueprint, load, run_blocks
from .plan import Plan
from .settings import Settings

if TYPE_CHECKING:
    from hooks import Model

POLL_SECONDS = 0.5

MOST_RESENDS = 100
"""How often the plan is sent again because all workers that had it have died."""


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
    with connect(execution) as client:
        provenance = client.submit(worker_provenance, plan.settings, execution, threads, pure=False).result()
        begin(plan, target, provenance, execution)

        def submit(shared: Any, of_block: Target) -> Any:
            return client.submit(run_on_worker, shared, of_block, own, execution, threads, pure=False)

        shared = client.scatter(plan, broadcast=True)
        futures = {submit(shared, of_block): of_block for of_block in by_block(target)}
        with watched(target.path, target.pending, on_unit):
            try:
                finished, resends = as_completed(futures), 0
                for future in finished:
                    try:
                        future.result()
                    except CancelledError:  # every worker that had the plan has died: it is sent once more
                        resends += 1
                        if resends > MOST_RESENDS:
                            raise
                        again = submit(client.scatter(plan, broadcast=True), futures[future])
                        futures[again] = futures.pop(future)
                        finished.add(again)
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
def connect(execution: Execution) -> Iterator[Client]:
    """A client of the given scheduler, or of local processes that end with the context."""
    if execution.scheduler:
        with Client(execution.scheduler) as client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=execution.workers,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,  # pyright: ignore[reportArgumentType]
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # any free port: nobody looks at it
            silence_logs=50,
        ) as local,
        Client(local) as client,
        ended_at_once(local),
    ):
        yield client


@contextmanager
def ended_at_once(local: Any) -> Iterator[None]:
    """Of a command that is stopped no worker finishes what it does: the units that are not committed are redone."""
    try:
        yield
    except KeyboardInterrupt:
        for nanny in local.workers.values():
            nanny.auto_restart = False
            if nanny.pid:
                with suppress(ProcessLookupError):
                    os.kill(nanny.pid, signal.SIGKILL)
        raise


@contextmanager
def watched(path: Path, pending: Collection[Unit], on_unit: Callable[[Unit], None]) -> Iterator[None]:
    """Call `on_unit` for each pending unit once its marker is there."""
    stop = threading.Event()
    waiting = set(pending)

    def report() -> None:
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
def worker_model(settings: Settings, execution: Execution) -> "Model":
    """The loaded model of this worker process."""
    return load(blueprint(settings, execution))


def worker_provenance(settings: Settings, execution: Execution, threads: int) -> dict[str, Any]:
    """Load the model on a worker and return its provenance."""
    torch.set_num_threads(threads)  # sums depend on it: every worker computes as the coordinator would
    return dict(worker_model(settings, execution).provenance)


def by_block(target: Target) -> list[Target]:
    """The target in one part for each block."""
    indices = sorted({unit.block for unit in target.pending})
    return [replace(target, pending=tuple(unit for unit in target.pending if unit.block == k)) for k in indices]


def run_on_worker(plan: Plan, target: Target, own: Ownership, execution: Execution, threads: int) -> None:
    """Extract one block's pending units on a worker."""
    torch.set_num_threads(threads)
    model = worker_model(plan.settings, execution)
    run_blocks(plan, target, own, model, execution, on_unit=lambda unit: None)
