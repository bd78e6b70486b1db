"""What a probe is trained and tested on: states and the classes present, with labels that agree."""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's and numpy's stubs leave the types inside coordinates open.

from collections.abc import Hashable
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import control_sampling, labels
from ..labels import Array
from .cross_validation import Probe, Trained, shuffled, train_probes


@dataclass(frozen=True)
class ProbeData:
    """Clean states to train on, states to test on and the classes present, with the same samples and labels."""

    clean: xr.DataArray  # (rows, *places, dim)
    tested: xr.DataArray  # (rows, *others, *places, dim)
    present: xr.DataArray  # (rows, class_dim)
    images: NDArray[Any]  # (rows)

    @staticmethod
    def of(
        clean: Array, tested: Array, present: Array, *, image: Any, dim: str, class_dim: str, sample_dim: str
    ) -> "ProbeData":
        """The three of them aligned; ValueError, naming the difference, where their labels differ."""
        if not labels.labelled(clean=clean, tested=tested, present=present):
            _require_plain(clean, tested)
            clean, tested, present = named(clean, dim), named(tested, dim), named(present, class_dim)
            image = np.arange(clean.shape[0]) if isinstance(image, str) else image
        clean, tested, present = labels.aligned(clean=clean, tested=tested, present=present)
        labels.require_dims("clean", clean, "tested", tested)
        rows = control_sampling.sample_dim_of(clean, sample_dim)
        _require_dims("clean", clean, rows, dim)
        _require_dims("tested", tested, *clean.dims)
        images = images_of(clean, image, rows)
        places = [name for name in clean.dims if name not in (rows, dim)]
        others = [name for name in tested.dims if name not in (*places, rows, dim)]
        return ProbeData(
            clean.transpose(rows, *places, dim),
            tested.transpose(rows, *others, *places, dim),
            presence(present, images, rows, class_dim),
            images,
        )

    def shuffled(self, seed: int) -> "ProbeData":
        """The same states with the labels of the control task."""
        return replace(
            self, present=self.present.copy(deep=False, data=shuffled(self.present.values, self.images, seed))
        )

    def scores(self, probe: Probe) -> xr.DataArray:
        """Held-out log-odds (rows, *others, *places, class_dim), one probe per place and class."""
        return Probes.of(self, probe).scores(self.tested, np.arange(len(self.images)))


@dataclass(frozen=True)
class Probes:
    """Trained probes, by place of the clean states' other dimensions and class."""

    present: xr.DataArray  # (rows, class_dim)
    places: tuple[Hashable, ...]
    trained: dict[tuple[int, ...], Trained]
    shape: tuple[int, ...]

    @staticmethod
    def of(data: ProbeData, probe: Probe) -> "Probes":
        """One for each place and class."""
        order, wanted = _order(data), data.present.values
        shape = (*data.clean.shape[1:-1], wanted.shape[1])
        trained: dict[tuple[int, ...], Trained] = {}
        for place in product(*map(range, shape[:-1])):
            states = data.clean[(slice(None), *place)].values[order]
            for column in range(wanted.shape[1]):
                found = train_probes(states, wanted[order, column], data.images[order], probe)
                folds = tuple((order[unseen], model) for unseen, model in found.folds)
                trained[(*place, column)] = replace(found, folds=folds)
        return Probes(data.present, data.clean.dims[1:-1], trained, shape)

    def scores(self, tested: xr.DataArray, rows: NDArray[np.intp]) -> xr.DataArray:
        """Log-odds (rows, *others, *places, class_dim) of states (rows, *others, *places, dim) of samples at `rows`."""
        name, class_dim = self.present.dims
        log_odds = np.full((*tested.shape[:-1], self.shape[-1]), np.nan)
        for place in product(*map(range, self.shape[:-1])):
            test = tested[(..., *place, slice(None))].values
            for column in range(self.shape[-1]):
                log_odds[(..., *place, column)] = self.trained[(*place, column)].log_odds(test, rows)
        along = {key: coord for key, coord in tested.coords.items() if tested.dims[-1] not in coord.dims}
        classes = {key: coord for key, coord in self.present.coords.items() if name not in coord.dims}
        dims = (*tested.dims[:-1], class_dim)
        return xr.DataArray(log_odds, dims=dims, coords={**along, **classes, **self.counts})

    @property
    def counts(self) -> dict[str, Any]:
        """(*places, class_dim) images that have the class, and fits that did not converge."""
        dims = (*self.places, self.present.dims[1])
        numbers = {"positives": np.zeros(self.shape, np.int64), "unconverged": np.zeros(self.shape, np.int64)}
        for place, each in self.trained.items():
            numbers["positives"][place], numbers["unconverged"][place] = each.positives, each.unconverged
        return {name: (dims, values) for name, values in numbers.items()}


def _order(data: ProbeData) -> NDArray[np.intp]:
    # one order whatever the order of the samples, so that not even rounding depends on it
    rows = data.present.dims[0]
    ids = labels.texts(data.clean[rows].values) if rows in data.clean.coords else np.arange(len(data.images))
    return np.lexsort((ids, data.images))


def named(array: Any, last: str) -> xr.DataArray:
    """A bare (sample, ..., last) array with those labels."""
    values = np.asarray(array)
    middle = [f"axis_{axis}" for axis in range(1, values.ndim - 1)]
    return xr.DataArray(values, dims=["sample", *middle, last][: values.ndim])


def images_of(array: xr.DataArray, image: Any, rows: str) -> NDArray[Any]:
    """The image of each sample, by the name of its coordinate or as a list; ValueError where there is none."""
    if isinstance(image, str) and image not in array.coords and image != rows:
        raise ValueError(
            f"no coordinate {image!r} among {sorted(map(str, array.coords))}: probes are tested on images that they "
            "never saw. Add the image of each sample with .assign_coords, or pass a list."
        )
    images = labels.texts(array[image] if isinstance(image, str) else image)
    if images.shape != (array.sizes[rows],):
        raise ValueError(f"{images.shape} image labels for {array.sizes[rows]} samples: give one each.")
    return images


def presence(present: xr.DataArray, images: NDArray[Any], rows: str, class_dim: str) -> xr.DataArray:
    """The classes present as float64 (rows, class_dim); ValueError where they are no labels of images."""
    if set(present.dims) != {rows, class_dim}:
        raise ValueError(f"present has dimensions {present.dims}; it needs {rows!r} and {class_dim!r} alone.")
    table = present.transpose(rows, class_dim).astype(np.float64)
    values = table.values
    if not (np.isnan(values) | np.isin(values, (0.0, 1.0))).all():
        raise ValueError("present holds values other than 0, 1 and nan: it says whether a class is there.")
    _, first, image = np.unique(images, return_index=True, return_inverse=True)
    different = (np.nan_to_num(values, nan=-1.0) != np.nan_to_num(values[first][image], nan=-1.0)).any(axis=1)
    if different.any():
        raise ValueError(
            f"samples of image {str(images[different][0])!r} differ in the classes present, which belong to the image."
        )
    return table


def _require_plain(clean: Array, tested: Array) -> None:
    if np.ndim(clean) != 2 and np.shape(clean) != np.shape(tested):
        raise ValueError(
            f"clean {np.shape(clean)}, tested {np.shape(tested)}: bare clean states are (sample, feature), or tested "
            "themselves. Label more dimensions."
        )


def _require_dims(name: str, array: xr.DataArray, *needed: Hashable) -> None:
    missing = [dim for dim in needed if dim not in array.dims]
    if missing:
        raise ValueError(f"{name} has dimensions {array.dims} and no {missing[0]!r}.")
