"""A view's pictures are prepared once, however many prompts they are shown with."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Sequence
from typing import Any, cast

from PIL import Image


def preparing_once(processor: Any) -> Any:
    """A processor whose image processor remembers what it made of each picture; for the prompts of one view.

    The processor itself where it has no image processor of its own.
    """
    own = getattr(processor, "image_processor", None)
    if own is None or own is processor:
        return processor
    once = copy.copy(processor)
    once.image_processor = _Remembering(own)
    return once


class _Remembering:
    """An image processor that returns what it has made before of the same pictures under the same settings."""

    def __init__(self, image_processor: Any) -> None:
        self._own = image_processor
        self._made: dict[Hashable, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def __call__(self, *pictures: Any, **settings: Any) -> Any:
        key = _identity((pictures, sorted(settings.items())))
        if key not in self._made:
            self._made[key] = self._own(*pictures, **settings)
        return _shallow(self._made[key])


def _identity(value: Any) -> Hashable:
    """What tells a value from others: a picture's pixels, as some processors copy pictures first, else its text."""
    if isinstance(value, list | tuple):
        return tuple(map(_identity, cast(Sequence[Any], value)))
    if isinstance(value, Image.Image):
        return (value.mode, value.size, value.tobytes())
    return value if isinstance(value, str | int | float | bytes | None) else repr(value)


def _shallow(made: Any) -> Any:
    """The same with a mapping of its own: processors take what they need out of the one that they receive."""
    if isinstance(made, dict):
        return {**made}
    shallow = copy.copy(made)
    if hasattr(shallow, "data"):
        shallow.data = dict(shallow.data)
    return shallow
