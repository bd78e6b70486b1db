"""A store is made for the longest of all views, before the first one is read."""

import numpy as np
import pytest
from PIL import Image as Pillow

from probe.datasets.pixels import read_rgb, read_size
from probe.extraction import token_counts
from probe.perturbations import parse
from probe.sample import Dataset, Image, Picture


def grids(sizes):
    """A model with one token for each 10x10 pixels, and a quarter of them after its projector."""
    cells = [(height // 10, width // 10) for height, width in sizes]
    return {
        "vision": [(1, rows, cols) for rows, cols in cells],
        "projector": [(1, rows // 2, cols // 2) for rows, cols in cells],
    }


def drawn(name, *sizes):
    return Image.of(
        *(Picture(f"{name}{k}", lambda size=size: np.zeros((*size, 3), np.uint8)) for k, size in enumerate(sizes))
    )


def dataset(*sizes):
    return Dataset("drawn", tuple(drawn(str(k), size) for k, size in enumerate(sizes)), (), "")


def test_the_largest_image_decides():
    made = token_counts.largest(
        dataset((40, 40), (80, 60), (40, 90)), parse(["white"]), "none", grids=grids, resizes=True
    )
    assert made == {"vision": 48, "projector": 12}


def test_a_condition_that_enlarges_is_foreseen():
    conditions = parse(["scale:factor=2", "translation:dx=8"])
    made = token_counts.largest(dataset((40, 40), (80, 60)), conditions, "none", grids=grids, resizes=True)
    assert made["vision"] == 16 * 12


def test_a_condition_that_leaves_the_first_size_as_it_is_is_foreseen():
    made = token_counts.largest(
        dataset((8, 8), (97, 98)), parse(["scale:factor=1.04"]), "none", grids=grids, resizes=True
    )
    assert made["vision"] == 10 * 10  # 8 x 1.04 is 8 again


def test_all_pictures_of_a_view_count():
    images = (drawn("one", (80, 60)), drawn("two", (40, 40), (40, 60)))
    made = token_counts.largest(
        Dataset("d", images, (), ""), parse(["scale:factor=2"]), "none", grids=grids, resizes=True
    )
    assert made["vision"] == 16 * 12  # of one picture; 8 x 8 + 8 x 12 of two
    few = token_counts.largest(Dataset("d", images, (), ""), (), "none", grids=grids, resizes=False)
    assert few["vision"] == 8 * 6
    assert (
        token_counts.largest(Dataset("d", images[1:], (), ""), (), "none", grids=grids, resizes=False)["vision"] == 40
    )


def test_other_pictures_may_both_be_the_largest():
    images = (drawn("one", (80, 60)), drawn("two", (40, 40), (40, 60)))
    made = token_counts.largest(
        Dataset("d", images, (), ""), parse(["another_image"]), "none", grids=grids, resizes=True
    )
    assert made["vision"] == 2 * 8 * 6


def test_images_are_prepared_before_they_are_counted():
    made = token_counts.largest(dataset((4096, 2048)), parse(["white"]), "longer_side_1024", grids=grids, resizes=True)
    assert made["vision"] == 102 * 51


def test_models_of_a_fixed_number_look_at_one_image_only():
    read = []
    pictures = [Picture(str(k), lambda k=k: read.append(k) or np.zeros((40, 40, 3), np.uint8)) for k in range(5)]
    images = tuple(map(Image.of, pictures))
    assert token_counts.largest(Dataset("d", images, (), ""), (), "none", grids=grids, resizes=False)["vision"] == 16
    assert read == [0]


def test_unreadable_images_are_passed_over_and_none_at_all_is_an_error(tmp_path):
    (tmp_path / "no.png").write_text("no picture")
    broken = Image.of(
        Picture("no", lambda: read_rgb(tmp_path / "no.png"), read_size=lambda: read_size(tmp_path / "no.png"))
    )
    whole = dataset((40, 40)).images[0]
    assert (
        token_counts.largest(Dataset("d", (broken, whole), (), ""), (), "none", grids=grids, resizes=True)["vision"]
        == 16
    )
    with pytest.raises(ValueError, match="none of the 1 images of 'd' can be read"):
        token_counts.largest(Dataset("d", (broken,), (), ""), (), "none", grids=grids, resizes=True)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_header_tells_the_size_that_reading_gives(tmp_path, orientation):
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    Pillow.new("RGB", (30, 20), "red").save(tmp_path / "turned.jpg", exif=exif)
    assert read_size(tmp_path / "turned.jpg") == read_rgb(tmp_path / "turned.jpg").shape[:2]
