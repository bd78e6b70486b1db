"""Reading states out of one forward pass with nnsight."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import nnsight
import torch
from torch import Tensor

from .sites import Site

if TYPE_CHECKING:
    from .model import Model

Point = tuple[str, int]
"""(tower, layer): layer 0 is the input of the first block, k the output of block k; of a projector, its output."""

States = dict[Point, Any]


def points(model: "Model", sites: Sequence[Site]) -> list[Point]:
    """The distinct points that sites need, in the order in which the model reaches them."""
    order = list(model.towers)
    wanted = {(site.tower, layer) for site in sites if site.kind.layered for layer in site.layers}
    return sorted(wanted, key=lambda point: (order.index(point[0]), point[1]))


Select = Mapping[str, Callable[[Tensor], Any]]
"""Per tower: applied to a state at once, so that only what is needed of it stays in memory.

What it returns must not alias the state, which later modules may overwrite.
"""


def run(
    model: "Model",
    inputs: Mapping[str, Any],
    *,
    reads: Sequence[Point] = (),
    select: Select | None = None,
    method: str = "__call__",
) -> tuple[Any, States]:
    """One forward of `method` on inputs on the device: its output, and what `select` takes of the states at `reads`."""
    if not reads:
        with model.lock, torch.inference_mode():
            return getattr(model.module, method)(**inputs), {}
    made_at = {point: _made_at(model, inputs, point) for point in reads}
    states: States = {}
    with model.lock, torch.inference_mode(), model.tracer.trace(fn=method, **inputs) as tracer:
        for point in dict.fromkeys(made_at.values()):
            states[point] = _selected(model, point, select)
        output = nnsight.save(tracer.result)
    return output, {point: states[origin] for point, origin in made_at.items()}


def run_around(
    model: "Model",
    inputs: Mapping[str, Any],
    *,
    encoder: str,
    seen: Any,
    reads: Sequence[Point] = (),
    select: Select | None = None,
) -> tuple[Any, States, Any]:
    """`run`, in which the module at the path `encoder` hands out `seen` instead of running; else its output comes too.

    An empty path is none.
    """
    if not encoder:
        return *run(model, inputs, reads=reads, select=select), None
    states: States = {}
    within = [point for point in reads if point[0] == "vision"]
    after = [point for point in reads if point[0] != "vision"]
    with model.lock, torch.inference_mode(), model.tracer.trace(**inputs) as tracer:
        if seen is None:
            for point in within:
                states[point] = _selected(model, point, select)
            vision = nnsight.save(model.tracer.get(encoder).output)
        else:
            vision = nnsight.save(seen)
            model.tracer.get(encoder).skip(seen)
        for point in after:
            states[point] = _selected(model, point, select)
        output = nnsight.save(tracer.result)
    return output, states, vision


def _made_at(model: "Model", inputs: Mapping[str, Any], point: Point) -> Point:
    """The point that a state came from, past the blocks that the forward does not go through."""
    tower, layer = point
    passed = model.family.reuse.skipped_blocks(model.config, inputs) if tower == "language" else ()
    while layer and layer - 1 in passed:
        layer -= 1
    return tower, layer


def _selected(model: "Model", point: Point, select: Select | None) -> Any:
    return (select or {}).get(point[0], torch.clone)(_state(model, point))


def blocks(model: "Model", tower: str) -> Any:
    """The traced counterpart of a tower's module list, or of the projector."""
    return model.tracer.get(getattr(model.family.modules, tower))


def _state(model: "Model", point: Point) -> Tensor:
    tower, layer = point
    module = blocks(model, tower)
    if not model.towers[tower].layers:
        return first(module.output)
    return first(module[0].input if layer == 0 else module[layer - 1].output)


def first(value: Any) -> Tensor:
    """The hidden state of a module's output, which is a tensor in some families and a tuple in others."""
    return value[0] if isinstance(value, tuple | list) else value
