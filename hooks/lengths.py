"""Prompts that are longer than the model's positions: they are not asked, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor

    from .encoding import Row
    from .model import Blueprint

OTHER_TEXTS = "_input_ids"
"""Inputs of further text models end so; the config of `qformer_input_ids` is `qformer_config`."""


def longest(config: Any) -> float:
    """How many tokens a text model has positions for; infinite where its config names no number."""
    return getattr(config, "max_position_embeddings", None) or inf


def without_too_long(blueprint: Blueprint, rows: Sequence[Row]) -> tuple[list[Row], dict[int, str]]:
    """A view's rows with the questions that the model has positions for, options included.

    And by the positions of the others in the view why they are left out.

    Raises ValueError where a picture alone is too long.
    """
    kept: list[Row] = []
    reasons: dict[int, str] = {}
    for row in rows:
        found = [_reason(blueprint, row, place) for place in range(len(row.questions))]
        reasons |= {q: reason for q, reason in zip(row.questions, found, strict=True) if reason}
        good = [place for place, reason in enumerate(found) if not reason]
        if row.questions and row.whole and not good:
            continue
        if not good and (reason := _too_long(blueprint, row.inputs, 0)):
            raise ValueError(reason)
        questions, tails, texts, options = (
            tuple(each[place] for place in good) for each in (row.questions, row.tails, row.texts, row.options)
        )
        kept.append(replace(row, questions=questions, tails=tails, texts=texts, options=options))
    return kept, reasons


def _reason(blueprint: Blueprint, row: Row, place: int) -> str:
    answer = max(map(len, row.options[place]), default=0)
    return _too_long(blueprint, row.inputs, len(row.tails[place]) + answer)


def _too_long(blueprint: Blueprint, inputs: Mapping[str, Tensor], more: int) -> str:
    """Why a prompt is too long with so many tokens more; empty where it is not."""
    lengths = {"prompt": (inputs["input_ids"].shape[1] + more, longest(blueprint.config.get_text_config()))}
    for name in inputs:
        if name.endswith(OTHER_TEXTS):
            part = name.removesuffix(OTHER_TEXTS)
            lengths[f"prompt of the {part}"] = (
                inputs[name].shape[1],
                longest(getattr(blueprint.config, f"{part}_config")),
            )
    for what, (length, limit) in lengths.items():
        if length > limit:
            image = int((inputs["input_ids"] == blueprint.image_token).sum())
            return (
                f"the {what} has {length} tokens, {image} of them of the image, and the model has positions for "
                f"{limit}. Shorten it, or take fewer visual tokens."
            )
    return ""
