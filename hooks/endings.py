"""The end of a prompt, run again and again with states or masks written: what comes before them is computed once.

`after_pictures` continues from the key-value cache of the prompt up to its last picture, for what changes nothing
there; `whole` runs the prompt from its start, for what changes the pictures' tokens, or where a model family does not
continue from one encoding of a picture.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from . import trace
from .continuation import Sequences, extend
from .encoding import prefix_row
from .forwards import Forward, Inputs, feed
from .prefill import prefill

if TYPE_CHECKING:
    from .model import Model

ENTRY: trace.Point = ("language", 0)
"""The input of the first block, in which the pictures' tokens are."""

PIXELS = "pixel_values"

CACHE_BYTES = 2**32
"""Bytes of the copies of a cached beginning that go through the model together, at most."""

Run = Callable[[int, trace.Writes], Tensor]


@dataclass(frozen=True)
class Ending:
    """What of a prompt is run again: all from its position `first` on.

    `run(count, writes)`: logits (row, vocabulary) after so many copies of it; what is written there is (row, token from
    `first` on, feature). At most `most` copies go through the model together.
    """

    first: int
    run: Run
    most: float = float("inf")


def whole(model: "Model", base: Forward) -> Ending:
    """The whole prompt; its pictures are encoded again only where later layers read them (`without_pictures`)."""
    inputs = without_pictures(model, base)
    start: dict[trace.Point, Any] = {} if inputs is base.inputs else {ENTRY: _Repeated(base.states[0])}

    def run(count: int, writes: trace.Writes) -> Tensor:
        both = {**start, **writes}
        if ENTRY in start and ENTRY in writes:
            both[ENTRY] = lambda state: writes[ENTRY](start[ENTRY](state).clone())
        logits, _ = trace.logits(model, feed(model, inputs, count), writes=both)
        return logits[:, -1].float()

    return Ending(0, run)


def after_pictures(model: "Model", base: Forward) -> Ending | None:
    """What follows the last picture; None where a model family encodes every prompt in full, or nothing follows."""
    length = base.inputs["input_ids"].shape[1]
    if not model.family.reuse.shares_prefix or PIXELS not in base.inputs or base.states[0].shape[0] != length:
        return None
    row, tail = prefix_row(model.blueprint, base.inputs)
    if not tail:
        return None
    begun = prefill(model, [row]).sequences

    def run(count: int, writes: trace.Writes) -> Tensor:
        rows, tails = [0] * count, [tail] * count
        return extend(model, begun, rows, tails, padding_side="right", writes=writes).sequences.logits

    return Ending(length - len(tail), run, max(1, CACHE_BYTES // max(1, _bytes(begun))))


def without_pictures(model: "Model", base: Forward) -> Inputs:
    """The inputs that give the base's forward again where its state at layer 0 is written: without pixels if they do.

    That is seen, not believed: every state and the logits must come out the same. Else all inputs, because later layers
    read the pictures again.
    """
    lean = {name: value for name, value in base.inputs.items() if name != PIXELS}
    if len(lean) == len(base.inputs) or "image" not in model.towers["language"].kinds:
        return base.inputs
    points = [("language", layer) for layer in range(len(base.states))]
    try:
        writes = {ENTRY: _Repeated(base.states[0])}
        logits, states = trace.logits(model, feed(model, lean, 1), reads=points, writes=writes)
    except Exception:  # a forward that needs its pictures can raise anything
        return base.inputs
    same = torch.equal(logits[0, -1].float(), base.logits) and all(
        torch.equal(states[point][0], own) for point, own in zip(points, base.states, strict=True)
    )
    return lean if same else base.inputs


@dataclass(frozen=True)
class _Repeated:
    """What is written at layer 0 of every row: the base's own state."""

    base: Tensor

    def __call__(self, state: Tensor) -> Tensor:
        return self.base.expand_as(state)


def _bytes(begun: Sequences) -> int:
    """Bytes of the keys, values and states of a cache."""
    held = (kept for layer in begun.cache.layers for kept in vars(layer).values())
    return sum(kept.nbytes for kept in held if isinstance(kept, Tensor))
