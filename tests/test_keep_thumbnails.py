"""`--keep-thumbnails`: a run holds small copies of what its model was shown, and the report needs no dataset."""

import io
import shutil
from base64 import b64decode
from pathlib import Path

import numpy as np
import picture_set
import PIL.Image
import pytest
import shared
from extracted_run import contents, extract, whole

import stores
from probe import thumbnails
from probe.perturbations import apply, parse
from probe.report.explorer import explorer_data
from probe.results import Evidence


def make(folder: Path) -> None:
    result = extract(picture_set.write(folder / "set", images=2), folder / "run", "--keep-thumbnails")
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="module")
def kept() -> Path:
    return shared.folder("thumbnails", make)


def test_a_run_holds_what_its_model_was_shown(kept: Path) -> None:
    stored = stores.open_run(kept / "run").pictures.thumbnails
    for condition in parse(["driving:1"], labels=()):
        for image in ("000.png", "001.png"):
            clean = np.asarray(PIL.Image.open(kept / "set" / image))
            expected = apply(condition, clean, image_id=image, seed=0)
            (one,) = thumbnails.read(str(stored.sel(image=image, condition=condition.id).values.item()))
            assert (one.width, one.height) == (48, 40)
            lossy = io.BytesIO()
            PIL.Image.fromarray(expected).save(lossy, "WEBP", quality=70)
            seen, made = (np.asarray(PIL.Image.open(file)) for file in (io.BytesIO(b64decode(one.webp)), lossy))
            np.testing.assert_array_equal(seen, made)


def test_everything_else_of_the_run_is_as_without(kept: Path) -> None:
    with_them, plain = contents(kept / "run"), contents(whole() / "run")
    added = with_them.keys() - plain.keys()
    assert added
    assert all(name.startswith("pictures/thumbnails/") for name in added)
    assert {name: with_them[name] for name in plain} == plain


def test_a_run_without_the_option_is_of_the_plan_that_it_was(kept: Path) -> None:
    plain, with_them = (stores.open_run(each / "run").plan for each in (whole(), kept))
    assert "keep_thumbnails" not in plain["settings"]
    assert with_them["settings"]["keep_thumbnails"] is True
    assert "thumbnails" not in stores.open_run(whole() / "run").pictures


def test_the_report_shows_them_where_the_dataset_is_gone(kept: Path, tmp_path: Path) -> None:
    fresh = explorer_data(Evidence(stores.open_run(whole() / "run")), samples=100).to_json()
    shutil.copytree(kept / "run", tmp_path / "run")
    shutil.copytree(kept / "set", tmp_path / "set")
    shown = explorer_data(Evidence(stores.open_run(tmp_path / "run")), samples=100)
    assert len(shown.sentences) == 1
    assert [view["pictures"] for view in shown.to_json()["views"]] == [view["pictures"] for view in fresh["views"]]
    assert all(view["pictures"] for view in fresh["views"])


def test_thumbnails_of_an_incomplete_run_are_empty_where_nothing_was_committed(kept: Path, tmp_path: Path) -> None:
    shutil.copytree(kept / "run", tmp_path / "run")
    (tmp_path / "run" / "_ledger" / "done" / "b00000-c0002.json").unlink()
    with pytest.warns(stores.IncompleteRun):
        stored = stores.open_run(tmp_path / "run").pictures.thumbnails
    assert [text != "" for text in stored.isel(image=0).values.tolist()] == [True, True, False, True]
