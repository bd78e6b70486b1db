"""Attention knockout: some tokens cannot attend to some others in a window of layers; many windows in one batch.

The (query, key) pairs get no weight in the attention of those layers, so that softmax shares it among the rest; all
else, what earlier layers have carried to other tokens among it, is as it was. A batch holds one cut a row. Prompts
continue from the cache of what is up to their pictures (`endings`). Layer k is block k, whose output is state k.
Source: Geva et al. 2023; of pictures Neo et al. 2025.
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
from .endings import Ending, after_pictures, whole
from .forwards import Forward

if TYPE_CHECKING:
    from .model import Model

ATTENDING = ("full_attention", "sliding_attention", "chunked_attention")
"""Kinds of layers, as configs name them, in which a mask says all of what tokens take from each other."""


@dataclass(frozen=True)
class Cut:
    """Which blocks (from 1), which queries and which keys, as positions of the prompt."""

    layers: tuple[int, ...]
    queries: Tensor
    keys: Tensor


def unavailable(model: "Model") -> str:
    """Why attention to pictures cannot be cut in a model; empty where it can."""
    name = model.family.name
    if "image" not in model.towers["language"].kinds:
        return f"language layers of family {name} attend to the picture apart from the text (cross-attention)"
    if not trace.masks_pairs(model):
        return f"layers of {model.source} take no attention mask"
    kinds = set(getattr(model.config.get_text_config(), "layer_types", None) or ())
    if other := sorted(kinds - set(ATTENDING)):
        return f"layers of {model.source} carry tokens on without attention ({', '.join(other)})"
    kernel = getattr(model.module.config.get_text_config(), "_attn_implementation", "")
    if kernel not in ("eager", "sdpa"):
        return f"the attention kernel {kernel!r} takes no mask of single pairs"
    return ""


def cut(
    model: "Model", base: Forward, cuts: Sequence[Cut], tokens: Sequence[int], *, batch_size: int
) -> NDArray[np.float32]:
    """(cut, option) logits of the options' first tokens.

    Raises ValueError where a model cannot be cut (`unavailable`), and where its blocks are given other masks than
    expected.
    """
    if reason := unavailable(model):
        raise ValueError(f"no attention can be cut: {reason}.")
    length = base.states[0].shape[0]
    later = after_pictures(model, base)
    reached = min((int(each.queries.min()) for each in cuts if len(each.queries)), default=0)
    ending = later if later and reached >= later.first else whole(model, base)
    found: list[Tensor] = []
    for batch in batches(cuts, int(min(batch_size, ending.most))):
        blocks = sorted({layer for each in batch for layer in each.layers})
        writes = {(trace.MASK, layer): _Masked(_rows(batch, layer, length, ending), length) for layer in blocks}
        found.append(ending.run(len(batch), writes)[:, list(tokens)].float().cpu())
    return torch.cat(found).numpy()


def _rows(batch: Sequence[Cut], layer: int, length: int, ending: Ending) -> Tensor:
    """(row, query of the ending, key) whether a pair is cut at a layer; no token loses itself."""
    made = torch.zeros(len(batch), length - ending.first, length, dtype=torch.bool, device=batch[0].keys.device)
    for row, own in enumerate(batch):
        if layer in own.layers:
            made[row, own.queries[:, None] - ending.first, own.keys[None]] = True
    positions = torch.arange(ending.first, length)
    made[:, positions - ending.first, positions] = False
    return made


@dataclass(frozen=True)
class _Masked:
    """What is written as a block's mask: its own with more pairs masked. (row, query, key) `pairs` of all positions."""

    pairs: Tensor
    length: int

    def __call__(self, mask: Tensor | None) -> Tensor:
        if mask is None:  # the kernel's own: causal
            queries, device = self.pairs.shape[1], self.pairs.device
            ahead = torch.arange(self.length, device=device)[None] > torch.arange(self.length, device=device)[:, None]
            return ~(self.pairs | ahead[-queries:])[:, None]
        if mask.ndim != 4:
            raise ValueError(f"a block was given a mask of shape {tuple(mask.shape)}, which names no single pairs.")
        # a layer with a window may hold its last keys alone
        pairs = self.pairs[:, None, :, self.length - mask.shape[-1] :].to(mask.device)
        if mask.dtype == torch.bool:
            return mask & ~pairs
        return mask.masked_fill(pairs, torch.finfo(mask.dtype).min)
