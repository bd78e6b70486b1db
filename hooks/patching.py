"""Activation patching: states of one forward are put into another, at one layer and one group of tokens at a time.

Two prompts that differ in their pictures alone are run once each; then the base is run again with the source's states
at one layer and the tokens of one group in place of its own, and what the head says of the options' first tokens is
read. Layer 0 is the input of the first block, the last layer the output of the last one, before the final norm. Every
forward is of a whole prompt; a batch holds one cell (layer, group) a row. Pictures are encoded again only where the
base's state at layer 0 does not stand for them (`without_pictures`).
Source: Zhang & Nanda 2024.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from . import trace
from .batching import batches
from .context import option_ids, render
from .encoding import process, stack
from .reading import Pixels

if TYPE_CHECKING:
    from .model import Model

GROUPS = ("image", "question", "last")
"""The groups of tokens, in the order of the prompt."""

ENTRY: trace.Point = ("language", 0)
"""The input of the first block, in which the pictures' tokens are."""

PIXELS = "pixel_values"

Inputs = Mapping[str, Tensor]
Places = Mapping[str, Tensor]
"""By group the positions of its tokens."""


@dataclass(frozen=True)
class Forward:
    """One forward of a prompt: inputs, logits (vocabulary) of the next token, states (token, feature) by layer."""

    inputs: Inputs
    logits: Tensor
    states: tuple[Tensor, ...]


def unavailable(model: "Model") -> str:
    """Why nothing can be patched in a model; empty where it can."""
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


def mismatch(one: Inputs, other: Inputs) -> str:
    """Why states of one prompt cannot be put into another; empty where only the pictures' values differ.

    >>> ids = {"input_ids": torch.tensor([[1, 2]])}
    >>> mismatch(ids, ids), mismatch(ids, {"input_ids": torch.tensor([[1, 2, 2]])})
    ('', 'input_ids is (1, 2) and (1, 3)')
    """
    if one.keys() != other.keys():
        return f"only one of them has {', '.join(sorted(one.keys() ^ other.keys()))}"
    for name, value in one.items():
        if value.shape != other[name].shape:
            return f"{name} is {tuple(value.shape)} and {tuple(other[name].shape)}"
        if not value.is_floating_point() and not torch.equal(value, other[name]):
            return f"{name} differs"
    return ""


def layers(model: "Model") -> range:
    """The layers of the language model, whose states are patched."""
    return range(model.towers["language"].layers + 1)


def forward(model: "Model", inputs: Inputs) -> Forward:
    """Run a prompt and keep its states."""
    points = [("language", layer) for layer in layers(model)]
    logits, states = trace.logits(model, _feed(model, inputs, 1), reads=points)
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


def patched(
    model: "Model",
    base: Forward,
    source: Forward,
    tokens: Sequence[int],
    *,
    groups: Places,
    batch_size: int,
) -> np.ndarray:
    """(layer, group, option) logits of the options' first tokens, with the source's states in the base's forward.

    Raises ValueError where the two prompts differ in more than the values of their pictures (`mismatch`).
    """
    if reason := mismatch(base.inputs, source.inputs):
        raise ValueError(f"these prompts cannot be patched into each other: {reason}.")
    shape = (len(base.states), len(groups), len(tokens))
    named, inputs = list(groups.values()), without_pictures(model, base)
    start: dict[trace.Point, Any] = {} if inputs is base.inputs else {ENTRY: _Repeated(base.states[0])}
    cells = list(product(range(shape[0]), range(shape[1])))
    found: list[Tensor] = []
    for batch in batches(cells, batch_size):
        rows = [(row, layer, named[group]) for row, (layer, group) in enumerate(batch)]
        writes = {
            ("language", layer): _Placed(source.states[layer], rows, layer, start.get(("language", layer)))
            for _, layer, _ in rows
        }
        logits, _ = trace.logits(model, _feed(model, inputs, len(batch)), writes={**start, **writes})
        found.append(logits[:, -1, list(tokens)].float().cpu())
    return torch.cat(found).reshape(shape).numpy()


def without_pictures(model: "Model", base: Forward) -> Inputs:
    """The inputs that give the base's forward again where its state at layer 0 is written: without pixels if they do.

    That is seen, not believed: every state and the logits must come out the same. Else all inputs, because later layers
    read the pictures again.
    """
    lean = {name: value for name, value in base.inputs.items() if name != PIXELS}
    if len(lean) == len(base.inputs) or "image" not in model.towers["language"].kinds:
        return base.inputs
    points = [("language", layer) for layer in range(len(base.states))]
    try:
        writes = {ENTRY: _Repeated(base.states[0])}
        logits, states = trace.logits(model, _feed(model, lean, 1), reads=points, writes=writes)
    except Exception:  # a forward that needs its pictures can raise anything
        return base.inputs
    same = torch.equal(logits[0, -1].float(), base.logits) and all(
        torch.equal(states[point][0], own) for point, own in zip(points, base.states, strict=True)
    )
    return lean if same else base.inputs


@dataclass(frozen=True)
class _Repeated:
    """What is written at layer 0 of every row: the base's own state."""

    base: Tensor

    def __call__(self, state: Tensor) -> Tensor:
        return self.base.expand_as(state)


@dataclass(frozen=True)
class _Placed:
    """What is written at one layer: the source's state, in those rows of a batch whose cell is of this layer."""

    source: Tensor
    rows: Sequence[tuple[int, int, Tensor]]
    layer: int
    start: "_Repeated | None" = None

    def __call__(self, state: Tensor) -> Tensor:
        state = state if self.start is None else self.start(state).clone()
        for row, layer, group in self.rows:
            if layer == self.layer:
                state[row, group] = self.source[group]
        return state


def _feed(model: "Model", inputs: Inputs, count: int) -> dict[str, Tensor | bool | int]:
    """So many copies of a prompt as a batch; of its logits only the last token's are made."""
    return {**stack(model, [inputs] * count), "use_cache": False, "logits_to_keep": 1}
