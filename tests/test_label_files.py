"""Label maps from disk: which file is whose, what its numbers mean, and what is refused."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import stores
from analyses import segmentation
from benchmarks import cityscapes as made_up
from probe.cli import main
from probe.datasets import cityscapes
from probe.datasets.pixels import UnreadableImage
from probe.datasets.registry import open_dataset
from probe.errors import PlanError
from probe.segmentation import segment
from probe.segmentation.label_files import LabelFiles, folder_name

# a copy has fewer pictures than the dataset
pytestmark = pytest.mark.filterwarnings("ignore::probe.datasets.problems.DatasetNote")

FRANKFURT = "frankfurt_000000_000294"
CONDITIONS = ("clean", "motion_blur.horizontal:1", "occlusion:2")
SPECS = ("motion_blur.horizontal:1", "occlusion:2")


def write(file: Path, ids: np.ndarray) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(ids).save(file)


def perfect(root: Path, folder: Path) -> None:
    """The official label maps themselves as predictions, under every condition, in folders of either spelling."""
    for condition in CONDITIONS:
        spelt = condition if condition == "occlusion:2" else folder_name(condition)
        for picture in open_dataset(f"cityscapes:{root}").dataset.pictures:
            city = picture.id.split("_")[0]
            ids = np.array(Image.open(root / f"gtFine/val/{city}/{picture.id}_gtFine_labelIds.png"))
            write(folder / spelt / f"{picture.id}.png", ids)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return made_up.make(tmp_path / "cityscapes")


def test_the_official_label_maps_as_predictions_have_no_error(root: Path, tmp_path: Path) -> None:
    perfect(root, tmp_path / "maps")
    run = segment(
        "espnet", f"cityscapes:{root}", out=tmp_path / "run", perturb=SPECS, predictions=tmp_path / "maps", ids="label"
    )
    stored = run.segmentation("espnet")
    assert segmentation.pixel_accuracy(segmentation.total(stored.confusion)).values.tolist() == [1.0] * 3
    assert segmentation.miou(segmentation.total(stored.confusion)).values.tolist() == [1.0] * 3
    assert int(stored.unassigned.sum()) == 0
    assert stores.verify(tmp_path / "run") == []
    assert run.pictures.band_power.notnull().all()  # the run of pictures is whole, though nobody looked at them


def test_label_ids_and_train_ids_of_the_same_map_count_alike_and_wrong_pixels_count(root: Path, tmp_path: Path) -> None:
    perfect(root, tmp_path / "labels")
    for file in sorted((tmp_path / "labels").rglob("*.png")):
        ids = np.array(Image.open(file))
        if "occlusion" in file.parent.name:
            ids[:20] = 3  # "out of roi": none of the classes
            ids[40:44, :] = 26  # a car where the road is
        write(file, ids)
        train_ids = cityscapes.TABLE.train_ids(str(file))
        write(tmp_path / "train" / file.parent.name / file.name, train_ids)
    stored = []
    for ids in ("label", "train"):
        run = segment(
            "net", f"cityscapes:{root}", out=tmp_path / f"run-{ids}", perturb=SPECS, predictions=tmp_path / f"{ids}s"
            if ids == "label" else tmp_path / ids, ids=ids,
        )  # fmt: skip
        stored.append(run.segmentation("net"))
    np.testing.assert_array_equal(stored[0].confusion, stored[1].confusion)
    np.testing.assert_array_equal(stored[0].unassigned, stored[1].unassigned)
    one = stored[0].sel(image=FRANKFURT, condition="occlusion:2")
    # sky in the first 30 of 60 rows of 120 pixels, a light of three pixels in row 10; road below, of which four rows
    assert one.unassigned.values[[10, 6]].tolist() == [20 * 120 - 3, 3]
    assert int(one.confusion[0, 13]) == 4 * 120
    assert int(one.confusion[10, 10]) == 10 * 120
    assert int(one.confusion.sum() + one.unassigned.sum()) == 7_200 - 240 - 4


def test_a_missing_or_wrong_file_fails_its_image_alone(root: Path, tmp_path: Path) -> None:
    perfect(root, tmp_path / "maps")
    clean = tmp_path / "maps" / "clean"
    (clean / f"{FRANKFURT}.png").unlink()
    write(clean / "munster_000000_000019.png", np.zeros((30, 60), np.uint8))
    arguments = ("--predictions", str(tmp_path / "maps"), "--ids", "label", "-p", SPECS[0], "-p", SPECS[1])
    told = CliRunner().invoke(main, ["segment", "net", f"cityscapes:{root}", "-o", str(tmp_path / "run"), *arguments])
    assert told.exit_code == 1
    assert "2 of 3 images failed" in told.output
    assert (
        "its label map is 60×30, that of the dataset 120×60. Write it at the full size of the picture." in told.output
    )
    confusion = stores.open_run(tmp_path / "run").segmentation("net").confusion
    undefined = (confusion < 0).all(("true", "predicted"))
    assert undefined.sel(condition="clean").values.tolist() == [True, False, True]
    assert not undefined.isel(condition=slice(1, None)).any()


def test_missing_folders_are_named_before_anything_is_written(root: Path, tmp_path: Path) -> None:
    perfect(root, tmp_path / "maps")
    settings = {"out": tmp_path / "run", "ids": "label"}
    with pytest.raises(PlanError, match=r"no folder for 1 of 4 conditions: low_light_3\. Write a folder of PNG files"):
        segment("net", f"cityscapes:{root}", perturb=(*SPECS, "low_light:3"), predictions=tmp_path / "maps", **settings)
    with pytest.raises(PlanError, match="no such folder"):
        segment("net", f"cityscapes:{root}", perturb=SPECS, predictions=tmp_path / "nowhere", **settings)
    with pytest.raises(PlanError, match="two conditions are spelt 'a_1'"):
        LabelFiles(tmp_path, "train").require(["a:1", "a/1"])
    assert not (tmp_path / "run").exists()


def test_numbers_that_are_no_train_ids_are_named(tmp_path: Path) -> None:
    files = LabelFiles(tmp_path, "train")
    write(tmp_path / "clean" / "a.b.png", np.array([[0, 18, 255], [26, 33, 7]], np.uint8))
    with pytest.raises(UnreadableImage, match=r"has 26, 33; train ids are 0–18 and 255\. Are these label ids"):
        files.read("a.b.jpg", "clean", (2, 3))  # the picture's own suffix goes, other dots stay
    found = LabelFiles(tmp_path, "label").read("a.b", "clean", (2, 3))
    assert found.tolist() == [[255, 255, 255], [13, 18, 0]]


def test_files_that_were_mended_are_read_again_and_no_others(root: Path, tmp_path: Path) -> None:
    perfect(root, tmp_path / "maps")
    broken = tmp_path / "maps" / "clean" / f"{FRANKFURT}.png"
    good = broken.read_bytes()
    write(broken, np.zeros((30, 60), np.uint8))
    settings = {"out": tmp_path / "run", "perturb": SPECS, "predictions": tmp_path / "maps", "ids": "label"}
    run = segment("net", f"cityscapes:{root}", **settings)
    assert bool((run.segmentation("net").confusion.sel(condition="clean", image=FRANKFURT) < 0).all())
    markers = sorted((tmp_path / "run" / "_ledger" / "segmentations" / "net" / "done").iterdir())
    before = {marker.name: marker.stat().st_mtime_ns for marker in markers}
    broken.write_bytes(good)
    run = segment("net", f"cityscapes:{root}", **settings)
    assert not bool((run.segmentation("net").confusion.sel(condition="clean", image=FRANKFURT) < 0).any())
    again = [marker.name for marker in markers if marker.stat().st_mtime_ns != before[marker.name]]
    assert len(again) == 1


def test_what_a_dataset_lacks_is_said(root: Path, tmp_path: Path) -> None:
    shutil.copytree(root, tmp_path / "set")
    next((tmp_path / "set").glob("gtFine/val/munster/*_labelIds.png")).unlink()
    perfect(tmp_path / "set", tmp_path / "maps")
    told = CliRunner().invoke(
        main,
        ["segment", "net", f"cityscapes:{tmp_path / 'set'}", "-o", str(tmp_path / "run"), "-p", SPECS[0],
         "-p", SPECS[1], "--predictions", str(tmp_path / "maps"), "--ids", "label"],
    )  # fmt: skip
    assert told.exit_code == 1, told.output
    assert "is left out: " in told.output
    assert "munster" in told.output
    assert stores.open_run(tmp_path / "run").plan["problems"]
