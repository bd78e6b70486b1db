"""Label maps that another program wrote: a folder a condition, a PNG an image."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..datasets import cityscapes
from ..datasets.pixels import MAX_PIXELS, UnreadableImage, read_values
from ..errors import PlanError
from ..label_maps import CLASSES, UNDEFINED
from ..regular_files import open_regular
from ..sample import LabelMap, Size

Ids = Literal["train", "label"]

_PICTURE = re.compile(r"\.(png|jpe?g|webp|bmp|tiff?|gif|ppm)$", re.IGNORECASE)


@dataclass(frozen=True)
class LabelFiles:
    """The folder with a folder for each condition, and what the numbers in its PNG files are.

    `ids`: "train" for the 19 train ids, anything else than 0–18 must be 255; "label" for Cityscapes' own label ids.
    """

    folder: Path
    ids: Ids

    def of_condition(self, condition: str) -> Path:
        """The folder of a condition: named by its id, or by the id's `folder_name`."""
        exact = self.folder / condition
        return exact if "/" not in condition and exact.is_dir() else self.folder / folder_name(condition)

    def require(self, conditions: Sequence[str]) -> None:
        """Raise PlanError where the folder of a condition is missing, or two conditions would share one."""
        if not self.folder.is_dir():
            raise PlanError(
                f"predictions '{self.folder}': no such folder. Give the one with a folder for each condition."
            )
        shared = [name for name, count in Counter(map(folder_name, conditions)).items() if count > 1]
        if shared:
            raise PlanError(f"predictions '{self.folder}': two conditions are spelt {shared[0]!r}. Segment them apart.")
        if lost := [condition for condition in conditions if not self.of_condition(condition).is_dir()]:
            listed = ", ".join(folder_name(condition) for condition in lost)
            raise PlanError(
                f"predictions '{self.folder}' has no folder for {len(lost)} of {len(conditions)} conditions: {listed}. "
                "Write a folder of PNG files for each, or take fewer conditions (-p)."
            )

    def file(self, image_id: str, condition: str) -> Path:
        """Where the label map of an image under a condition is."""
        return self.of_condition(condition) / f"{_PICTURE.sub('', image_id)}.png"

    def read(self, image_id: str, condition: str, size: Size) -> LabelMap:
        """(height, width) train ids of an image under a condition, 255 where the pixel is given no class of ours.

        Raises UnreadableImage where there is no such file, of this size, with numbers that are ids.
        """
        path = str(self.file(image_id, condition))
        if not self.file(image_id, condition).is_file():
            raise UnreadableImage(
                f"image {path!r}: no such label map. Write FOLDER/CONDITION/IMAGE.png for each image."
            )
        read = cityscapes.TABLE.train_ids if self.ids == "label" else _train_ids
        found = read(path, max_pixels=max(MAX_PIXELS, size[0] * size[1]))  # as large as that of the dataset
        if found.shape != size:
            raise UnreadableImage(
                f"image {path!r}: its label map is {found.shape[1]}×{found.shape[0]}, that of the dataset "
                f"{size[1]}×{size[0]}. Write it at the full size of the picture."
            )
        return found

    def fingerprint(self, image_ids: Sequence[str], condition: str) -> str:
        """A hash over the files of some images under a condition; one that cannot be read counts as empty."""
        digest = sha256()
        for image_id in image_ids:
            try:
                with open_regular(self.file(image_id, condition)) as file:
                    digest.update(file_digest(file, "sha256").digest())
            except OSError:
                digest.update(sha256().digest())
        return digest.hexdigest()

    def describe(self) -> dict[str, Any]:
        """What determines how the files are read, as plain JSON values."""
        return {"kind": "label maps from disk", "ids": self.ids}


def folder_name(condition: str) -> str:
    """A condition's id as the name of a folder: what not every system allows in one becomes `_`.

    >>> folder_name("motion_blur.horizontal:1"), folder_name("low_light:gamma=2,sigma=0.1")
    ('motion_blur.horizontal_1', 'low_light_gamma=2,sigma=0.1')
    """
    return re.sub(r"[^A-Za-z0-9._=,+-]", "_", condition)


def _train_ids(path: str, *, max_pixels: int) -> LabelMap:
    values = read_values(path, max_pixels=max_pixels)
    strange = (values < 0) | ((values >= len(CLASSES)) & (values != UNDEFINED))
    if strange.any():
        found = ", ".join(str(value) for value in np.unique(values[strange])[:5])
        raise UnreadableImage(
            f"image {path!r} has {found}; train ids are 0–18 and 255. Are these label ids (--ids label)?"
        )
    return values.astype(np.uint8)
