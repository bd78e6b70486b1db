"""CamVid: 701 pictures from a car in Cambridge with label maps, asked about as Cityscapes is.

Files, one of two: the authors' `701_StillsRaw_full/*.png` with the colours of `LabeledApproved_full/*_L.png` (32
labels), or SegNet's `train`, `val`, `test` with `trainannot` and so on (11 groups of labels). The splits are SegNet's.

Labels become Cityscapes train ids where a class fits, 255 elsewhere; `LABELS` and `GROUPS` say which. Where a label may
hold further classes nobody asks whether these are there: a Truck_Bus is a truck or a bus, and blocks the way. SegNet's
groups are taken for what most of them is: its cars may be trucks, buses or trains, its signs may be lights.
"""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from ..label_maps import CLASSES, UNDEFINED
from ..sample import Metadata
from .fields import number_in
from .label_tables import Indices, Label, LabelTable
from .pixels import read_rgb, read_values
from .problems import DatasetError
from .rows import Read
from .source import Source
from .street_scenes import Ask, Scenes, entries, named, pair


def _as(
    name: str,
    train_class: str = "",
    *,
    classes: tuple[str, ...] = (),
    possible: tuple[str, ...] = (),
    obstacle: bool = False,
) -> Label:
    """A label that counts as a class of Cityscapes, or as none."""
    train_id = CLASSES.index(train_class) if train_class else UNDEFINED
    return Label(name, train_id, classes, possible, obstacle)


RIDERS = ("rider", "bicycle")
"""A bicyclist of CamVid is both; in the map of train ids a rider."""

# colour -> label, as label_colors.txt of the authors lists them
LABELS: tuple[tuple[tuple[int, int, int], Label], ...] = (
    ((64, 128, 64), _as("Animal")),
    ((192, 0, 128), _as("Archway")),
    ((0, 128, 192), _as("Bicyclist", "rider", classes=RIDERS)),
    ((0, 128, 64), _as("Bridge")),
    ((128, 0, 0), _as("Building", "building")),
    ((64, 0, 128), _as("Car", "car")),
    ((64, 0, 192), _as("CartLuggagePram")),
    ((192, 128, 64), _as("Child", "pedestrian")),
    ((192, 192, 128), _as("Column_Pole", "pole")),
    ((64, 64, 128), _as("Fence", "fence")),
    ((128, 0, 192), _as("LaneMkgsDriv", "road")),
    ((192, 0, 64), _as("LaneMkgsNonDriv", "road")),
    ((128, 128, 64), _as("Misc_Text")),
    ((192, 0, 192), _as("MotorcycleScooter", "motorcycle", possible=("rider",))),
    ((128, 64, 64), _as("OtherMoving", possible=("truck", "bus", "train", "motorcycle", "bicycle"))),
    ((64, 192, 128), _as("ParkingBlock")),
    ((64, 64, 0), _as("Pedestrian", "pedestrian")),
    ((128, 64, 128), _as("Road", "road")),
    ((128, 128, 192), _as("RoadShoulder")),
    ((0, 0, 192), _as("Sidewalk", "sidewalk")),
    ((192, 128, 128), _as("SignSymbol", "traffic sign")),
    ((128, 128, 128), _as("Sky", "sky")),
    ((64, 128, 192), _as("SUVPickupTruck", "car", possible=("truck",))),
    ((0, 0, 64), _as("TrafficCone")),
    ((0, 64, 64), _as("TrafficLight", "traffic light")),
    ((192, 64, 128), _as("Train", "train")),
    ((128, 128, 0), _as("Tree", "vegetation")),
    ((192, 128, 192), _as("Truck_Bus", possible=("truck", "bus"), obstacle=True)),
    ((64, 0, 64), _as("Tunnel")),
    ((192, 192, 0), _as("VegetationMisc", "vegetation", possible=("terrain",))),
    ((0, 0, 0), _as("Void")),
    ((64, 192, 0), _as("Wall", "wall")),
)

# SegNet's groups in the order of their numbers (Scripts/test_segmentation_camvid.py of SegNet-Tutorial)
GROUPS: tuple[Label, ...] = (
    _as("Sky", "sky"),
    _as("Building", "building", possible=("wall",)),
    _as("Pole", "pole"),
    _as("Road", "road"),
    _as("Pavement", "sidewalk"),
    _as("Tree", "vegetation", possible=("terrain",)),
    _as("SignSymbol", "traffic sign", possible=("traffic light",)),
    _as("Fence", "fence"),
    _as("Car", "car", possible=("truck", "bus", "train")),
    _as("Pedestrian", "pedestrian"),
    _as("Bicyclist", "rider", classes=RIDERS, possible=("motorcycle",)),
    _as("Unlabelled"),
)


def read_colours(path: str, *, max_pixels: int) -> Indices:
    """The colours of a label map as indices of `LABELS`, 255 for any other colour."""
    red, green, blue = np.moveaxis(read_rgb(path, max_pixels=max_pixels).astype(np.int32), -1, 0)
    codes = np.array([red << 16 | green << 8 | blue for (red, green, blue), _ in LABELS])
    order = np.argsort(codes)
    seen = red << 16 | green << 8 | blue
    place = order[np.searchsorted(codes[order], seen).clip(max=len(codes) - 1)]
    return np.where(codes[place] == seen, place, 255).astype(np.uint8)


def read_groups(path: str, *, max_pixels: int) -> Indices:
    """The numbers of a label map of SegNet as indices of `GROUPS`, 255 for any other number."""
    values = read_values(path, max_pixels=max_pixels)
    return np.where((values >= 0) & (values < len(GROUPS)), values, 255).astype(np.uint8)


COLOURS = LabelTable("camvid", tuple(label for _, label in LABELS), read_colours)
SEGNET = LabelTable("camvid-segnet", GROUPS, read_groups)


def split_of(name: str) -> str:
    """The split of SegNet that a picture belongs to, "" for none.

    >>> [split_of(name) for name in ("0001TP_006690", "0016E5_07959", "Seq05VD_f00000", "street")]
    ['train', 'val', 'test', '']
    """
    sequence, _, frame = name.partition("_")
    number = number_in(frame.removeprefix("f"))
    if number is None:
        return ""
    match sequence:
        case "0001TP":  # its second half is for tests
            return "train" if number <= 8520 else "test"
        case "0006R0":
            return "train"
        case "0016E5":  # the part that was labelled at 15 pictures a second, which has odd numbers
            return "val" if 7959 <= number <= 8159 and number % 2 else "train"
        case "Seq05VD":
            return "test"
        case _:
            return ""


def read(source: Source, *, dataset: str, ask: Ask) -> Read:
    """The scenes of a split, `ask`ed about in the dataset of this name."""
    root, split = source.root, source.split
    for base in ("", "CamVid/"):
        if (root.folder / f"{base}{split}annot").is_dir():
            table = SEGNET
            pictures = named(root, [f"{base}{split}/*.png"], ".png")
            labels = named(root, [f"{base}{split}annot/*.png"], ".png")
            break
    else:
        table = COLOURS
        pictures = _of(split, named(root, ["701_StillsRaw_full/*.png", "images/*.png"], ".png"))
        labels = _of(split, named(root, ["LabeledApproved_full/*_L.png", "labels/*_L.png"], "_L.png"))
    if not pictures or not labels:
        raise DatasetError(
            f"'{root.folder}' has neither 701_StillsRaw_full/*.png with LabeledApproved_full/*_L.png nor {split}/*.png "
            f"with {split}annot/*.png, of the split {split!r}. Give the folder that these are in."
        )
    scenes, orphans = pair(pictures, labels, lambda name: Metadata({"sequence": name.split("_")[0], "split": split}))
    return Scenes(root, table, scenes, orphans, labelled=True).read(dataset, ask)


def _of(split: str, files: Mapping[str, str]) -> dict[str, str]:
    return {name: path for name, path in files.items() if split_of(name) == split}


# The numbers of pictures: test.txt, val.txt and train.txt of SegNet-Tutorial. How many questions of presence there are
# follows from the label maps.
COUNTS = MappingProxyType({"test": 233, "val": 101, "train": 367})
FILES = "701_StillsRaw_full/*.png and LabeledApproved_full/*_L.png, or SegNet's test/*.png and testannot/*.png"
LICENSE = "as on its authors' page"
BIBTEX = """@article{brostow_camvid,
  title={Semantic Object Classes in Video: A High-Definition Ground Truth Database},
  author={Brostow, Gabriel J. and Fauqueur, Julien and Cipolla, Roberto},
  journal={Pattern Recognition Letters},
  volume={30},
  number={2},
  pages={88--97},
  year={2009}
}"""

ENTRIES = entries("camvid", "street pictures of Cambridge", read, COUNTS, files=FILES, license=LICENSE, bibtex=BIBTEX)
