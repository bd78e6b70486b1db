"""Pictures without content, and no picture at all: what a model answers to them is its prior."""

import numpy as np

from ..sample import Pixels
from .condition import Skipped
from .family import Family


def white(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """All white, same size: HI's blank image."""
    return np.full_like(pixels, 255)


def mean_grey(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """One grey, the mean over the picture's pixels and channels: its brightness and nothing else."""
    return np.full_like(pixels, round(float(pixels.mean(dtype=np.float64))))


def noise(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Gaussian noise alone: mean 1/2, standard deviation 1/4 of full scale per pixel and channel, clipped."""
    values = 127.5 + 63.75 * rng.standard_normal(pixels.shape, np.float32)
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def no_image(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """The question without a picture: there are no pixels to make, so this always raises Skipped."""
    raise Skipped("no_image: the question is asked of the text alone, so there is no picture.")


FAMILIES: tuple[Family, ...] = (
    Family("white", white, "all white: the blank image", "HI"),
    Family("mean_grey", mean_grey, "one grey of the picture's mean brightness", "ours"),
    Family("noise", noise, "gaussian noise alone", "ours"),
    Family("no_image", no_image, "no picture at all, where the model can be asked so", "HI", text_only=True),
)
