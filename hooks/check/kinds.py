"""How each kind of model is shown pictures in a check, and what it answers with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from .. import trace
from ..context import render
from ..encoding import process, process_image, stack
from ..families import Inputs
from ..reading import Question

if TYPE_CHECKING:
    from ..model import Model

QUESTIONS = (
    Question("Is there a bus in the image?", ("yes", "no")),
    Question("What is in the image?", ("a small red car", "a tree")),
)


@dataclass(frozen=True)
class Kind:
    """What differs between the kinds of models.

    `inputs` are those of a view of pictures, with a question where the model takes one; `method` is the model's method
    that takes them, `at_image` (row, token) where its language model has the image, None where it has no place for it.
    `output` runs it with states that are read and written, for (row, ...) what it says at the end, and the states.
    """

    inputs: "Callable[[Model, Sequence[np.ndarray]], dict[str, Tensor]]"
    method: "Callable[[Model], str]"
    at_image: "Callable[[Model, Inputs], Tensor | None]"
    output: "Callable[..., tuple[Tensor, trace.States]]"


def of(model: "Model") -> Kind:
    """The kind of a model."""
    return KINDS[model.kind]


def fed(model: "Model", inputs: dict[str, Tensor]) -> dict[str, Any]:
    """The inputs of the model's own forward: a decoder's first tokens too, where it has one."""
    decoder = model.family.decoder
    return inputs if decoder is None else decoder.whole(inputs, decoder.begin(model.module, inputs))


def _asked(model: "Model", pixels: Sequence[np.ndarray]) -> dict[str, Tensor]:
    prompt = render(model.blueprint, QUESTIONS[0].text, pictures=len(pixels))
    return stack(model, [process(model.blueprint, pixels, prompt)])


def _seen(model: "Model", pixels: Sequence[np.ndarray]) -> dict[str, Tensor]:
    return stack(model, [process_image(model.blueprint, pixels[0])])


def _next_token(model: "Model", inputs: dict[str, Tensor], **which: Any) -> tuple[Tensor, trace.States]:
    logits, states = trace.logits(model, fed(model, inputs), **which)
    return logits[:, -1], states


def _embedding(model: "Model", inputs: dict[str, Tensor], **which: Any) -> tuple[Tensor, trace.States]:
    contrast = model.family.contrast
    result, states = trace.run(model, inputs, method=contrast.image_method, **which)
    return contrast.embedding(model.module, result), states


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "generative": Kind(
            _asked,
            lambda model: "__call__",
            lambda model, inputs: model.family.tokens.at_image(model.config, inputs),
            _next_token,
        ),
        "contrastive": Kind(
            _seen, lambda model: model.family.contrast.image_method, lambda model, inputs: None, _embedding
        ),
    }
)
