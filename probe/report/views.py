"""A view: an image of a run under one of its conditions. Samples share it, so that it is shown and kept once."""

from collections.abc import Sequence

View = tuple[int, int]
"""The place of an image and of a condition in a run."""

CLEAN = 0
"""The place of the clean condition in every run."""


def of_pairs(images: Sequence[int], conditions: Sequence[int]) -> list[View]:
    """The views of some pairs, each once, and beside them the clean ones, in order of image and condition.

    >>> of_pairs([1, 0, 1], [2, 3, 2])
    [(0, 0), (0, 3), (1, 0), (1, 2)]
    """
    return sorted({*zip(images, conditions, strict=True), *((image, CLEAN) for image in images)})
