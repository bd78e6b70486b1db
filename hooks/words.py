"""The words that the head reads in the states of a picture's tokens: the lens over the whole vocabulary.

A state h at a place of a picture, in any layer, goes through the final norm and meets every row w of the unembedding:
logit = w . norm(h) + b, scaled and capped as the model does with its own. That is no answer of the model: no such state
is ever read by the head, but what it is near to shows what it holds.
Sources: nostalgebraist 2020 (logit lens); Neo et al. 2024 (at image positions).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from . import capture, lens, trace
from .context import render
from .encoding import process, stack
from .reading import Grid, Pixels, View
from .sites import Site
from .state_kinds import NORM

if TYPE_CHECKING:
    from .model import Blueprint, Model

AT_ONCE = 2**25
"""Logits that are held at once; a layer of a large model has more."""

CAP = "final_logit_softcapping"
"""What a config calls the bound of its logits, which not every class of models applies."""

SLACK = 16
"""By how many roundings of the largest logit a head may differ from the model's own."""


@dataclass(frozen=True)
class Head:
    """What makes logits of a state: the final norm, the unembedding's rows (word, feature), and what comes after."""

    norm: Any
    weight: Tensor
    bias: Tensor | None
    scale: float
    cap: float | None = None

    def logits(self, normed: Tensor, rows: slice = slice(None)) -> Tensor:
        """(..., feature) behind the norm -> (..., word) logits of some words, float32."""
        made = normed.float() @ self.weight[rows].float().T
        made = self.scale * (made if self.bias is None else made + self.bias[rows].float())
        return made if self.cap is None else self.cap * torch.tanh(made / self.cap)


@dataclass(frozen=True)
class Words:
    """The words with the largest logits at each place, largest first: (layer, token, word) each.

    `ids` int64 of the vocabulary; `logits` float32 in the model's own units; `probabilities` float32 over the whole
    vocabulary.
    """

    ids: NDArray[np.int64]
    logits: NDArray[np.float32]
    probabilities: NDArray[np.float32]


def unavailable(blueprint: "Blueprint") -> str:
    """Why no words are read at the places of a model's pictures; empty where they are. Needs no weights."""
    name = blueprint.family.name
    if blueprint.kind == "contrastive":
        return f"models of family {name} compare captions with images and write no words"
    if blueprint.family.decoder:
        return f"in models of family {name} another part holds the picture than writes words"
    if "image" not in blueprint.towers["language"].kinds:
        return (
            f"in models of family {name} the picture is no part of the text: language layers attend to it "
            "(cross-attention), and no state that the head could read lies at its places"
        )
    return ""


def head(model: "Model", pictures: Sequence[Pixels]) -> Head:
    """The head of a model, proven on the last token of a prompt with pictures: it makes the model's own logits there.

    Raises ValueError where the model has no head that can be read, or does more than is known here.
    """
    if reason := unavailable(model.blueprint) or lens.unavailable(model):
        raise ValueError(f"no words: {reason}.")
    inputs = process(model.blueprint, pictures, render(model.blueprint, "", pictures=len(pictures)))
    feed = {**stack(model, [inputs]), "use_cache": False, "logits_to_keep": 1}
    logits, states = trace.logits(model, feed, reads=[(NORM, 0)])
    own, normed = logits[0, -1].float(), states[NORM, 0][0, -1]
    plain = Head(lens.norm_of(model), *lens.rows_of(model), lens.scale(model))
    cap = getattr(model.config.get_text_config(), CAP, None)
    made = [plain] if cap is None else [plain, replace(plain, cap=float(cap))]
    apart = [float((each.logits(normed) - own).abs().max()) for each in made]
    if not min(apart) <= SLACK * torch.finfo(logits.dtype).eps * max(1.0, float(own.abs().max())):
        raise ValueError(
            f"no words: the head of {model.source} makes logits that are {min(apart):.3g} away from those that its "
            "norm and its rows give."
        )
    return made[apart.index(min(apart))]


def read(model: "Model", head: Head, pictures: Sequence[Pixels], site: Site, *, count: int) -> tuple[Words, list[Grid]]:
    """The nearest words of each place of a view's pictures, and the grids of these, token after token in their order.

    `site`: the image's states at some layers of the language model. They are those of a run: where they depend on the
    question, of the empty one.
    """

    def reduce(views: Sequence[int], site: Site, tokens: Tensor, grids: tuple[Grid, ...]) -> Mapping[str, Tensor]:
        layers = [nearest(head, state, count) for state in tokens.flatten(0, 1)]
        return {name: torch.stack([layer[name] for layer in layers])[None] for name in layers[0]}

    (found,) = capture.read(model, [View(tuple(pictures))], [site], batch_size=1, reduce=reduce)
    states = found.states[site.slug]
    return Words(**states.reduced), list(states.grids)


def nearest(head: Head, states: Tensor, count: int) -> dict[str, Tensor]:
    """(token, feature) states of one layer -> ids, logits and probabilities (token, word), the largest logit first.

    The vocabulary goes by in parts, so that no more than `AT_ONCE` logits are held.
    """
    normed = head.norm(states)
    part = max(1, AT_ONCE // max(1, len(states)))
    total = torch.full((len(states),), -torch.inf, device=states.device)
    best, ids = total[:, None][:, :0], torch.empty(len(states), 0, dtype=torch.long, device=states.device)
    for start in range(0, len(head.weight), part):
        logits = head.logits(normed, slice(start, start + part))
        total = torch.logaddexp(total, logits.logsumexp(-1))
        own, at = logits.topk(min(count, logits.shape[-1]), dim=-1)
        best, order = torch.cat([best, own], dim=-1).topk(min(count, best.shape[-1] + own.shape[-1]), dim=-1)
        ids = torch.cat([ids, at + start], dim=-1).gather(-1, order)
    return {"ids": ids, "logits": best, "probabilities": (best - total[:, None]).exp()}


def text(model: "Model", word: int) -> str:
    """A word of the vocabulary as it is written: with the space that it begins with, or its piece if it is no text."""
    tokenizer = model.processor.tokenizer
    if word >= len(tokenizer):
        return f"#{word}"  # rows of the unembedding that no token has
    piece = str(tokenizer.convert_ids_to_tokens(word))
    written = str(tokenizer.decode([word]))
    if not written.strip() or "\ufffd" in written:
        return piece
    return written if not piece.startswith("▁") or written.startswith(" ") else f" {written}"
