"""Segmentation: how well a model tells the class of each pixel, and how much of that a perturbation costs.

`confusion` counts pixels per image; `total` adds images up; `iou`, `miou` and `pixel_accuracy` read any of the two.
mIoU of a data set comes from the summed matrix: `miou(total(confusion))`, not from the mean of the images' mIoU. Its
interval by image is `statistics.bootstrap(summed_miou, confusion, cluster="image")`. A matrix is undefined where an
entry is nan, or -1 among integers: an image that was not segmented.
Source: Cordts et al. 2016; Cheng, section 5.3; definitions, section 14.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates and `sum` open.

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from . import labels, papers
from .cards import Card
from .kernels import overlap
from .labels import Array
from .misalignment import cityscapes
from .statistics.resampling import Floats, Statistic

CARDS = (
    Card(
        "segmentation.confusion",
        "How many pixels of each class are taken for which class?",
        "pixels",
        "{0, 1, ...}",
        papers.CITYSCAPES,
    ),
    Card(
        "segmentation.total",
        "Over all images, how many pixels of each class are taken for which class?",
        "pixels",
        "{0, 1, ...}",
        papers.CITYSCAPES,
    ),
    Card(
        "segmentation.iou",
        "How well does the predicted area of a class cover its true area, and nothing else?",
        "share of the union",
        "[0, 1]",
        papers.CITYSCAPES,
    ),
    Card(
        "segmentation.miou",
        "How well do predicted and true areas agree, each class weighing the same?",
        "share of the union",
        "[0, 1]",
        papers.CITYSCAPES,
    ),
    Card("segmentation.pixel_accuracy", "What share of the pixels gets its class?", "share", "[0, 1]"),
    Card(
        "segmentation.drop",
        "How much segmentation quality does the perturbation cost (ΔQ)?",
        "as the quality",
        "[-1, 1]",
        papers.DEGRADATION,
    ),
)

CITYSCAPES = tuple(cityscapes.CITYSCAPES)
"""The 19 class names by train id (0 road … 18 bicycle), as the vocabulary of that name writes them."""

MATRIX = ("true", "predicted")


def confusion(
    label: Array,
    predicted: Array,
    *,
    classes: int | Sequence[str] = 19,
    ignore: int = 255,
    dims: Sequence[str] = ("y", "x"),
) -> Array:
    """Pixels by true and predicted class, one matrix per pair of label maps.

    In: label (..., y, x) and predicted (..., y, x), integers; `predicted` may have a `condition` dimension that `label`
    lacks. `classes` is their number, or their names, which then label the axes. Out: (..., true, predicted), int64.
    Pixels labelled `ignore` do not count, whatever is predicted there. Bare arrays have the axes of `dims` last.
    Raises ValueError, naming the values, for ids that are no class, and where `ignore` is predicted for a pixel that
    counts: leaving it out would flatter the model. Raises ValueError for float maps and where labels differ.
    Source: Cordts et al. 2016.

    >>> confusion(np.array([[0, 1, 255]]), np.array([[0, 0, 1]]), classes=2)
    array([[1, 0],
           [1, 0]])
    """
    names = None if isinstance(classes, int) else [str(name) for name in classes]
    count = classes if isinstance(classes, int) else len(classes)
    if count < 1 or 0 <= ignore < count:
        raise ValueError(f"classes={count}, ignore={ignore}: at least one class, and an id to ignore that is none.")

    def kernel(true: Any, guess: Any) -> Any:
        flat = (np.reshape(a, (*a.shape[: a.ndim - len(dims)], -1)) for a in (true, guess))
        return overlap.confusion_matrix(*flat, classes=count, ignore=ignore)

    if not labels.labelled(label=label, predicted=predicted):
        true, guess = _integers("label", np.asarray(label)), _integers("predicted", np.asarray(predicted))
        return kernel(labels.repeated(true, guess, "label", "predicted", core=len(dims)), guess)
    true, guess = labels.aligned(label=_integers("label", label), predicted=_integers("predicted", predicted))
    labels.require_dims("label", true, "predicted", guess)
    result = labels.apply(kernel, true, guess, core=[dims, dims], out=dict.fromkeys(MATRIX, count), dtype=np.int64)
    result = result.transpose(*(dim for dim in guess.dims if dim not in dims), ..., *MATRIX)
    return result if names is None else result.assign_coords(dict.fromkeys(MATRIX, names))


def total(confusion: Array, *, dim: str | Sequence[str] = "image") -> Array:
    """Sum of confusion matrices over images: what the mIoU of a data set is computed from.

    In: (image, ..., true, predicted). Out: without `dim` (the first axis of bare arrays), int64 where the counts are
    integers. Undefined matrices are left out and counted by the coordinate `undefined`; where none is defined the total
    is undefined. Totals over different images do not compare well: leave those out of all conditions first.

    >>> total(np.array([[[3, 1], [0, 2]], [[1, 0], [0, 0]]]))
    array([[4, 1],
           [0, 2]])
    """
    if not isinstance(confusion, xr.DataArray):
        return total(_matrices(confusion, "image"), dim="image").values
    whole = confusion.dtype.kind in "iu"
    defined = (confusion >= 0).all(MATRIX)
    summed = confusion.astype(np.int64 if whole else np.float64).where(defined, 0).sum(dim)
    return summed.where(defined.any(dim), -1 if whole else np.nan).assign_coords(undefined=(~defined).sum(dim))


def iou(confusion: Array) -> Array:
    """Intersection over union of each class: TP / (TP + FP + FN).

    In: (..., true, predicted). Out: (..., class), in [0, 1], with the names of `true` where it has any; 1 means that
    the predicted area is the true one. nan where the class is neither there nor predicted, and for undefined matrices.
    Bare arrays have true and predicted last. Raises ValueError for matrices that are not square.
    Source: Cordts et al. 2016.

    >>> iou(np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]]))   # 3 / 4, 2 / 3, and a class that is nowhere
    array([0.75      , 0.66666667,        nan])
    """
    if not isinstance(confusion, xr.DataArray):
        return _iou(np.asarray(confusion))
    size = {"class": confusion.sizes.get("true", 0)}
    result = labels.apply(_iou, confusion, core=[MATRIX], out=size, dtype=np.float64)
    return result.assign_coords({"class": confusion["true"].values}) if "true" in confusion.coords else result


def miou(confusion: Array) -> Array:
    """Mean IoU over the classes that are there or predicted, each weighing the same.

    In: (..., true, predicted), of one image or from `total`. Out: (...), in [0, 1]; nan where no class has an IoU. The
    coordinate `absent` counts the classes that have none. Raises ValueError as `iou`. Intervals: `summed_miou`.
    Source: Cordts et al. 2016.

    >>> round(float(miou(np.array([[3, 1, 0], [0, 2, 0], [0, 0, 0]]))), 4)   # (3/4 + 2/3) / 2
    0.7083
    """
    each = iou(confusion)
    if not isinstance(each, xr.DataArray):
        return overlap.mean_over_classes(each)
    return labels.mean(each, "class").assign_coords(absent=each.isnull().sum("class"))


def pixel_accuracy(confusion: Array) -> Array:
    """Share of the counted pixels that get their class: the trace over the sum.

    In: (..., true, predicted). Out: (...), in [0, 1]; nan where no pixel counts or the matrix is undefined. Raises
    ValueError as `iou`. Source: Cheng, section 1.

    >>> float(pixel_accuracy(np.array([[3, 1], [0, 4]])))   # 7 / 8
    0.875
    """
    if not isinstance(confusion, xr.DataArray):
        return _pixel_accuracy(np.asarray(confusion))
    return labels.apply(_pixel_accuracy, confusion, core=[MATRIX], dtype=np.float64)


def drop(clean: Array, degraded: Array) -> Array:
    """Quality lost to the perturbation: ΔQ = Q(clean) - Q(degraded).

    In: any quality, clean (...) and degraded (..., condition, ...) with the same labels. Out: as degraded; positive
    where quality is lost. nan where either is. Raises ValueError where labels differ. Source: Cheng, section 5.3.

    >>> drop(np.array(0.75), np.array([0.75, 0.25]))
    array([0. , 0.5])
    """
    if not labels.labelled(clean=clean, degraded=degraded):
        after = np.asarray(degraded, np.float64)
        return np.subtract(labels.repeated(np.asarray(clean, np.float64), after, "clean", "degraded"), after)
    # what was counted on the way to the clean quality says nothing about the degraded one
    before, after = labels.aligned(clean=clean.reset_coords(drop=True), degraded=degraded)
    labels.require_dims("clean", before, "degraded", after)
    return labels.apply(np.subtract, before, after, core=[[], []], dtype=np.float64).transpose(*after.dims)


def _iou(confusion: Any) -> Any:
    return overlap.intersection_over_union(overlap.overlaps(_square(confusion)))


def _pixel_accuracy(confusion: Any) -> Any:
    return overlap.share_right(overlap.overlaps(_square(confusion)))


def with_unassigned(confusion: xr.DataArray, unassigned: xr.DataArray) -> xr.DataArray:
    """The confusion matrices with a last column: pixels of each class that are predicted as none of the classes.

    Such pixels are missed by their own class and count against no other, as in Cityscapes' own script. In: (..., true,
    predicted) and (..., true), in pixels. Out: (..., true, predicted) with one more column, which only `summed_miou`,
    `summed_iou` and `summed_pixel_accuracy` take. Source: cityscapesScripts, evalPixelLevelSemanticLabeling.

    >>> matrix = xr.DataArray([[[3, 1], [0, 2]]], dims=("image", "true", "predicted"))
    >>> missed = xr.DataArray([[4, 0]], dims=("image", "true"))
    >>> summed_iou(with_unassigned(matrix, missed)).round(3).tolist()   # 3 / (3 + 1 + 4), 2 / (2 + 1)
    [0.375, 0.667]
    """
    column = unassigned.expand_dims(predicted=1)
    whole = xr.concat([confusion.drop_vars("predicted", errors="ignore"), column], "predicted")
    return whole.transpose(..., *MATRIX)


def _moments(confusion: Floats) -> Floats:
    classes, columns = confusion.shape[-2:]
    return np.nan_to_num(overlap.overlaps(confusion if columns == classes + 1 else _square(confusion)))


summed_miou = Statistic("miou", _moments, lambda sums: overlap.mean_over_classes(overlap.intersection_over_union(sums)))
"""mIoU of the summed matrices (image, ..., true, predicted): resampled by `statistics.bootstrap`."""

summed_iou = Statistic("iou", _moments, overlap.intersection_over_union)
"""IoU per class of the summed matrices: (image, ..., true, predicted) -> (..., true)."""

summed_pixel_accuracy = Statistic("pixel_accuracy", _moments, overlap.share_right)
"""Pixel accuracy of the summed matrices (image, ..., true, predicted)."""


def _integers(name: str, maps: Any) -> Any:
    if maps.dtype.kind not in "iub":
        raise ValueError(f"{name} is {maps.dtype}: class ids are integers. Fill what has no class with the ignored id.")
    return maps


def _square(matrices: NDArray[Any]) -> NDArray[Any]:
    if matrices.ndim < 2 or matrices.shape[-1] != matrices.shape[-2]:
        raise ValueError(f"a confusion matrix is square, its axes true and predicted last; came {matrices.shape}.")
    return matrices


def _matrices(confusion: Any, first: str) -> xr.DataArray:
    values = _square(np.asarray(confusion))
    if values.ndim < 3:
        raise ValueError(f"one matrix of shape {values.shape}: there is no axis of images to sum over.")
    return xr.DataArray(values, dims=[first, *(f"axis_{axis}" for axis in range(1, values.ndim - 2)), *MATRIX])
