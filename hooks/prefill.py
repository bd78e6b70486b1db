"""The first forward of a prompt, image included: it fills the key-value cache that questions and answers continue."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import torch

from . import trace
from .continuation import Sequences
from .encoding import Row, stack
from .families import Decoder, Inputs

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
    if model.family.decoder:
        return _begun(model, model.family.decoder, inputs, reads, vision)
    ids = inputs["input_ids"]
    image = model.family.tokens.at_image(model.config, inputs)
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
    language = {point: state for point, state in states.items() if trace.part_of(point) == "language"}
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


def _begun(model: "Model", decoder: Decoder, inputs: Inputs, reads: Sequence[trace.Point], vision: Any) -> Prefilled:
    """The same where a decoder writes the answer: rows after the tokens with which it begins."""
    ids = decoder.begin(model.module, inputs)
    memory, states, vision = _memory(model, decoder.whole(inputs, ids), _in(reads, language=False), vision)
    given = decoder.given(memory, inputs)
    output, last = trace.run(
        model,
        {decoder.tokens: ids, **given, "use_cache": True},
        reads=_in(reads, language=True),
        select={"language": lambda state: state[:, -1].clone()},
        method=model.family.modules.decoder or "__call__",
    )
    length = torch.full((len(ids),), ids.shape[1], device=model.device)
    logits = output.logits[:, -1].float()
    sequences = Sequences(output.past_key_values, ids, torch.ones_like(ids), length, logits, memory=given)
    return Prefilled(sequences, states, last, vision)


def _in(reads: Sequence[trace.Point], *, language: bool) -> list[trace.Point]:
    return [point for point in reads if (trace.part_of(point) == "language") == language]


def _memory(
    model: "Model", inputs: dict[str, Any], reads: Sequence[trace.Point], vision: Any
) -> tuple[Any, trace.States, Any]:
    """What a decoder attends to, the states at `reads` before it, and the output of the family's encoder."""
    modules = model.family.modules
    if vision is not None and modules.memory == modules.encoder:
        return vision, {}, vision
    encoder = [trace.ENCODER] if modules.encoder else []
    writes = {} if vision is None else dict.fromkeys(encoder, vision)
    _, states = trace.run(model, inputs, reads=[*reads, *(() if writes else encoder), trace.MEMORY], writes=writes)
    return states.pop(trace.MEMORY), states, states.pop(trace.ENCODER, vision)
