"""CamVid in both of its layouts: labels become train ids, and what may be there is not asked about."""

import numpy as np
import pytest

import probe
from benchmarks import camvid as made_up
from probe import label_maps
from probe.datasets import camvid
from probe.datasets.problems import DatasetError
from probe.datasets.registry import open_dataset

FIRST, SECOND = made_up.TEST


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made_up.make(tmp_path_factory.mktemp("camvid"))


def asked(dataset, image):
    """What is answered about an image: by class, or safety."""
    samples = dataset.samples_of(image)
    return {sample.metadata.get("class", "safety"): sample.answer for sample in samples}


def test_there_are_32_labels_of_different_colours_and_11_groups():
    assert len({colour for colour, _ in camvid.LABELS}) == len({label.name for _, label in camvid.LABELS}) == 32
    assert len(camvid.GROUPS) == 12  # the last is no label
    by_name = {label.name: label for _, label in camvid.LABELS}
    train_ids = {name: by_name[name].train_id for name in ("Road", "Sky", "Child", "Car", "Truck_Bus", "Archway")}
    assert train_ids == {"Road": 0, "Sky": 10, "Child": 11, "Car": 13, "Truck_Bus": 255, "Archway": 255}


def test_colours_become_train_ids_and_others_are_undefined(folder):
    dataset = open_dataset(f"camvid:{folder}").dataset
    assert [image.id for image in dataset.images] == [SECOND, FIRST]
    labels = dict(zip([SECOND, FIRST], (picture.read_labels() for picture in dataset.pictures), strict=True))
    assert (labels[SECOND][0, 0], labels[SECOND][59, 0], labels[SECOND][55, 101]) == (10, 0, 0)  # a marking is road
    first = labels[FIRST]
    assert [first[row, column] for row, column in ((47, 55), (37, 4), (31, 5), (20, 101), (59, 5), (58, 5))] == [
        255,  # Truck_Bus
        12,  # Bicyclist: a rider
        8,  # VegetationMisc
        7,  # SignSymbol
        255,  # Void
        255,  # a colour that is not listed
    ]


def test_a_truck_or_bus_blocks_the_way_and_is_not_asked_about(folder):
    opened = open_dataset(f"camvid:{folder}")
    assert opened.problems == ()
    none = dict.fromkeys(label_maps.CRITICAL, "no")
    assert asked(opened.dataset, SECOND) == none | {"safety": "yes"}
    expected = none | {"rider": "yes", "bicycle": "yes", "safety": "no"}
    for name in ("truck", "bus", "traffic sign"):  # of the sign there are three pixels of 7,200
        del expected[name]
    assert asked(opened.dataset, FIRST) == expected
    safety = opened.dataset.samples_of(FIRST)[-1]
    assert safety.metadata["blocked_share"] == 50 / 800  # 5 x 10 of 20 x 40 pixels
    assert (safety.metadata["sequence"], safety.metadata["split"]) == ("Seq05VD", "test")


def test_descriptions_name_rider_and_bicycle_of_a_bicyclist(folder):
    samples = open_dataset(f"camvid-describe:{folder}").dataset.samples
    assert [sample.answer for sample in samples] == [
        "The image shows a road, vegetation and sky.",
        "The image shows a road, vegetation, sky, a rider and a bicycle.",
    ]


@pytest.mark.parametrize(
    ("split", "names", "official"),
    [("val", ["0016E5_07959"], 101), ("train", ["0006R0_f00930", "0016E5_08640"], 367)],
)
def test_the_splits_of_the_authors_layout_are_segnets(folder, split, names, official):
    dataset = open_dataset(f"camvid:{folder}@{split}").dataset
    assert [image.id for image in dataset.images] == names
    assert dataset.notes == (f"dataset 'camvid' has {len(names)} images here; officially it has {official}.",)


def test_segnets_groups_are_what_most_of_them_is(tmp_path):
    dataset = open_dataset(f"camvid:{made_up.make_segnet(tmp_path)}").dataset
    labels = dataset.pictures[0].read_labels()
    assert [labels[row, 5] for row in (0, 31, 32, 33, 34, 40)] == [10, 13, 7, 12, 255, 0]
    assert np.array_equal(np.unique(labels), [0, 7, 10, 12, 13, 255])
    assert asked(dataset, "0001TP_008550") == {
        "pedestrian": "no",
        "rider": "yes",
        "bicycle": "yes",
        "car": "yes",
        "traffic sign": "yes",
        "safety": "yes",
    }


def test_a_picture_without_label_map_is_named_and_a_folder_without_any_is_refused(tmp_path):
    made = made_up.make(tmp_path / "copy")
    (made / "LabeledApproved_full" / f"{FIRST}_L.png").unlink()
    opened = open_dataset(f"camvid:{made}")
    assert [image.id for image in opened.dataset.images] == [SECOND]
    assert [problem.message for problem in opened.problems] == [
        f"701_StillsRaw_full/{FIRST}.png: there is no label map of this picture."
    ]
    with pytest.raises(DatasetError, match="has neither 701_StillsRaw_full"):
        open_dataset(f"camvid:{tmp_path}")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*officially it has:probe.extraction.run.DatasetNote")
def test_a_run_keeps_what_was_asked(folder, tmp_path):
    run = probe.extract(
        "pocket-vlm", f"camvid:{folder}", perturb=["white"], keep="answers", max_new_tokens=1, out=tmp_path / "run"
    )
    assert run.samples.sizes["sample"] == 10 + 7
    assert run.samples.answer.sel(sample=f"{FIRST}-safety").item() == "no"
