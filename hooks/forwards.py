"""One forward of a whole prompt with its states, from which interventions start: what is changed, and where."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from . import trace
from .context import option_ids, render
from .encoding import process, stack
from .reading import Pixels

if TYPE_CHECKING:
    from .model import Blueprint, Model

GROUPS = ("image", "question", "last")
"""The groups of tokens, in the order of the prompt."""

Inputs = Mapping[str, Tensor]
Places = Mapping[str, Tensor]
"""By group the positions of its tokens."""


@dataclass(frozen=True)
class Forward:
    """One forward of a prompt: inputs, logits (vocabulary) of the next token, states (token, feature) by layer."""

    inputs: Inputs
    logits: Tensor
    states: tuple[Tensor, ...]


def unavailable(model: "Model | Blueprint") -> str:
    """Why a model cannot be intervened in; empty where it can."""
    if model.kind == "contrastive":
        return f"models of family {model.family.name} compare captions with images and write no answer"
    if model.family.decoder:
        return f"in models of family {model.family.name} another part reads the prompt than writes the answer"
    return ""


def encode(model: "Model", pictures: Sequence[Pixels], text: str) -> dict[str, Tensor]:
    """The inputs of a question about pictures. Raises ValueError for what the model cannot take."""
    return process(model.blueprint, pictures, render(model.blueprint, text, pictures=len(pictures)))


def first_tokens(model: "Model", text: str, options: Sequence[str], *, pictures: int) -> tuple[int, ...]:
    """The id of each option's first token after a question about so many pictures."""
    written = render(model.blueprint, text, pictures=pictures)
    return tuple(ids[0] for ids in option_ids(model.blueprint, written, options))


def layers(model: "Model") -> range:
    """The layers of the language model: 0 is the input of its first block, the last the output of its last."""
    return range(model.towers["language"].layers + 1)


def forward(model: "Model", inputs: Inputs) -> Forward:
    """Run a prompt and keep its states."""
    points = [("language", layer) for layer in layers(model)]
    logits, states = trace.logits(model, feed(model, inputs, 1), reads=points)
    return Forward(inputs, logits[0, -1].float(), tuple(states[point][0] for point in points))


def places(model: "Model", base: Forward) -> dict[str, Tensor]:
    """The positions of each group of tokens that a prompt has.

    `image`: from the first to the last token of its pictures, with the separators between; `question`: all between
    these and the last token; `last`: the last token of the prompt, whose state the head reads. No group `image` where
    language layers attend to the pictures instead (cross-attention): `question` is then all but the last.
    """
    end = base.states[0].shape[0] - 1
    inputs = {name: value.to(model.device) for name, value in base.inputs.items()}
    own = "image" in model.towers["language"].kinds
    image = model.family.tokens.at_image(model.config, inputs)[0].nonzero()[:, 0] if own else torch.empty(0)
    first, after = (int(image[0]), int(image[-1]) + 1) if len(image) else (0, 0)
    made = {"image": range(first, after), "question": range(after, end), "last": range(max(end, after), end + 1)}
    return {name: torch.tensor(made[name], device=model.device) for name in GROUPS if len(made[name])}


def feed(model: "Model", inputs: Inputs, count: int) -> dict[str, Tensor | bool | int]:
    """So many copies of a prompt as a batch; of its logits only the last token's are made."""
    return {**stack(model, [inputs] * count), "use_cache": False, "logits_to_keep": 1}
