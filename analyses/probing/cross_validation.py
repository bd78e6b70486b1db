"""Cross-validation by image: linear probes that never saw the image on which they are tested.

Bare arrays: rows are samples, features last, and a row that is zero or not finite is undefined. Labels are 1, 0 or nan
and belong to the image, so all samples of an image carry the same.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportMissingTypeStubs=false
# scikit-learn has no stubs.

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..statistics.resampling import Floats

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline


@dataclass(frozen=True)
class Probe:
    """How a linear probe is trained and tested; ValueError for settings that cannot be.

    `folds` of images; `c`, the inverse strength of the l2 penalty on standardised features; `iterations` that the
    optimiser may take; `fewest` images that must have the class, and that must lack it; `seed` of the folds and of the
    shuffled control.
    """

    folds: int = 5
    c: float = 1.0
    iterations: int = 1000
    fewest: int = 10
    seed: int = 0

    def __post_init__(self) -> None:
        if self.folds < 2:
            raise ValueError(f"folds={self.folds}: held-out images need at least 2 folds.")
        if self.fewest < self.folds:
            raise ValueError(f"fewest={self.fewest}: each of {self.folds} folds needs an image with the class.")
        if self.c <= 0 or self.iterations < 1:
            raise ValueError(f"c={self.c}, iterations={self.iterations}: both must be positive.")


DEFAULT = Probe()
"""Five folds, weak penalty, at least ten images a side."""


@dataclass(frozen=True)
class HeldOut:
    """What held-out probes say: log-odds (sample, ...), images that have the class, fits that did not converge."""

    log_odds: Floats
    positives: int
    unconverged: int


@dataclass(frozen=True)
class Trained:
    """Probes of one class, each with the places of the samples that it never saw; none where images are too few."""

    folds: "tuple[tuple[NDArray[np.intp], Pipeline], ...]"
    positives: int
    unconverged: int

    def log_odds(self, test: NDArray[Any], places: NDArray[np.intp]) -> Floats:
        """(row, ...) of some samples' states (row, ..., feature), by their places; nan as `held_out`."""
        found = np.full(test.shape[:-1], np.nan)
        known = defined(test) if self.folds else np.zeros(test.shape[:-1], np.bool_)
        for unseen, model in self.folds:
            asked = known & np.isin(places, unseen).reshape(-1, *(1,) * (test.ndim - 2))
            if asked.any():
                found[asked] = model.decision_function(test[asked].astype(np.float64))
        return found


def held_out(train: NDArray[Any], test: NDArray[Any], wanted: Floats, images: NDArray[Any], probe: Probe) -> HeldOut:
    """The log-odds that each sample shows the class, by a probe trained on other images: (sample, ...).

    In: train (sample, feature), test (sample, ..., feature), wanted (sample) of 1, 0 or nan, images (sample). Folds are
    of images, each with the same share of positive ones. nan for a sample whose states or label are undefined, and for
    all where fewer than `probe.fewest` images have the class or lack it.

    >>> states = np.repeat(np.arange(4.0) - 1.5, 2)[:, None]
    >>> result = held_out(states, states, states[:, 0] > 0, np.repeat(list("abcd"), 2), Probe(folds=2, fewest=2))
    >>> result.log_odds > 0, result.positives
    (array([False, False, False, False,  True,  True,  True,  True]), 2)
    """
    trained = train_probes(train, wanted, images, probe)
    return HeldOut(trained.log_odds(test, np.arange(len(test))), trained.positives, trained.unconverged)


def train_probes(train: NDArray[Any], wanted: Floats, images: NDArray[Any], probe: Probe) -> Trained:
    """A probe for each fold of images, trained on the others; in: as `held_out`."""
    from sklearn.model_selection import StratifiedKFold

    wanted = np.asarray(wanted, np.float64)
    usable = np.flatnonzero(defined(train) & ~np.isnan(wanted))
    _, first, image = np.unique(images[usable], return_index=True, return_inverse=True)
    of_image = wanted[usable][first]
    positives, unconverged = int(of_image.sum()), 0
    if min(positives, len(of_image) - positives) < probe.fewest:
        return Trained((), positives, unconverged)
    made: list[tuple[NDArray[np.intp], Pipeline]] = []
    folds = StratifiedKFold(probe.folds, shuffle=True, random_state=probe.seed)
    for _, held in folds.split(of_image[:, None], of_image):
        outside = np.isin(image, held)
        seen = usable[~outside]
        model, converged = _fitted(train[seen].astype(np.float64), wanted[seen], probe)
        unconverged += not converged
        made.append((usable[outside], model))
    return Trained(tuple(made), positives, unconverged)


def shuffled(wanted: Floats, images: NDArray[Any], seed: int) -> Floats:
    """Each image's label given to another, random image: the labels of a control task, (sample, ...).

    Images that are labelled exchange their labels, so that the class stays as frequent; nan stays where it is. Does not
    depend on the order of samples.

    >>> shuffled(np.array([1.0, 1.0, 0.0, np.nan]), np.array(["a", "a", "b", "c"]), seed=3)
    array([ 0.,  0.,  1., nan])
    """
    _, first, image = np.unique(images, return_index=True, return_inverse=True)
    of_image = np.asarray(wanted, np.float64)[first]
    columns = of_image.reshape(len(of_image), -1).copy()
    for column in columns.T:
        labelled = np.flatnonzero(~np.isnan(column))
        column[labelled] = column[np.random.default_rng(seed).permutation(labelled)]
    return columns.reshape(of_image.shape)[image.reshape(-1)]


def defined(states: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether a row is finite and not all zeros: (..., feature) -> (...).

    >>> defined(np.array([[1.0, 0.0], [0.0, 0.0], [np.nan, 1.0]]))
    array([ True, False, False])
    """
    return np.isfinite(states).all(axis=-1) & (states != 0).any(axis=-1)


def _fitted(states: Floats, wanted: Floats, probe: Probe) -> "tuple[Pipeline, bool]":
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=probe.c, max_iter=probe.iterations))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(states, wanted)
    # given as a number beside the result, which a warning could not name the class of; any other is passed on
    others = [one for one in caught if not issubclass(one.category, ConvergenceWarning)]
    for one in others:
        warnings.warn_explicit(one.message, one.category, one.filename, one.lineno)
    return model, len(others) == len(caught)
