"""A view's pictures are prepared once, however many prompts they are shown with."""

from __future__ import annotations

import copy
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from PIL import Image


@dataclass(frozen=True)
class Slot:
    """The place of a view's picture, by its number."""

    number: int


@dataclass(frozen=True)
class Call:
    """How a processor called its image processor, and what it got; the pictures stand in `given` as `Slot`s."""

    given: tuple[Any, ...]
    settings: Mapping[str, Any]
    made: Any

    @property
    def slots(self) -> list[int]:
        """The numbers of the view's pictures that stand in it; -1 for one that was copied first."""
        return _slots_in((self.given, [*self.settings.values()]))

    def again(self, image_processor: Callable[..., Any], pictures: Sequence[Image.Image]) -> Any:
        """What the image processor makes of other pictures of the same sizes."""
        settings = {name: _filled(value, pictures) for name, value in self.settings.items()}
        return image_processor(*_filled(self.given, pictures), **settings)


class PreparedPictures:
    """The image processor of a processor, which remembers what it made of each of a view's pictures under each setting.

    `calls` are those that it was asked for, in order.
    """

    def __init__(self, image_processor: Any, pictures: Sequence[Image.Image]) -> None:
        self._own = image_processor
        self._pictures = tuple(pictures)
        self._made: dict[Hashable, Any] = {}
        self.calls: list[Call] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    @property
    def in_threads(self) -> bool:
        """Whether several threads may use the image processor at once: those of transformers change nothing in it."""
        return type(self._own).__module__.startswith("transformers.models.")

    def __call__(self, *pictures: Any, **settings: Any) -> Any:
        given, named = self._slots(pictures), {name: self._slots(value) for name, value in settings.items()}
        key = _identity((given, sorted(named.items())))
        if key not in self._made:
            self._made[key] = self._own(*pictures, **settings)
        self.calls.append(Call(given, named, self._made[key]))
        return _shallow(self._made[key])

    def _slots(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(map(self._slots, cast(Sequence[Any], value)))
        if isinstance(value, Image.Image):
            return next((Slot(k) for k, own in enumerate(self._pictures) if own is value), value)
        return value


def preparing_once(processor: Any, pictures: Sequence[Image.Image]) -> Any:
    """A processor whose image processor is `PreparedPictures`, for the prompts of one view.

    The processor itself where it has no image processor of its own.
    """
    own = getattr(processor, "image_processor", None)
    if own is None or own is processor:
        return processor
    once = copy.copy(processor)
    once.image_processor = PreparedPictures(own, pictures)
    return once


def _filled(value: Any, pictures: Sequence[Image.Image]) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_filled(each, pictures) for each in cast(Sequence[Any], value))
    return pictures[value.number] if isinstance(value, Slot) else value


def _slots_in(value: Any) -> list[int]:
    if isinstance(value, list | tuple):
        return [number for each in cast(Sequence[Any], value) for number in _slots_in(each)]
    return [value.number] if isinstance(value, Slot) else [-1] * isinstance(value, Image.Image)


def _identity(value: Any) -> Hashable:
    """What tells a value from others: a picture's pixels where a processor copies pictures first, else its text."""
    if isinstance(value, list | tuple):
        return tuple(map(_identity, cast(Sequence[Any], value)))
    if isinstance(value, Image.Image):
        return (value.mode, value.size, value.tobytes())
    return value if isinstance(value, str | int | float | bytes | Slot | None) else repr(value)


def _shallow(made: Any) -> Any:
    """The same with a mapping of its own: processors take what they need out of the one that they receive."""
    if isinstance(made, dict):
        return {**made}
    shallow = copy.copy(made)
    if hasattr(shallow, "data"):
        shallow.data = dict(shallow.data)
    return shallow
