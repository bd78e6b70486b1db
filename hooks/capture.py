"""Reading a model: images and their questions in, states and answers out, with everything encoded once.

Results do not depend on batch size, on the other views of a batch, or on the padding side.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from . import contrastive, devices, generative
from .encoding import EncodedView
from .reading import Question, Reading, View
from .request import PaddingSide, Reduce, Request
from .sites import Site

if TYPE_CHECKING:
    from .model import Model

WAYS = {"generative": generative, "contrastive": contrastive}
"""How each kind of model is read: modules with `encode`, `check_question` and `read_batch`."""


def encode(model: "Model", view: View) -> EncodedView:
    """What the processor makes of a view: the part of reading it that needs no weights, for threads that work ahead.

    Raises ValueError for malformed pixels and options without tokens, and where the model cannot take so many pictures
    or has no positions for them.
    """
    return WAYS[model.kind].encode(model, view)


def read(
    model: "Model",
    views: Sequence[View | EncodedView],
    sites: Sequence[Site],
    *,
    batch_size: int,
    keep_tokens: frozenset[str] | bool = False,
    reduce: Reduce | None = None,
    max_new_tokens: int = 32,
    padding_side: PaddingSide = "right",
    end_of_turn: bool = True,
) -> list[Reading]:
    """Read all views, or what `encode` made of them, at the sites: one `Reading` per view, in order.

    `batch_size` counts images. `keep_tokens` names the slugs whose raw tokens are returned (True: all). `reduce` is
    called with the tokens of every site that has them, on the device. A sample-level site with a prompt is read for the
    questions of that prompt, one without for those of the default prompt (""). `max_new_tokens` is the maximum number
    of tokens of a free answer. With `end_of_turn` False, options of one token need no forward of their own and their
    end-of-turn term is nan. Non-finite states are returned as they are.

    Raises ValueError for repeated sites (`sites.parse_all` merges them), malformed pixels and options without tokens.
    """
    slugs = [site.slug for site in sites]
    if repeated := {slug for slug in slugs if slugs.count(slug) > 1}:
        raise ValueError(f"sites {sorted(repeated)} are given more than once. Parse them together: sites.parse_all.")
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, not {batch_size}.")
    keep = frozenset(slugs if keep_tokens is True else keep_tokens or ())
    request = Request(tuple(sites), batch_size, keep, reduce, max_new_tokens, padding_side, end_of_turn)
    readings: list[Reading] = []
    with torch.inference_mode():
        for start in range(0, len(views), batch_size):
            batch = [
                view if isinstance(view, EncodedView) else encode(model, view)
                for view in views[start : start + batch_size]
            ]
            readings += WAYS[model.kind].read_batch(model, start, batch, request)
            devices.wait(model.device)  # for the copies of its states, which it made while questions were answered
    return readings


def check_question(model: "Model", question: Question) -> None:
    """Raise the ValueError that reading this question would raise, without running the model."""
    WAYS[model.kind].check_question(model, question)
