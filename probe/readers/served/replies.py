"""A response as the server sent it, read strictly: whatever is not of its form is no answer, and asked again."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeGuard

from .faults import Fault, said

IMPOSSIBLE = -9999.0
"""What servers write for a token whose probability is 0, or that they did not compute."""


@dataclass(frozen=True)
class Reply:
    """What a model wrote, why it ended (`stop`, `length`, `content_filter`, …) and which model the server names.

    `token` is the first token of the answer that is not blank, `top` the likeliest tokens in its place, each with its
    log-probability [nat]; empty where the server gives none. `refused`: why the server did not answer; else empty.
    """

    text: str = ""
    finish: str = ""
    model: str = ""
    fingerprint: str = ""
    token: str = ""
    top: tuple[tuple[str, float], ...] = ()
    refused: str = ""

    def to_json(self) -> dict[str, Any]:
        """Its fields that are not empty, in plain values."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> "Reply":
        """The reply whose `to_json` went through JSON."""
        top = tuple((str(token), float(value)) for token, value in written.get("top", ()))
        return cls(**{**written, "top": top})


def read(text: str) -> Reply:
    """The reply in a response's body. Raises Fault where it has not the form of one, or has no choice."""
    try:
        sent: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise Fault(f"the server's answer is no JSON: {said(text)!r}") from None
    choices = sent.get("choices") if isinstance(sent, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise Fault(f"the server's answer has no choices: {said(text)!r}")
    choice: Any = choices[0]
    message = choice.get("message")
    if not isinstance(message, dict):
        raise Fault(f"the server's answer has no message: {said(text)!r}")
    token, top = first_token(choice.get("logprobs"))
    return Reply(
        text=content_of(message),
        finish=_text(choice.get("finish_reason")),
        model=_text(sent.get("model")),
        fingerprint=_text(sent.get("system_fingerprint")),
        token=token,
        top=top,
    )


def content_of(message: Mapping[str, Any]) -> str:
    """What a message says: its content, in one part or several, else its refusal.

    >>> content_of({"content": [{"type": "text", "text": "a "}, {"type": "text", "text": "bus"}]})
    'a bus'
    """
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    return _text(content) or _text(message.get("refusal"))


def first_token(logprobs: Any) -> tuple[str, tuple[tuple[str, float], ...]]:
    """The first token that is not blank, and the likeliest ones in its place; nothing where there are none.

    >>> first_token({"content": [{"token": " Yes", "logprob": -0.5, "top_logprobs": [{"token": "No", "logprob": -1}]}]})
    (' Yes', ((' Yes', -0.5), ('No', -1.0)))
    """
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    for place in content if isinstance(content, list) else ():
        if not isinstance(place, dict) or not (token := _text(place.get("token"))).strip():
            continue
        others = place.get("top_logprobs")
        found: dict[str, float] = {}
        for each in (place, *(others if isinstance(others, list) else ())):
            name, value = (each.get("token"), each.get("logprob")) if isinstance(each, dict) else (None, None)
            if isinstance(name, str) and _is_probable(value):
                found.setdefault(name, float(value))
        return token, tuple(found.items())
    return "", ()


def _is_probable(value: Any) -> TypeGuard[float]:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value > IMPOSSIBLE


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
