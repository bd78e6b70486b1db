"""Continuing sequences from a key-value cache: a prefix is computed once, only what is new goes through the model.

A batch of sequences shares one physical layout (cache slots), in which padding may lie anywhere; `mask` says which
slots are real, and position ids count real tokens only, so that a result does not depend on its neighbours or on the
side that is padded.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from . import trace
from .context import Ids
from .encoding import Row, stack

if TYPE_CHECKING:
    from .model import Model

PaddingSide = Literal["left", "right"]


@dataclass(frozen=True)
class Sequences:
    """Sequences that have been through the model: `cache`, `mask` (row, slot) and the `position` (row) that comes next.

    `ids` (row, slot) are their tokens, of no meaning where the mask is 0. `logits` (row, vocabulary) float32 are those
    of the next token. `carried`: inputs (row, 1, ...) that every further token needs too.
    """

    cache: Any
    ids: Tensor
    mask: Tensor
    position: Tensor
    logits: Tensor
    carried: dict[str, Tensor]

    def __len__(self) -> int:
        return len(self.mask)


@dataclass(frozen=True)
class Extension:
    """What came of appending tokens: `logits` (row, new slot, vocabulary); `real` (row, new slot), False at padding."""

    sequences: Sequences
    logits: Tensor
    real: Tensor
    states: trace.States


@dataclass(frozen=True)
class Encoded:
    """What came of encoding rows: `sequences` that can be continued, and the states on the way.

    `states` are whole for vision and projector, and (image position of all rows, feature) of the language model;
    `last` (row, feature) are its states at each row's last token. `vision` is the output of the family's encoder, where
    other rows will need it.
    """

    sequences: Sequences
    states: trace.States
    last: trace.States
    vision: Any


def encode(model: "Model", made: Sequence[Row], *, reads: Sequence[trace.Point] = (), seen: Any = None) -> Encoded:
    """Run rows of one shape and read states at `reads`; `seen` is their images' `vision`, which is then not run."""
    inputs = stack(model, [row.inputs for row in made])
    ids = inputs["input_ids"]
    image = ids == model.blueprint.image_token
    encoder = [trace.ENCODER] if model.family.modules.encoder and "pixel_values" in inputs else []
    output, states = trace.run(
        model,
        {**inputs, "use_cache": True, "logits_to_keep": 1},
        reads=[*reads, *encoder] if seen is None else reads,
        writes={} if seen is None else dict.fromkeys(encoder, seen),
        select={"language": lambda state: (state[image], state[:, -1].clone())},
    )
    vision = states.pop(trace.ENCODER, seen)
    length = torch.full((len(ids),), ids.shape[1] + model.family.reuse.first_position, device=model.device)
    if (path := model.family.reuse.rope_deltas) and "pixel_values" in inputs:
        length = length + attrgetter(path)(model.module)[:, 0].to(length)
    carried = {name: inputs[name][:, -1:] for name in model.family.reuse.carried if name in inputs}
    sequences = Sequences(
        model.family.reuse.cache(output), ids, torch.ones_like(ids), length, output.logits[:, -1].float(), carried
    )
    language = {point: state for point, state in states.items() if point[0] == "language"}
    return Encoded(
        sequences,
        {point: state[0] if point in language else state for point, state in states.items()},
        {point: state[1] for point, state in language.items()},
        vision,
    )


def seen_rows(vision: Any, *places: int) -> Any:
    """An encoder's output cut to some of its images; what is no tensor stays as it is."""
    return _each(lambda value: value[list(places)], vision)


def seen_together(visions: Sequence[Any]) -> Any:
    """Encoder outputs of single images as that of one batch."""
    return _each(lambda *values: torch.cat(values), *visions)


def _each(change: Callable[..., Tensor], *outputs: Any) -> Any:
    """Outputs of one module, tensor by tensor: named fields, tuples or a tensor."""
    first = outputs[0]
    if isinstance(first, Tensor):
        return change(*outputs)
    if isinstance(first, Mapping):
        return type(first)(**{name: _each(change, *(output[name] for output in outputs)) for name in first})
    if isinstance(first, tuple):
        return tuple(_each(change, *fields) for fields in zip(*outputs, strict=True))
    return first


def extend(
    model: "Model",
    before: Sequences,
    rows: Sequence[int],
    tokens: Sequence[Ids],
    *,
    padding_side: PaddingSide,
    reads: Sequence[trace.Point] = (),
    select: Callable[[Tensor, Tensor], Tensor] | None = None,
) -> Extension:
    """Append `tokens[i]` (never empty) to a copy of sequence `rows[i]`; `before` stays usable.

    `select(state, real)` picks from (row, new slot, feature) states given the mask of real slots.
    """
    index = torch.tensor(rows, device=model.device)
    ids, real = _padded(tokens, padding_side, model.device)
    mask = torch.cat([before.mask[index], real.long()], dim=1)
    counted = real.long().cumsum(1)
    position = before.position[index, None] + (counted - 1).clamp(min=0)
    inputs = {
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": position,
        "past_key_values": _fork(before.cache, index, len(before)),
        "use_cache": True,
        **{name: value[index].expand(-1, ids.shape[1], *value.shape[2:]) for name, value in before.carried.items()},
        **model.family.reuse.onward(model.module, ids),
    }
    pick = {"language": lambda state: select(state, real)} if select else None
    output, states = trace.run(model, inputs, reads=reads, select=pick)
    every = torch.arange(len(ids), device=model.device)
    logits = output.logits[every, last_real(real)].float()
    carried = {name: value[index] for name, value in before.carried.items()}
    sequences = Sequences(
        model.family.reuse.cache(output),
        torch.cat([before.ids[index], ids], dim=1),
        mask,
        before.position[index] + counted[:, -1],
        logits,
        carried,
    )
    return Extension(sequences, output.logits, real, states)


def last_real(real: Tensor) -> Tensor:
    """The slot of each row's last real token: (row, slot) bool -> (row) int."""
    slots = torch.arange(real.shape[1], device=real.device)
    return (real * slots).argmax(1)


def last_state(state: Tensor, real: Tensor) -> Tensor:
    """States at each row's last real token: (row, slot, feature) -> (row, feature)."""
    return state[torch.arange(len(state), device=state.device), last_real(real)]


def mean_state(state: Tensor, real: Tensor) -> Tensor:
    """States averaged over each row's real tokens, in float32: (row, slot, feature) -> (row, feature)."""
    total = state.float().masked_fill(~real[..., None], 0).sum(1)
    return (total / real.sum(1, keepdim=True)).to(state.dtype)


def _padded(tokens: Sequence[Ids], side: PaddingSide, device: torch.device) -> tuple[Tensor, Tensor]:
    longest = max(map(len, tokens))
    ids = torch.zeros(len(tokens), longest, dtype=torch.long)
    real = torch.zeros(len(tokens), longest, dtype=torch.bool)
    for row, sequence in enumerate(tokens):
        slots = slice(longest - len(sequence), None) if side == "left" else slice(len(sequence))
        ids[row, slots] = torch.tensor(sequence)
        real[row, slots] = True
    return ids.to(device), real.to(device)


def _fork(cache: Any, index: Tensor, size: int) -> Any:
    """A cache with the chosen rows, that can be appended to while the original stays as it is.

    Appending to a dynamic layer makes new tensors, so layers whose rows all stay in place are shared, not copied.
    """
    forked = copy.copy(cache)
    forked.layers = [copy.copy(layer) for layer in cache.layers]
    identity = len(index) == size and bool((index == torch.arange(size, device=index.device)).all())
    shareable = all(type(layer).__name__.startswith("Dynamic") for layer in forked.layers)
    if not (identity and shareable):
        with torch.inference_mode():
            for layer in forked.layers:
                layer.batch_select_indices(index)
    return forked
