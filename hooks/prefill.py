"""The first forward of a prompt, image included: it fills the key-value cache that questions and answers continue."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from . import trace
from .continuation import Sequences
from .encoding import Row, stack

if TYPE_CHECKING:
    from .model import Model


@dataclass(frozen=True)
class Prefilled:
    """Rows after their first forward: `sequences` to continue from, and the states that were read.

    `states` are whole for vision and projector, and (image position of all rows, feature) for the language model;
    `last` (row, feature) are the language model's states at each row's last token. `vision` is the output of the
    family's encoder, None where it has none: other prompts about the same images reuse it.
    """

    sequences: Sequences
    states: trace.States
    last: trace.States
    vision: Any


def prefill(
    model: "Model", group: Sequence[Row], *, reads: Sequence[trace.Point] = (), vision: Any = None
) -> Prefilled:
    """Run rows of one shape and read states at `reads`; given their images' `vision`, the encoder does not run."""
    inputs = stack(model, [row.inputs for row in group])
    ids = inputs["input_ids"]
    image = ids == model.blueprint.image_token
    encoder = [trace.ENCODER] if model.family.modules.encoder and "pixel_values" in inputs else []
    output, states = trace.run(
        model,
        {**inputs, **_new_cache(model), "use_cache": True, "logits_to_keep": 1},
        reads=[*reads, *encoder] if vision is None else reads,
        writes={} if vision is None else dict.fromkeys(encoder, vision),
        select={"language": lambda state: (state[image], state[:, -1].clone())},
    )
    vision = states.pop(trace.ENCODER, vision)
    reuse = model.family.reuse
    length = torch.full((len(ids),), ids.shape[1] + reuse.first_position, device=model.device)
    if reuse.rope_deltas and "pixel_values" in inputs:
        deltas = attrgetter(reuse.rope_deltas)(model.module)  # None where the model counts tokens after all
        length = length if deltas is None else length + deltas[:, 0].to(length)
    carried = {name: inputs[name][:, -1:] for name in reuse.carried if name in inputs}
    logits = output.logits[:, -1].float()
    sequences = Sequences(reuse.cache(output), ids, torch.ones_like(ids), length, logits, carried)
    language = {point: state for point, state in states.items() if point[0] == "language"}
    return Prefilled(
        sequences,
        {point: state[0] if point in language else state for point, state in states.items()},
        {point: state[1] for point, state in language.items()},
        vision,
    )


def _new_cache(model: "Model") -> dict[str, Any]:
    """An empty cache, for models that make none of themselves."""
    make = model.family.reuse.new_cache
    return {} if make is None else {"past_key_values": make(model.config)}


def of_images(vision: Any, *places: int) -> Any:
    """An encoder's output for some of its images; what is not a tensor stays as it is."""
    return _each_tensor(lambda value: value[list(places)], vision)


def joined(visions: Sequence[Any]) -> Any:
    """Encoder outputs of single images as the output of one batch."""
    return _each_tensor(lambda *values: torch.cat(values), *visions)


def _each_tensor(change: Callable[..., Tensor], *outputs: Any) -> Any:
    """Outputs of one module, changed tensor by tensor: named fields, tuples or a tensor."""
    first = outputs[0]
    if isinstance(first, Tensor):
        return change(*outputs)
    if isinstance(first, Mapping):
        return type(first)(**{name: _each_tensor(change, *(output[name] for output in outputs)) for name in first})
    if isinstance(first, tuple):
        return tuple(_each_tensor(change, *fields) for fields in zip(*outputs, strict=True))
    return first
