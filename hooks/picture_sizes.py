"""What a processor's saved settings make of a picture: sizes that fit in memory, and something left to see."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, cast

LONGEST_EDGE = 16_384
MOST_PIXELS = 1 << 26
MOST_PIXELS_OF_A_RANGE = 1 << 31
MOST_TOKENS = 1_000_000
"""Beyond any model: pixels of a side and of a picture; of the bounds within which pictures keep their size; tokens."""

CHANNELS = (1, 3, 4)
_TOKENS = re.compile(r"seq_?len|num_\w*tokens|num_queries")


def absurd(processor: Any) -> str:
    """The setting of a processor that cannot be, and why; empty where all can be."""
    images = getattr(processor, "image_processor", processor)
    return next((reason for reason in _reasons(processor, images) if reason), "")


def _reasons(processor: Any, images: Any) -> Iterator[str]:
    for name, value in vars(images).items():
        if isinstance(value, Mapping) or type(value).__name__ == "SizeDict":
            yield _of_size(name, value)
    for name in ("image_mean", "image_std"):
        yield _of_channels(name, getattr(images, name, None))
    factor = getattr(images, "rescale_factor", None)
    if factor is not None and not (_number(factor) and isfinite(factor) and factor > 0):
        yield f"rescale_factor {factor!r} leaves nothing of a picture. Give 1/255"
    for name, value in vars(processor).items():
        if _TOKENS.search(name) and isinstance(value, int) and value > MOST_TOKENS:
            yield f"{name} {value} is more tokens of a picture than any model has"


def _of_size(name: str, value: Any) -> str:
    sides = ("height", "width", "shortest_edge", "longest_edge", "max_height", "max_width")
    given = {side: each for side in sides if (each := _get(value, side)) is not None}
    for side, each in given.items():
        if not _number(each) or not isfinite(each) or each <= 0:
            return f"{name} has the {side} {each!r}. Give a number of pixels from 1"
    bounds = {"shortest_edge", "longest_edge"} <= given.keys()  # pixels of the whole picture in some processors
    most = MOST_PIXELS_OF_A_RANGE if bounds else LONGEST_EDGE
    if given and max(given.values()) > most:
        return f"{name} {given} is larger than any model reads: {most} px are the most"
    if given.get("height", 1) * given.get("width", 1) > MOST_PIXELS:
        return f"{name} {given} is larger than any model reads: {MOST_PIXELS} px are the most"
    return ""


def _get(value: Any, name: str) -> Any:
    return cast(Mapping[str, Any], value).get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def _of_channels(name: str, values: Any) -> str:
    if values is None or _number(values):
        return ""
    numbers = cast(Sequence[Any], values) if isinstance(values, list | tuple) else []
    if len(numbers) not in CHANNELS or not all(_number(each) and isfinite(each) for each in numbers):
        return f"{name} {values!r} is no number for each channel of a picture. Give three"
    if name == "image_std" and any(each == 0 for each in numbers):
        return f"{name} {values!r} divides by 0"
    return ""


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
