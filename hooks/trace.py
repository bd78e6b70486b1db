"""Reading and writing states in one forward pass; nnsight is called nowhere else."""

import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from inspect import signature
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import nnsight
import torch
from torch import Tensor

from .sites import Site
from .state_kinds import NORM

if TYPE_CHECKING:
    from .model import Model

Point = tuple[str, int]
"""(tower, layer): layer 0 is the input of the first block, k the output of block k; of a projector, its output."""

ENCODER: Point = ("encoder", 0)
"""The whole output of the module `modules.encoder` of a model family. If it is written, the module does not run."""

MEMORY: Point = ("memory", 0)
"""The whole output of the module `modules.memory`: what a decoder attends to."""

DECODER: Point = ("decoder", 0)
"""The whole output of the module `modules.decoder`."""

MASK = "attention_mask"
"""(MASK, k) is what block k of the language model, whose output is (language, k), is given as its attention mask.

It can be written, not read. What is written may be a function of the mask; that of a block without one is None.
"""

MODULES = (ENCODER, MEMORY, DECODER)
"""The points that are whole outputs of modules."""

States = dict[Point, Any]

Select = Mapping[str, Callable[[Tensor], Any]]
"""Per part of the model: applied to a state at once, so that only what is needed of it stays in memory.

What it returns must not alias the state, which later modules may overwrite.
"""

Writes = Mapping[Point, Any]
"""Per point: what replaces the state there. A tensor, or a function that makes one from a copy of the state, which it
may change in place; at `ENCODER` the module's output, in the form in which it was read."""


def part_of(point: Point) -> str:
    """The part of the model that a point is in: the final norm belongs to the language model."""
    return "language" if point[0] in (NORM, MASK) else point[0]


def traceable(module: torch.nn.Module) -> Any:
    """A module wrapped so that `run` can look into it."""
    with warnings.catch_warnings():
        # nnsight renames submodules that are named like its own attributes (`output`); no entry uses them
        warnings.filterwarnings("ignore", message="Module .* has a submodule named", category=UserWarning)
        return nnsight.NNsight(module)


def points(model: "Model", sites: Sequence[Site]) -> list[Point]:
    """The distinct points that sites need, in the order in which the model reaches them."""
    return _in_order(model, {(site.tower, layer) for site in sites if site.kind.layered for layer in site.layers})


def run(
    model: "Model",
    inputs: Mapping[str, Any],
    *,
    reads: Sequence[Point] = (),
    writes: Writes = MappingProxyType({}),
    select: Select | None = None,
    method: str = "__call__",
) -> tuple[Any, States]:
    """One forward of `method` on inputs on the device: its output, and what `select` takes of the states at `reads`.

    States are whole: (row, token, feature), or as the model lays them out. A state is written before it is read, and
    all that follows in the forward uses what was written. The state after a block that the forward skips is that before
    it.

    Raises ValueError for a point that the model does not have or that a written encoder leaves out, and where a written
    state differs in shape from the one that it replaces.
    """
    for point in (*reads, *writes):
        _check(model, point, writes)
    if not reads and not writes:
        with model.lock, torch.inference_mode():
            return getattr(model.module, method)(**inputs), {}
    origin = {point: _origin(model, inputs, point) for point in (*reads, *writes)}
    wanted = {origin[point] for point in reads}
    written = {origin[point]: state for point, state in writes.items()}
    states: States = {}
    with model.lock, torch.inference_mode(), model.tracer.trace(fn=method, **inputs) as tracer:
        for point in _in_order(model, wanted | written.keys()):
            if point in written:
                _write(model, point, written[point])
            if point in wanted:
                states[point] = _read(model, point, select or {})
        output = nnsight.save(tracer.result)
    return output, {point: states[origin[point]] for point in reads}


def logits(
    model: "Model",
    inputs: Mapping[str, Any],
    *,
    reads: Sequence[Point] = (),
    writes: Writes = MappingProxyType({}),
) -> tuple[Tensor, States]:
    """The logits (row, token, vocabulary) of one forward of the whole model, and the states at `reads`."""
    inner = [DECODER] if model.family.modules.decoder else []
    output, states = run(model, inputs, reads=[*reads, *inner], writes=writes)
    return states.pop(DECODER, output).logits, states


def masks_pairs(model: "Model") -> bool:
    """Whether every block of the language model takes an attention mask."""
    blocks = attrgetter(model.family.modules.language)(model.module)
    return all(MASK in signature(type(block).forward).parameters for block in blocks)


def _in_order(model: "Model", reached: Iterable[Point]) -> list[Point]:
    """Points in the order in which the model reaches them."""
    order = ["vision", ENCODER[0], "projector", MEMORY[0], "language", NORM, DECODER[0]]
    # a block is given its mask when its input is there and its output is not
    own = {MASK: ("language", -0.5)}
    places = {point: own.get(point[0], (point[0], 0.0)) for point in reached}
    return sorted(places, key=lambda point: (order.index(places[point][0]), point[1] + places[point][1]))


def _check(model: "Model", point: Point, writes: Writes) -> None:
    tower, layer = point
    if point in MODULES:
        if not getattr(model.family.modules, tower):
            raise ValueError(
                f"family {model.family.name!r} has no {tower} to read or write. Use the points of its towers."
            )
        return
    if tower == MASK and 1 <= layer <= model.towers["language"].layers and masks_pairs(model):
        return
    if tower not in model.towers or not 0 <= layer <= model.towers[tower].layers:
        known = ", ".join(f"{each.name} 0-{each.layers}" for each in model.towers.values())
        raise ValueError(f"the model has no point {point}; its towers and layers are {known}.")
    if tower == "vision" and ENCODER in writes:
        raise ValueError(f"point {point} is inside the encoder, which does not run when it is written. Leave one out.")


def _origin(model: "Model", inputs: Mapping[str, Any], point: Point) -> Point:
    """The point at which a state is computed: before any blocks that the forward skips."""
    tower, layer = point
    skipped = model.family.reuse.skipped_blocks(model.config, inputs) if tower == "language" else ()
    while layer and layer - 1 in skipped:
        layer -= 1
    return tower, layer


def _read(model: "Model", point: Point, select: Select) -> Any:
    module, side = _side(model, point)
    value = getattr(module, side)
    return nnsight.save(value) if point in MODULES else select.get(part_of(point), torch.clone)(_state(value))


def _write(model: "Model", point: Point, change: Any) -> None:
    module, side = _side(model, point)
    if point == ENCODER:
        module.skip(change)
        return
    if point[0] == MASK:
        given, named = module.inputs
        module.inputs = _with_mask(model, point, given, named, change)
        return
    value = getattr(module, side)
    state = _state(value)
    copied = state.clone(memory_format=torch.contiguous_format)
    new: Tensor = change if isinstance(change, Tensor) else change(copied)
    if new.shape != state.shape:
        raise ValueError(
            f"the state written at {point} is {tuple(new.shape)}, the one that it replaces {tuple(state.shape)}. "
            "Write one of the same shape."
        )
    new = new.to(state)
    setattr(module, side, _with_state(value, new))


def _with_mask(model: "Model", point: Point, given: Any, named: Mapping[str, Any], change: Any) -> tuple[Any, Any]:
    """A block's arguments with another attention mask, by its name or in its place."""
    block = attrgetter(model.family.modules.language)(model.module)[point[1] - 1]
    place = [*signature(type(block).forward).parameters].index(MASK) - 1  # without self
    old = named[MASK] if MASK in named else given[place] if place < len(given) else None
    new = change(old) if callable(change) else change
    if place < len(given):
        return (*given[:place], new, *given[place + 1 :]), named
    return given, {**named, MASK: new}


def _side(model: "Model", point: Point) -> tuple[Any, str]:
    """The traced module that a state enters or leaves, and by which attribute."""
    tower, layer = point
    if tower == MASK:
        return model.tracer.get(model.family.modules.language)[layer - 1], "inputs"
    module = model.tracer.get(model.family.modules.path(tower))
    if tower == NORM and model.family.modules.read_by_head == model.family.modules.language:
        return module[-1], "output"
    if point in MODULES or not model.towers[tower].layers:
        return module, "output"
    return (module[0], "input") if layer == 0 else (module[layer - 1], "output")


def _state(value: Any) -> Tensor:
    """The hidden state of a module's output: a tensor, or the first of a tuple's or an object's fields."""
    if isinstance(value, Mapping):
        return next(iter(value.values()))
    return value[0] if isinstance(value, tuple | list) else value


def _with_state(value: Any, new: Tensor) -> Any:
    """A module's output with another hidden state."""
    if isinstance(value, Mapping):
        return type(value)(**{**value, next(iter(value)): new})
    return type(value)([new, *value[1:]]) if isinstance(value, tuple | list) else new
