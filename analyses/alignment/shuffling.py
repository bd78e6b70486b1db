"""Who takes whose state: images shuffled among the samples that share a question and an answer.

What two representations of the same samples have in common is due to the images in part alone: samples with one
question and one answer lie together in both. Shuffling images within such a stratum keeps that part and loses the rest.
Definitions, section 13.
"""

from hashlib import sha256

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..labels import texts


def shuffled(ids: ArrayLike, images: ArrayLike, within: ArrayLike, *, seed: int, number: int = 0) -> NDArray[np.int64]:
    """For each sample, a sample of another image with the same `within` whose state it takes: (sample).

    The images of a stratum go round one random circle, each to the next, so that none keeps its own; samples of one
    image in one stratum take those of the next in the order of their ids. -1 where a stratum holds one image. It
    depends on the seed, on the number of the shuffle and on the names, never on the order of the samples. Raises
    ValueError where ids repeat.

    >>> shuffled(["a", "b", "c"], ["x", "y", "z"], ["one", "one", "two"], seed=0)
    array([ 1,  0, -1])
    """
    names, pictures, strata = (texts(each).tolist() for each in (ids, images, within))
    if len(set(names)) != len(names):
        raise ValueError(f"{len(names) - len(set(names))} sample ids repeat: images are shuffled by id.")
    rows: dict[str, dict[str, list[int]]] = {}
    for row in sorted(range(len(names)), key=lambda row: names[row]):
        rows.setdefault(strata[row], {}).setdefault(pictures[row], []).append(row)
    taken = np.full(len(names), -1, np.int64)
    for stratum, of_image in rows.items():
        circle = sorted(of_image, key=lambda image: _key(f"{seed}.{number}", stratum, image))
        if len(circle) < 2:
            continue
        for image, following in zip(circle, [*circle[1:], circle[0]], strict=True):
            given = of_image[following]
            for place, row in enumerate(of_image[image]):
                taken[row] = given[place % len(given)]
    return taken


def _key(draw: str, stratum: str, image: str) -> bytes:
    return sha256(f"{draw}\0{stratum}\0{image}".encode()).digest()
