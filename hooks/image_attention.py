"""Where the last token before the answer looks: its attention to the image, the question and the first token.

Of each layer and head the weights of that token's query, as `output_attentions` of a plain eager forward gives them,
are summed over groups of tokens. Layer k is block k; layer 0, the input of the first, attends to nothing and is nan.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from . import last_query, trace
from .attention_sums import Shown, Weights, massive, readout
from .encoding import Row
from .last_query import ByLayer
from .reading import AttentionReadout, Grid, stacked
from .site_states import by_picture

if TYPE_CHECKING:
    from .answers import RenderedQuestion
    from .model import Blueprint, Model

KEYS: trace.Point = ("language", 0)
"""The point whose positions are those of the keys."""


def unavailable(blueprint: "Blueprint") -> str:
    """Why a model's attention to the image cannot be read; empty where it can, as far as its config tells."""
    family = blueprint.family
    if blueprint.kind == "contrastive":
        return f"models of family {family.name} compare captions with images: no token comes before an answer"
    if family.decoder:
        return f"in models of family {family.name} another part reads the prompt than writes the answer"
    if family.own_attention:
        return f"the layers of family {family.name} do not call attention as other models of transformers do"
    return ""


def heads(blueprint: "Blueprint") -> int:
    """The largest number of attention heads in a layer of the language model."""
    counts = blueprint.config.get_text_config().num_attention_heads
    return counts if isinstance(counts, int) else max(counts)


def grid_tower(blueprint: "Blueprint") -> str:
    """The tower whose grid the image's places have: the language model, or what its layers attend across to."""
    return "projector" if blueprint.family.reuse.image_prefix == "cross_attention" else "language"


def wanted(prompts: Sequence["RenderedQuestion"]) -> bool:
    """Whether attention is to be read of any of these contexts."""
    return any(prompt.question.attention for prompt in prompts)


@contextmanager
def entering(model: "Model", prompts: Sequence["RenderedQuestion"]) -> Iterator[ByLayer]:
    """`last_query.peaks` of the forward that runs inside; nothing where no prompt asks for attention.

    Raises ValueError for a model whose attention cannot be read.
    """
    if not wanted(prompts):
        yield {}
        return
    if reason := unavailable(model.blueprint):
        raise ValueError(f"no attention to the image: {reason}. Leave --readouts attention out.")
    with last_query.peaks(model) as peaks:
        yield peaks


@contextmanager
def watched(model: "Model", prompts: Sequence["RenderedQuestion"], last: Sequence[int]) -> Iterator[ByLayer]:
    """`last_query.watched` of the forward that runs inside; nothing where no prompt asks for attention.

    Raises ValueError where no layer's attention went through the interface of transformers.
    """
    if not wanted(prompts):
        yield {}
        return
    with last_query.watched(model, last) as weights:
        yield weights
    if not weights:
        raise ValueError(
            f"no attention to the image: the layers of {model.source} do not call attention as models of transformers "
            "do. Leave --readouts attention out."
        )


def shown(model: "Model", rows: Sequence[Row], peaks: ByLayer, cache: Any) -> list[Shown]:
    """Where the pictures of rows are among the keys, and which places are sinks by the peaks of their forward.

    `cache`: the key-value cache of that forward. Empty without peaks.
    """
    if not peaks:
        return []
    if crossing := _crossing(model):
        return [_across(model, row, cache.layers[min(crossing) - 1]) for row in rows]
    return [_within(model, row, {layer: each[at] for layer, each in peaks.items()}) for at, row in enumerate(rows)]


def read(model: "Model", rows: Sequence[Shown], weights: ByLayer, mask: Tensor) -> list[AttentionReadout]:
    """The readout of each row's context, from the weights of its forward; none without weights.

    `mask` (row, slot) says which slots of the sequences are real.
    """
    if not weights:
        return []
    crossing = _crossing(model)
    own = {layer: each for layer, each in weights.items() if layer not in crossing}
    layers = model.towers["language"].layers + 1
    most = max(each.shape[1] for each in weights.values())
    among, tokens = _together(own, most, mask.shape[1]), mask.sum(1).tolist()
    across = {layer: each for layer, each in weights.items() if layer in crossing}
    beside = _together(across, most, max(each.shape[-1] for each in across.values())) if across else None
    return [readout(at, row, among, beside, layers=layers, tokens=tokens[at]) for at, row in enumerate(rows)]


def _together(by_layer: ByLayer, heads: int, keys: int) -> Weights:
    """All layers in one array: heads that a layer does not have are nan, keys that it has left behind 0."""
    layers = tuple(sorted(by_layer))
    full = []
    for each in (by_layer[layer] for layer in layers):
        # a layer with a sliding window keeps the newest keys
        each = pad(each, (keys - each.shape[-1], 0))
        full.append(pad(each, (0, 0, 0, heads - each.shape[1]), value=torch.nan))
    return Weights(torch.stack(full, dim=1), layers)


def _within(model: "Model", row: Row, peaks: ByLayer) -> Shown:
    """Where one row's pictures are in its sequence."""
    image, text, layers = *_image(model, row), model.towers["language"].layers + 1
    split = by_picture(model, {KEYS: image.nonzero()}, row.pictures)
    places = torch.cat([own[KEYS][:, 0] for own in split]) if split else image.nonzero()[:, 0]
    sinks = torch.full((layers, len(places)), torch.nan, device=model.device)
    for layer, each in peaks.items():
        sinks[layer] = massive(each[places], model.towers["language"].features)
    return Shown(image, places, _grid(model, row), text, sinks)


def _across(model: "Model", row: Row, cached: Any) -> Shown:
    """Where one row's pictures are among the keys of the layers that attend across to them, without sinks."""
    image, text, layers = *_image(model, row), model.towers["language"].layers + 1
    places = torch.empty(0, dtype=torch.long, device=model.device)
    if row.pictures:
        keys = torch.arange(cached.keys.shape[-2], device=model.device)[None, :, None]
        rows = model.family.tokens.vision_rows(model.config, keys, row.pictures, grid_tower(model.blueprint))
        places = torch.cat(rows)[:, 0]
    sinks = torch.full((layers, len(places)), torch.nan, device=model.device)
    return Shown(torch.zeros_like(image), places, _grid(model, row), text, sinks)


def _image(model: "Model", row: Row) -> tuple[Tensor, int]:
    """Which slots of a row's prefix hold pictures or stand for them, and the slot behind the last of them."""
    inputs = {name: value.to(model.device) for name, value in row.inputs.items()}
    image = model.family.tokens.at_image(model.config, inputs)[0]
    held = image.nonzero()[:, 0]
    return image, int(held[-1]) + 1 if len(held) else 1


def _grid(model: "Model", row: Row) -> Grid | None:
    """The common grid of a row's pictures."""
    tower = grid_tower(model.blueprint)
    return stacked([model.family.tokens.grid(model.config, picture, tower) for picture in row.pictures])


def _crossing(model: "Model") -> frozenset[int]:
    """The layers that attend across to the pictures, which are not part of the sequence."""
    if model.family.reuse.image_prefix != "cross_attention":
        return frozenset()
    return frozenset(block + 1 for block in model.config.get_text_config().cross_attention_layers)
