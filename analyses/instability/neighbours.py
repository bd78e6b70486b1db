"""Whether a perturbed state lies nearer to what another picture gives than to what its own gives.

No threshold is chosen: the clean states of the other images under the same question are the yardstick. The measure is
this project's own; definitions, section 9.
"""

# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportUnknownVariableType=false
# xarray's stubs leave the types inside coordinates open.

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from .. import labels, pairs

SIMILARITIES = 2**22
"""Similarities held at once: 16 MB."""

CELLS = 2**22
"""Numbers of perturbed states that are set against others at once: 16 MB."""

TIE = 1e-6
"""Similarities that differ by less are equal, multiplied in another order: no state is nearer to its own twin."""

ROUNDING = 1e-5
"""By how much a similarity of float32 may be off at most."""

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
    yardstick = Yardstick.of(clean, answer, question=question, image=image, dim=dim)
    return yardstick.verdicts(states, flipped)


@dataclass(frozen=True)
class Yardstick:
    """Clean states, prepared for setting any part of the perturbed ones against them.

    units (..., sample, feature) of length 1; `groups` are the rows of each question that was asked of several images.
    """

    units: NDArray[np.floating[Any]]
    clean: xr.DataArray
    answers: NDArray[np.str_]
    images: NDArray[np.str_]
    groups: tuple[NDArray[np.intp], ...]
    dim: str

    @staticmethod
    def of(
        clean: xr.DataArray,
        answer: xr.DataArray,
        *,
        question: str = "question",
        image: str = "image",
        dim: str = "feature",
    ) -> "Yardstick":
        """Of all samples' clean states (sample, ..., dim) and answers (sample); errors as `nearer_to_another`."""
        rows = pairs.dims_of(clean)[0]
        for name in (question, image):
            if name not in clean.coords or clean[name].dims != (rows,):
                raise ValueError(f"states have no coordinate {name!r} along {rows!r}. Add it with .assign_coords.")
        own, said = labels.aligned(clean=clean, answer=answer)
        middle = [name for name in own.dims if name not in (rows, dim)]
        own = own.transpose(*middle, rows, dim)
        images = labels.texts(own[image].values)
        groups = _groups(own[question].values, images)
        table = own.isel({dim: 0}, drop=True)
        return Yardstick(_units(own.values), table, labels.texts(said.values), images, tuple(groups), dim)

    def verdicts(self, states: xr.DataArray, flipped: xr.DataArray) -> xr.Dataset:
        """What `nearer_to_another` gives, of the states and flips of some of the samples, (sample, condition, ...)."""
        rows = pairs.dims_of(states)[0]
        places = self._places(states, rows)
        moved, own = labels.aligned(states=states, clean=self.clean.isel({rows: places}))
        labels.require_dims("clean", own.expand_dims(self.dim), "states", moved)
        _, verdict = pairs.matched("states", moved.isel({self.dim: 0}, drop=True), flipped)
        middle = [name for name in moved.dims if name not in (rows, pairs.CONDITION, self.dim)]
        moved = moved.transpose(*middle, rows, pairs.CONDITION, self.dim)
        table = moved.isel({self.dim: 0}, drop=True)
        stayed = ((verdict == 0) & ~pairs.is_clean(table)).compute()
        kept = np.asarray(stayed.transpose(rows, pairs.CONDITION).values, np.bool_)
        kinds = np.full((len(KINDS), *moved.shape[:-1]), np.nan)
        whole = {name: self.clean.dims.index(name) for name in middle}
        for place in np.ndindex(moved.shape[: len(middle)]):
            clean = self._clean_of(tuple(place[middle.index(name)] for name in whole))
            for part in range(0, len(places), step := max(1, CELLS // math.prod(moved.shape[-2:]))):
                here = slice(part, part + step)
                row, column = np.nonzero(kept[here])
                own, perturbed = places[here][row], _unit(moved[(*place, here)].values[row, column])
                kinds[(slice(None), *place, part + row, column)] = self._of_pairs(perturbed, clean, own)
        made = {
            name: table.copy(deep=False, data=values).transpose(rows, pairs.CONDITION, ...)
            for name, values in zip(KINDS, kinds, strict=True)
        }
        return xr.Dataset(made).assign_coords(others=(rows, self._others[places]))

    def _places(self, states: xr.DataArray, rows: str) -> NDArray[np.intp]:
        # a part of the samples is found by name; all of them must be in order, as everywhere
        if states.sizes[rows] < self.clean.sizes[rows] and rows in states.indexes and rows in self.clean.indexes:
            found = self.clean.indexes[rows].get_indexer(states.indexes[rows])
            if (found >= 0).all():
                return np.asarray(found, np.intp)
        return np.arange(self.clean.sizes[rows])

    def _of_pairs(self, perturbed: NDArray[Any], clean: "Clean", places: NDArray[np.intp]) -> NDArray[np.float64]:
        """(kind, pair) of unit vectors (pair, feature), each of the sample at one of these places."""
        kinds, asked = np.full((len(KINDS), len(places)), np.nan), self._group_of[places]
        for group in np.unique(asked[asked >= 0]).tolist():
            mine = np.flatnonzero(asked == group)
            kinds[:, mine] = _of_group(perturbed[mine], self, clean, places[mine], group)
        return kinds

    def _clean_of(self, place: tuple[int, ...]) -> "Clean":
        """The clean states of one layer, with their nearest others; they are kept from one part to the next."""
        if place not in self._kept:
            self._kept[place] = Clean.of(self, self.units[place])
        return self._kept[place]

    @cached_property
    def _kept(self) -> dict[tuple[int, ...], "Clean"]:
        return {}

    @cached_property
    def answered(self) -> tuple["Answered", ...]:
        """The members of each group in the order of their answers."""
        return tuple(Answered.of(self.answers[members], members) for members in self.groups)

    @cached_property
    def codes(self) -> NDArray[np.intp]:
        """(sample) the number of its image."""
        return np.unique(self.images, return_inverse=True)[1].reshape(-1)

    @cached_property
    def _group_of(self) -> NDArray[np.intp]:
        """(sample) the number of its group, -1 for none."""
        numbers = np.full(len(self.images), -1, np.intp)
        for number, members in enumerate(self.groups):
            numbers[members] = number
        return numbers

    @cached_property
    def _others(self) -> NDArray[np.int64]:
        """(sample) how many samples of another image were asked the same."""
        counts = np.zeros(len(self.images), np.int64)
        for members in self.groups:
            _, own, size = np.unique(self.images[members], return_inverse=True, return_counts=True)
            counts[members] = len(members) - size[own.reshape(-1)]
        return counts


def _groups(questions: NDArray[Any], images: NDArray[Any]) -> list[NDArray[np.intp]]:
    """The rows of each question that was asked of several images."""
    _, codes = np.unique(labels.texts(questions), return_inverse=True)
    order = np.argsort(codes, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    return [group for group in groups if len(set(images[group].tolist())) > 1]


@dataclass(frozen=True)
class Answered:
    """A group's members in the order of their answers: `answers` are the different ones, each begins at `starts`."""

    members: NDArray[np.intp]
    answers: NDArray[np.str_]
    starts: NDArray[np.intp]

    @staticmethod
    def of(answers: NDArray[np.str_], members: NDArray[np.intp]) -> "Answered":
        """Of the answers of these members."""
        names, said = np.unique(answers, return_inverse=True)
        order = np.argsort(said.reshape(-1), kind="stable")
        return Answered(members[order], names, np.flatnonzero(np.diff(said.reshape(-1)[order], prepend=-1)))


@dataclass(frozen=True)
class Clean:
    """The clean states of one layer: units (sample, feature) of length 1.

    `nearest` (sample) is the similarity to the nearest other, infinite where there is none.
    """

    units: NDArray[np.floating[Any]]
    nearest: NDArray[np.float64]

    @staticmethod
    def of(yardstick: "Yardstick", units: NDArray[np.floating[Any]]) -> "Clean":
        """Of these units, once each question's members have been set against each other."""
        nearest = np.full(len(units), np.inf)
        for group, answered in enumerate(yardstick.answered):
            best = _best(units[answered.members], yardstick, units, answered.members, group).max(axis=0)
            nearest[answered.members] = np.where(best > -np.inf, np.clip(best, -1.0, 1.0), np.inf)
        return Clean(units, nearest)


def _of_group(
    perturbed: NDArray[Any], yardstick: Yardstick, clean: Clean, places: NDArray[Any], group: int
) -> NDArray[np.float64]:
    """(kind, pair) of unit vectors perturbed (pair, feature) among a question's members.

    With an angle to its own clean state below half of that between this and the nearest other, none can be nearer.
    """
    own = np.einsum("pf,pf->p", perturbed, clean.units[places])
    near = own > np.sqrt((1 + clean.nearest[places]) / 2) + ROUNDING
    kinds = np.where(near, 0.0, np.full((len(KINDS), 1), np.nan))
    rest = np.flatnonzero(~near & ~np.isnan(own))
    if len(rest):
        best = _best(perturbed[rest], yardstick, clean.units, places[rest], group)
        nearer = best.max(axis=0) > own[rest] + TIE
        harmless = nearer & (best[0] >= best[1])
        found = np.stack([nearer, harmless, nearer & ~harmless]).astype(np.float64)
        kinds[:, rest] = np.where(np.isfinite(best.max(axis=0)), found, np.nan)
    return kinds


def _best(
    vectors: NDArray[Any], yardstick: Yardstick, units: NDArray[Any], places: NDArray[Any], group: int
) -> NDArray[np.floating[Any]]:
    """(same answer or another, vector) the similarity to the nearest other, -inf where there is none."""
    answered, codes = yardstick.answered[group], yardstick.codes
    clean, others = units[answered.members], codes[answered.members]
    unwritten = np.flatnonzero(np.isnan(clean[:, 0]))
    by_image = np.argsort(others, kind="stable")
    first, last = (np.searchsorted(others[by_image], codes[places], side) for side in ("left", "right"))
    alike = yardstick.answers[places][:, None] == answered.answers[None, :]
    best = np.full((2, len(vectors)), -np.inf, vectors.dtype)
    step = max(1, SIMILARITIES // max(1, len(others)))
    for start in range(0, len(vectors), step):
        part = slice(start, start + step)
        similar = vectors[part] @ clean.T
        count = last[part] - first[part]
        row = np.repeat(np.arange(len(count)), count)
        within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        similar[row, by_image[first[part][row] + within]] = -np.inf  # its own image is no other
        similar[:, unwritten] = -np.inf
        found = np.maximum.reduceat(similar, answered.starts, axis=-1)
        for place, wanted in enumerate((alike[part], ~alike[part])):
            best[place, part] = np.where(wanted, found, -np.inf).max(axis=-1)
    return best


def _units(vectors: NDArray[Any]) -> NDArray[np.floating[Any]]:
    """As `_unit`, some rows at a time."""
    flat = vectors.reshape(-1, vectors.shape[-1])
    units = np.empty(flat.shape, np.result_type(vectors.dtype, np.float32))
    step = max(1, CELLS // max(1, vectors.shape[-1]))
    for start in range(0, len(flat), step):
        units[start : start + step] = _unit(flat[start : start + step])
    return units.reshape(vectors.shape)


def _unit(vectors: NDArray[Any]) -> NDArray[np.floating[Any]]:
    values = vectors.astype(np.result_type(vectors.dtype, np.float32), copy=False)
    length = np.linalg.norm(values, axis=-1, keepdims=True)
    return values / np.where(np.isfinite(length) & (length > 0), length, np.nan)
