"""An event loop in a thread of its own: requests are made also where another loop runs, as in a notebook."""

import asyncio
from collections.abc import Coroutine
from threading import Thread
from typing import Any, TypeVar

Made = TypeVar("Made")


class Loop:
    """A loop that runs until it is closed."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="requests", daemon=True)
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, Made]) -> Made:
        """What a coroutine returns or raises; it is called off where the wait is interrupted."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Call off what is under way, and end the thread."""
        self.run(_call_off())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _call_off() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
