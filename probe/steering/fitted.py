"""Directions from perturbed to clean states, of each family, for each image from the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyses import steering

FOLDS = 5
"""Parts of the images; each is steered by directions of the others."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Directions:
    """By family (fold, layer, feature) directions and, of the same lengths, random ones; by image its fold."""

    own: Mapping[str, Floats]
    random: Mapping[str, Floats]
    fold: Mapping[str, int]

    def of(self, family: str, image: str) -> Floats | None:
        """(direction, layer, feature) that steer an image; None where no other image of the family was read."""
        fold = self.fold[image]
        if family not in self.own or np.isnan(self.own[family][fold]).any():
            return None
        return np.stack([self.own[family][fold], self.random[family][fold]])


def folds(images: Sequence[str], *, seed: int) -> dict[str, int]:
    """The fold of each image, drawn at random; an image has the same one in all its samples."""
    names = sorted(set(images))
    order = np.random.default_rng(seed).permutation(len(names))
    return {names[place]: number % FOLDS for number, place in enumerate(order.tolist())}


def fit(differences: Sequence[tuple[str, str, Floats]], fold: Mapping[str, int], *, seed: int) -> Directions:
    """Directions of (family, image, (layer, feature) clean minus perturbed state) triples."""
    own: dict[str, Floats] = {}
    random: dict[str, Floats] = {}
    last = max(fold.values())
    for family in sorted({name for name, _, _ in differences}):
        there = [(fold[image], moved) for name, image, moved in differences if name == family]
        nothing = np.full_like(there[0][1], np.nan)  # so that every fold has a direction, also one without a pair
        moved, parts = np.stack([*(moved for _, moved in there), nothing]), [*(part for part, _ in there), last]
        own[family] = steering.directions(moved, parts)
        random[family] = alike(own[family], np.random.default_rng([seed, *family.encode()]))
    return Directions(own, random, fold)


def alike(directions: Floats, random: np.random.Generator) -> Floats:
    """(..., feature) random directions, each as long as the one in its place."""
    drawn = random.standard_normal(directions.shape)
    lengths = np.linalg.norm(directions, axis=-1, keepdims=True)
    return drawn / np.linalg.norm(drawn, axis=-1, keepdims=True) * lengths
