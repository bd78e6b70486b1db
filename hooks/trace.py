"""Reading states out of one forward pass with nnsight."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import nnsight
import torch
from torch import Tensor

from .sites import Site

if TYPE_CHECKING:
    from .loading import Model

Point = tuple[str, int]
"""(tower, layer): layer 0 is the input of the first block, k the output of block k; of a projector, its output."""

States = dict[Point, Any]


def points(model: "Model", sites: Sequence[Site]) -> list[Point]:
    """The distinct points that sites need, in the order in which the model reaches them."""
    order = list(model.towers)
    wanted = {(site.tower, layer) for site in sites if site.tokens != "pooled" for layer in site.layers}
    return sorted(wanted, key=lambda point: (order.index(point[0]), point[1]))


def run(
    model: "Model",
    inputs: Mapping[str, Any],
    *,
    reads: Sequence[Point] = (),
    select: Mapping[str, Callable[[Tensor], Any]] | None = None,
    method: str = "__call__",
) -> tuple[Any, States]:
    """One forward of `method` on inputs on the device: its output, and the states at `reads`.

    `select[tower]` is applied to a state at once, so that only what is needed of it stays in memory. What it returns
    must not alias the state, which later modules may overwrite.
    """
    states: States = {}
    if not reads:
        with model.lock, torch.inference_mode():
            return getattr(model.module, method)(**inputs), states
    choose = select or {}
    with model.lock, torch.inference_mode(), model.tracer.trace(fn=method, **inputs) as tracer:
        for point in reads:
            states[point] = choose.get(point[0], torch.clone)(_state(model, point))
        output = nnsight.save(tracer.result)
    return output, states


def blocks(model: "Model", tower: str) -> Any:
    """The traced counterpart of a tower's module list, or of the projector."""
    return model.tracer.get(getattr(model.family, tower))


def _state(model: "Model", point: Point) -> Tensor:
    tower, layer = point
    module = blocks(model, tower)
    if not model.towers[tower].layers:
        return first(module.output)
    return first(module[0].input if layer == 0 else module[layer - 1].output)


def first(value: Any) -> Tensor:
    """The hidden state of a module's output, which is a tensor in some families and a tuple in others."""
    return value[0] if isinstance(value, tuple | list) else value
