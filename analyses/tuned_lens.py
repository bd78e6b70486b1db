"""The tuned lens: what a linear map of a layer's state says of the options, beside what the raw lens reads.

The raw lens reads a layer by the last layer's coordinates, which in a small model may say nothing below the top. A
linear map for each layer, fitted on the clean states of other images, reads it in coordinates of its own. Source:
Belrose et al. 2023, who map onto the last state; mapped here are the options' logits, which are linear in that.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportMissingTypeStubs=false
# scikit-learn's and xarray's stubs leave types open.

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import papers
from .cards import Card

CARDS = (
    Card(
        "tuned_lens.fitted",
        "What does a layer's state say of the options, in coordinates of its own?",
        "logit",
        "(-inf, inf)",
        papers.TUNED_LENS,
    ),
)

PENALTIES = np.logspace(-2, 5, 15)
"""Ridge penalties, of features of unit variance, among which leaving one sample out chooses."""

LEAST = 8
"""Samples that a map is fitted on at least."""


@dataclass(frozen=True)
class Translator:
    """One layer's map: states (..., feature) -> logits of the options (..., option)."""

    model: Any

    def __call__(self, states: NDArray[Any]) -> NDArray[np.float64]:
        """Logits (..., option) of states (..., feature); nan where a state is undefined."""
        flat = np.asarray(states, np.float64).reshape(-1, states.shape[-1])
        known = np.isfinite(flat).all(axis=1)
        options = np.atleast_2d(self.model[-1].coef_).shape[0]
        found = np.full((len(flat), options), np.nan)
        if known.any():
            found[known] = self.model.predict(flat[known]).reshape(-1, options)
        return found.reshape(*states.shape[:-1], options)


def fitted(states: NDArray[Any], logits: NDArray[Any]) -> Translator | None:
    """The ridge regression of the last layer's logits (sample, option) on a layer's states (sample, feature).

    Features are standardised, the penalty is the best of `PENALTIES` when each sample is left out. Samples with an
    undefined number are left out; None where fewer than `LEAST` are left. Fit it on images other than those that it is
    asked about. Source: Belrose et al. 2023.

    >>> draw = np.random.default_rng(0)
    >>> states = draw.standard_normal((50, 3))
    >>> read = fitted(states, states @ [[1.0, 0.0], [0.0, 2.0], [0.0, 0.0]] + [0.0, 5.0])
    >>> read(np.array([1.0, 1.0, 0.0])).round(1) if read else None
    array([1., 7.])
    """
    known = np.isfinite(states).all(axis=1) & np.isfinite(logits).all(axis=1)
    if known.sum() < LEAST:
        return None
    from sklearn.linear_model import RidgeCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), RidgeCV(alphas=PENALTIES))
    model.fit(np.asarray(states, np.float64)[known], np.asarray(logits, np.float64)[known])
    return Translator(model)
