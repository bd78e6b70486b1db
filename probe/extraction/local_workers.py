"""Local worker processes of a scheduler: one that dies is started again, whenever it dies."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from ..errors import PlanError

POLL_SECONDS = 0.1
EARLY_SECONDS = 60.0
MOST_EARLY_DEATHS = 20
"""How many workers may die within EARLY_SECONDS of their start, one after the other, before the run is given up."""

END_SECONDS = 3.0

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""What a worker starts with; PyTorch's threads are set by each block, as the coordinator has them."""


Started = tuple[subprocess.Popen[bytes], float]
"""A process, and when it started."""


@dataclass
class LocalWorkers:
    """`count` worker processes of the scheduler at `address`."""

    address: str
    count: int
    failure: str = ""
    _running: list[tuple[subprocess.Popen[bytes], float]] = field(
        default_factory=list[tuple[subprocess.Popen[bytes], float]]
    )
    _early: int = 0
    _ended: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> None:
        """Start all, and a thread that starts each again that ends."""
        with self._lock:
            self._running = [self._started() for _ in range(self.count)]
        threading.Thread(target=self._watch, daemon=True).start()

    def check(self) -> None:
        """Raise PlanError if the workers were given up."""
        if self.failure:
            raise PlanError(self.failure)

    def end(self, *, at_once: bool = False) -> None:
        """Wait a moment for the processes to end, or kill them; none is started again."""
        self._ended.set()
        with self._lock:
            processes = [process for process, _ in self._running]
        limit = time.monotonic() + (0.0 if at_once else END_SECONDS)
        for process in processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, limit - time.monotonic()))
            process.kill()
            process.wait()
            if process.stdin:
                process.stdin.close()

    def _started(self) -> Started:
        command = [sys.executable, "-m", "probe.extraction.worker", self.address]
        path = os.pathsep.join(os.path.abspath(each) for each in sys.path)
        environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": path}
        return subprocess.Popen(command, stdin=subprocess.PIPE, env=environment), time.monotonic()

    def _watch(self) -> None:
        while not self._ended.wait(POLL_SECONDS) and not self.failure:
            with self._lock:
                if not self._ended.is_set():
                    self._running = [self._kept_or_started(*each) for each in self._running]

    def _kept_or_started(self, process: subprocess.Popen[bytes], since: float) -> Started:
        if process.poll() is None:
            return process, since
        self._early = self._early + 1 if time.monotonic() - since < EARLY_SECONDS else 0
        if self._early > MOST_EARLY_DEATHS:
            self.failure = (
                f"{self._early} worker processes ended within {EARLY_SECONDS:.0f} s of their start, the last with exit "
                f"code {process.returncode}. Their messages stand above; try --workers 1."
            )
            return process, since
        if process.stdin:
            process.stdin.close()
        return self._started()


@contextmanager
def local_workers(address: str, count: int) -> Iterator[LocalWorkers]:
    """Worker processes that end with the context; at once, whatever they do, where it ends with an error."""
    workers = LocalWorkers(address, count)
    try:
        yield workers
    except BaseException:  # the units that are not committed are redone
        workers.end(at_once=True)
        raise
    workers.end()
