"""The largest change an input can have: another image. It anchors the scale that all other changes are read on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..sample import Image, Pixels
from .condition import Skipped
from .family import Family
from .preparation import prepared

OtherPixels = Callable[[np.random.Generator], Pixels]
"""The pixels of a random image that is not this one."""


@dataclass(frozen=True)
class Others:
    """The other images of a dataset, as one image sees them; prepared like the image itself.

    The partner is a pure function of (seed, image id) for a given list of images.
    """

    images: Sequence[Image]
    image_id: str
    preparation: str = "none"

    def __call__(self, rng: np.random.Generator) -> Pixels:
        """One of the readable images with another id, each as likely as the next; Skipped where there is none."""
        for index in rng.permutation(len(self.images)):
            image = self.images[index]
            if image.id == self.image_id:
                continue
            try:
                return prepared(image.read(), self.preparation)
            except (OSError, ValueError):
                continue  # an unreadable image fails its own samples, not those of the images that draw it
        raise Skipped(f"another_image: the dataset holds no readable image beside {self.image_id!r}.")


def another_image(pixels: Pixels, rng: np.random.Generator, *, others: OtherPixels) -> Pixels:
    """The pixels of another, random image of the dataset, in that image's own size."""
    return others(rng)


FAMILIES: tuple[Family, ...] = (
    Family("another_image", another_image, "another image of the dataset", "ours", needs_others=True),
)
