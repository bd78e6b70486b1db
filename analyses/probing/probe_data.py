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
from .cross_validation import Probe, held_out, shuffled


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
        return replace(self, present=self.present.copy(data=shuffled(self.present.values, self.images, seed)))

    def scores(self, probe: Probe) -> xr.DataArray:
        """Held-out log-odds (rows, *others, *places, class_dim), one probe per place and class."""
        rows, class_dim = self.present.dims
        places = self.clean.dims[1:-1]
        wanted, order = self.present.values, self._order()
        log_odds = np.full((*self.tested.shape[:-1], wanted.shape[1]), np.nan)
        positives, unconverged = np.zeros((2, *self.clean.shape[1:-1], wanted.shape[1]), np.int64)
        for place in product(*map(range, self.clean.shape[1:-1])):
            train = self.clean[(slice(None), *place)].values[order]
            test = self.tested[(..., *place, slice(None))].values[order]
            for column in range(wanted.shape[1]):
                result = held_out(train, test, wanted[order, column], self.images[order], probe)
                log_odds[(..., *place, column)][order] = result.log_odds
                positives[(*place, column)] = result.positives
                unconverged[(*place, column)] = result.unconverged
        along = {name: coord for name, coord in self.tested.coords.items() if self.tested.dims[-1] not in coord.dims}
        classes = {name: coord for name, coord in self.present.coords.items() if rows not in coord.dims}
        counted = (*places, class_dim)
        counts = {"positives": (counted, positives), "unconverged": (counted, unconverged)}
        return xr.DataArray(log_odds, dims=(*self.tested.dims[:-1], class_dim), coords={**along, **classes, **counts})

    def _order(self) -> NDArray[np.intp]:
        # one order whatever the order of the samples, so that not even rounding depends on it
        rows = self.present.dims[0]
        ids = labels.texts(self.clean[rows].values) if rows in self.clean.coords else np.arange(len(self.images))
        return np.lexsort((ids, self.images))


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
