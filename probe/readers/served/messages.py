"""A question and its pictures as the body of a request: PNG loses nothing, so a perturbation arrives as it was made."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any

import PIL.Image

from ...sample import Pixels
from ..reader import Place

if TYPE_CHECKING:
    from hooks import Question

SCORED, MOST_SCORES, FEWER_SCORES = "top_logprobs", 20, 5
"""Log-probabilities of so many tokens are asked for; of fewer where a server gives fewer."""

HELLO = "Say yes."


@dataclass(frozen=True)
class Seen:
    """A view as it is sent: its pictures as PNG, its questions, and where they stand in the run."""

    pictures: tuple[bytes, ...]
    questions: "tuple[Question, ...]"
    place: Place

    @property
    def bytes(self) -> int:
        """Bytes of its pictures."""
        return sum(map(len, self.pictures))


def png(pixels: Pixels) -> bytes:
    """A picture as PNG, which gives back the same pixels."""
    written = BytesIO()
    PIL.Image.fromarray(pixels).save(written, "PNG", compress_level=1)  # the network is slower than any level
    return written.getvalue()


def usual(model: str) -> dict[str, Any]:
    """What every request has, before the server has said what it takes: greedy answers with log-probabilities."""
    return {"model": model, "temperature": 0, "seed": 0, "logprobs": True, SCORED: MOST_SCORES}


def limited(common: Mapping[str, Any], most: int) -> dict[str, Any]:
    """A request's settings with its maximum number of new tokens under the name that the server takes."""
    settings = dict(common)
    name = settings.pop("limit", "max_tokens")
    return {**settings, name: most}


def body(common: Mapping[str, Any], text: str, pictures: Sequence[bytes], most: int) -> dict[str, Any]:
    """The body of a request: the pictures in order, then the text, as local models are asked."""
    parts = [{"type": "image_url", "image_url": {"url": _data_url(each)}} for each in pictures]
    content: Any = [*parts, {"type": "text", "text": text}] if parts else text
    return {**limited(common, most), "messages": [{"role": "user", "content": content}]}


def key_of(seen: Seen, position: int, common: Mapping[str, Any], most: int) -> str:
    """What an answer is noted under: all that determines the request, and which sample of the run it is for."""
    question, place = seen.questions[position], seen.place
    told = [place.condition, place.samples[position], question.prompt, question.text, most, dict(common)]
    digest = sha256(json.dumps(told, sort_keys=True).encode())
    for picture in seen.pictures:
        digest.update(sha256(picture).digest())
    return digest.hexdigest()


def without(common: Mapping[str, Any], refusal: str) -> dict[str, Any] | None:
    """The settings of a request without what a server refused, in its own words; None where nothing is left to do.

    >>> settings = usual("m")
    >>> without(settings, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.")["limit"]
    'max_completion_tokens'
    >>> without(settings, "top_logprobs must be at most 5")["top_logprobs"]
    5
    """
    changed = dict(common)
    if "max_completion_tokens" in refusal and "limit" not in common:
        return {**changed, "limit": "max_completion_tokens"}
    for name in ("temperature", "seed"):
        if name in refusal and name in changed:
            changed.pop(name)
            return changed
    if changed.get(SCORED) == MOST_SCORES and "logprobs" in refusal:
        return {**changed, SCORED: FEWER_SCORES}
    if "logprobs" in changed:
        changed.pop("logprobs")
        changed.pop(SCORED)
        return changed
    return None


def _data_url(picture: bytes) -> str:
    return f"data:image/png;base64,{b64encode(picture).decode()}"
