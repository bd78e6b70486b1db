"""The surface forms of an option: the token sequences that write it, in other cases and with or without a space.

An answer "yes" can begin with the tokens of `yes`, ` yes`, `Yes` or ` Yes`; a model spreads its probability over them.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import options
from .context import Ids, continuation, option_ids
from .continuation import Sequences
from .options import Span
from .request import Request

if TYPE_CHECKING:
    from .model import Blueprint, Model


def spellings(option: str) -> tuple[str, ...]:
    """The option as it is written, in lower case, and with a capital.

    >>> spellings("yes"), spellings("A red bus")
    (('yes', 'Yes'), ('A red bus', 'a red bus'))
    """
    return tuple(dict.fromkeys((option, option.lower(), option[:1].upper() + option[1:])))


def form_ids(blueprint: "Blueprint", text: str, candidates: Sequence[str]) -> tuple[tuple[Ids, ...], ...]:
    """The token ids of each option's forms after a rendered prompt, the plain one (`option_ids`) first.

    A form that continues another of the same option is left out, for the shorter one includes it; a form that two
    options share is left out of both. Raises what `option_ids` raises.
    """
    plain = option_ids(blueprint, text, candidates)
    found = [
        _shortest([own, *(ids for spelling in spellings(option) for ids in continuation(blueprint, text, spelling))])
        for own, option in zip(plain, candidates, strict=True)
    ]
    counts: dict[Ids, int] = {}
    for forms in found:
        for ids in forms:
            counts[ids] = counts.get(ids, 0) + 1
    return tuple(
        tuple(ids for ids in forms if ids == own or counts[ids] == 1)
        for own, forms in zip(plain, found, strict=True)
    )  # fmt: skip


def _shortest(forms: Sequence[Ids]) -> list[Ids]:
    distinct = [ids for ids in dict.fromkeys(forms) if ids]
    return [ids for ids in distinct if not any(ids != other and ids[: len(other)] == other for other in distinct)]


def score(
    model: "Model", contexts: Sequences, asked: Mapping[int, tuple[str, Sequence[str]]], request: Request
) -> dict[int, NDArray[np.float32]]:
    """By context (option) float32: log of the sum of the likelihoods of each option's forms, in nats.

    `asked`: the row of a context -> its rendered prompt and the options.
    """
    by_row = {row: form_ids(model.blueprint, text, candidates) for row, (text, candidates) in asked.items()}
    spans = [Span(row, ids) for row, forms in by_row.items() for own in forms for ids in own]
    if not spans:
        return {}
    scored = options.score(
        model, contexts, spans, batch_size=request.continued, padding_side=request.padding_side, end_of_turn=False
    )
    sums = iter([each.log_probs.sum(dtype=np.float64) for each in scored])
    return {
        row: np.array([np.logaddexp.reduce([next(sums) for _ in own]) for own in forms], np.float32)
        for row, forms in by_row.items()
    }
