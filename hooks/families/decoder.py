"""What `hooks` must know of a family in which one part reads image and question and another, the decoder, answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import torch
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutput

Given = Mapping[str, Any]
"""Inputs of a forward, by name: tensors, or named tensors, each with one row a sequence."""


def generation_start(path: str) -> Callable[[Any, Given], Tensor]:
    """The token with which `generate` of the module at `path` begins, and the one that it forces after it, if any."""

    def begin(module: Any, inputs: Given) -> Tensor:
        settings = (attrgetter(path)(module) if path else module).generation_config
        first = settings.bos_token_id if settings.decoder_start_token_id is None else settings.decoder_start_token_id
        forced = settings.forced_bos_token_id
        ids = [first] if forced is None else [first, forced]
        return torch.tensor(ids, device=module.device).expand(len(inputs["pixel_values"]), -1)

    return begin


def encoded(memory: Any, inputs: Given) -> dict[str, Any]:
    """What most decoders are given: the encoder's last states, and its mask where there is one."""
    given: dict[str, Any] = {"encoder_outputs": BaseModelOutput(last_hidden_state=memory.last_hidden_state)}
    return given | {name: inputs[name] for name in ("attention_mask",) if name in inputs}


def beside_prompt(inputs: Given, ids: Tensor) -> dict[str, Any]:
    """The whole model takes the prompt and the decoder's tokens."""
    return {**inputs, "decoder_input_ids": ids}


def without_prompt(inputs: Given, ids: Tensor) -> dict[str, Any]:
    """The whole model takes the picture and the decoder's tokens, of which the prompt is a part."""
    return {"pixel_values": inputs["pixel_values"], "decoder_input_ids": ids}


@dataclass(frozen=True)
class Decoder:
    """A decoder, which attends to the output of `Modules.memory` and gives the logits of `Modules.decoder`.

    `begin(module, inputs)`: its tokens before the answer: (row, token). `tokens`: the name of their input.
    `given(memory, inputs)`: the further inputs of each of its forwards, from what it attends to and the prompt's.
    `whole(inputs, ids)`: the inputs of the whole model's own forward, with the decoder's tokens. `stop(config,
    processor)`: the ids that end an answer, where the generation config does not say. `apart`: whether the answer is a
    text of its own; else it continues the prompt, which the decoder itself reads.
    """

    begin: Callable[[Any, Given], Tensor]
    tokens: str = "decoder_input_ids"
    given: Callable[[Any, Given], dict[str, Any]] = encoded
    whole: Callable[[Given, Tensor], dict[str, Any]] = beside_prompt
    stop: Callable[[Any, Any], tuple[int, ...]] | None = None
    apart: bool = True
