"""What the axes of a run are labelled with, and which of its rows are shown."""

# xarray's signatures are only partly typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

OF_SAMPLES = ("kind", "answer")
"""Columns of the table of samples that stand beside every array of samples."""


@dataclass(frozen=True, eq=False)
class Labels:
    """The rows of the store that are shown, and their names: `samples` and `images` are positions in the store.

    `of_samples` are labels along `samples`, `of_conditions` along all conditions.
    """

    images: NDArray[np.intp]
    image_ids: NDArray[Any]
    samples: NDArray[np.intp]
    of_samples: dict[str, xr.Variable]
    of_conditions: dict[str, xr.Variable]

    @classmethod
    def read(cls, tree: xr.DataTree, conditions: xr.Dataset, chosen: frozenset[str] | None) -> "Labels":
        """Those of a run, of all its samples or of those chosen, and the images that they ask about."""
        ids = column(tree, "images/image_id")
        of_conditions = {name: conditions[name].variable for name in ("condition", "family", "severity")}
        images = np.arange(len(ids))
        if "samples" not in tree:
            return cls(images, ids, np.zeros(0, np.intp), {}, of_conditions)
        names, about = column(tree, "samples/sample_id"), column(tree, "samples/image_index")
        valid = column(tree, "samples/valid").astype(bool)
        samples = np.flatnonzero(valid if chosen is None else valid & np.isin(names, [*chosen]))
        columns = {"sample": names[samples], "image": ids[about[samples]]}
        columns |= {name: column(tree, f"samples/{name}")[samples].astype(object) for name in OF_SAMPLES}
        return cls(
            images if chosen is None else np.unique(about[samples]),
            ids,
            samples,
            {name: xr.Variable("sample", values) for name, values in columns.items()},
            of_conditions,
        )

    def rows(self, axis: str) -> NDArray[np.intp]:
        """The rows of the store that are shown along the image or the sample axis."""
        return self.images if axis == "image" else self.samples

    def put(self, data: xr.Dataset) -> xr.Dataset:
        """The data with the labels of its axes."""
        labels: dict[str, Any] = {}
        if "image" in data.dims:
            labels["image"] = ("image", self.image_ids[self.images])
        if "condition" in data.dims:
            labels |= self.of_conditions
        if "sample" in data.dims:
            labels |= self.of_samples
        return data.assign_coords(labels)


def column(tree: xr.DataTree, name: str) -> NDArray[Any]:
    """A table's column, all rows; texts as Python's own."""
    return plain(np.asarray(tree[name].variable.values))


def plain(values: NDArray[Any]) -> NDArray[Any]:
    """Values with texts of numpy's own type as Python's, which can be compared with others'."""
    return values.astype(object) if values.dtype.kind == "T" else values
