"""Classes of other datasets by their names: what each is of ours, and what is lost."""

import numpy as np
import pytest

from probe.datasets.registry import open_dataset
from probe.errors import PlanError
from probe.label_maps import CLASSES
from probe.segmentation.classes import by_name, require_classes

# names as the published checkpoints of Cityscapes, ADE20K, Mapillary Vistas and Pascal VOC have them
NAMES = {
    "person": "pedestrian", "traffic_light": "traffic light", "road, route": "road", "signboard, sign": "traffic sign",
    "car, auto, automobile, machine, motorcar": "car", "minibike, motorbike": "motorcycle", "sidewalk, pavement":
    "sidewalk", "tree": "vegetation", "grass": "terrain", "house": "building", "bus, autobus, coach": "bus", "van":
    "car", "truck, motortruck": "truck", "bicycle, bike, wheel, cycle": "bicycle", "On Rails": "train", "Bicyclist":
    "rider", "Traffic Sign (Front)": "traffic sign", "Utility Pole": "pole", "Lane Marking - General": "road",
}  # fmt: skip
NONE = ("streetlight, street lamp", "Street Light", "Car Mount", "Ego Vehicle", "parking", "rail track", "tunnel",
        "license plate", "earth, ground", "water", "LABEL_3", "background", "trailer")  # fmt: skip


def test_names_of_other_datasets_are_ours_where_they_say_the_same() -> None:
    mapping = by_name([*NAMES, *NONE])
    found = [None if train_id == 255 else CLASSES[train_id] for train_id in mapping.train_ids]
    assert dict(zip(NAMES, found[: len(NAMES)], strict=True)) == NAMES
    assert found[len(NAMES) :] == [None] * len(NONE)
    assert mapping.unused == NONE
    assert mapping.by_class["road"] == ("road, route", "Lane Marking - General")
    assert mapping.lost == ("wall", "fence", "sky")


def test_our_own_names_are_themselves() -> None:
    assert by_name(CLASSES).train_ids == tuple(range(19))
    assert by_name(CLASSES).lost == ()


def test_a_map_of_their_classes_becomes_train_ids() -> None:
    mapping = by_name(["background", "car", "person", "vans"])
    assert mapping.to_train_ids(np.array([[0, 1], [2, 3]], np.int32)).tolist() == [[255, 13], [11, 13]]
    assert mapping.to_train_ids(np.array([[-1]], np.int32)).tolist() == [[255]]  # a mask model says: no class


def test_only_classes_that_the_dataset_has_are_missed() -> None:
    dataset = open_dataset("streets", limit=6).dataset
    there = {name for picture in dataset.pictures for name in np.unique(picture.read_labels())}
    absent = [name for train_id, name in enumerate(CLASSES) if train_id not in there]
    assert {"wall", "train"} <= set(absent)
    require_classes(by_name([name for name in CLASSES if name not in absent]), dataset, model="net")
    with pytest.raises(PlanError, match=r"has no class for sky, which dataset 'streets' has\. Its classes: road, "):
        require_classes(by_name([name for name in CLASSES if name != "sky"]), dataset, model="net")
