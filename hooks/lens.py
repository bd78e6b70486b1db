"""The lens: what the head would read in the state of each layer, of the first tokens of a question's options.

A state h at the last token before the answer goes through the final norm and meets the row w of the unembedding of an
option's first token: score = w . norm(h) + b. At the last layer that is the model's own logit, before any soft cap.
Source: nostalgebraist 2020 (logit lens).
"""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from . import trace
from .context import Ids
from .reading import Readout

if TYPE_CHECKING:
    from .model import Model


def points(model: "Model") -> list[trace.Point]:
    """Every layer of the language model, whose states the lens reads."""
    return [("language", layer) for layer in range(model.towers["language"].layers + 1)]


def unavailable(model: "Model") -> str:
    """Why a model has no lens; empty where it has."""
    if model.kind == "contrastive" or not model.family.modules.read_by_head:
        return f"in models of family {model.family.name} no head is known that reads states of the language model"
    if not isinstance(getattr(_head(model), "weight", None), Tensor):
        return f"the head of {model.source} is a {type(_head(model)).__name__}, whose rows cannot be read"
    return ""


def read(model: "Model", last: trace.States, asked: Mapping[int, Sequence[Ids]]) -> dict[int, Readout]:
    """By context what the head reads at its last token.

    `last`: (row, feature) at every layer of the language model; `asked`: the row of a context -> its options' token
    ids. Raises ValueError for a model without a lens.
    """
    if not asked:
        return {}
    if reason := unavailable(model):
        raise ValueError(f"no lens: {reason}. Ask the questions with lens=False.")
    norm, head, factor = norm_of(model), _head(model), scale(model)
    rows = list(asked)
    states = torch.stack([last[point][rows] for point in points(model)], dim=1)  # (row, layer, feature)
    normed = norm(states).float()
    made: dict[int, Readout] = {}
    for place, row in enumerate(rows):
        first = torch.tensor([ids[0] for ids in asked[row]], device=states.device)
        weight = factor * head.weight[first].float()
        bias = _bias(head, first)
        scores = normed[place] @ weight.T + (0.0 if bias is None else factor * bias)
        made[row] = _of_distinct(first, scores, weight @ weight.T)
    return made


def norm_of(model: "Model") -> Any:
    """What a state goes through before the head's rows: the final norm, or what stands for it; nothing where blocks end
    in norms of their own."""
    modules = model.family.modules
    if modules.read_by_head == modules.language:
        return torch.nn.Identity()
    return attrgetter(modules.read_by_head)(model.module)


def rows_of(model: "Model") -> tuple[Tensor, Tensor | None]:
    """The unembedding's rows (word, feature) and bias (word), of a model that has a lens."""
    made = _head(model)
    return made.weight, made.bias if isinstance(getattr(made, "bias", None), Tensor) else None


def _of_distinct(first: Tensor, scores: Tensor, products: Tensor) -> Readout:
    """Scores (layer, option) and products (option, option) of options that differ in their first token, others nan."""
    shared = (first[:, None] == first).sum(1) > 1
    scores, products = scores.clone(), products.clone()
    scores[:, shared] = torch.nan
    products[shared] = torch.nan
    products[:, shared] = torch.nan
    return Readout(scores.cpu().numpy(), products.cpu().numpy())


def _head(model: "Model") -> Any:
    """The unembedding of the innermost module around the final norm that knows its own."""
    parts = model.family.modules.read_by_head.split(".")
    for end in range(len(parts) - 1, -1, -1):
        module = model.module.get_submodule(".".join(parts[:end]))
        if (head := getattr(module, "get_output_embeddings", lambda: None)()) is not None:
            return head
    return None


def _bias(head: Any, rows: Tensor) -> Tensor | None:
    bias = getattr(head, "bias", None)
    return bias[rows].float() if isinstance(bias, Tensor) else None


_SCALES: Mapping[str, Callable[[float], float]] = {
    "logit_scale": lambda value: value,  # Cohere
    "logits_scaling": lambda value: 1 / value,  # Granite
    "output_multiplier": lambda value: value,  # Muse
}
"""What a config calls the number by which a model multiplies, or divides, its logits."""


def scale(model: "Model") -> float:
    """What a model multiplies its logits by."""
    config = model.config.get_text_config()
    if getattr(config, "scale_decoder_outputs", False):  # T5, whose unembedding is its embedding
        return float(config.d_model) ** -0.5
    named = [(made, getattr(config, name, None)) for name, made in _SCALES.items()]
    return next((made(float(value)) for made, value in named if value is not None), 1.0)
