"""How two label maps overlap: pixels by true and predicted class, and the shares that follow from them."""

from typing import Any

import numpy as np
from array_api_compat import array_namespace


def confusion_matrix(label: Any, predicted: Any, classes: int, ignore: int) -> Any:
    """Pixels by true and predicted class: (..., pixel), (..., pixel) -> (..., true, predicted), int64.

    Pixels labelled `ignore` do not count. ValueError where a label or a prediction is no class and not `ignore`, and
    where `ignore` is predicted for a pixel that counts. `bincount` is no part of the array API, but numpy, torch and
    cupy all have it.
    """
    xp: Any = array_namespace(label, predicted)
    lead = np.broadcast_shapes(tuple(label.shape[:-1]), tuple(predicted.shape[:-1]))
    label = xp.broadcast_to(label, (*lead, label.shape[-1]))
    predicted = xp.broadcast_to(predicted, (*lead, predicted.shape[-1]))
    result = xp.zeros((*lead, classes, classes), dtype=xp.int64, device=label.device)
    for place in np.ndindex(*lead):  # one map after the other: all codes at once would take eight bytes a pixel
        true, guess = xp.astype(label[place], xp.int64), xp.astype(predicted[place], xp.int64)
        _require_classes(xp, "label", true, classes, ignore)
        _require_classes(xp, "predicted", guess, classes, ignore)
        counted = true != ignore
        code, guess = true[counted] * classes, guess[counted]
        if xp.any(guess == ignore):
            pixels = int(xp.sum(xp.astype(guess == ignore, xp.int64)))
            raise ValueError(
                f"predicted is {ignore} at {pixels} pixels that have a class: a pixel without a prediction is not "
                f"ignored. Label it {ignore} too, knowingly, to leave it out."
            )
        result[place] = xp.reshape(xp.bincount(code + guess, minlength=classes * classes), (classes, classes))
    return result


def overlaps(confusion: Any) -> Any:
    """Pixels per class of the intersection, the label and the prediction: (..., true, predicted) -> (..., class, 3).

    float64. A matrix with an undefined entry (nan, or -1 among integers) has none that is defined. Columns beyond the
    last class are pixels that are predicted as none: they belong to the label alone.
    """
    xp: Any = array_namespace(confusion)
    confusion = xp.astype(confusion, xp.float64)
    known = xp.all(xp.isfinite(confusion) & (confusion >= 0), axis=(-2, -1))[..., None, None]
    confusion = xp.where(known, confusion, xp.nan)
    predicted = xp.sum(confusion, axis=-2)[..., : confusion.shape[-2]]
    parts = [xp.linalg.diagonal(confusion), xp.sum(confusion, axis=-1), predicted]
    return xp.stack(parts, axis=-1)


def intersection_over_union(overlap: Any) -> Any:
    """IoU of each class from `overlaps`: (..., class, 3) -> (..., class), in [0, 1]; nan where the union is empty."""
    xp: Any = array_namespace(overlap)
    intersection, label, predicted = overlap[..., 0], overlap[..., 1], overlap[..., 2]
    union = label + predicted - intersection
    return intersection / xp.where(union > 0, union, xp.nan)


def mean_over_classes(iou: Any) -> Any:
    """Mean over the classes that are defined: (..., class) -> (...); nan where none is."""
    xp: Any = array_namespace(iou)
    defined = ~xp.isnan(iou)
    count = xp.sum(xp.astype(defined, xp.float64), axis=-1)
    return xp.sum(xp.where(defined, iou, 0.0), axis=-1) / xp.where(count > 0, count, xp.nan)


def share_right(overlap: Any) -> Any:
    """Share of the counted pixels whose class is predicted, from `overlaps`: (..., class, 3) -> (...)."""
    xp: Any = array_namespace(overlap)
    pixels = xp.sum(overlap[..., 1], axis=-1)
    return xp.sum(overlap[..., 0], axis=-1) / xp.where(pixels > 0, pixels, xp.nan)


def _require_classes(xp: Any, name: str, values: Any, classes: int, ignore: int) -> None:
    strange = ((values < 0) | (values >= classes)) & (values != ignore)
    if xp.any(strange):
        found = [int(value) for value in xp.unique_values(values[strange])]
        shown = ", ".join(map(str, found[:5])) + (f" and {len(found) - 5} more" if len(found) > 5 else "")
        raise ValueError(
            f"{name} holds {shown}: classes run from 0 to {classes - 1}, and {ignore} is ignored. "
            "Map other ids (Cityscapes has 34 label ids for its 19 train ids) to these first."
        )
