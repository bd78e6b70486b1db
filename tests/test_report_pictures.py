"""Pictures of the explorer: made again as the model was shown them, kept in the run, or missing; and token drift."""

import base64
import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import extracted_run
import numpy as np
import PIL.Image
import pytest
from shared_run import Analysed

import stores
from probe import thumbnails
from probe.datasets.problems import Opened
from probe.datasets.registry import open_dataset
from probe.perturbations import apply, parse
from probe.report import pictures, token_drift
from probe.report.explorer import Explorer, explorer_data
from probe.report.seen_part import seen_part
from probe.results import Evidence
from probe.sample import Dataset, Image


@pytest.fixture(scope="module")
def real(analysed: Analysed) -> Evidence:
    return Evidence(stores.open_run(analysed.path))


def decoded(uri: str) -> np.ndarray:
    return np.asarray(PIL.Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2]))).convert("RGB"))


def test_pictures_are_those_that_the_perturbation_makes(real: Evidence) -> None:
    shown = explorer_data(real, samples=40).to_json()
    settings = real.run.plan["settings"]
    dataset, _ = open_dataset(settings["dataset"])
    by_id = {image.id: image.pictures[0] for image in dataset.images}
    conditions = {each.id: each for each in parse(settings["perturb"], labels=("A", "B", "C", "Yes", "No"))}
    checked = 0
    for pair in shown["pairs"][::5]:
        sample, condition = shown["samples"][pair["sample"]], shown["conditions"][pair["condition"]]["id"]
        picture = by_id[sample["image"]]
        clean = picture.read()
        for view, name in ((sample["view"], "clean"), (pair["view"], condition)):
            expected = apply(conditions[name], clean, image_id=picture.id, seed=settings["seed"])
            (one,) = shown["views"][view]["pictures"]
            assert (one["height"], one["width"]) == expected.shape[:2]
            seen = decoded(one["src"]).astype(float)
            assert seen.shape == expected.shape  # small enough to stay as they are
            lossy = io.BytesIO()
            PIL.Image.fromarray(expected).save(lossy, "WEBP", quality=70)
            np.testing.assert_array_equal(seen, np.asarray(PIL.Image.open(lossy).convert("RGB")))
            checked += 1
    assert checked >= 16


def test_each_view_is_there_once(real: Evidence) -> None:
    shown = explorer_data(real, samples=10_000).to_json()
    clean = {sample["image"]: sample["view"] for sample in shown["samples"]}
    assert len(set(clean.values())) == len(clean) == 6
    used = {pair["view"] for pair in shown["pairs"]} | set(clean.values())
    assert used == set(range(len(shown["views"])))


def test_token_drift_is_what_the_run_holds(real: Evidence) -> None:
    shown = explorer_data(real, samples=200).to_json()
    assert shown["tokens"] == token_drift.site_layer(real)
    stored = real.run.site(shown["tokens"])
    checked = 0
    for pair in shown["pairs"][::9]:
        sample, condition = shown["samples"][pair["sample"]], shown["conditions"][pair["condition"]]["id"]
        view = shown["views"][pair["view"]]
        if "tokens" not in view:
            continue
        where = {"image": sample["image"], "condition": condition}
        shape = stored.grid.sel(where).values.tolist()
        drift = stored.token_drift.sel(where).values[: int(np.prod(shape))]
        assert view["tokens"]["shape"] == shape
        levels = np.frombuffer(base64.b64decode(view["tokens"]["levels"]), np.uint8)
        largest = view["tokens"]["largest"]
        np.testing.assert_allclose(levels / 255 * largest, drift, atol=largest / 255)
        checked += 1
    assert checked > 5


def test_a_thumbnail_is_no_larger_than_its_longest_edge_and_keeps_the_proportions() -> None:
    one = thumbnails.thumbnail(np.zeros((300, 1000, 3), np.uint8))
    assert decoded(one.uri).shape == (77, 256, 3)
    assert (one.width, one.height) == (1000, 300)
    assert decoded(thumbnails.thumbnail(np.zeros((20, 30, 3), np.uint8)).uri).shape == (20, 30, 3)


def test_kept_thumbnails_are_read_as_they_were_written_and_nothing_else_is() -> None:
    pixels = [np.full((9, 5, 3), level, np.uint8) for level in (0, 200)]
    assert thumbnails.read(thumbnails.written(pixels)) == tuple(map(thumbnails.thumbnail, pixels))
    assert thumbnails.read(thumbnails.written(())) == ()
    for wrong in ("x", "[1]", '[[1, 2, "\\" onerror=x"]]', '[[1, 2, ""]]', "{}"):
        with pytest.raises(ValueError, match="no thumbnails"):
            thumbnails.read(wrong)


def test_the_seen_part_is_what_the_image_processor_crops() -> None:
    from transformers import CLIPImageProcessorPil

    processor = CLIPImageProcessorPil(
        size={"shortest_edge": 20}, crop_size={"height": 20, "width": 20}, do_rescale=False, do_normalize=False,
        do_center_crop=True, resample=0,
    )  # fmt: skip
    pixels = np.broadcast_to(np.arange(80, dtype=np.uint8)[None, :, None], (40, 80, 3)).copy()  # a level a column
    seen = np.asarray(processor(PIL.Image.fromarray(pixels), return_tensors="np")["pixel_values"])[0, 0, 0]
    left, top, width, height = seen_part(processor.to_dict(), 80, 40)
    assert (top, height) == (0, 1)
    assert 80 * left == pytest.approx(seen[0], abs=2)
    assert 80 * (left + width) == pytest.approx(seen[-1], abs=2)


def changed(monkeypatch: pytest.MonkeyPatch, change: Callable[[Dataset], Dataset]) -> Explorer:
    """The explorer of a real run whose dataset has been changed since."""

    def opened(*arguments: Any) -> Opened:
        dataset, problems = open_dataset(*arguments)
        return Opened(change(dataset), problems)

    monkeypatch.setattr(pictures, "open_dataset", opened)
    return explorer_data(Evidence(stores.open_run(extracted_run.whole() / "run")), samples=100)


def test_pictures_of_another_dataset_than_the_runs_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = changed(monkeypatch, lambda dataset: replace(dataset, fingerprint="another"))
    assert shown.sentences[1] == "There are no pictures: the dataset 'set' has changed since the run was made."


def test_a_picture_that_is_gone_or_another_one_costs_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> Any:
        raise FileNotFoundError(2, "No such file or directory", "<b>.png")

    def without(dataset: Dataset) -> Dataset:
        first, second = (image.pictures[0] for image in dataset.images)
        broken = Image(dataset.images[0].id, (replace(first, read=gone),))
        return replace(
            dataset, images=(broken, Image(dataset.images[1].id, (replace(second, read=lambda: first.read()),)))
        )

    shown = changed(monkeypatch, without).to_json()
    reasons = {
        shown["samples"][pair["sample"]]["image"]: shown["views"][pair["view"]]["reason"] for pair in shown["pairs"]
    }
    assert reasons == {
        "000.png": "No picture: [Errno 2] No such file or directory: '<b>.png'.",
        "001.png": "No picture: its file is another one than the model was shown.",
    }
    assert len(shown["pairs"]) > 0
