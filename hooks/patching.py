"""Activation patching: states of one forward are put into another, at one layer and one group of tokens at a time.

Two prompts that differ in their pictures alone are run once each; then the base is run again with the source's states
at one layer and the tokens of one group in place of its own, and what the head says of the options' first tokens is
read. Layer 0 is the input of the first block, the last layer the output of the last one, before the final norm. A batch
holds one cell (layer, group) a row; groups behind the pictures continue from the cache of what is before (`endings`).
Source: Zhang & Nanda 2024.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from . import trace
from .batching import batches
from .endings import Ending, after_pictures, whole
from .forwards import Forward, Inputs, Places

if TYPE_CHECKING:
    from .model import Model

Cell = tuple[int, str]
"""A layer and a group of tokens."""


def mismatch(one: Inputs, other: Inputs) -> str:
    """Why states of one prompt cannot be put into another; empty where only the pictures' values differ.

    >>> ids = {"input_ids": torch.tensor([[1, 2]])}
    >>> mismatch(ids, ids), mismatch(ids, {"input_ids": torch.tensor([[1, 2, 2]])})
    ('', 'input_ids is (1, 2) and (1, 3)')
    """
    if one.keys() != other.keys():
        return f"only one of them has {', '.join(sorted(one.keys() ^ other.keys()))}"
    for name, value in one.items():
        if value.shape != other[name].shape:
            return f"{name} is {tuple(value.shape)} and {tuple(other[name].shape)}"
        if not value.is_floating_point() and not torch.equal(value, other[name]):
            return f"{name} differs"
    return ""


def patched(
    model: "Model",
    base: Forward,
    source: Forward,
    tokens: Sequence[int],
    *,
    groups: Places,
    layers: Sequence[int],
    batch_size: int,
) -> np.ndarray:
    """(layer, group, option) logits of the options' first tokens, with the source's states in the base's forward.

    Raises ValueError where the two prompts differ in more than the values of their pictures (`mismatch`).
    """
    if reason := mismatch(base.inputs, source.inputs):
        raise ValueError(f"these prompts cannot be patched into each other: {reason}.")
    later, found = after_pictures(model, base), dict[Cell, np.ndarray]()
    behind = [name for name, own in groups.items() if later and int(own.min()) >= later.first]
    before = [name for name in groups if name not in behind]
    if later and behind:
        found |= _run(later, source, tokens, groups, list(product(layers, behind)), batch_size)
    if before:
        found |= _run(whole(model, base), source, tokens, groups, list(product(layers, before)), batch_size)
    return np.stack([np.stack([found[layer, name] for name in groups]) for layer in layers])


def _run(
    ending: Ending, source: Forward, tokens: Sequence[int], groups: Places, cells: Sequence[Cell], batch_size: int
) -> dict[Cell, np.ndarray]:
    """(option) logits by cell."""
    found: dict[Cell, np.ndarray] = {}
    for batch in batches(cells, int(min(batch_size, ending.most))):
        rows = [(row, layer, groups[name]) for row, (layer, name) in enumerate(batch)]
        writes: dict[trace.Point, _Placed] = {
            ("language", layer): _Placed(source.states[layer], rows, layer, ending.first) for layer, _ in batch
        }
        logits = ending.run(len(batch), writes)[:, list(tokens)].float().cpu().numpy()
        found |= dict(zip(batch, logits, strict=True))
    return found


@dataclass(frozen=True)
class _Placed:
    """What is written at one layer: the source's state, in those rows of a batch whose cell is of this layer."""

    source: Tensor
    rows: Sequence[tuple[int, int, Tensor]]
    layer: int
    first: int

    def __call__(self, state: Tensor) -> Tensor:
        for row, layer, group in self.rows:
            if layer == self.layer:
                state[row, group - self.first] = self.source[group]
        return state
