"""CamVid: the authors' pictures with coloured label maps, and SegNet's folders with numbered ones, both 60x120."""

from pathlib import Path

import numpy as np
import PIL.Image

from . import drawn

SIZE = (60, 120)
SKY, ROAD, MARKING, TRUCK_BUS, BICYCLIST = (
    (128, 128, 128),
    (128, 64, 128),
    (128, 0, 192),
    (192, 128, 192),
    (0, 128, 192),
)
SIGN, VERGE, VOID, UNLISTED = (192, 128, 128), (192, 192, 0), (0, 0, 0), (1, 2, 3)

TEST = ("Seq05VD_f00000", "0001TP_008550")
OTHERS = ("0016E5_07959", "0016E5_08640", "0006R0_f00930")
"""Pictures of val and of train."""


def make(folder: Path) -> Path:
    """Write the authors' layout: the first picture of test has a truck or bus in the way, the others are free."""
    for name in (*TEST, *OTHERS):
        drawn.save(folder / "701_StillsRaw_full" / f"{name}.png", len(name), size=SIZE)
        labels = np.empty((*SIZE, 3), np.uint8)
        labels[:30], labels[30:] = SKY, ROAD
        labels[50:, 100:104] = MARKING
        labels[31, :40] = VERGE
        if name == TEST[0]:
            labels[45:50, 50:60] = TRUCK_BUS
            labels[35:40, :8] = BICYCLIST
            labels[20, 100:103] = SIGN
            labels[59, :10] = VOID
            labels[58, :10] = UNLISTED
        file = folder / "LabeledApproved_full" / f"{name}_L.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(labels).save(file)
    return folder


def make_segnet(folder: Path) -> Path:
    """Write SegNet's layout, in a folder `CamVid`: one picture of test with a group of each kind."""
    drawn.save(folder / "CamVid" / "test" / "0001TP_008550.png", 1, size=SIZE)
    labels = np.full(SIZE, 3, np.uint8)  # Road
    labels[:30] = 0  # Sky
    labels[31, :40] = 8  # Car
    labels[32, :40] = 6  # SignSymbol
    labels[33, :40] = 10  # Bicyclist
    labels[34, :40] = 11  # Unlabelled
    file = folder / "CamVid" / "testannot" / "0001TP_008550.png"
    file.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(labels).save(file)
    return folder
