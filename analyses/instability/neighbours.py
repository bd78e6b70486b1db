"""Whether a perturbed state lies nearer to what another picture gives than to what its own gives.

No threshold is chosen: the clean states of the other images under the same question are the yardstick. The measure is
this project's own; definitions, section 9.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels, pairs

CELLS = 2**23
"""Similarities held at once: 32 MB."""

KINDS = ("nearer", "harmless", "dangerous")


def nearer_to_another(
    states: xr.DataArray,
    clean: xr.DataArray,
    answer: xr.DataArray,
    flipped: xr.DataArray,
    *,
    question: str = "question",
    image: str = "image",
    dim: str = "feature",
) -> xr.Dataset:
    """Of pairs whose choice stayed: is the perturbed state nearer to another image's clean state than to its own?

    Others are the clean states of all samples of another image under the same question; near is by cosine. In: states
    (sample, condition, ..., dim) and clean without `condition`, with coordinates `image` and `question` along the
    samples; answer (sample), the clean answer as text or index; flipped (sample, condition) from `flips.flipped`. Out:
    Dataset (sample, condition, ...) of 0 and 1: nearer, and its parts harmless (the nearest other has the same clean
    answer) and dangerous (it has another). An unmoved state gives 0; the more others there are, which the coordinate
    `others` (sample) counts, the more often one is nearer. nan where the choice flipped or is undefined, where no other
    image was asked the same, where a state is zero or not finite, and for the clean condition. Raises ValueError where
    labels differ or a coordinate is missing.

    >>> dims = ("sample", "condition", "feature")
    >>> along = {"image": ("sample", ["a", "b"]), "question": ("sample", ["q", "q"])}
    >>> states = xr.DataArray([[[1.0, 0.1]], [[0.9, 0.8]]], dims=dims, coords=along)
    >>> clean = xr.DataArray([[1.0, 0.0], [0.0, 1.0]], dims=("sample", "feature"), coords=along)
    >>> answer, kept = xr.DataArray(["yes", "no"], dims="sample"), xr.DataArray([[0.0], [0.0]], dims=dims[:2])
    >>> result = nearer_to_another(states, clean, answer, kept)   # the second state goes over to the first picture's
    >>> result.nearer.values.ravel(), result.dangerous.values.ravel()
    (array([0., 1.]), array([0., 1.]))
    """
    rows = pairs.dims_of(states)[0]
    for name in (question, image):
        if name not in states.coords or states[name].dims != (rows,):
            raise ValueError(f"states have no coordinate {name!r} along {rows!r}. Add it with .assign_coords.")
    moved, own, said = labels.aligned(states=states, clean=clean, answer=answer)
    labels.require_dims("clean", own, "states", moved)
    _, verdict = pairs.matched("states", moved.isel({dim: 0}, drop=True), flipped)
    middle = [name for name in moved.dims if name not in (rows, pairs.CONDITION, dim)]
    moved = moved.transpose(*middle, rows, pairs.CONDITION, dim)
    groups = _groups(moved[question].values, moved[image].values)
    kinds = np.full((len(KINDS), *moved.shape[:-1]), np.nan)
    texts, images = labels.texts(said.values), labels.texts(moved[image].values)
    for place in np.ndindex(moved.shape[: len(middle)]):
        perturbed, still = _unit(moved.values[place]), _unit(own.transpose(*middle, rows, dim).values[place])
        for members in groups:
            kinds[(slice(None), *place, members)] = _of_group(
                perturbed[members], still[members], texts[members], images[members]
            )
    table = moved.isel({dim: 0}, drop=True)
    stayed = ((verdict == 0) & ~pairs.is_clean(table)).compute()
    counts = np.zeros(moved.sizes[rows], np.int64)
    for members in groups:
        counts[members] = [(images[members] != images[one]).sum() for one in members]
    made = {
        name: table.copy(data=values).where(stayed).transpose(rows, pairs.CONDITION, ...)
        for name, values in zip(KINDS, kinds, strict=True)
    }
    return xr.Dataset(made).assign_coords(others=(rows, counts))


def _groups(questions: NDArray[Any], images: NDArray[Any]) -> list[NDArray[np.intp]]:
    """The rows of each question that was asked of several images."""
    _, codes = np.unique(labels.texts(questions), return_inverse=True)
    order = np.argsort(codes, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    return [group for group in groups if len(set(images[group].tolist())) > 1]


def _of_group(
    perturbed: NDArray[np.floating[Any]],
    clean: NDArray[np.floating[Any]],
    answers: NDArray[np.str_],
    images: NDArray[np.str_],
) -> NDArray[np.float64]:
    """(kind, sample, condition) of unit vectors perturbed (sample, condition, feature), clean (sample, feature)."""
    own = (perturbed * clean[:, None]).sum(axis=-1)
    alien = images[:, None] != images[None, :]
    alike = answers[:, None] == answers[None, :]
    step = max(1, CELLS // len(clean) ** 2)
    best = np.empty((2, *own.shape))  # of others with the same answer, and with another
    for start in range(0, own.shape[1], step):
        similar = perturbed[:, start : start + step] @ clean.T
        for place, wanted in enumerate((alike, ~alike)):
            chosen = np.where((alien & wanted)[:, None] & ~np.isnan(similar), similar, -np.inf)
            best[place, :, start : start + step] = chosen.max(axis=-1)
    nearer = best.max(axis=0) > own
    harmless = nearer & (best[0] >= best[1])
    defined = ~np.isnan(own) & np.isfinite(best.max(axis=0))
    kinds = np.stack([nearer, harmless, nearer & ~harmless]).astype(np.float64)
    return np.where(defined, kinds, np.nan)


def _unit(vectors: NDArray[Any]) -> NDArray[np.floating[Any]]:
    values = vectors.astype(np.result_type(vectors.dtype, np.float32))
    length = np.linalg.norm(values, axis=-1, keepdims=True)
    return values / np.where(np.isfinite(length) & (length > 0), length, np.nan)
