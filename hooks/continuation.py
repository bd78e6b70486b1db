"""Continuing sequences from a key-value cache: a prefix is computed once, only new tokens go through the model.

The sequences of a batch share one layout of cache slots, in which padding may be anywhere; `mask` says which slots are
real, and position ids count real tokens only, so that results depend neither on other sequences nor on the padding
side.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from torch import Tensor
from transformers import EncoderDecoderCache

from . import trace
from .context import Ids
from .named_tensors import each_tensor
from .request import PaddingSide

if TYPE_CHECKING:
    from .model import Model


@dataclass(frozen=True)
class Sequences:
    """Sequences in the cache: `mask` (row, slot) says which slots are real, `position` (row) is the next token's.

    `ids` (row, slot) are their tokens, undefined where the mask is 0. `logits` (row, vocabulary) float32 predict the
    next token. `carried`: inputs (row, 1, ...) that every further token needs too. `memory`: further inputs of a
    decoder, by which it is given what it attends to.
    """

    cache: Any
    ids: Tensor
    mask: Tensor
    position: Tensor
    logits: Tensor
    carried: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    memory: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def __len__(self) -> int:
        return len(self.mask)


@dataclass(frozen=True)
class Extension:
    """Sequences after new tokens: each row has `lengths` of them, from the new slot `starts` on.

    `logits` (row, new slot, vocabulary) are those of the slots that were asked for, the last real ones or all.
    """

    sequences: Sequences
    logits: Tensor
    starts: Sequence[int]
    lengths: Sequence[int]
    states: trace.States


def extend(
    model: "Model",
    before: Sequences,
    rows: Sequence[int],
    tokens: Sequence[Ids],
    *,
    padding_side: PaddingSide,
    reads: Sequence[trace.Point] = (),
    select: Callable[[Tensor, Tensor], Tensor] | None = None,
    logits: Literal["last", "all"] = "last",
    writes: trace.Writes = MappingProxyType({}),
) -> Extension:
    """Append `tokens[i]` (never empty) to a copy of sequence `rows[i]`; `before` stays usable.

    `select(state, real)` takes what is needed of (row, new slot, feature) states, given the mask of real slots.
    `logits` says whether those of all new slots are computed, each as wide as the vocabulary, or of each row's last
    real one. `writes` are of the new slots.
    """
    index = torch.tensor(rows, device=model.device)
    # last slots are known here without asking the device, which would wait for all that it has to do
    lengths, starts, last = _places(tokens, padding_side)
    ids, real = _padded(tokens, starts, model.device)
    mask = torch.cat([before.mask[index], real.long()], dim=1)
    counted = real.long().cumsum(1)
    memory = each_tensor(lambda value: value[index], before.memory)
    inputs = {**memory, **_onward(model, before, rows, index, ids, counted, mask)}
    ends = sorted(set(last))
    if logits == "last" and not model.family.decoder:
        inputs["logits_to_keep"] = 1 if ends == [ids.shape[1] - 1] else torch.tensor(ends, device=model.device)
    output, states = trace.run(
        model,
        inputs,
        reads=reads,
        writes=writes,
        select={"language": lambda state: select(state, real)} if select else None,
        method=model.family.modules.decoder or "__call__",
    )
    # models without such an argument compute all of them
    place = [*map(ends.index, last)] if output.logits.shape[1] == len(ends) else last
    sequences = Sequences(
        model.family.reuse.cache(output),
        torch.cat([before.ids[index], ids], dim=1),
        mask,
        before.position[index] + counted[:, -1],
        output.logits[torch.arange(len(ids), device=model.device), torch.tensor(place, device=model.device)].float(),
        {name: value[index] for name, value in before.carried.items()},
        memory,
    )
    return Extension(sequences, output.logits, starts, lengths, states)


def _places(tokens: Sequence[Ids], side: PaddingSide) -> tuple[list[int], list[int], list[int]]:
    """How many tokens each row has, at which slot they start, and at which they end."""
    lengths = [len(each) for each in tokens]
    starts = [max(lengths) - length if side == "left" else 0 for length in lengths]
    return lengths, starts, [start + length - 1 for start, length in zip(starts, lengths, strict=True)]


def last_slots(tokens: Sequence[Ids], side: PaddingSide) -> list[int]:
    """At which new slot each row's last token is."""
    return _places(tokens, side)[2]


def _onward(
    model: "Model", before: Sequences, rows: Sequence[int], index: Tensor, ids: Tensor, counted: Tensor, mask: Tensor
) -> dict[str, Any]:
    """The inputs of new tokens, with a cache of their own; a decoder counts its positions itself."""
    cached = {
        "past_key_values": _fork(before.cache, index, identity=list(rows) == [*range(len(before))]),
        "use_cache": True,
    }
    if model.family.decoder:
        return {model.family.decoder.tokens: ids, **cached}
    return {
        **cached,
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": before.position[index, None] + (counted - 1).clamp(min=0),
        **{name: value[index].expand(-1, ids.shape[1], *value.shape[2:]) for name, value in before.carried.items()},
        **model.family.reuse.onward(model.module, ids),
    }


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


def _padded(tokens: Sequence[Ids], starts: Sequence[int], device: torch.device) -> tuple[Tensor, Tensor]:
    longest = max(map(len, tokens))
    ids = np.zeros((len(tokens), longest), np.int64)
    real = np.zeros(ids.shape, bool)
    for row, (start, sequence) in enumerate(zip(starts, tokens, strict=True)):
        slots = slice(start, start + len(sequence))
        ids[row, slots] = sequence
        real[row, slots] = True
    return torch.from_numpy(ids).to(device), torch.from_numpy(real).to(device)


def _fork(cache: Any, index: Tensor, *, identity: bool) -> Any:
    """A cache of the chosen rows that can be appended to without changing the original.

    Appending to a dynamic layer makes new tensors, so layers that keep all their rows in place (`identity`) are shared,
    not copied.
    """
    forked = copy.copy(cache)
    if isinstance(cache, EncoderDecoderCache):
        forked.is_updated = dict(cache.is_updated)
        forked.self_attention_cache = _fork(cache.self_attention_cache, index, identity=identity)
        forked.cross_attention_cache = _fork(cache.cross_attention_cache, index, identity=identity)
        return forked
    forked.layers = [copy.copy(layer) for layer in cache.layers]
    with torch.inference_mode():
        for layer in forked.layers:
            if not (identity and type(layer).__name__.startswith("Dynamic")):
                _select_rows(layer, index)
    return forked


def _select_rows(layer: Any, index: Tensor) -> None:
    """Give a layer of a cache copies of the chosen rows of what it holds."""
    if hasattr(layer, "batch_select_indices"):
        layer.batch_select_indices(index)
    if hasattr(layer, "conv_states"):  # a state that is changed in place, and what is known of it, by number
        for name, kept in vars(layer).items():
            if isinstance(kept, dict):
                chosen = {key: state[index] if isinstance(state, Tensor) else state for key, state in kept.items()}
                setattr(layer, name, chosen)
