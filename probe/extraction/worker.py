"""One local worker process: `python -m probe.extraction.worker ADDRESS`. It lives no longer than its parent."""

import asyncio
import logging
import os
import signal
import sys
import threading

from dask.distributed import Worker


def main(address: str) -> None:
    """Work for the scheduler at `address` until it or the parent ends; the parent's end closes standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent too, which ends its workers
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    asyncio.run(_work(address))


async def _work(address: str) -> None:
    async with Worker(address, nthreads=1, memory_limit=0, dashboard=False, silence_logs=logging.CRITICAL) as worker:
        await worker.finished()


def _end_with_the_parent() -> None:
    os.read(0, 1)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
