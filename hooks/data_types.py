"""Another data type for a while: the same weights rounded once more, or computed with more digits; then as before."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import capture, quantization
from .encoding import EncodedView
from .reading import Grid, Reading, SiteStates
from .request import Reduce
from .site_states import to_numpy
from .sites import Site

if TYPE_CHECKING:
    from .model import Blueprint, Model

OTHER: dict[str, Literal["float32", "bfloat16"]] = {
    "float32": "bfloat16",
    "bfloat16": "float32",
    "float16": "float32",
}
"""The data type in which a model of each is read for comparison."""


def unavailable(blueprint: "Blueprint") -> str:
    """Why a model has no other data type to be read in; empty where it has."""
    if blueprint.options.quantize or quantization.of_checkpoint(blueprint.config):
        return f"the weights of {blueprint.source} are quantised and have no other data type"
    return ""


@contextmanager
def other_dtype(model: "Model") -> Iterator["Model"]:
    """The model in the data type of `OTHER`, as if it had been loaded so, but from weights as they are now.

    What is kept in a type of its own keeps it. Beside the weights of either type both take memory; afterwards the very
    same ones are there again. Raises ValueError for quantised weights.
    """
    if reason := unavailable(model.blueprint):
        raise ValueError(f"{reason}. Leave this way of reading again out.")
    name = OTHER[model.dtype]
    own, other = getattr(torch, model.dtype), getattr(torch, name)
    kept = [(tensor, tensor.data) for tensor in _saved(model.module) if tensor.dtype == own]
    try:
        with model.lock:
            for tensor, data in kept:
                tensor.data = data.to(other)
        yield replace(model, blueprint=replace(model.blueprint, dtype=name), text_features={})
    finally:
        with model.lock:
            for tensor, data in kept:
                tensor.data = data


def read(
    model: "Model", views: Sequence[EncodedView], sites: Sequence[Site], *, reduce: Reduce | None, **settings: Any
) -> list[Reading]:
    """`capture.read` in the other data type; states come in the model's own, as those of all other readings do."""
    own = getattr(torch, model.dtype)

    def in_own(indices: Sequence[int], site: Site, tokens: Tensor, grids: tuple[Grid, ...]) -> Any:
        assert reduce is not None
        return reduce(indices, site, tokens.to(own), grids)

    with other_dtype(model) as other:
        readings = capture.read(other, views, sites, reduce=reduce and in_own, **settings)
    return [
        replace(reading, states={slug: _states(states, own) for slug, states in reading.states.items()})
        for reading in readings
    ]


def _saved(module: Any) -> Iterator[Tensor]:
    """What a checkpoint holds of a module; buffers that it makes itself, such as frequencies of positions, are none."""
    yield from module.parameters()
    for part in module.modules():
        own = part.named_buffers(recurse=False)
        yield from (buffer for name, buffer in own if name not in part._non_persistent_buffers_set)


def _states(states: SiteStates, own: torch.dtype) -> SiteStates:
    tokens = None if states.tokens is None else _cast(states.tokens, own)
    return replace(states, pooled=_cast(states.pooled, own), tokens=tokens)


def _cast(values: NDArray[Any], own: torch.dtype) -> NDArray[Any]:
    """An array in another data type, bfloat16 as its bits."""
    if values.dtype == np.uint16:
        return to_numpy(torch.from_numpy(values.view(np.int16)).view(torch.bfloat16).to(own))
    return to_numpy(torch.from_numpy(values).to(own))
