"""Cityscapes: pictures from a car in 50 cities with label maps, asked about as in the paper on misalignment (Cheng).

Files: `leftImg8bit/val/CITY/*_leftImg8bit.png` and `gtFine/val/CITY/*_gtFine_labelIds.png` (train and test likewise;
the label maps of test hold no labels, so that its questions have no answers). `cityscapes` asks for the presence of
each safety-critical class and whether it is safe to proceed, `cityscapes-describe` for a description. What the label
maps say is measured once and kept in the cache folder.
"""

from types import MappingProxyType

import numpy as np

from ..sample import Metadata
from .label_tables import Indices, Label, LabelTable
from .pixels import read_values
from .problems import DatasetError
from .rows import Read
from .source import Source
from .street_scenes import Ask, Scenes, entries, named, pair

UNLABELLED = ("test",)
PICTURE, LABELS = "_leftImg8bit.png", "_gtFine_labelIds.png"

# (name, train id) by id, as helpers/labels.py of cityscapesScripts defines them; "person" is our pedestrian. The
# licence plate has the id -1, which 8 bits write as 255: it is none of these, and undefined.
IDS: tuple[tuple[str, int], ...] = (
    *((name, 255) for name in ("unlabeled", "ego vehicle", "rectification border", "out of roi", "static", "dynamic")),
    *(("ground", 255), ("road", 0), ("sidewalk", 1), ("parking", 255), ("rail track", 255), ("building", 2)),
    *(("wall", 3), ("fence", 4), ("guard rail", 255), ("bridge", 255), ("tunnel", 255), ("pole", 5)),
    *(("polegroup", 255), ("traffic light", 6), ("traffic sign", 7), ("vegetation", 8), ("terrain", 9), ("sky", 10)),
    *(("person", 11), ("rider", 12), ("car", 13), ("truck", 14), ("bus", 15), ("caravan", 255), ("trailer", 255)),
    *(("train", 16), ("motorcycle", 17), ("bicycle", 18)),
)


def read_ids(path: str, *, max_pixels: int) -> Indices:
    """The ids of a label map as indices of `IDS`, 255 for any other number."""
    values = read_values(path, max_pixels=max_pixels)
    return np.where((values >= 0) & (values < len(IDS)), values, 255).astype(np.uint8)


TABLE = LabelTable("cityscapes", tuple(Label(name, train_id) for name, train_id in IDS), read_ids)


def read(source: Source, *, dataset: str, ask: Ask) -> Read:
    """The scenes of a split, `ask`ed about in the dataset of this name."""
    root, split = source.root, source.split
    pictures = named(root, [f"leftImg8bit/{split}/*/*{PICTURE}"], PICTURE)
    labelled = split not in UNLABELLED
    labels = named(root, [f"gtFine/{split}/*/*{LABELS}"], LABELS) if labelled else {}
    for found, missing in (
        (pictures, f"leftImg8bit/{split}/CITY/*{PICTURE}"),
        (labels, f"gtFine/{split}/CITY/*{LABELS}"),
    ):
        if not found and (labelled or found is pictures):
            raise DatasetError(f"'{root.folder}' has no {missing}. Give the folder with leftImg8bit and gtFine in it.")
    scenes, orphans = pair(pictures, labels, lambda name: Metadata({"city": name.split("_")[0], "split": split}))
    return Scenes(root, TABLE, scenes, orphans, labelled).read(dataset, ask)


# The numbers of pictures: README.md of cityscapesScripts. How many questions of presence there are follows from the
# label maps.
COUNTS = MappingProxyType({"val": 500, "train": 2_975, "test": 1_525})
FILES = "leftImg8bit/val/CITY/*_leftImg8bit.png and gtFine/val/CITY/*_gtFine_labelIds.png"
LICENSE = "Cityscapes terms of use: non-commercial, no redistribution"
BIBTEX = """@inproceedings{cordts2016cityscapes,
  title = {The {Cityscapes} Dataset for Semantic Urban Scene Understanding},
  author = {Cordts, Marius and Omran, Mohamed and Ramos, Sebastian and Rehfeld, Timo and Enzweiler, Markus
            and Benenson, Rodrigo and Franke, Uwe and Roth, Stefan and Schiele, Bernt},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  pages = {3213--3223},
  year = {2016}
}"""

ENTRIES = entries(
    "cityscapes", "street pictures of 50 cities", read, COUNTS, files=FILES, license=LICENSE, bibtex=BIBTEX
)
