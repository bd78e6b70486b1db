"""Visual contrastive decoding of a question with options: what the picture adds to an answer, counted more.

Source: Leng et al. 2024.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import labels
from ..labels import Array

ALPHA, BETA = 1.0, 0.1
"""How much of what a distorted picture says is taken away; how plausible an option must be. The paper's defaults."""


def contrastive_scores(
    scores: Array, distorted: Array, *, alpha: float = ALPHA, beta: float = BETA, dim: str | int = "option"
) -> Array:
    """Scores of the options with what the model says to a distorted picture taken away (VCD).

    (1 + alpha) s - alpha s', s under the picture and s' under the distorted one; -inf where the option is implausible
    under the picture: s < max s + log(beta). With alpha = 0 the choice is that of s, with beta = 1 too. In: scores and
    distorted (sample, ..., dim), log-likelihoods in nats; either may lack `condition`, and serves all conditions of the
    other. Out: (sample, ..., dim), nats up to a constant of the sample: for `margins.choice`, not a likelihood. nan for
    an option whose score is nan, and for all options of a sample of which a real one has no distorted score. +inf where
    the distorted picture alone rules an option out. Raises ValueError where labels differ and for alpha below 0 or beta
    outside [0, 1]. Source: Leng et al. 2024, equations 3 and 4, with the options for the vocabulary: for answers of one
    token the same but for the constraint, whose maximum there is over all words.

    >>> scores, distorted = np.array([[-1.0, -0.7], [-0.1, -3.0]]), np.array([[-2.0, -0.2], [-0.1, -9.0]])
    >>> contrastive_scores(scores, distorted)   # 2 x -1 + 2, 2 x -0.7 + 0.2; -3 lies below -0.1 + log 0.1
    array([[ 0. , -1.2],
           [-0.1, -inf]])
    """
    if not alpha >= 0:
        raise ValueError(f"alpha={alpha}: how much is taken away must be 0 or more.")
    if not 0 <= beta <= 1:
        raise ValueError(f"beta={beta}: plausibility is a share of the likeliest option's, in [0, 1].")

    def kernel(own: Any, other: Any) -> NDArray[np.float64]:
        return _contrasted(np.asarray(own, np.float64), np.asarray(other, np.float64), alpha, beta)

    if labels.labelled(scores=scores, distorted=distorted):
        first, second = labels.aligned(scores=scores, distorted=distorted)
        labels.require_dims("distorted", second, "scores", first)
        like = first if first.ndim >= second.ndim else second
        result = labels.apply(
            kernel, first, second, core=[[dim], [dim]], out={str(dim): first.sizes[dim]}, dtype=np.float64
        )
        return result.transpose(*like.dims).assign_coords({dim: first[dim]} if dim in first.coords else {})
    own, other = (labels.axis_last(np.asarray(array), dim) for array in (scores, distorted))
    if own.ndim < other.ndim:
        own = labels.repeated(own, other, "scores", "distorted", core=1)
    else:
        other = labels.repeated(other, own, "distorted", "scores", core=1)
    return np.moveaxis(kernel(own, other), -1, dim if isinstance(dim, int) else -1)


def _contrasted(own: NDArray[np.float64], other: NDArray[np.float64], alpha: float, beta: float) -> NDArray[np.float64]:
    own, other = np.broadcast_arrays(own, other)
    real = ~np.isnan(own)
    lost = (real & np.isnan(other)).any(axis=-1, keepdims=True)
    best = np.where(real, own, -np.inf).max(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):  # log 0 for no constraint; inf - inf is set right below
        plausible = own >= best + np.log(beta)
        found = own + alpha * (own - other) if alpha else own
    found = np.where(plausible & ~np.isneginf(own), found, -np.inf)
    return np.where(real & ~lost, found, np.nan)
