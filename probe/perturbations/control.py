"""The largest change an input can have: another image. It anchors the scale that all other changes are read on."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from ..sample import Picture, Pixels
from .condition import Skipped
from .family import Family
from .preparation import prepared

OtherPixels = Callable[[np.random.Generator], Pixels]
"""The pixels of a random picture that does not belong to this image."""


@dataclass(frozen=True)
class Others:
    """The pictures of a dataset that do not belong to an image, prepared like the image's own.

    `own` are the ids of the image's pictures. The partner is a pure function of (seed, picture id) for a given list of
    pictures.
    """

    pictures: Sequence[Picture]
    own: Collection[str]
    preparation: str = "none"

    def __call__(self, rng: np.random.Generator) -> Pixels:
        """One of the other readable pictures, all equally likely; Skipped where there is none."""
        for index in rng.permutation(len(self.pictures)):
            picture = self.pictures[index]
            if picture.id in self.own:
                continue
            try:
                return prepared(picture.read(), self.preparation)
            except (OSError, ValueError):
                continue  # an unreadable picture fails its own samples, not those of the images that draw it
        raise Skipped(f"another_image: the dataset has no readable picture beside {', '.join(self.own)}.")


def another_image(pixels: Pixels, rng: np.random.Generator, *, others: OtherPixels) -> Pixels:
    """The pixels of another, random image of the dataset, in that image's own size."""
    return others(rng)


FAMILIES: tuple[Family, ...] = (
    Family("another_image", another_image, "another image of the dataset", "ours", needs_others=True),
)
