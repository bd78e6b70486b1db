"""The reader of a model behind an address, for what of a run needs no states."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NoReturn

from stores import Unit

from ... import prompts
from ...errors import PlanError
from ...models import PREFIX
from ...sample import Dataset, Sample
from ..asking import GENERATIVE, Asking
from ..reader import Attention, Encoded, Grid, Place, Sizes
from . import messages, sent
from .endpoint import Endpoint
from .faults import Refused, Unusable
from .journal import Journal
from .loop import Loop
from .messages import Seen
from .option_scores import answer
from .replies import Reply
from .server import Server

if TYPE_CHECKING:
    from hooks import Question, Reading, Site, Tower, View

_ELSEWHERE = "is loaded elsewhere, as its server chose"

CANNOT: Mapping[str, str] = MappingProxyType(
    {
        "forms": "is scored by the tokens that its server names, all forms of an option together",
        "end_of_turn": "has no scores of the end of its turn",
        **dict.fromkeys(
            ("dtype", "quantize", "double_quantization", "visual_tokens", "plain", "revision", "adapter"), _ELSEWHERE
        ),
        "pictures_on_device": _ELSEWHERE,
    }
)

TOKENS = 32
"""The maximum number of tokens of an answer where a question names none."""


@dataclass(frozen=True)
class ServedReader:
    """A model by the name that its server knows, and where the server is."""

    model: str
    endpoint: Endpoint

    kind: Asking = GENERATIVE
    cannot: Mapping[str, str] = field(default_factory=lambda: CANNOT)
    without_picture: str = ""
    without_other_dtype: str = ""
    towers: "Mapping[str, Tower]" = field(default_factory=dict[str, "Tower"])
    attention: Attention = field(default_factory=Attention)
    default_sites: Sequence[str] = ()
    dtype: str = "float32"
    resizes: bool = False
    sees: bool = True
    scores: bool = False

    @property
    def name(self) -> str:
        return f"{PREFIX}{self.model}"

    def identity(self) -> dict[str, Any]:
        return {"family": "served", "kind": "generative", "dtype": "unknown", "name": self.model}

    def inputs(self) -> dict[str, Any]:
        return {"pictures": "PNG as data URLs, before the text"}

    def prompt_text(self, sample: Sample, prompt: prompts.PromptName | None, *, pictures: int) -> str:
        return prompts.render(sample, prompt)

    def grids(self, sizes: Sizes) -> Mapping[str, Sequence[Grid]]:
        """None are known, and so no pictures are refused before they are sent."""
        return {}

    def effort(self, dataset: Dataset, conditions: int) -> dict[str, str]:
        return sent.rows(dataset, conditions, self.endpoint.requests)

    def require_here(self) -> None:
        if find_spec("openai") is None:
            raise PlanError(f"{self.name} is asked through the package openai. Install it: 'vlm-undertow[api]'.")

    def open(self, run: Path) -> "OpenServedReader":
        self.require_here()
        loop = Loop()
        server = loop.run(connected(self.endpoint))
        try:
            common, reply = loop.run(server.greet(messages.usual(self.model)))
        except BaseException as error:
            hang_up(loop, server)
            if isinstance(error, Unusable):
                raise PlanError(f"{self.name}: the server {error}") from None
            raise
        return OpenServedReader(self, loop, server, common, reply, Journal(run, durable=self.endpoint.durable))


async def connected(endpoint: Endpoint) -> Server:
    """A server, in the loop that it is asked in."""
    return Server(endpoint)


def hang_up(loop: Loop, server: Server) -> None:
    """Close the connections and their loop; what is under way there is called off."""
    try:
        loop.run(server.close())
    finally:
        loop.close()


def stop(reader: ServedReader, error: Unusable) -> NoReturn:
    """Raise PlanError with what keeps a server from answering."""
    raise PlanError(
        f"{reader.name}: the server {error}\nAnswers that came are kept: the same command goes on with the others."
    ) from None


@dataclass(frozen=True)
class OpenServedReader:
    """A server that has answered once: `common` are the settings of requests that it takes, `first` what it said."""

    reader: ServedReader
    loop: Loop
    server: Server
    common: Mapping[str, Any]
    first: Reply
    journal: Journal

    @property
    def provenance(self) -> dict[str, Any]:
        """Its revision and weights cannot be known: only what the server says of itself."""
        from importlib.metadata import version

        settings = {name: value for name, value in self.common.items() if name != "model"}
        return {
            "source": self.reader.name,
            "family": "served",
            "served": {"model": self.first.model, "log_probabilities": bool(self.first.top)},
            "endpoint": self.reader.endpoint.url,
            "system_fingerprint": self.first.fingerprint or None,
            "inputs": self.reader.inputs(),
            "generation": settings,
            "dtype": "unknown",
            "device": "elsewhere",
            "revision": None,
            "versions": {"openai": version("openai")},
        }

    def images_at_once(self, batch_size: int) -> int:
        """All of a block: how many requests are in flight is limited by itself."""
        return max(batch_size, self.reader.endpoint.requests)

    def check(self, question: "Question") -> None:
        """Every text can be sent."""

    def encode(self, view: "View", place: Place) -> Seen:
        return Seen(tuple(map(messages.png, view.pictures)), view.questions, place)

    def read(self, views: Sequence[Encoded], sites: "Sequence[Site]", **request: Any) -> "list[Reading]":
        from hooks import Reading

        seen = [view for view in views if isinstance(view, Seen)]  # which are all its own
        try:
            replies = self.loop.run(self._answered(seen))
        except Unusable as error:
            stop(self.reader, error)
        each = iter(replies)
        return [Reading({}, tuple(answer(question, next(each)) for question in view.questions)) for view in seen]

    def committed(self, unit: Unit) -> None:
        self.journal.remove(unit)

    def close(self) -> None:
        """Close the connections, and call off what is under way."""
        hang_up(self.loop, self.server)

    async def _answered(self, seen: Sequence[Seen]) -> list[Reply]:
        """The replies to all questions in order; where one cannot be had, those under way are called off."""
        asked = [(view, k) for view in seen for k in range(len(view.questions))]
        tasks = [asyncio.create_task(self._reply(view, k)) for view, k in asked]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _reply(self, seen: Seen, position: int) -> Reply:
        question, unit = seen.questions[position], seen.place.unit
        most = question.max_new_tokens or TOKENS
        key = messages.key_of(seen, position, self.common, most)
        if (known := self.journal.find(unit, key)) is not None:
            return known
        try:
            reply = await self.server.ask(messages.body(self.common, question.text, seen.pictures, most), key)
        except Refused as refused:
            reply = Reply(refused=str(refused), model=self.first.model)
        if reply.model != self.first.model:
            raise Unusable(f"answered as {reply.model!r} after {self.first.model!r}: it is another model now.")
        self.journal.note(unit, key, reply)
        return reply
