"""Where predicted label maps come from: a loaded model, or files."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ..perturbations.condition import Condition
from ..sample import LabelMap, Pixels, Size
from .classes import ClassMapping
from .label_files import LabelFiles

if TYPE_CHECKING:
    from hooks.segmentation import Segmenter


@dataclass(frozen=True)
class Scene:
    """An image under a condition, and the (height, width) of its label map. `pixels` is None where nobody needs it."""

    image_id: str
    condition: Condition
    pixels: Pixels | None
    size: Size


class LabelSource(Protocol):
    """Gives the predicted train ids of scenes, 255 where a pixel is given no class of ours."""

    @property
    def needs_pictures(self) -> bool: ...

    def predict(self, scenes: Sequence[Scene]) -> list[LabelMap]: ...

    def report(self, image_ids: Sequence[str], condition: str) -> dict[str, Any]: ...


@dataclass(frozen=True)
class ModelLabels:
    """Label maps of a model, in our classes."""

    segmenter: "Segmenter"
    mapping: ClassMapping
    needs_pictures: bool = True

    def predict(self, scenes: Sequence[Scene]) -> list[LabelMap]:
        """The train ids of each scene at the size of its label map."""
        pictures = [scene.pixels for scene in scenes if scene.pixels is not None]
        maps = self.segmenter.class_maps(pictures, [scene.size for scene in scenes])
        return [self.mapping.to_train_ids(each) for each in maps]

    def report(self, image_ids: Sequence[str], condition: str) -> dict[str, Any]:
        """The weights that a unit was made with."""
        return {"weights": self.segmenter.provenance["weights_sha256"]}


@dataclass(frozen=True)
class FileLabels:
    """Label maps from disk."""

    files: LabelFiles
    needs_pictures: bool = False

    def predict(self, scenes: Sequence[Scene]) -> list[LabelMap]:
        """The train ids of each scene as its file has them."""
        return [self.files.read(scene.image_id, scene.condition.id, scene.size) for scene in scenes]

    def report(self, image_ids: Sequence[str], condition: str) -> dict[str, Any]:
        """A hash of the files that a unit was made from."""
        return {"files": self.files.fingerprint(image_ids, condition)}
