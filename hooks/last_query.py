"""What the last query of each row attends to, seen beside the model's own attention kernel.

While a forward is watched, the language model calls its own kernel with its own inputs, so that its results are the
same to the bit; beside it, the model's own eager attention runs for one query a row. That gives the row of the weights
that `output_attentions` of a plain eager forward gives, without weights between all tokens.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import AttentionInterface
from transformers.masking_utils import AttentionMaskInterface, eager_mask, sdpa_mask

from .attention import INTERNAL

if TYPE_CHECKING:
    from .model import Model

MASKS = {"sdpa": sdpa_mask, "eager": eager_mask}
"""The kernels beside which queries are watched, with what makes the masks of each."""

EAGER = "eager_attention_forward"
"""What modeling files of transformers call a model's own eager attention."""

States = tuple[Tensor, Tensor, Tensor, Tensor | None]
"""Queries, keys, values and the mask, as a kernel of transformers is given them."""

ByLayer = dict[int, Tensor]
"""By layer of the language model; block k is layer k + 1, as its output is."""


@dataclass(frozen=True)
class _Watch:
    """One watched forward: `last` (row) is the slot of each row's query among the new ones."""

    last: Tensor
    weights: ByLayer = field(default_factory=ByLayer)

    def see(self, layer: int, eager: Callable[..., Any], module: Any, states: States, **given: Any) -> None:
        """Keep the weights of each row's query, by the model's own eager attention."""
        query, key, value, mask = states
        rows = torch.arange(len(query), device=query.device)
        if mask is not None:
            slots = self.last if mask.shape[2] > 1 else torch.zeros_like(self.last)
            mask = mask.expand(len(query), -1, -1, -1)[rows, :, slots][:, :, None]
            if mask.dtype == torch.bool:
                mask = torch.zeros(mask.shape, dtype=query.dtype, device=mask.device).masked_fill(
                    ~mask, torch.finfo(query.dtype).min
                )
        _, weights = eager(module, query[rows, :, self.last][:, :, None], key, value, mask, **given)
        self.weights[layer] = weights[:, :, 0].float()


_WATCHED: dict[Any, tuple[_Watch, int]] = {}
"""The modules inside the blocks of watched models, each with its watch and layer."""


@contextmanager
def watched(model: "Model", last: Sequence[int]) -> Iterator[ByLayer]:
    """By layer the weights (row, head, key) float32 of the query at slot `last[row]` of the forward that runs inside.

    Keys are in the order of the layer's own cache. Layers without attention, or whose attention does not go through
    the interface of transformers, are missing.
    """
    watch = _Watch(torch.tensor(last, device=model.device))
    modules = {part: (watch, layer) for layer, block in blocks(model) for part in block.modules()}
    configs = {id(part.config): part.config for part in modules if hasattr(getattr(part, "config", None), INTERNAL)}
    before = {key: getattr(config, INTERNAL) for key, config in configs.items()}
    try:
        with model.lock:
            _WATCHED.update(modules)
            for key, config in configs.items():
                if before[key] in MASKS:
                    setattr(config, INTERNAL, _beside(before[key]))
        yield watch.weights
    finally:
        with model.lock:
            for part in modules:
                _WATCHED.pop(part, None)
            for key, config in configs.items():
                setattr(config, INTERNAL, before[key])


@contextmanager
def peaks(model: "Model") -> Iterator[ByLayer]:
    """By layer (row, slot) float32: the largest magnitude of a state's features over their root mean square.

    Of the states that enter each block of the language model in the forward that runs inside.
    """
    found: ByLayer = {}

    def see(layer: int, block: Any, given: tuple[Any, ...], named: dict[str, Any]) -> None:
        state = (given[0] if given else named["hidden_states"]).float()
        found[layer] = state.abs().amax(-1) / state.square().mean(-1).sqrt()

    with ExitStack() as stack:
        for layer, block in blocks(model):
            hook = block.register_forward_pre_hook(partial(see, layer), with_kwargs=True)
            stack.callback(hook.remove)
        yield found


def blocks(model: "Model") -> list[tuple[int, Any]]:
    """The blocks of the language model with their layers."""
    return list(enumerate(attrgetter(model.family.modules.language)(model.module), start=1))


@cache
def _beside(kernel: str) -> str:
    """The name under which transformers finds a kernel with the watch beside it; its masks are the kernel's own."""
    name = f"{kernel}_and_last_query"
    AttentionInterface.register(name, partial(_kernel, kernel))
    AttentionMaskInterface.register(name, MASKS[kernel])
    return name


def _kernel(
    kernel: str, module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **given: Any
) -> Any:
    """The model's own kernel, and the watch where the module is watched."""
    home = _home(type(module))
    eager = getattr(home, EAGER)
    if module in _WATCHED:
        watch, layer = _WATCHED[module]
        watch.see(layer, eager, module, (query, key, value, attention_mask), **given)
    own = home.ALL_ATTENTION_FUNCTIONS.get_interface(kernel, eager)
    return own(module, query, key, value, attention_mask, **given)


@cache
def _home(kind: type) -> Any:
    """The modeling file of an attention module, in which its eager attention is."""
    return next(file for each in kind.__mro__ if hasattr(file := sys.modules[each.__module__], EAGER))
