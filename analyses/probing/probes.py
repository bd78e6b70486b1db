"""Linear probes for the presence of classes, tested on images that they never saw.

Source: Alain & Bengio 2017; the control: Hewitt & Liang 2019; definitions, section 13.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# pyright: reportUnknownLambdaType=false, reportMissingTypeStubs=false
# xarray's stubs leave the types inside coordinates open, and scikit-learn has none.

from typing import Any

import numpy as np
import xarray as xr

from .. import control_sampling, labels
from ..labels import Array
from ..statistics.resampling import Floats
from .cross_validation import DEFAULT, Probe, shuffled
from .probe_data import ProbeData, images_of, named, presence


def probe_scores(
    clean: Array,
    tested: Array,
    present: Array,
    *,
    image: Any = "image",
    probe: Probe = DEFAULT,
    dim: str = "feature",
    class_dim: str = "class",
    sample_dim: str = "auto",
) -> Array:
    """The log-odds that a sample shows a class, by a linear probe trained on the clean states of other images.

    w . (x - mean) / sd + b; logistic regression with an l2 penalty on standardised features, cross-validated by image
    with folds of equal share of positives. In: clean (sample or image, ..., dim); tested, the same with more dimensions
    (condition) or clean itself; present (sample or image, class_dim) of 1, 0 or nan; `image` of each sample, a
    coordinate name or a list. A probe is trained per class and per place of clean's other dimensions (layer). Rows of
    bare arrays are images of their own unless `image` is a list; bare clean states are (sample, dim).
    Out: (sample or image, tested's other dimensions, class_dim), log-odds, > 0 says present; labelled output has the
    coordinates `positives` (images that have the class) and `unconverged` (folds whose optimiser ran out of
    iterations). nan where a state is zero or not finite or the label nan, and for a class that fewer than
    `probe.fewest` images have or lack.
    Raises ValueError where labels differ, for a label other than 0 and 1, and where samples of one image differ in it.

    >>> states = np.linspace(-1.0, 1.0, 20)[:, None]
    >>> scores = probe_scores(states, -states, states > 0)
    >>> scores[:3, 0] > 0, scores[-3:, 0] > 0   # turned over, the states say the contrary
    (array([ True,  True,  True]), array([False, False, False]))
    """
    data = ProbeData.of(clean, tested, present, image=image, dim=dim, class_dim=class_dim, sample_dim=sample_dim)
    result = data.scores(probe)
    return result if isinstance(clean, xr.DataArray) else result.values


def probe_correct(scores: Array, present: Array) -> Array:
    """Whether the probe's verdict, present where its log-odds exceed 0, is right: 1 right, 0 wrong.

    In: scores (sample or image, ..., class) from `probe_scores`, present (sample or image, class). Out: as scores; nan
    where either is undefined. Raises ValueError where labels differ. Interval of an accuracy: `statistics.bootstrap` of
    the mean, by image.

    >>> probe_correct(np.array([[2.0], [-1.0], [np.nan]]), np.array([[1.0], [1.0], [0.0]]))
    array([[ 1.],
           [ 0.],
           [nan]])
    """
    if not labels.labelled(scores=scores, present=present):
        return probe_correct(named(scores, "class"), named(present, "class")).values
    said, there = labels.aligned(scores=scores, present=present)
    missing = [dim for dim in there.dims if dim not in said.dims]
    if missing:
        raise ValueError(f"present has a dimension {missing[0]!r} and scores has not: {said.dims}.")
    right = ((said > 0) == (there > 0)).astype(np.float64).where(said.notnull() & there.notnull())
    return right.transpose(*said.dims)


def control_labels(
    present: Array, *, image: Any = "image", seed: int = 0, class_dim: str = "class", sample_dim: str = "auto"
) -> Array:
    """The labels of the control task: each image's labels given to another, random image.

    In: present (sample or image, class_dim); `image` of each sample, a coordinate name or a list; rows of bare arrays
    are images of their own. Out: the same shape. Images whose label is defined exchange their labels, so classes stay
    as frequent and nan stays where it is; classes whose defined images are the same ones move together. The draw
    depends on the seed and the images' names, not on the order of samples. ValueError as `probe_scores`.
    Source: Hewitt & Liang 2019, control tasks.

    >>> control_labels(np.array([[1.0], [1.0], [0.0], [0.0]]), seed=0)[:, 0]
    array([0., 1., 1., 0.])
    """
    if not isinstance(present, xr.DataArray):
        image = np.arange(len(present)) if isinstance(image, str) else image
        return control_labels(named(present, class_dim), image=image, seed=seed, class_dim=class_dim).values
    rows = control_sampling.sample_dim_of(present, sample_dim)
    images = images_of(present, image, rows)
    table = presence(present, images, rows, class_dim)
    return table.copy(deep=False, data=shuffled(table.values, images, seed)).transpose(*present.dims)


def probe_accuracy(
    states: Array,
    present: Array,
    *,
    image: Any = "image",
    probe: Probe = DEFAULT,
    dim: str = "feature",
    class_dim: str = "class",
    sample_dim: str = "auto",
) -> xr.Dataset:
    """How well a linear probe reads each class from the states of held-out images, and from shuffled labels.

    In: as `probe_scores`. Out: Dataset over the states' other dimensions (layer) and class_dim: `accuracy`, share of
    right verdicts over held-out samples; `balanced_accuracy`, mean of the shares among samples with the class and
    without it (0.5: nothing read); `auroc` of the pooled held-out log-odds (0.5: nothing read); `control_accuracy` of
    a probe trained and tested on `control_labels`; `selectivity` = accuracy - control_accuracy; and the counts
    `positives` (images that have the class), `defined` and `undefined` (samples), `unconverged` and
    `control_unconverged` (folds). All in [0, 1], selectivity in [-1, 1]. nan for a class that fewer than `probe.fewest`
    images have or lack. Whole images are held out, so that memorising helps neither probe: the control is what the
    class's frequency alone yields. ValueError as `probe_scores`. Source: Hewitt & Liang 2019.

    >>> states = np.linspace(-1.0, 1.0, 40)[:, None]
    >>> result = probe_accuracy(states, states > 0)
    >>> float(result.accuracy[0]), round(float(result.auroc[0]), 4), int(result.positives[0])   # 39 of 40
    (0.975, 0.9975, 20)
    """
    data = ProbeData.of(states, states, present, image=image, dim=dim, class_dim=class_dim, sample_dim=sample_dim)
    return with_control(probe_rates(data.scores(probe), data.present), data, probe)


def with_control(rates: xr.Dataset, data: ProbeData, probe: Probe) -> xr.Dataset:
    """The rates of clean states beside those of probes that are trained and tested on shuffled labels."""
    control = data.shuffled(probe.seed)
    drawn = probe_rates(control.scores(probe), control.present)
    return rates.assign(
        control_accuracy=drawn.accuracy,
        selectivity=rates.accuracy - drawn.accuracy,
        control_unconverged=drawn.unconverged,
    )


def probe_transfer(
    clean: Array,
    perturbed: Array,
    present: Array,
    *,
    image: Any = "image",
    probe: Probe = DEFAULT,
    dim: str = "feature",
    class_dim: str = "class",
    sample_dim: str = "auto",
) -> xr.Dataset:
    """How well a probe trained on clean states reads each class from the perturbed states of held-out images.

    In: as `probe_scores`, perturbed with a dimension condition. Out: Dataset over perturbed's other dimensions
    (condition, layer) and class_dim: `accuracy`, `balanced_accuracy`, `auroc` and the counts `positives`, `defined`,
    `undefined` and `unconverged`, as in `probe_accuracy`, whose numbers the clean condition repeats. A balanced
    accuracy near 0.5 beside an AUROC that stays says that the direction survives and the threshold does not. nan and
    ValueError as `probe_scores`. Source: linear probes, Alain & Bengio 2017; testing them elsewhere is this project's.

    >>> states = np.linspace(-1.0, 1.0, 40)[:, None]
    >>> perturbed = np.stack([states, states + 5.0], axis=1)   # the second condition shifts all states
    >>> result = probe_transfer(states, perturbed, states > 0)
    >>> result.accuracy.values[:, 0], result.auroc.values[:, 0].round(1)
    (array([0.975, 0.5  ]), array([1., 1.]))
    """
    data = ProbeData.of(clean, perturbed, present, image=image, dim=dim, class_dim=class_dim, sample_dim=sample_dim)
    return probe_rates(data.scores(probe), data.present)


def probe_rates(scores: xr.DataArray, present: xr.DataArray) -> xr.Dataset:
    """How often probes are right, from their scores: what `probe_accuracy` and `probe_transfer` give.

    In: scores (sample or image, ..., class) from `probe_scores`, present (sample or image, class), labelled.
    Out, nan: as `probe_transfer`.

    >>> states = xr.DataArray(np.linspace(-1.0, 1.0, 40)[:, None], dims=("image", "feature"))
    >>> states = states.assign_coords(image=[f"i{k:02}" for k in range(40)])
    >>> present = (states > 0).rename(feature="class")
    >>> float(probe_rates(probe_scores(states, states, present), present).accuracy[0])
    0.975
    """
    rows = str(present.dims[0])
    said = scores.drop_vars(["positives", "unconverged"])
    right: xr.DataArray = probe_correct(said, present)
    sides = [labels.mean(right.where(present == side), rows) for side in (0, 1)]
    auroc = np.vectorize(_auroc, otypes=[np.float64], signature="(s),(s)->()")
    return xr.Dataset(
        {
            "accuracy": labels.mean(right, rows),
            "balanced_accuracy": (sides[0] + sides[1]) / 2,
            "auroc": labels.apply(auroc, said, present, core=[[rows], [rows]], dtype=np.float64),
            "positives": scores.positives.reset_coords(drop=True),
            "defined": right.notnull().sum(rows),
            "undefined": right.isnull().sum(rows),
            "unconverged": scores.unconverged.reset_coords(drop=True),
        }
    )


def _auroc(score: Floats, present: Floats) -> float:
    kept = ~(np.isnan(score) | np.isnan(present))
    if len(np.unique(present[kept])) < 2:
        return float("nan")
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(present[kept], score[kept]))
