"""Steering: a vector is added to the states of a group of tokens at one layer, many vectors in one batch.

Layer 0 is the input of the first block, the last layer the output of the last one, before the final norm. A batch holds
one addition a row; groups behind the pictures continue from the cache of what is before them (`endings`).
Source: Liu, Ye & Zou 2024 (VTI).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import trace
from .batching import batches
from .endings import after_pictures, whole
from .forwards import Forward

if TYPE_CHECKING:
    from .model import Model

Vector = NDArray[np.floating]

Addition = tuple[int, Vector]
"""A layer, and the (feature) vector that is added to the states there."""


def means(forward: Forward, places: Tensor, layers: Sequence[int]) -> NDArray[np.float32]:
    """(layer, feature) the mean state of some tokens at some layers."""
    return torch.stack([forward.states[layer][places].float().mean(0) for layer in layers]).cpu().numpy()


def steered(
    model: "Model",
    base: Forward,
    additions: Sequence[Addition],
    tokens: Sequence[int],
    *,
    places: Tensor,
    batch_size: int,
) -> NDArray[np.float32]:
    """(addition, option) logits of the options' first tokens, each vector added at its layer to the states at `places`.

    Raises ValueError for a vector of another length than the states.
    """
    later = after_pictures(model, base)
    ending = later if later and int(places.min()) >= later.first else whole(model, base)
    found: list[Tensor] = []
    for batch in batches(additions, int(min(batch_size, ending.most))):
        writes: dict[trace.Point, _Added] = {
            ("language", layer): _Added(_stacked(batch, layer, base.states[layer]), places - ending.first)
            for layer, _ in batch
        }
        found.append(ending.run(len(batch), writes)[:, list(tokens)].float().cpu())
    return torch.cat(found).numpy()


def _stacked(batch: Sequence[Addition], layer: int, state: Tensor) -> Tensor:
    """(row, 1, feature) what each row's states get at a layer: 0 in rows that are steered at another one."""
    made = torch.zeros(len(batch), 1, state.shape[-1], device=state.device)
    for row, (own, vector) in enumerate(batch):
        if vector.shape != (state.shape[-1],):
            raise ValueError(
                f"a direction has shape {vector.shape}, a state {state.shape[-1]} features. Give one each."
            )
        if own == layer:
            made[row, 0] = torch.from_numpy(np.asarray(vector, np.float32))
    return made


@dataclass(frozen=True)
class _Added:
    """What is written at one layer: the state, with each row's vector added at some tokens."""

    vectors: Tensor
    places: Tensor

    def __call__(self, state: Tensor) -> Tensor:
        state[:, self.places] = (state[:, self.places].float() + self.vectors).to(state.dtype)
        return state
