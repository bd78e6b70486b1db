"""`probe lens`: an image of a run is shown to its model again, and the words at its places become a page."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import answered_run
import chromium
import numpy as np
import pytest
import tiny
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from PIL import Image
from shared_run import Analysed

import stores
from hooks import sites, words
from probe.cli import main
from probe.errors import PlanError
from probe.lens import page, read, summary

CONDITION = "motion_blur.horizontal:3"
HOSTILE = "</script><img src=x onerror=alert(1)>\u202e\x1b[31m" + "x" * 10_000


def look(run: stores.Run, image: str = "000.png", **wanted: object) -> read.Looked:
    return read.look(run, read.Wanted(image, device="cpu", **wanted))  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def run(analysed: Analysed) -> stores.Run:
    return stores.open_run(analysed.path)


@pytest.fixture(scope="module")
def looked(run: stores.Run) -> read.Looked:
    return look(run, str(run.images.image.values[1]), conditions=(CONDITION,))


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["lens", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_model_is_shown_the_run_s_own_pictures(run: stores.Run, looked: read.Looked) -> None:
    """Token drift that the run kept is that of the states which are read here."""
    assert [each.condition for each in looked.seen] == ["clean", CONDITION]
    clean, moved = looked.seen
    model = tiny.load("llava")
    site = sites.parse("language.layers[*]:image", model.towers)
    folder = run.plan["settings"]["dataset"].rpartition("/")[0]
    pixels = np.asarray(Image.open(Path(folder) / looked.image).convert("RGB"))
    np.testing.assert_array_equal(clean.pictures[0], pixels)
    again, grids = words.read(model, words.head(model, (pixels,)), (pixels,), site, count=5)
    np.testing.assert_array_equal(clean.words.ids, again.ids)
    assert list(clean.grids) == grids
    assert not np.array_equal(moved.pictures[0], pixels)
    assert not np.array_equal(moved.words.logits, clean.words.logits)


def test_a_sample_stands_for_its_image_and_layers_are_chosen_as_in_a_site(run: stores.Run) -> None:
    sample = str(run.answers.sample.values[3])
    one = look(run, sample, layers="0,-1", top=2)
    assert one.image == str(run.answers.image.values[3])
    assert one.layers == (0, 4)
    assert one.seen[0].words.ids.shape[::2] == (2, 2)
    assert set(one.texts) == set(one.seen[0].words.ids.flat)


def test_the_command_writes_the_page_and_shows_what_comes_first(run: stores.Run, tmp_path: Path) -> None:
    image, out = str(run.images.image.values[0]), tmp_path / "pages" / "lens.html"
    shown = invoke(str(run.path), image, "-c", CONDITION, "-o", str(out), "--device", "cpu")
    assert "as clean" in shown
    assert f"image {image}" in shown.replace("\n", " ")
    text = out.read_text()
    assert CONDITION in text
    assert "Neo, Clement" in text
    assert "http://" not in text
    told = json.loads(invoke(str(run.path), image, "-o", str(out), "--device", "cpu", "--json", "--top", "3"))
    (clean,) = told["conditions"]
    assert np.shape(clean["ids"]) == np.shape(clean["logits"]) == (5, 16, 3)
    assert clean["grids"] == [[1, 4, 4]]
    assert set(told["words"]) == {str(word) for word in np.unique(clean["ids"])}


def test_common_first_words_are_counted(looked: read.Looked) -> None:
    ids = np.array([[[7], [7], [3]]])
    counted = replace(
        looked,
        texts={3: " bus", 7: "car"},
        seen=(replace(looked.seen[0], words=words.Words(ids, ids.astype(np.float32), ids.astype(np.float32))),),
    )
    assert summary._common(counted, counted.seen[0], 0) == "car 2, ␣bus 1"
    other = replace(counted.seen[0], words=replace(counted.seen[0].words, ids=np.array([[[7], [3], [3]]])))
    assert summary._as_clean(counted.seen[0], other, 0) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("image", "wanted", "message"),
    [
        ("nowhere", {}, "has no image or sample 'nowhere'"),
        (None, {"conditions": ("motion_blur.horizontal:4",)}, "Did you mean 'motion_blur.horizontal:"),
        (None, {"layers": "9"}, "has 5 layers"),
    ],
)
def test_what_is_not_there_is_said(run: stores.Run, image: str | None, wanted: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        look(run, image or str(run.images.image.values[0]), **wanted)


def test_a_picture_that_has_changed_since_is_refused(run: stores.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    true = read.load
    monkeypatch.setattr(read, "load", lambda *given: replace(true(*given), sha256="another"))
    with pytest.raises(PlanError, match="another one than the model was shown"):
        look(run, str(run.images.image.values[0]))


def test_runs_without_pictures_of_their_own_are_refused(tmp_path: Path) -> None:
    made = answered_run.make(tmp_path / "run", {"clean": [0, 1]})
    with pytest.raises(PlanError, match="cannot be shown the pictures"):
        look(made, str(made.images.image.values[0]))


def test_conditions_without_another_picture_are_refused(run: stores.Run) -> None:
    from probe.perturbations import suites
    from probe.reopened import Reopened

    (_, again), (_, nothing) = (suites.parse((name,)) for name in ("reread:by=batch", "no_image"))

    made = Reopened(None, None, None, SimpleNamespace(conditions={"again": again, "nothing": nothing}))  # type: ignore[arg-type]
    for name, message in (("again", "shows the clean picture again"), ("nothing", "no picture")):
        with pytest.raises(PlanError, match=message):
            read._shown(made, None, name)  # type: ignore[arg-type]


def test_tiles_and_bare_positions_are_not_laid_over_the_picture(looked: read.Looked) -> None:
    clean = looked.seen[0]

    def part(*grid: int) -> object:
        (one,) = page._pictures(looked, replace(clean, grids=(grid,)))  # type: ignore[arg-type]
        return one["part"]

    assert part(1, 4, 4) == [0.0, 0.0, 1.0, 1.0]
    assert part(9, 2, 2) is None
    assert part(1, 1, 32) is None


def hostile(looked: read.Looked, path: Path) -> Path:
    """A page whose every text was made to do harm."""
    texts = dict.fromkeys(looked.texts, HOSTILE)
    seen = tuple(replace(each, condition=HOSTILE[:60]) for each in looked.seen)
    bad = HOSTILE[:200]
    changed = replace(looked, texts=texts, seen=seen, image=bad, questions=(bad,), model=bad, run=bad, note=bad)
    return page.write(changed, path)


def test_nothing_in_a_text_is_markup(looked: read.Looked, tmp_path: Path) -> None:
    text = hostile(looked, tmp_path / "page.html").read_text()
    assert "<img src=x" not in text
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert text.count("</script>") == 2
    assert len(text) < 2_000_000


@pytest.mark.slow
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_reader_moves_through_layers_and_places(looked: read.Looked, tmp_path: Path, width: int, dark: bool) -> None:
    shown = page.write(looked, tmp_path / "page.html")
    with chromium.browser() as started:
        found = chromium.open_page(started, shown.as_uri(), width=width, color_scheme="dark" if dark else "light")
        cells = found.page.locator(".view").first.locator(".cell")
        assert cells.count() == 16
        first = looked.texts[int(looked.seen[0].words.ids[-1, 5, 0])]
        cells.nth(5).click()
        assert found.page.locator("#hint").inner_text() == "row 2, column 2"
        assert found.page.locator(".cell.chosen").count() == 2
        table = found.page.locator("#place tbody tr")
        assert table.count() == len(looked.layers)
        assert table.first.locator("b").first.inner_text() == page.line(summary.visible(first), longest=40)
        found.page.keyboard.press("ArrowDown")
        assert found.page.locator("#hint").inner_text() == "row 3, column 2"
        found.page.locator("#layer").focus()
        found.page.keyboard.press("ArrowLeft")
        assert found.page.locator("#layer-number").inner_text() == "3 of 4"
        assert found.page.locator("tr.here th").inner_text() == "3"
        assert found.page.evaluate("document.documentElement.scrollWidth") <= width
        assert Axe().run(found.page).response["violations"] == []
        assert found.errors == found.requests == []


@pytest.mark.slow
def test_hostile_texts_are_shown_as_they_are(looked: read.Looked, tmp_path: Path) -> None:
    with chromium.browser() as started:
        found = chromium.open_page(started, hostile(looked, tmp_path / "page.html").as_uri(), width=390)
        found.page.locator(".cell").first.click()
        assert found.page.locator("#place b").first.inner_text().startswith("</script><img src=x onerror")
        assert found.page.locator("img[src='x']").count() == 0
        assert found.page.evaluate("document.documentElement.scrollWidth") <= 390
        assert found.errors == found.requests == []
