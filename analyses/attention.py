"""Attention of the last token before the answer: how much goes to the image, to its sinks, and how it shifts.

Attention weights say from where a head reads, not what it does with what it reads, nor what the answer rests on (Jain &
Wallace 2019): interventions say that. Much of it goes to attention sinks, the first token and some places of the image,
whatever is asked (Kang et al. 2025).
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's and numpy's stubs leave the types inside coordinates open.

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from . import attention_papers, labels
from .cards import Card
from .labels import Array

CARDS = (
    Card(
        "attention.over_heads",
        "How much of the last token's attention goes there in a layer, mean over its heads?",
        "share",
        "[0, 1]",
        attention_papers.NOT_EXPLANATION,
    ),
    Card(
        "attention.share_on_sinks",
        "How much of the attention to the image goes to places that attract it whatever is asked?",
        "share",
        "[0, 1]",
        attention_papers.VISUAL_SINKS,
    ),
    Card(
        "attention.divergence",
        "How far does attention, of a head or of their mean, move over the image's places from the clean image's?",
        "bits",
        "[0, 1]; 0 none, 1 no place in common",
        attention_papers.JENSEN_SHANNON,
    ),
)


def over_heads(weights: Array, *, dim: str | int = "head") -> Array:
    """Mean over heads of the attention to a group of tokens.

    In: (..., dim) shares; heads that a layer does not have are nan and left out. Out: (...), [0, 1]; nan where no head
    is defined: in layers without attention, and without an image. Pitfalls: attention is no explanation (Jain & Wallace
    2019), and a mean over heads hides the few that look at the image.

    >>> over_heads(np.array([[0.5, 0.25], [0.5, np.nan]]))
    array([0.375, 0.5  ])
    """
    if isinstance(weights, xr.DataArray):
        return labels.mean(weights, str(dim))
    values = labels.axis_last(np.asarray(weights, np.float64), dim)
    count = np.isfinite(values).sum(-1)
    return np.where(np.isfinite(values), values, 0.0).sum(-1) / np.where(count > 0, count, np.nan)


def share_on_sinks(sinks: Array, image: Array) -> Array:
    """Share of the attention to the image that its attention sinks take: sinks / image.

    In: the attention to sinks among the image's places and to the whole image, alike. Out: [0, 1]; nan where either is
    undefined and where nothing goes to the image. A place is a sink where its state has a massive feature, of at least
    20 times the root mean square of all; in a model of up to 400 features none can have one, and all is nan. Pitfall:
    Kang et al. 2025 look at the features alone that are massive in the first token; all are looked at here.

    >>> share_on_sinks(np.array([0.1, 0.0]), np.array([0.4, 0.0]))
    array([0.25,  nan])
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        share = sinks / image
    return share.where(image > 0) if isinstance(share, xr.DataArray) else np.where(np.asarray(image) > 0, share, np.nan)


def divergence(clean: Array, perturbed: Array, *, dim: str | int = "place") -> Array:
    """Jensen-Shannon divergence of two spreads of attention over the image's places, in bits.

    H((p + q) / 2) - (H(p) + H(q)) / 2, p and q the weights made to sum to 1, H Shannon's entropy to base 2. In: clean
    (sample, ..., dim) and perturbed (sample, condition, ..., dim) weights of the same grid; places that an image does
    not have are nan in both. Out: as perturbed without `dim`, [0, 1]. nan where either has no weight, and where one
    has a place that the other has not: of unequal grids nothing can be said (leave them out before, for equal numbers
    of places may be another grid). Raises ValueError where labels differ. Source: Lin 1991. Pitfall: a shift of the
    picture shifts its places, and attention that follows it diverges. The mean of the heads' divergences is another
    number than the divergence of their mean map, in which heads that move against each other cancel out.

    >>> divergence(np.array([[0.2, 0.2], [0.1, 0.0]]), np.array([[[0.3, 0.3]], [[0.0, 0.4]]]))
    array([[0.],
           [1.]])
    """
    if not labels.labelled(clean=clean, perturbed=perturbed):
        after = labels.axis_last(np.asarray(perturbed, np.float64), dim)
        before = labels.repeated(labels.axis_last(np.asarray(clean), dim), after, "clean", "perturbed", core=1)
        return _divergence(np.asarray(before, np.float64), after)
    before, after = labels.aligned(clean=clean, perturbed=perturbed)
    result = labels.apply(_divergence, before, after, core=[[dim], [dim]], dtype=np.float64)
    return result.transpose(*(name for name in after.dims if name != dim))


def _divergence(clean: NDArray[np.floating], perturbed: NDArray[np.floating]) -> NDArray[np.float64]:
    clean, perturbed = np.broadcast_arrays(clean, perturbed)
    comparable = (np.isnan(clean) == np.isnan(perturbed)).all(axis=-1)
    one, other = shares(clean), shares(perturbed)
    apart = _entropy((one + other) / 2) - (_entropy(one) + _entropy(other)) / 2
    return np.where(comparable, np.clip(apart, 0.0, 1.0), np.nan)


def shares(weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """Weights (..., place) made to sum to 1; a place that is nan has none, and where all have none all are nan.

    >>> shares(np.array([[0.3, 0.1, np.nan], [0.0, 0.0, 0.0]]))
    array([[0.75, 0.25, 0.  ],
           [ nan,  nan,  nan]])
    """
    weights = np.nan_to_num(weights.astype(np.float64))
    total = weights.sum(axis=-1, keepdims=True)
    return weights / np.where(total > 0, total, np.nan)


def _entropy(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return -(shares * np.log2(np.where(shares > 0, shares, 1.0))).sum(axis=-1)
