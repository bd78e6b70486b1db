"""What each family of perturbations does to answers, states and margins: the table that a run is read by.

Definitions, section 15.
"""

# pyright: reportUnknownMemberType=false
# xarray's stubs leave the arguments of `compute` open.

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import flips, labels
from ..labels import Array
from .by_family import FEW
from .resampling import BOUNDS, Floats, Statistic, bootstrap, cohen_d, mean, percent, ratio
from .significance import wilson

QUANTITIES = ("ifr", "iv", "accuracy", "drift_percent", "cohen_d", "margin_erosion")
"""The columns of `by_family`: shares, %, standard deviations, nats."""


RATES = QUANTITIES[:3]


def by_family(
    flipped: Array,
    correct: Array,
    drift: Array,
    control: Array,
    erosion: Array,
    *,
    family: Any = "family",
    image: Any = "image",
    any_of: Sequence[str] | None = None,
    resamples: int = 2000,
    seed: int = 0,
    level: float = 0.95,
) -> xr.Dataset:
    """What each family of perturbations does, with an interval by image on every number.

    In: flipped, correct, erosion (sample, condition), drift (sample or image, condition), control (sample or image)
    from `drift.control`; `family` of each condition and `image` of each sample, as coordinate names or as lists.
    Out: Dataset over family (in order of first appearance, then "any": `any_of`, by default all but "clean") with
    `value` (family, quantity, bound): ifr, iv, accuracy [shares in [0, 1]], drift_percent [% of control], cohen_d [sd
    from control], margin_erosion [nats]; and the counts `defined` and `undefined` (family, quantity) of (sample,
    condition) pairs. Undefined pairs are left out and counted; nan where none is defined. Of "clean" only the accuracy
    is told. Rates of fewer than 40 images carry a Wilson interval with the images as trials.
    Raises ValueError where labels differ. Source: Wani et al. 2026; definitions, section 15.

    >>> zero, half = np.zeros((2, 2)), np.array([[0.5, 0.0], [1.0, 0.0]])
    >>> table = by_family(zero, 1 - zero, half, np.ones(2), half, family=["shift", "blur"], image=["a", "b"])
    >>> table.value.sel(bound="estimate", quantity=["accuracy", "drift_percent"]).values
    array([[  1. ,  75. ],
           [  1. ,   0. ],
           [  1. ,  37.5]])
    """
    data = _Answers.of(flipped, correct, erosion, image)
    states = _States.of(drift, control, data)
    groups, chosen = labels.families_and_any(data.flipped, family, any_of)
    value = np.full((len(groups), len(QUANTITIES), len(BOUNDS)), np.nan)
    counts = np.zeros((2, len(groups), len(QUANTITIES)), np.int64)
    for column, part in enumerate(_parts(data, states, groups)):
        value[:, column] = _bounds(part, QUANTITIES[column] in RATES, resamples, seed, level)
        counts[:, :, column] = part.defined, part.pairs - part.defined
    if "clean" in groups:
        value[list(groups).index("clean"), [quantity != "accuracy" for quantity in QUANTITIES]] = np.nan
    told = {"any": chosen, "images": len(np.unique(data.images)), "resamples": resamples, "level": level, "seed": seed}
    return xr.Dataset(
        {
            "value": (("family", "quantity", "bound"), value),
            "defined": (("family", "quantity"), counts[0]),
            "undefined": (("family", "quantity"), counts[1]),
        },
        coords={"family": list(groups), "quantity": list(QUANTITIES), "bound": list(BOUNDS)},
        attrs=told,
    )


@dataclass(frozen=True)
class _Answers:
    flipped: xr.DataArray  # (sample, condition), all three
    correct: xr.DataArray
    erosion: xr.DataArray
    images: NDArray[Any]

    @staticmethod
    def of(flipped: Array, correct: Array, erosion: Array, image: Any) -> "_Answers":
        arrays = {"flipped": flipped, "correct": correct, "erosion": erosion}
        labels.labelled(**arrays)
        pairs = labels.aligned(**{name: _pairs(name, labels.by_sample(array)) for name, array in arrays.items()})
        images = np.asarray(pairs[0][image] if isinstance(image, str) else image).astype(str)
        if images.shape != (pairs[0].sizes["sample"],):
            raise ValueError(f"{images.shape} image labels for {pairs[0].sizes['sample']} samples: give one each.")
        return _Answers(*pairs, images=images)


@dataclass(frozen=True)
class _States:
    drift: xr.DataArray  # (sample or image, condition)
    control: xr.DataArray  # (sample or image)
    images: NDArray[Any]

    @staticmethod
    def of(drift: Array, control: Array, answers: _Answers) -> "_States":
        if labels.labelled(drift=drift, control=control) and "image" in drift.dims:
            moved, yardstick = labels.aligned(drift=drift.transpose("image", "condition").compute(), control=control)
            labels.aligned(flipped=answers.flipped, drift=moved)
            return _States(moved, yardstick, moved["image"].values.astype(str))
        moved, yardstick = _pairs("drift", labels.by_sample(drift)), labels.by_sample(control)
        moved, yardstick, _ = labels.aligned(drift=moved, control=yardstick, flipped=answers.flipped)
        return _States(moved, yardstick, answers.images)


@dataclass(frozen=True)
class _Part:
    statistic: Statistic
    arrays: tuple[Floats, ...]  # (sample, family), or (sample,) for the control
    images: NDArray[Any]
    count: Floats  # defined pairs, (sample, family)
    pairs: NDArray[np.int64]  # all pairs, (family)

    @property
    def defined(self) -> Floats:
        return self.count.sum(axis=0)


def _parts(answers: _Answers, states: _States, groups: dict[str, NDArray[np.intp]]) -> list[_Part]:
    def part(statistic: Statistic, array: xr.DataArray, *arrays: Floats, images: NDArray[Any]) -> _Part:
        pairs = np.array([len(images) * len(places) for places in groups.values()])
        return _Part(statistic, arrays, images, _grouped(array.notnull().values, groups), pairs)

    flip, right, lost = answers.flipped, answers.correct, answers.erosion
    ever = np.stack([flips.ever_flipped(flip.isel(condition=places)).values for places in groups.values()], axis=-1)
    moved, yardstick = _mean(states.drift, groups), states.control.values.astype(np.float64)
    return [
        part(ratio, flip, _total(flip, groups), _count(flip, groups), images=answers.images),
        part(mean, flip, ever, images=answers.images),
        part(ratio, right, _total(right, groups), _count(right, groups), images=answers.images),
        part(percent, states.drift, moved, yardstick, images=states.images),
        part(cohen_d, states.drift, moved, yardstick, images=states.images),
        part(mean, lost, _mean(lost, groups), images=answers.images),
    ]


def _grouped(values: NDArray[Any], groups: dict[str, NDArray[np.intp]]) -> Floats:
    # (sample, condition) -> (sample, family)
    return np.stack([values[:, places].sum(axis=1, dtype=np.float64) for places in groups.values()], axis=-1)


def _count(array: xr.DataArray, groups: dict[str, NDArray[np.intp]]) -> Floats:
    return _grouped(array.notnull().values, groups)


def _total(array: xr.DataArray, groups: dict[str, NDArray[np.intp]]) -> Floats:
    return _grouped(array.fillna(0.0).values, groups)


def _mean(array: xr.DataArray, groups: dict[str, NDArray[np.intp]]) -> Floats:
    count = _count(array, groups)
    return _total(array, groups) / np.where(count > 0, count, np.nan)


def _bounds(part: _Part, is_rate: bool, resamples: int, seed: int, level: float) -> Floats:
    # (family, bound)
    interval = bootstrap(part.statistic, *part.arrays, cluster=part.images, resamples=resamples, seed=seed, level=level)
    bounds = np.stack(interval, axis=-1)
    for row, counted in enumerate(part.count.T > 0):
        images = len(np.unique(part.images[counted]))
        if is_rate and images < FEW:
            bounds[row, 1:] = wilson(bounds[row, 0], images, level=level)
    return bounds


def _pairs(name: str, array: xr.DataArray) -> xr.DataArray:
    if set(array.dims) != {"sample", "condition"}:
        raise ValueError(
            f"{name} has dimensions {array.dims}; the table needs (sample, condition). Select one site, layer."
        )
    return array.transpose("sample", "condition").compute()  # once: each quantity below reads it again
