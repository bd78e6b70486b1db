"""Pictures of one folder that are known by their file names alone, wherever the folder lies."""

from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from ..sample import Picture
from .root import Root


@dataclass(frozen=True)
class NamedPictures:
    """The pictures in a folder of a dataset. A picture's id is its name: it tells nothing of how folders are laid out,
    so that a random subset and the ids of a run are the same on every machine.
    """

    root: Root
    folder: str
    made: dict[str, Picture] = field(default_factory=dict[str, Picture], compare=False, repr=False)

    @classmethod
    def among(cls, root: Root, *folders: str) -> "NamedPictures":
        """Those in the first of these folders that is there; else in the first, whose pictures are then missing."""
        return cls(root, next((folder for folder in folders if (root.folder / folder).is_dir()), folders[0]))

    def __call__(self, name: str) -> Picture:
        """The picture of this name. Raises RowError for a name that leads out of the dataset, as `Root.path`."""
        if name not in self.made:  # many questions ask about one picture
            self.made[name] = replace(self.root.picture(str(PurePosixPath(self.folder, name))), id=name)
        return self.made[name]
