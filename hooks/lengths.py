"""Prompts that are longer than the model's positions: they are not asked, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

from .context import option_ids

if TYPE_CHECKING:
    from torch import Tensor

    from .encoding import EncodedView, Row
    from .model import Model

OTHER_TEXTS = "_input_ids"
"""Inputs of further text models end so; the config of `qformer_input_ids` is `qformer_config`."""

Reasons = dict[tuple[int, int], str]
"""By view, and the question's position in it."""


def longest(config: Any) -> float:
    """How many tokens a text model has positions for; infinite where its config names no number."""
    return getattr(config, "max_position_embeddings", None) or inf


def without_too_long(model: Model, rows: Sequence[Row], views: Sequence[EncodedView]) -> tuple[list[Row], Reasons]:
    """The rows with the questions that the model has positions for, options included, and why the others are left out.

    Raises ValueError where a picture alone is too long.
    """
    kept: list[Row] = []
    reasons: Reasons = {}
    for row in rows:
        found = [_reason(model, row, place, views[row.view]) for place in range(len(row.questions))]
        reasons |= {(row.view, q): reason for q, reason in zip(row.questions, found, strict=True) if reason}
        good = [place for place, reason in enumerate(found) if not reason]
        if row.questions and row.whole and not good:
            continue
        if not good and (reason := _too_long(model, row.inputs, 0)):
            raise ValueError(reason)
        questions, tails, texts = (
            tuple(each[place] for place in good) for each in (row.questions, row.tails, row.texts)
        )
        kept.append(replace(row, questions=questions, tails=tails, texts=texts))
    return kept, reasons


def _reason(model: Model, row: Row, place: int, view: EncodedView) -> str:
    options = view.questions[row.questions[place]].options
    answer = max(map(len, option_ids(model.blueprint, row.texts[place], options)), default=0)
    return _too_long(model, row.inputs, len(row.tails[place]) + answer)


def _too_long(model: Model, inputs: Mapping[str, Tensor], more: int) -> str:
    """Why a prompt is too long with so many tokens more; empty where it is not."""
    lengths = {"prompt": (inputs["input_ids"].shape[1] + more, longest(model.config.get_text_config()))}
    for name in inputs:
        if name.endswith(OTHER_TEXTS):
            part = name.removesuffix(OTHER_TEXTS)
            lengths[f"prompt of the {part}"] = (inputs[name].shape[1], longest(getattr(model.config, f"{part}_config")))
    for what, (length, limit) in lengths.items():
        if length > limit:
            image = int((inputs["input_ids"] == model.blueprint.image_token).sum())
            return (
                f"the {what} has {length} tokens, {image} of them of the image, and the model has positions for "
                f"{limit}. Shorten it, or take fewer visual tokens."
            )
    return ""
