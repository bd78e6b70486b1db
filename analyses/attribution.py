"""What an answer comes from: this picture, any picture, what is asked, or what the model leans to anyway.

The sources are those that the survey names, image, prompt and the knowledge of the language model, told apart by the
margins that an answer has under other images and under none. Source: Shu et al. 2025, section H.2, who ask for such a
thing and give no formula; ours.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from . import labels, margins, papers
from .cards import Card

CARDS = (
    Card(
        "attribution.sources",
        "How much of an answer's margin comes from this picture, from any picture, from the question, from the prior?",
        "nats",
        "(-inf, inf)",
        papers.SURVEY,
    ),
    Card(
        "attribution.under_others",
        "What margin does an option have under the other images of which the same is asked?",
        "nats",
        "(-inf, inf)",
        papers.SURVEY,
    ),
    Card(
        "attribution.leaning",
        "How far does the model lean to an option without a picture, whatever it is asked?",
        "nats",
        "(-inf, inf)",
        papers.SURVEY,
    ),
    Card(
        "attribution.shares",
        "Which share of an answer do picture and text have?",
        "share",
        "[0, 1]",
        papers.SURVEY,
    ),
)

SOURCES = ("image", "picture", "text", "prompt", "prior")
"""What sums to the margin: image + picture + text, and text = prompt + prior."""

PARTS = SOURCES[:3]
"""Those that shares are taken of: they need no second question."""


def sources(
    scores: xr.DataArray,
    choice: xr.DataArray,
    *,
    others: xr.DataArray,
    without: xr.DataArray,
    leaning: xr.DataArray,
    dim: str = "option",
) -> xr.DataArray:
    """The margin of an answer, taken apart: m = image + picture + text, and text = prompt + prior.

    With m(x) the margin of the same option given x: image = m(picture shown) - m(other images), what this picture adds
    to any; picture = m(other images) - m(no picture), what any adds to none; text = m(no picture), of which prior is
    `leaning` and prompt = text - prior the question's own. In: scores (sample, condition, dim) and choice (sample,
    condition), the option whose margin it is; others, without and leaning (sample, dim), margins of each option under
    other images (`under_others`), without a picture (`margin_of_each`) and whatever is asked (`leaning`). Out: (sample,
    condition, source) over `SOURCES`, nats, signed. nan where a margin is undefined. An option that was chosen under
    the picture has image > 0 on average even where pictures differ by chance alone, for it was chosen there: take the
    right answer to ask whether pictures speak at all. Of a single other image, `picture` holds what that one shows.
    Raises ValueError where labels differ. Source: ours, after Shu et al. 2025.

    >>> dims = ("sample", "option")
    >>> shown = xr.DataArray([[[0.0, -3.0]]], dims=("sample", "condition", "option"))
    >>> other, none, leans = (xr.DataArray([[m, -m]], dims=dims) for m in (1.0, -2.0, -0.5))
    >>> chosen = xr.DataArray([[0]], dims=("sample", "condition"))
    >>> found = sources(shown, chosen, others=other, without=none, leaning=leans)
    >>> dict(zip(found.source.values.tolist(), found.values.ravel().tolist(), strict=True))   # margins 3, 1, -2, -0.5
    {'image': 2.0, 'picture': 3.0, 'text': -2.0, 'prompt': -1.5, 'prior': -0.5}
    """
    own, shown, other, none, prior = labels.aligned(
        choice=choice, scores=scores, others=others, without=without, leaning=leaning
    )
    own = own.transpose("sample", "condition")
    at = np.asarray(own.values, np.int64)
    each = [margin_of_each(shown.transpose("sample", "condition", dim)), other, none, prior]
    full, any_, text, leant = (_of_option(np.asarray(m.transpose(..., dim).values, np.float64), at) for m in each)
    with np.errstate(invalid="ignore"):  # of an impossible option no difference is defined: inf - inf
        parts = np.stack([full - any_, any_ - text, text, text - leant, leant], axis=-1)
    coords = {name: coord for name, coord in own.coords.items() if coord.dims}
    return xr.DataArray(parts, dims=("sample", "condition", "source"), coords={**coords, "source": list(SOURCES)})


def margin_of_each(scores: xr.DataArray, *, dim: str = "option") -> xr.DataArray:
    """The margin that each option has, chosen or not: (..., dim) -> (..., dim), nats; nan as `margins.margin`.

    >>> margin_of_each(xr.DataArray([-1.0, -3.0, np.nan], dims="option")).values
    array([ 2., -2., nan])
    """
    values = scores.transpose(..., dim).values
    each = [margins.margin(values, np.full(values.shape[:-1], place)) for place in range(values.shape[-1])]
    return scores.transpose(..., dim).copy(deep=False, data=np.stack(each, axis=-1).astype(np.float64))


def under_others(own: xr.DataArray, option_text: xr.DataArray, question: Any, *, image: str = "image") -> xr.DataArray:
    """The mean margin of each option under the other images of which the same is asked, with the same options.

    In: own (sample, option), margins on clean images (`margin_of_each`), with the coordinate `image`; option_text
    (sample, option), "" where a sample has no such option; question, a text for each sample. Options are matched by
    their texts, in any order. Out: as own, nats; nan where no other image is asked so, and for options without a
    margin. Raises ValueError where labels differ. Source: ours.

    >>> along = {"image": ("sample", ["i", "j", "k"])}
    >>> own = xr.DataArray([[1.0, -1.0], [3.0, -3.0], [5.0, -5.0]], dims=("sample", "option"), coords=along)
    >>> text = xr.DataArray([["yes", "no"], ["no", "yes"], ["a", "b"]], dims=("sample", "option"))
    >>> under_others(own, text, ["a bus?", "a bus?", "a bus?"]).values   # of yes under i: that under j
    array([[-3.,  3.],
           [-1.,  1.],
           [nan, nan]])
    """
    values, asked, groups = _grouped(own, option_text, question)
    names = labels.along(own, image, "image labels", rows="sample")
    found = np.full(values.shape, np.nan)
    for cells in groups.values():
        by_question: dict[str, list[tuple[int, int]]] = {}
        for row, place in cells:
            by_question.setdefault(str(asked[row]), []).append((row, place))
        for alike in by_question.values():
            at = tuple(np.array(alike).T)
            known, images = np.isfinite(values[at]), names[at[0]]
            sums, counts = np.where(known, values[at], 0.0), known.astype(np.float64)
            _, codes = np.unique(images, return_inverse=True)
            rest, left = (each.sum() - np.bincount(codes, each)[codes] for each in (sums, counts))
            found[at] = np.where(known & (left > 0), rest / np.where(left > 0, left, 1), np.nan)
    return own.copy(deep=False, data=found)


def leaning(without: xr.DataArray, option_text: xr.DataArray, question: Any) -> xr.DataArray:
    """The mean margin of each option without a picture, over all questions with the same options.

    In: without (sample, option), margins without a picture (`margin_of_each`); option_text and question as in
    `under_others`. Every distinct question weighs the same, however many images it is asked of. Out: as without, nats.
    nan where a single question has these options: then what is asked and what the model leans to cannot be told apart.
    Raises ValueError where labels differ. Source: ours.

    >>> dims = ("sample", "option")
    >>> without = xr.DataArray([[2.0, -2.0], [0.0, 0.0], [0.0, 0.0]], dims=dims)
    >>> text = xr.DataArray([["yes", "no"], ["no", "yes"], ["a", "b"]], dims=dims)
    >>> leaning(without, text, ["a bus?", "a car?", "which?"]).values   # of yes: (2 + 0) / 2
    array([[ 1., -1.],
           [-1.,  1.],
           [nan, nan]])
    """
    values, asked, groups = _grouped(without, option_text, question)
    found = np.full(values.shape, np.nan)
    for cells in groups.values():
        by_question: dict[str, list[float]] = {}
        for row, place in cells:
            if np.isfinite(values[row, place]):
                by_question.setdefault(str(asked[row]), []).append(float(values[row, place]))
        if len(by_question) > 1:
            found[tuple(np.array(cells).T)] = np.mean([np.mean(each) for each in by_question.values()])
    return without.copy(deep=False, data=np.where(np.isnan(values), np.nan, found))


def shares(parts: xr.DataArray) -> xr.DataArray:
    """The share of picture and text in an answer: |part| / (|image| + |picture| + |text|).

    In: (sample, condition, source) from `sources`. Out: the same over the sources image, picture and text, in [0, 1],
    which sum to 1. A part that speaks against the answer counts by its size: the sign stands in `sources`. nan where a
    part is undefined or infinite, and where all are 0. Source: ours.

    >>> parts = xr.DataArray([2.0, 3.0, -5.0, 0.0, -5.0], dims="source", coords={"source": list(SOURCES)})
    >>> shares(parts).values
    array([0.2, 0.3, 0.5])
    """
    size = abs(parts.sel(source=list(PARTS)))
    total = size.sum("source", skipna=False)
    return (size / total.where((total > 0) & np.isfinite(total))).transpose(*parts.dims)


Cells = list[tuple[int, int]]
"""Places (sample, option) of one option."""


def _grouped(
    own: xr.DataArray, option_text: xr.DataArray, question: Any
) -> tuple[NDArray[np.float64], NDArray[np.str_], dict[tuple[str, ...], Cells]]:
    """Margins and questions of the samples, and the cells of each option of each set of options."""
    margin, texts = labels.aligned(own=own, option_text=option_text)
    asked = labels.along(margin, [str(each) for each in question], "questions", rows="sample")
    groups: dict[tuple[str, ...], Cells] = {}
    for row, options in enumerate(texts.transpose("sample", ...).values.tolist()):
        real = [str(text) for text in options if text]
        for place, text in enumerate(map(str, options)):
            if text:
                groups.setdefault((text, *sorted(real)), []).append((row, place))
    return np.asarray(margin.transpose("sample", ...).values, np.float64), asked, groups


def _of_option(values: NDArray[np.float64], choice: NDArray[np.int64]) -> NDArray[np.float64]:
    """(sample, condition) of values (sample, [condition], option) that of the option; nan where there is none."""
    if values.ndim < choice.ndim + 1:
        values = np.broadcast_to(values[:, None, :], (*choice.shape, values.shape[-1]))
    picked = np.take_along_axis(values, np.maximum(choice, 0)[..., None], axis=-1)[..., 0]
    return np.where(choice >= 0, picked, np.nan)
