"""A prompt that is shown with other pictures of the same sizes is not read again: only its pictures are prepared.

What a processor makes of a prompt beside its pictures (token ids, masks, token types) depends on their number and sizes
alone, not on their pixels: a picture's tokens are counted, not looked at. The first encoding of a prompt says which of
its tensors the image processor made and how that was called; a processor that changes them afterwards, or copies the
pictures first, encodes every prompt in full.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from .prepared_pictures import Call, PreparedPictures
from .tokenizing import TOKENIZING

if TYPE_CHECKING:
    from PIL import Image

BYTES = 2**26
"""Bytes of the texts' tensors that are kept of one model; those that were not asked for longest go first."""

Inputs = dict[str, Tensor]


@dataclass(frozen=True)
class Encoded:
    """An encoding without its pictures: `texts` are the tensors beside them, None in the places of theirs."""

    texts: Mapping[str, Tensor | None]
    call: Call

    @classmethod
    def of(cls, inputs: Inputs, prepared: Any, count: int) -> Encoded | None:
        """From a full encoding of `count` pictures; None where their part cannot be told from the rest of it."""
        if not isinstance(prepared, PreparedPictures) or len(prepared.calls) != 1:
            return None
        (call,) = prepared.calls
        if sorted(call.slots) != [*range(count)]:
            return None
        made, texts = _tensors(call.made), dict[str, Tensor | None]()
        for name, value in inputs.items():
            own = made.get(name)
            if own is not None and own.shape == value.shape and torch.equal(own, value):
                texts[name] = None
            elif value.is_floating_point():
                return None
            else:
                texts[name] = value
        return cls(texts, replace(call, made=None))

    @property
    def bytes(self) -> int:
        """Bytes of the texts' tensors."""
        return sum(value.nbytes for value in self.texts.values() if value is not None)

    def shown(self, image_processor: Any, pictures: Sequence[Image.Image]) -> Inputs:
        """The encoding of the same prompt with other pictures of the same sizes."""
        made = _tensors(self.call.again(image_processor, pictures))
        return {name: made[name] if value is None else value for name, value in self.texts.items()}


class RepeatedPrompts:
    """The encodings of one model's prompts, for threads that share them."""

    def __init__(self) -> None:
        self._made: OrderedDict[Hashable, Encoded] = OrderedDict()
        self._bytes = 0
        self._lock = Lock()

    def find(self, key: Hashable) -> Encoded | None:
        """The encoding of a key, where it is remembered."""
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

    def keep(self, key: Hashable, encoded: Encoded | None) -> None:
        """Remember an encoding, where there is one."""
        with self._lock:
            if encoded is None or key in self._made:
                return
            self._made[key] = encoded
            self._bytes += encoded.bytes
            while self._bytes > BYTES:
                _, oldest = self._made.popitem(last=False)
                self._bytes -= oldest.bytes


def encode(
    prompts: RepeatedPrompts,
    key: Hashable,
    processor: Any,
    pictures: Sequence[Image.Image],
    in_full: Callable[[], Inputs],
) -> Inputs:
    """The encoding of a prompt with pictures; `key` is the prompt with all settings, `in_full` encodes it anew.

    `processor` is that of the view (`preparing_once`). Image processors of transformers work beside each other, all
    others one at a time.
    """
    key = (key, tuple(picture.size for picture in pictures))
    prepared = getattr(processor, "image_processor", None)
    known = prompts.find(key)
    if known is not None and prepared is not None:
        with nullcontext() if prepared.in_threads else TOKENIZING:
            return known.shown(prepared, pictures)
    with TOKENIZING:
        inputs = in_full()
    prompts.keep(key, Encoded.of(inputs, prepared, len(pictures)))
    return inputs


def _tensors(made: Any) -> Mapping[str, Any]:
    found = made.items() if hasattr(made, "items") else ()
    return {name: value for name, value in found if isinstance(value, Tensor)}
