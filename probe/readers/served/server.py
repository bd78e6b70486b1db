"""Asking a server: many requests at a time, each again where it brought no answer, all waiting where the server asks.

wait before try k + 1 = min(LONGEST_PAUSE, PAUSE * 2^(k - 1)) * u,   u uniform in [1/2, 1), seeded by the request
"""

import asyncio
import itertools
from collections.abc import Mapping
from random import Random
from typing import Any

from . import limits, messages, replies
from .endpoint import Endpoint, Key
from .faults import Fault, Refused, Unusable, of_status
from .limits import Pace
from .replies import Reply

PAUSE, LONGEST_PAUSE = 0.5, 60.0
"""Seconds before a second try, and at most before any."""

TRIES, TRIES_AT_FIRST = 8, 4
"""How often a question is asked before it, or the server, is given up; the first one while a user waits."""

LOOK = 0.1
"""Seconds after which a request that waits looks again whether it may go."""

PATIENCE = 900.0
"""Seconds that a server may ask to be left alone; the run stops where it asks for more."""


class Server:
    """A server under an address. Made and used in one event loop."""

    def __init__(self, endpoint: Endpoint) -> None:
        from openai import AsyncOpenAI

        self._endpoint, self._key = endpoint, Key.of(endpoint.key_variable)
        self._client = AsyncOpenAI(
            api_key=self._key.value, base_url=endpoint.url, max_retries=0, timeout=endpoint.timeout
        )
        self._slots = asyncio.Semaphore(endpoint.requests)
        self._free_at = 0.0
        self._pace = Pace()
        self._in_flight = 0
        self._tokens = 0
        self._answered = 0

    async def greet(self, common: Mapping[str, Any]) -> tuple[dict[str, Any], Reply]:
        """The settings of requests that the server takes, and its first reply.

        Raises Unusable where it takes none, or does not answer.
        """
        settings: dict[str, Any] | None = dict(common)
        while True:
            try:
                return settings, await self.ask(
                    messages.body(settings, messages.HELLO, (), 16), messages.HELLO, tries=TRIES_AT_FIRST
                )
            except Refused as refused:
                settings, last = messages.without(settings, str(refused)), refused
            if settings is None:
                raise Unusable(f"takes no question: {last}.") from None

    async def ask(self, body: Mapping[str, Any], seed: str, *, tries: int = TRIES) -> Reply:
        """The reply to a request; `seed` is that of its pauses.

        Raises Refused where this one has no answer, Unusable where none would have.
        """
        random, answered = Random(seed), self._answered
        for tried in itertools.count(1):
            try:
                reply = await self._once(body, random)
            except Fault as fault:
                if tried % tries == 0:
                    await self._give_up(body, fault, tries, others=self._answered > answered)
                    answered = self._answered
                await self._pause(fault, pause_before(1 + (tried - 1) % tries, random))
            else:
                self._answered += 1
                return reply
        raise AssertionError

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _give_up(self, body: Mapping[str, Any], fault: Fault, tries: int, *, others: bool) -> None:
        """Raise what it means that a request brought no answer so often; go on where the server has too many alone."""
        if fault.busy and others:
            return
        if not fault.busy:
            hello = messages.body({"model": body["model"]}, messages.HELLO, (), 16)
            try:
                await self._once(hello, Random(0))
                others = True
            except Refused:
                others = True  # an answer of a server that is well
            except Fault:
                others = False
        if others:
            raise Refused(f"{fault.words}, {tries} times")
        raise Unusable(f"gives no answer: {fault.words}, {tries} times.")

    async def _once(self, body: Mapping[str, Any], random: Random) -> Reply:
        async with self._slots:
            await self._free(random)
            self._in_flight += 1
            try:
                return await self._sent(body)
            finally:
                self._in_flight -= 1

    async def _sent(self, body: Mapping[str, Any]) -> Reply:
        from openai import APIConnectionError, APIStatusError, APITimeoutError

        slow = f"no answer within {self._endpoint.timeout:g} s"
        try:
            async with asyncio.timeout(self._endpoint.timeout):  # the library's own counts between two bytes
                response = await self._client.chat.completions.with_raw_response.create(**body)
        except APIStatusError as error:
            text = self._key.hidden_in(error.response.text)
            raise of_status(error.status_code, error.response.headers, text, self._endpoint.key_variable) from None
        except (TimeoutError, APITimeoutError):
            raise Fault(slow) from None
        except APIConnectionError as error:
            cause = type(error.__cause__ or error).__name__
            raise Fault(self._key.hidden_in(f"the connection broke ({cause}: {error.__cause__ or error})")) from None
        self._heed(response.headers, response.text)
        return replies.read(self._key.hidden_in(response.text))

    def _heed(self, headers: Mapping[str, str], text: str) -> None:
        """Go slower where the server says that it has few requests left."""
        self._tokens = max(self._tokens, limits.tokens_of(text))
        if (left := limits.left_of(headers, self._tokens)) is not None:
            self._pace.told(left, self._in_flight - 1, asyncio.get_running_loop().time())

    async def _free(self, random: Random) -> None:
        """Wait until the server can be asked, and a little longer, so that not all come at once."""
        clock = asyncio.get_running_loop()
        while (left := self._free_at - clock.time()) > 0:
            await asyncio.sleep(left + random.uniform(0, PAUSE))
        while (left := self._pace.wait(clock.time())) > 0:
            await asyncio.sleep(min(left, LOOK))
        self._pace.went(clock.time())

    async def _pause(self, fault: Fault, pause: float) -> None:
        """Wait before the next try; everybody does where the server has too many requests or asks for it."""
        if fault.wait is not None and fault.wait > PATIENCE:
            raise Unusable(f"asks to be left alone for {fault.wait:,.0f} s. Run the same command again then.")
        if fault.busy or fault.wait is not None:
            wait = pause if fault.wait is None else fault.wait
            self._free_at = max(self._free_at, asyncio.get_running_loop().time() + wait)
        else:
            await asyncio.sleep(pause)


def pause_before(tried: int, random: Random) -> float:
    """Seconds before another try, after so many.

    >>> [round(pause_before(tried, Random(0)), 2) for tried in (1, 2, 20)]
    [0.46, 0.92, 55.33]
    """
    return min(LONGEST_PAUSE, PAUSE * 2 ** (tried - 1)) * random.uniform(0.5, 1.0)
