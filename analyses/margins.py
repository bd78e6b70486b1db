"""Margins: which option a model picks, and by how many nats.

Scores are log-likelihoods of the options; the option dimension is padded with nan where a sample has fewer options than
the longest. Source: Wani et al. 2026; definitions, section 4.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false
# xarray's and numpy's stubs leave the types inside coordinates, `astype` and lambdas open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from . import labels, papers, yes_or_no
from .cards import Card
from .labels import Array

CARDS = (
    Card(
        "margins.score",
        "How likely does the model find each option?",
        "nats, or nats per token, character or byte",
        "(-inf, 0]; any for unconditional",
        papers.HIDDEN_INSTABILITY,
    ),
    Card("margins.choice", "Which option does the model pick?", "option index, -1 undefined", "{-1, 0, 1, ...}"),
    Card("margins.ties", "How many other options score as high as the choice?", "options", "{0, 1, ...}"),
    Card(
        "margins.margin",
        "How far ahead of its best rival is an option?",
        "nats",
        "(-inf, inf)",
        papers.HIDDEN_INSTABILITY,
    ),
    Card(
        "margins.erosion_beyond_chance",
        "Does the perturbation take away more margin than the choice of the reference would by itself?",
        "nats",
        "(-inf, inf)",
    ),
    Card(
        "margins.erosion",
        "How much of the clean choice's margin does the perturbation take away?",
        "nats",
        "(-inf, inf)",
        papers.HIDDEN_INSTABILITY,
    ),
)

NORMALISATIONS = ("sum", "token", "char", "byte", "unconditional")
"""The ways to make scores of options of unequal length comparable."""


def score(
    log_likelihood: Array,
    token_count: Array | None = None,
    *,
    normalize: str = "sum",
    text: Array | None = None,
    unconditional: Array | None = None,
    end_of_turn: Array | None = None,
    dim: str | int = "option",
) -> Array:
    """Score of each option: its log-likelihood, made comparable across lengths.

    sum: s; token: s / tokens; char, byte: s / characters or UTF-8 bytes of `text`; unconditional: s - `unconditional`,
    the score under the text-only or blank prompt. `end_of_turn` adds the log-probability of ending there (and one token
    to the count). In: (..., dim), each argument with the same labels, `token_count` and `text` without those of the
    conditions. Out: the same, nats (per unit). nan where the log-likelihood is nan or the length is not positive.
    Raises ValueError for an unknown normalisation or one whose argument is missing.
    Source: Wani et al. 2026 use "sum" with the end of turn.

    >>> import numpy as np
    >>> score(np.array([-2.0, -3.0]), np.array([1, 3]), normalize="token")   # -2/1, -3/3
    array([-2., -1.])
    """
    needed = {"token": ("token_count", token_count), "char": ("text", text), "byte": ("text", text)}
    needed["unconditional"] = ("unconditional", unconditional)
    if normalize not in NORMALISATIONS:
        raise ValueError(f"normalize={normalize!r}: unknown. Choose one of {', '.join(NORMALISATIONS)}.")
    if normalize in needed and needed[normalize][1] is None:
        raise ValueError(f"normalize={normalize!r} needs the argument `{needed[normalize][0]}`.")
    total = _float(log_likelihood)
    if end_of_turn is not None:
        total = _combined(lambda s, end: s + end, total, _float(end_of_turn), dim)
    if normalize == "sum":
        return total
    if normalize == "unconditional":
        return _combined(lambda s, prior: s - prior, total, _float(unconditional), dim)
    if normalize == "token":
        count = _float(token_count)
        length = count if end_of_turn is None else count + 1 * (count > 0)
    else:
        length = _lengths(text, in_bytes=normalize == "byte")
    return _combined(lambda s, n: s / np.where(n > 0, n, np.nan), total, length, dim)


def complete(scores: Array, exists: Array, *, dim: str | int = "option") -> Array:
    """The scores, with all options of a sample undefined where one that exists is.

    A padded option has no score by nature; a real one whose score is nan has lost it, and a choice among the rest would
    be a choice among fewer. In: scores (..., dim), `exists` (..., dim) true for real options. Out: as scores.

    >>> import numpy as np
    >>> complete(np.array([[-1.0, np.nan], [-1.0, np.nan]]), np.array([[True, True], [True, False]]))
    array([[nan, nan],
           [-1., nan]])
    """

    def kernel(s: Any, real: Any) -> Any:
        return np.where((np.isnan(s) & real).any(axis=-1, keepdims=True), np.nan, s)

    return _combined(kernel, _float(scores), exists, dim)


def choice(scores: Array, *, dim: str | int = "option") -> Array:
    """The option that the model picks: the index of the highest score, the lowest index where several tie.

    In: (..., dim). Out: the same without `dim`, int64. nan marks an option that the sample does not have; -1 where a
    sample has no score at all. `ties` counts the ties; `complete` keeps lost scores from passing as absent options.

    >>> import numpy as np
    >>> choice(np.array([[-2.0, -1.0], [-1.0, -1.0], [np.nan, np.nan]]))
    array([ 1,  0, -1])
    """
    return _reduced(_argmax, scores, dim, np.int64)


def ties(scores: Array, *, dim: str | int = "option") -> Array:
    """How many other options score exactly as high as the choice.

    In: (..., dim). Out: the same without `dim`, int64; 0 means that the choice is clear or undefined.

    >>> import numpy as np
    >>> ties(np.array([[-2.0, -1.0], [-1.0, -1.0]]))
    array([0, 1])
    """
    return _reduced(lambda s: np.maximum((s == _max(s)[..., None]).sum(axis=-1) - 1, 0), scores, dim, np.int64)


def margin(
    scores: Array, reference: Array | str, *, option_text: Array | None = None, dim: str | int = "option"
) -> Array:
    """Lead of one option over the best of the others: s_reference - max over the others, in nats.

    `reference` is an option index per sample (the clean choice, or the right answer), or "top2" (the best option, so
    never negative), or "yes_no" (yes over no, found by `option_text`: see `yes_no`). In: scores (..., dim), reference
    without `dim`, and without `condition` where it is the clean one. Out: as scores without `dim`; positive where the
    reference is ahead. nan where the reference is -1, its score is undefined, or it has no rival. Raises ValueError
    where labels differ, for an unknown reference, and for "yes_no" without `option_text`.
    Source: Wani et al. 2026 take the clean choice.

    >>> import numpy as np
    >>> margin(np.array([[-1.0, -3.0, -2.0]]), np.array([1]))   # -3 - (-1)
    array([-2.])
    """
    if isinstance(reference, str):
        if reference == "top2":
            return margin(scores, choice(scores, dim=dim), dim=dim)
        if reference == "yes_no":
            if option_text is None:
                raise ValueError('reference="yes_no" needs `option_text`: yes and no are found by their texts.')
            return yes_no(scores, option_text, dim=dim)
        raise ValueError(f'reference={reference!r}: pass option indices, "top2" or "yes_no".')
    if not labels.labelled(scores=scores, reference=reference):
        values, index = labels.axis_last(_float(scores), dim), np.asarray(reference)
        return _margin(values, labels.repeated(index, values[..., 0], "reference", "scores"))
    values, index = labels.aligned(scores=_float(scores), reference=reference)
    labels.require_dims("reference", index, "scores", values.isel({dim: 0}, drop=True))
    result = labels.apply(_margin, values, index, core=[[dim], []], dtype=np.float64)
    return result.transpose(*(name for name in values.dims if name != dim))


def yes_no(scores: Array, option_text: Array, *, dim: str | int = "option") -> Array:
    """Lead of "yes" over "no" of a binary question: s_yes - s_no, in nats, whichever option stands first.

    In: scores (..., dim), option_text (sample, dim), the texts of the options ("" where a sample has none), without the
    conditions. Out: as scores without `dim`; nan where either score is undefined, and where the options do not hold
    both words, each once; case and punctuation around them do not matter. Raises ValueError where labels differ.

    >>> import numpy as np
    >>> yes_no(np.array([[-1.0, -1.5], [-1.0, -1.5]]), np.array([["yes", "no"], ["No.", "Yes."]]))
    array([ 0.5, -0.5])
    """
    if not labels.labelled(scores=scores, option_text=option_text):
        values, text = labels.axis_last(_float(scores), dim), labels.axis_last(np.asarray(option_text), dim)
        return _yes_over_no(values, labels.repeated(text, values, "option_text", "scores", core=1))
    values, text = labels.aligned(scores=_float(scores), option_text=option_text)
    labels.require_dims("option_text", text, "scores", values)
    result = labels.apply(_yes_over_no, values, text, core=[[dim], [dim]], dtype=np.float64)
    return result.transpose(*(name for name in values.dims if name != dim))


def erosion(clean: Array, perturbed: Array) -> Array:
    """Margin lost to the perturbation: margin(clean) - margin(perturbed), of the same option, in nats.

    In: clean (sample, ...), perturbed (sample, condition, ...). Out: as perturbed; positive where the margin shrank,
    larger than the clean margin where the choice was lost. nan where either is. Raises ValueError where labels differ.
    Source: Wani et al. 2026.

    >>> import numpy as np
    >>> erosion(np.array([2.0]), np.array([[1.5, -1.0]]))
    array([[0.5, 3. ]])
    """
    if not labels.labelled(clean=clean, perturbed=perturbed):
        values = np.asarray(perturbed)
        return _difference(labels.repeated(np.asarray(clean), values, "clean", "perturbed"), values)
    before, after = labels.aligned(clean=clean, perturbed=perturbed)
    labels.require_dims("clean", before, "perturbed", after)
    return labels.apply(_difference, before, after, core=[[], []]).transpose(*after.dims)


def erosion_beyond_chance(clean: Array, perturbed: Array, *, dim: str | int = "option") -> Array:
    """Margin erosion less what the choice of its reference brings about, in nats.

    The clean choice was chosen on the clean scores, so that its margin is smaller elsewhere on average even where clean
    and perturbed differ by chance alone. With the roles swapped the same happens to the perturbed choice; half the
    difference of the two erosions has a mean of 0 then: (m_a(clean) - m_a(perturbed) - m_b(perturbed) + m_b(clean)) /
    2, a the clean choice and b the perturbed one. In: scores clean (sample, ..., dim) and perturbed (sample, condition,
    ..., dim). Out: as perturbed without `dim`; equal to the erosion where the choice stayed. nan where a choice or a
    margin is undefined. Raises ValueError where labels differ. Source: definitions, section 4.

    >>> import numpy as np
    >>> erosion_beyond_chance(np.array([[0.0, -1.0]]), np.array([[[-1.0, 0.0]]]))   # swapped: each loses 2, by chance
    array([[0.]])
    """
    if not labels.labelled(clean=clean, perturbed=perturbed):
        last = np.moveaxis(np.asarray(perturbed), dim if isinstance(dim, int) else -1, -1)
        names = ["sample", "condition", *(f"axis_{axis}" for axis in range(2, last.ndim - 1)), "option"]
        table = xr.DataArray(last, dims=names)
        start = xr.DataArray(np.moveaxis(np.asarray(clean), dim if isinstance(dim, int) else -1, -1))
        start = start.rename(dict(zip(start.dims, [names[0], *names[2:]], strict=True)))
        return erosion_beyond_chance(start, table).values
    before, after = labels.aligned(clean=clean, perturbed=perturbed)
    before = before.broadcast_like(after).transpose(*after.dims)
    chosen = [choice(scores, dim=dim) for scores in (before, after)]
    lost, gained = (margin(before, reference, dim=dim) - margin(after, reference, dim=dim) for reference in chosen)
    return ((lost + gained) / 2).drop_attrs(deep=False)


def _max(s: NDArray[Any]) -> NDArray[Any]:
    return np.where(np.isnan(s), -np.inf, s).max(axis=-1)


def _argmax(s: NDArray[Any]) -> NDArray[np.int64]:
    index = np.where(np.isnan(s), -np.inf, s).argmax(axis=-1)
    # a row of -inf would let a padded option win over a real one that is merely impossible
    impossible = np.isneginf(s).argmax(axis=-1)
    index = np.where(np.isneginf(_max(s)), impossible, index)
    return np.where(np.isnan(s).all(axis=-1), -1, index).astype(np.int64)


def _margin(s: NDArray[Any], reference: NDArray[Any]) -> NDArray[np.float64]:
    reference = np.nan_to_num(np.asarray(reference, np.float64), nan=-1).astype(np.int64)
    if reference.size and reference.max() >= s.shape[-1]:
        raise ValueError(f"reference option {reference.max()}: the scores have {s.shape[-1]} options (from 0).")
    own_place = np.maximum(reference, 0)[..., None]
    own = np.take_along_axis(s, own_place, axis=-1)[..., 0]
    rivals = s.astype(np.float64)
    np.put_along_axis(rivals, own_place, np.nan, axis=-1)
    best = _max(rivals)
    defined = (reference >= 0) & ~np.isnan(rivals).all(axis=-1)
    return np.where(defined, _difference(own, best), np.nan)


def _yes_over_no(s: NDArray[Any], text: NDArray[Any]) -> NDArray[np.float64]:
    place = np.broadcast_to(yes_or_no.of_options(text), (*s.shape[:-1], 2))
    if not s.shape[-1]:
        return np.full(s.shape[:-1], np.nan)
    yes, no = np.moveaxis(np.take_along_axis(s, np.maximum(place, 0), axis=-1), -1, 0)
    return np.where(place[..., 0] >= 0, _difference(yes, no), np.nan).astype(np.float64)


def _difference(a: Any, b: Any) -> Any:
    with np.errstate(invalid="ignore"):  # two impossible options have no margin over each other: -inf - -inf is nan
        return a - b


def _reduced(kernel: Any, scores: Array, dim: str | int, dtype: Any) -> Array:
    if not isinstance(scores, xr.DataArray):
        return kernel(labels.axis_last(_float(scores), dim))
    return labels.apply(kernel, _float(scores), core=[[dim]], dtype=dtype)


def _combined(kernel: Any, first: Array, second: Array, dim: str | int) -> Array:
    if not labels.labelled(scores=first, argument=second):
        scores, argument = labels.axis_last(first, dim), labels.axis_last(np.asarray(second), dim)
        result = kernel(scores, labels.repeated(argument, scores, "argument", "scores", core=1))
        return np.moveaxis(result, -1, dim if isinstance(dim, int) else -1)
    first, second = labels.aligned(scores=first, argument=second)
    labels.require_dims("argument", second, "scores", first)
    result = labels.apply(kernel, first, second, core=[[dim], [dim]], out={str(dim): first.sizes[dim]})
    return result.transpose(*first.dims).assign_coords({dim: first[dim]} if dim in first.coords else {})


def _float(array: Array) -> Array:
    if not isinstance(array, xr.DataArray):
        array = np.asarray(array)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def _lengths(text: Any, *, in_bytes: bool) -> Any:
    def length(one: Any) -> float:
        return float(len(str(one).encode()) if in_bytes else len(str(one)))

    if isinstance(text, xr.DataArray):
        return text.copy(deep=False, data=np.vectorize(length, otypes=[np.float64])(text.values))
    return np.vectorize(length, otypes=[np.float64])(np.asarray(text))
