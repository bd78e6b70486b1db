"""The contact sheet: every condition is on it, in its place, at its true size, with its name; and what it refuses."""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import picture_set
import pytest
from click.testing import CliRunner, Result
from PIL import Image, ImageDraw
from scipy import ndimage

from probe.cli import PREVIEWED, main
from probe.datasets.registry import open_dataset
from probe.perturbations import SUITES, Condition, Others, Skipped, apply, parse
from probe.preview import Look, PreviewError, Subject, contact_sheet
from probe.sample import Pixels

LABELS = ("A", "B")


def noise(height: int = 24, width: int = 36) -> Pixels:
    return np.random.default_rng(1).integers(0, 250, (height, width, 3), np.uint8)


def alone(rng: np.random.Generator) -> Pixels:
    raise Skipped(f"another_image: there is none. {'x' * 99}")


def subject(pixels: Pixels | None = None, image_id: str = "cat") -> Subject:
    return Subject(image_id, noise() if pixels is None else pixels, LABELS, alone)


def drawn(
    *specs: str, pixels: Pixels | None = None, image_id: str = "cat", tile: int = 36, columns: int = 5
) -> Image.Image:
    look = Look(tile=tile, columns=columns)
    return contact_sheet(subject(pixels, image_id), parse(specs, labels=LABELS), seed=0, look=look)


def made(spec: str, pixels: Pixels | None = None) -> Pixels:
    condition = parse([spec], labels=LABELS)[1]
    return apply(condition, noise() if pixels is None else pixels, image_id="cat", seed=0)


def places(sheet: Image.Image, pixels: Pixels) -> list[tuple[int, int]]:
    """(top, left) wherever the sheet shows exactly these pixels."""
    ground = np.asarray(sheet)
    height, width = pixels.shape[:2]
    rows, columns = ground.shape[0] - height + 1, ground.shape[1] - width + 1
    tops, lefts = np.nonzero((ground[:rows, :columns] == pixels[0, 0]).all(-1))
    return [
        (int(top), int(left))
        for top, left in zip(tops, lefts, strict=True)
        if np.array_equal(ground[top : top + height, left : left + width], pixels)
    ]


def blocks(sheet: Image.Image, colour: tuple[int, int, int]) -> list[tuple[int, int]]:
    """(height, width) of every connected patch of one colour, from the top left."""
    patches = ndimage.find_objects(ndimage.label((np.asarray(sheet) == colour).all(-1))[0])
    return [(rows.stop - rows.start, columns.stop - columns.start) for rows, columns in patches]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every text that is put on a sheet from now on; none may be cut at an edge."""
    found: list[str] = []
    draw = ImageDraw.ImageDraw.text

    def text(self: ImageDraw.ImageDraw, xy: Any, text: str, fill: Any, font: Any, **options: Any) -> None:
        draw(self, xy, text, fill=fill, font=font, **options)
        if isinstance(fill, str):  # a text overlay writes on the picture, in a triple of numbers
            left, top, right, bottom = self.textbbox(xy, text, font, **options)
            assert min(left, top) >= 0, f"{text!r} is cut on the left or above"
            assert right <= self.im.size[0], f"{text!r} is cut on the right"
            assert bottom <= self.im.size[1], f"{text!r} is cut below"
            found.append(text)

    monkeypatch.setattr(ImageDraw.ImageDraw, "text", text)
    return found


# what is on it


def test_each_family_is_a_row_that_begins_with_the_clean_picture() -> None:
    sheet = drawn("low_light", "occlusion")
    clean = places(sheet, noise())
    assert len(clean) == 2
    for (top, left), family in zip(clean, ("low_light", "occlusion"), strict=True):
        shown = [places(sheet, made(f"{family}:{severity}")) for severity in (1, 2, 3)]
        assert [place[0][0] for place in shown] == [top] * 3, "on one line"
        columns = [left, *(place[0][1] for place in shown)]
        assert len(set(np.diff(columns))) == 1
        assert columns[1] - columns[0] > 36, "from left to right, without touching"


def test_a_long_family_goes_on_in_lines_of_one_length_under_its_first() -> None:
    sheet = drawn("translation")
    shown = [places(sheet, made(f"translation:dx={dx}"))[0] for dx in (-16, -12, -8, -4, 4, 8, 12, 16)]
    tops, lefts = zip(*shown, strict=True)
    assert len(set(tops[:4])) == len(set(tops[4:])) == 1
    assert tops[4] > tops[0] + 24
    assert lefts[:4] == lefts[4:]
    assert len(places(sheet, noise())) == 1, "clean is shown once a family"


def test_conditions_of_one_family_stand_together_however_they_were_asked_for() -> None:
    sheet = drawn("occlusion:3", "low_light:1", "occlusion:1")
    top, left = places(sheet, made("occlusion:3"))[0]
    assert places(sheet, made("occlusion:1"))[0][0] == top
    assert places(sheet, made("occlusion:1"))[0][1] > left


def test_a_canvas_that_grows_or_shrinks_is_seen_to() -> None:
    sheet = drawn("pad_crop:n=4", "pad_crop:n=-4", tile=44)
    assert len(places(sheet, made("pad_crop:n=4"))) == 1
    assert len(places(sheet, noise())) == 2, "clean, and within its border"
    assert len(places(sheet, made("pad_crop:n=-4"))) == 3


def test_a_large_picture_is_shrunk_with_its_family_in_one_proportion() -> None:
    colour = (10, 20, 200)
    sheet = drawn("scale:factor=0.5", "scale:factor=2", pixels=np.full((200, 400, 3), colour, np.uint8), tile=80)
    # the largest, 800 px, becomes 80 px; clean 400 -> 40, half of it 200 -> 20
    assert sorted(blocks(sheet, colour)) == [(10, 20), (20, 40), (40, 80)]


def test_conditions_are_applied_before_the_picture_is_shrunk() -> None:
    # 16 px per side cut off 64 leave 32, which become 16; cut off a tile of 32 they would leave nothing
    sheet = drawn("pad_crop:n=-16", pixels=np.zeros((64, 64, 3), np.uint8), tile=32)
    assert blocks(sheet, (0, 0, 0)) == [(32, 32), (16, 16)]


def test_a_small_picture_grows_by_whole_pixels() -> None:
    small = noise(5, 7)
    assert len(places(drawn("low_light:1", pixels=small, tile=32), small.repeat(4, axis=0).repeat(4, axis=1))) == 1


@pytest.mark.parametrize("shape", [(1, 300), (300, 1), (1, 1), (33, 517)])
def test_pictures_of_any_shape_have_a_sheet(shape: tuple[int, int], written: list[str]) -> None:
    sheet = drawn("invariance", "driving", "priors", "another_image", pixels=noise(*shape), tile=64)
    assert "clean" in written
    assert min(sheet.size) > 100


def test_the_sheet_is_a_pure_function_of_its_arguments() -> None:
    pixels = noise()
    before = pixels.copy()
    assert drawn("demo", pixels=pixels).tobytes() == drawn("demo", pixels=pixels).tobytes()
    assert np.array_equal(pixels, before)


# what is written on it


def test_tiles_are_named_by_what_their_id_says_after_the_family(written: list[str]) -> None:
    drawn("low_light:3", "translation:dx=-8", "text_overlay.semantic:B", "white")
    told = written
    assert {"cat", "36×24 px, seed 0", "3", "dx=-8", "B"} <= set(told)
    assert {"low_light", "translation", "text_overlay.semantic", "white"} <= set(told)
    assert told.count("clean") == 4


def test_a_long_name_is_wrapped_and_not_cut(written: list[str]) -> None:
    drawn("low_light:gamma=1.55555,sigma=0.22222", image_id="x" * 500, tile=32)
    assert "gamma=1.55555," in written
    assert "sigma=0.22222" in written
    title = next(text for text in written if text.startswith("xxx"))
    assert title.endswith("…"), "only the title yields where it does not fit"


def test_a_condition_that_is_undefined_says_so_and_why(written: list[str]) -> None:
    drawn("pad_crop:n=-16", "another_image", tile=128)
    assert written.count("skipped") == 2
    told = " ".join(written)
    assert "leaves nothing of an image of 36x24 px" in told
    assert "there is none." in told
    assert "pad_crop:n=-16" not in told, "the family and the label say that already"


@pytest.mark.parametrize("tile", [8, 32, 160])
def test_a_reason_is_told_in_full_however_small_the_tile(written: list[str], tile: int) -> None:
    drawn("pad_crop:n=-16", "another_image", pixels=noise(8, 8), tile=tile)
    assert written.count("skipped") == 2
    told = "".join("".join(written).split())
    assert "leavesnothingofanimageof8x8px;itneedsmorethan32." in told
    assert f"thereisnone.{'x' * 99}" in told, "a long word is broken"
    assert not any("…" in text for text in written)


@pytest.mark.parametrize(
    ("family", "label"),
    [("scale", "factor=0.9"), ("white", "white"), ("mean_grey", "grey"), ("noise", "noise")],
)
def test_a_family_of_one_condition_has_a_label_too(written: list[str], family: str, label: str) -> None:
    drawn(family)
    left = written.copy()
    left.remove(family)  # the row's own name
    assert sorted(left) == sorted(["cat", "36×24 px, seed 0", "clean", label])


# the verb


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["preview", *map(str, arguments)])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    Image.fromarray(noise(40, 60)).save(tmp_path / "cat.png")
    return tmp_path / "cat.png"


def test_the_default_is_a_suite() -> None:
    assert set(PREVIEWED) <= set(SUITES)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG", ".webp"])
def test_a_sheet_of_a_picture_file_is_written_and_told_in_one_line(picture: Path, suffix: str) -> None:
    out = picture.with_name(f"sheet{suffix}")
    result = run(picture, "-o", out, "-p", "driving")
    assert result.exit_code == 0, result.output
    with Image.open(out) as sheet:
        size = f"{sheet.width}×{sheet.height} px"
    assert result.output == f"{out}: cat.png (60×40 px) under 9 conditions, a sheet of {size}.\n"


def test_one_condition_is_told_in_the_singular(picture: Path) -> None:
    told = run(picture, "-o", picture.with_name("sheet.png"), "-p", "white").output
    assert "cat.png (60×40 px) under 1 condition, a sheet of" in told


def test_a_sheet_can_be_a_page_of_pdf(picture: Path) -> None:
    out = picture.with_name("sheet.pdf")
    assert run(picture, "-o", out, "-p", "driving").exit_code == 0
    assert out.read_bytes().startswith(b"%PDF")


def test_a_picture_alone_has_letters_for_overlays_and_no_other_image(picture: Path, written: list[str]) -> None:
    result = run(picture, "-o", picture.with_name("sheet.png"), "-p", "text_overlay.semantic", "-p", "another_image")
    assert result.exit_code == 0, result.output
    assert {"A", "B", "C", "D", "skipped"} <= set(written)
    assert "a picture alone has no others; name a dataset." in " ".join(written)


def test_an_image_of_a_dataset_looks_as_it_does_in_a_run(tmp_path: Path) -> None:
    dataset = open_dataset("streets").dataset
    image = dataset.pictures[3]
    out = tmp_path / "sheet.png"
    specs = ("-p", "occlusion:2", "-p", "another_image")
    assert run("streets", "--image", image.id, "-o", out, *specs, "--seed", 7, "--size", 224).exit_code == 0
    clean, others = image.read(), Others(dataset.pictures, (image.id,))
    with Image.open(out) as sheet:
        for condition in (Condition("another_image"), parse(["occlusion:2"])[1]):
            view = apply(condition, clean, image_id=image.id, seed=7, others=others)
            assert len(places(sheet, view)) == 1, condition.id
        assert len(places(sheet, clean)) == 2


def test_the_first_image_of_a_file_of_ones_own_is_shown_with_its_labels(tmp_path: Path, written: list[str]) -> None:
    path = picture_set.write(tmp_path / "set", images=2)
    result = run(path, "-o", tmp_path / "sheet.png", "-p", "text_overlay.semantic")
    assert result.exit_code == 0, result.output
    assert {"000.png", "A", "B", "C", "Yes", "No"} <= set(written)
    assert "D" not in written


def test_the_picture_is_prepared_as_in_a_run(tmp_path: Path) -> None:
    Image.fromarray(noise(100, 2048)).save(tmp_path / "wide.png")
    told = run(tmp_path / "wide.png", "-o", tmp_path / "sheet.png", "-p", "geometric").output
    assert "(1024×50 px)" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("gone.png",), "neither a picture file nor a dataset"),
        (("street",), "Did you mean 'streets'?"),
        (("text.png",), "the file is not a picture of a known format (PNG"),
        (("cat.png", "-o", "sheet.xyz"), "a sheet ends in .png, .jpg, .jpeg, .webp, .pdf, not in '.xyz'"),
        (("cat.png", "-o", "sheet"), "not in 'nothing'"),
        (("cat.png", "-o", "no/folder/sheet.png"), "there is no folder 'no/folder'"),
        (("cat.png", "-o", "folder.png"), "cannot write folder.png"),
        (("cat.png", "-o", "./cat.png"), "is the picture itself"),
        (("cat.png", "--image", "dog"), "chooses from a dataset"),
        (("streets", "--image", "street-000001"), "Did you mean 'streets-000001'?"),
        (("none.jsonl",), "no such file"),
        (("bad.jsonl",), "'bad.jsonl' has no image. bad.jsonl line 1"),
        (("gone.jsonl",), "gone.png': no such file"),
        (("cat.png", "-p", "low_ligth"), "Did you mean 'low_light'"),
        (("cat.png", "-p", "clean"), "nothing to show beside the clean picture"),
        (("cat.png", "--size", "5"), "32<=x<=1024"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_line(
    picture: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(picture.parent)
    Path("text.png").write_text("no picture")
    Path("folder.png").mkdir()
    line = {"image": "gone.png", "question": "What is this?"}
    Path("gone.jsonl").write_text(json.dumps(line))
    Path("bad.jsonl").write_text(json.dumps(line | {"options": []}))
    before = sorted(os.listdir())
    defaults = [*(() if "-o" in arguments else ("-o", "sheet.png")), *(() if "-p" in arguments else ("-p", "driving"))]
    result = run(*arguments, *defaults)
    assert result.exit_code == 2
    assert message in result.output
    assert result.output.startswith("Usage:") or result.output.count("\n") == 1
    assert sorted(os.listdir()) == before, "nothing is left behind"


def test_a_sheet_without_conditions_is_refused() -> None:
    with pytest.raises(PreviewError, match="Name a family or a suite"):
        drawn("clean")
