"""The explorer in a browser: what it shows, what filters, keys, addresses and the plane do, and whom it serves."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import chromium
import explorer_page
import large_runs
import pytest
import shared
from axe_playwright_python.sync_playwright import Axe
from chromium import Opened
from playwright.sync_api import Browser, Page
from shared_run import Analysed
from test_report_explorer import HOSTILE, hostile, made

import stores
from probe.report.explorer import Explorer, explorer_data
from probe.results import Evidence

SAMPLES = 60
POINTS = "#plane svg .mark-symbol.role-mark path"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.browser() as started:
        yield started


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def shown(analysed: Analysed) -> Explorer:
    return explorer_data(Evidence(stores.open_run(analysed.path)), samples=SAMPLES)


@pytest.fixture(scope="module")
def page_file(folder: Path, shown: Explorer) -> Path:
    return explorer_page.write(folder / "page.html", [shown], with_plane=True)


@pytest.fixture
def opened(browser: Browser, page_file: Path) -> Iterator[Opened]:
    one = chromium.open_page(browser, page_file.as_uri())
    yield one
    assert one.errors == []
    assert one.requests == []
    one.page.context.close()


def key_of(page: Page) -> str:
    return str(page.evaluate("location.hash")).removeprefix("#sample=")


def links(page: Page) -> list[str]:
    return [str(each) for each in page.eval_on_selector_all(".pairs a", "all => all.map(a => a.hash.slice(8))")]


def keys(data: dict[str, Any], holds: Any) -> list[str]:
    return [pair["key"] for pair in data["pairs"] if holds(pair)]


def test_every_pair_is_listed_as_a_link_of_its_own(opened: Opened, shown: Explorer) -> None:
    assert links(opened.page) == keys(shown.to_json(), lambda _: True)
    assert opened.page.get_by_role("status").inner_text() == "60 of 60 pairs of a sample and a condition"


def test_filters_leave_the_pairs_that_have_the_value(opened: Opened, shown: Explorer) -> None:
    page, data = opened.page, shown.to_json()
    of_kind = keys(data, lambda pair: data["samples"][pair["sample"]]["kind"] == "yesno")
    page.get_by_label("Kind of question").select_option("yesno")
    assert links(page) == of_kind
    assert 0 < len(of_kind) < SAMPLES
    assert page.get_by_role("status").inner_text().startswith(f"{len(of_kind)} of 60 pairs")
    family = data["conditions"][data["pairs"][0]["condition"]]["family"]
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("Perturbation").select_option(family)
    assert links(page) == keys(data, lambda pair: data["conditions"][pair["condition"]]["family"] == family)
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("Text", exact=True).fill("MCQ-3 picture")
    assert links(page) == keys(data, lambda pair: data["samples"][pair["sample"]]["id"] == "mcq-3")
    page.get_by_label("Text", exact=True).fill("no such text")
    assert links(page) == []


def test_arrow_keys_go_through_the_filtered_pairs_and_escape_closes(opened: Opened) -> None:
    page = opened.page
    page.get_by_label("Kind of question").select_option("mcq")
    left = links(page)
    page.locator(".pairs a").first.click()
    assert key_of(page) == left[0]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert key_of(page) == left[2]
    page.keyboard.press("ArrowLeft")
    assert key_of(page) == left[1]
    assert page.locator(".place").inner_text() == f"2 of {len(left)}"
    assert page.locator(".pairs a[aria-current]").get_attribute("href") == f"#sample={left[1]}"
    page.keyboard.press("Escape")
    assert page.evaluate("location.hash") == ""
    assert page.locator(".pair h3").count() == 0
    assert page.evaluate("document.activeElement.hash") == f"#sample={left[1]}"


def test_keys_in_the_text_field_move_its_cursor_alone(opened: Opened) -> None:
    page = opened.page
    page.locator(".pairs a").first.click()
    before = key_of(page)
    page.get_by_label("Text", exact=True).press("ArrowRight")
    assert key_of(page) == before


def test_the_first_and_last_pair_end_the_way(opened: Opened) -> None:
    page = opened.page
    page.locator(".pairs a").first.click()
    assert page.get_by_role("button", name="Previous").is_disabled()
    page.keyboard.press("ArrowLeft")
    assert key_of(page) == links(page)[0]
    page.locator(".pairs a").last.click()
    assert page.get_by_role("button", name="Next").is_disabled()


def test_an_address_opens_its_sample_and_going_back_returns(browser: Browser, page_file: Path, shown: Explorer) -> None:
    data = shown.to_json()
    pair = data["pairs"][7]
    one = chromium.open_page(browser, f"{page_file.as_uri()}#sample={pair['key']}")
    assert one.page.locator(".pair h3").inner_text() == data["samples"][pair["sample"]]["question"]
    one.page.locator(".pairs a").nth(9).click()
    assert key_of(one.page) == data["pairs"][9]["key"]
    one.page.go_back()
    assert one.page.locator(".place").inner_text() == "8 of 60"
    assert one.errors == []


def test_an_address_of_another_page_says_that_its_sample_is_not_here(browser: Browser, page_file: Path) -> None:
    one = chromium.open_page(browser, f"{page_file.as_uri()}#sample=9.9.9")
    assert "does not show" in one.page.get_by_role("status").inner_text()
    assert one.page.locator(".pair h3").count() == 0


def test_a_click_on_a_point_of_the_plane_opens_its_sample(opened: Opened, shown: Explorer) -> None:
    page = opened.page
    page.wait_for_selector("#plane svg .mark-symbol path")
    points = page.locator(POINTS)
    assert points.count() == SAMPLES
    for place in (3, 30):
        datum = points.nth(place).evaluate("point => point.__data__.datum")
        points.nth(place).dispatch_event("click", {"bubbles": True})
        (pair,) = (each for each in shown.to_json()["pairs"] if each["key"] == key_of(page))
        assert (pair["margin"], pair["drift"]) == (datum["margin"], datum["drift"])
        page.wait_for_function(f"[...document.querySelectorAll({POINTS!r})].some(e => e.__data__.size > 100)")
        marked = page.eval_on_selector_all(
            POINTS, "all => all.map(e => e.__data__).filter(e => e.size > 100).map(e => e.datum.key)"
        )
        assert marked == [pair["key"]]


def test_a_pair_shows_its_pictures_numbers_and_answers(browser: Browser, page_file: Path, shown: Explorer) -> None:
    data = shown.to_json()
    pair = next(each for each in data["pairs"] if each["flipped"])
    sample, condition = data["samples"][pair["sample"]], data["conditions"][pair["condition"]]
    page = chromium.open_page(browser, f"{page_file.as_uri()}#sample={pair['key']}").page
    sources = page.eval_on_selector_all(".pair img", "all => all.map(img => img.src)")
    assert sources == [data["views"][view]["pictures"][0]["src"] for view in (sample["view"], pair["view"])]
    assert all(page.eval_on_selector_all(".pair img", "all => all.map(img => img.naturalWidth > 0)"))
    assert page.locator("figcaption").all_inner_texts() == ["Clean", f"Under {condition['id']}"]
    rows = page.locator(".options tbody tr").all()
    assert len(rows) == len(sample["options"])
    for place, line in enumerate(rows):
        row, marks = line.inner_text(), line.locator(".mark").all_inner_texts()
        assert sample["options"][place] in row
        expected = {
            "right": place == sample["right"],
            "chosen on the clean picture": place == sample["clean"]["choice"],
            "chosen under the perturbation": place == pair["choice"],
        }
        assert marks == [mark for mark, holds in expected.items() if holds]
        for share in (sample["clean"]["probabilities"][place], pair["probabilities"][place]):
            assert (f"{100 * share:.1f} %" if share >= 0.001 else "< 0.1 %") in row
    told = page.locator(".facts").inner_text()
    assert f"{pair['drift']:.1f} % of {data['scale']}" in told
    assert f"{pair['cleanMargin']:.2f} nats when clean, −{-pair['margin']:.2f} nats perturbed" in told
    assert pair["transition"].replace("_to_", " → ").replace("_", " ") in told


def test_token_drift_lies_over_the_perturbed_picture_alone_cell_by_cell(
    browser: Browser, page_file: Path, shown: Explorer
) -> None:
    data = shown.to_json()
    pair = next(each for each in data["pairs"] if "tokens" in data["views"][each["view"]])
    tokens = data["views"][pair["view"]]["tokens"]
    page = chromium.open_page(browser, f"{page_file.as_uri()}#sample={pair['key']}").page
    assert page.locator("canvas.tokens").count() == 0
    page.get_by_label("Token drift over the picture").check()
    (canvas,) = page.locator("canvas.tokens").all()
    assert page.locator("figure").nth(1).locator("canvas.tokens").count() == 1
    size = canvas.evaluate("c => [c.height, c.width]")
    assert size == tokens["shape"][1:]
    red = canvas.evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].filter((_, k) => k % 4 === 0)"
    )
    levels = [int(each) for each in __import__("base64").b64decode(tokens["levels"])]
    order = sorted(range(len(levels)), key=levels.__getitem__)
    assert [red[k] for k in order] == sorted(red)  # red grows with drift
    inside, picture = (page.locator(name).last.bounding_box() for name in ("canvas.tokens", ".picture img"))
    assert inside == pytest.approx(picture, abs=1)
    assert "1 − cos" in page.locator(".scale").inner_text()
    assert f"{tokens['largest']:.3f}" in page.locator(".scale").inner_text()
    page.get_by_label("Opacity of the token drift").fill("0.25")
    assert canvas.evaluate("c => getComputedStyle(c).opacity") == "0.25"


WORDS = (
    ("a bus and a car", "a red bus and a van", ["car"], ["red ", "van"]),
    ("same words", "same words", [], []),
    ("", "all new", [], ["all new"]),
    ("one two", "one  two", [" "], ["  "]),
    ("a b c a b", "b c a", ["a ", " b"], []),
)


@pytest.mark.parametrize(("before", "after", "gone", "new"), WORDS)
def test_words_that_differ_are_marked(opened: Opened, before: str, after: str, gone: list[str], new: list[str]) -> None:
    marked = opened.page.evaluate("([a, b]) => Undertow.explorer.differences(a, b)", [before, after])
    for parts, text, expected in zip(marked, (before, after), (gone, new), strict=True):
        assert "".join(word for word, _ in parts) == text
        groups = groupby(parts, key=lambda part: part[1])
        assert ["".join(word for word, _ in run) for is_new, run in groups if is_new] == expected


def test_free_answers_stand_side_by_side_with_their_differences(browser: Browser, folder: Path, tmp_path: Path) -> None:
    large_runs.write(tmp_path / "run", large_runs.Size(images=4, questions=4, conditions=20))
    shown = explorer_data(Evidence(stores.open_run(tmp_path / "run")), samples=1000)
    data, page_file = shown.to_json(), explorer_page.write(folder / "texts.html", [shown])
    spoken = [pair for pair in data["pairs"] if pair.get("text") == "a car and a person"]
    pair = next(each for each in spoken if data["samples"][each["sample"]]["clean"]["text"] != each["text"])
    page = chromium.open_page(browser, f"{page_file.as_uri()}#sample={pair['key']}").page
    before, after = page.locator("blockquote").all()
    assert after.inner_text() == "a car and a person"
    assert before.inner_text() == data["samples"][pair["sample"]]["clean"]["text"]
    assert before.locator("ins").count() == after.locator("del").count() == 0
    assert after.locator("ins").count() >= 1


def test_hostile_texts_are_shown_as_texts(browser: Browser, folder: Path) -> None:
    run = stores.open_run(shared.folder("hostile-explorer", hostile) / "run")
    shown = explorer_data(Evidence(run), samples=50)
    one = chromium.open_page(browser, explorer_page.write(folder / "hostile.html", [shown], with_plane=True).as_uri())
    page = one.page
    for place, pair in enumerate(shown.to_json()["pairs"]):
        page.locator(".pairs a").nth(place).click()
        question = shown.to_json()["samples"][pair["sample"]]["question"]
        assert page.locator(".pair h3").text_content() == question
        assert page.locator(".options tbody th > span").first.text_content() == question
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tip = page.locator("#vg-tooltip-element")
    page.locator(POINTS).first.hover(force=True)
    assert "0 <script>alert(1)</script>" in tip.inner_text()
    assert tip.locator("img, script").count() == 0
    assert page.locator("#explorer script, #explorer [onerror], #explorer img").count() == 0
    assert "\u202e" not in page.content()
    assert len(HOSTILE) == page.locator(".pairs a").count()
    assert (one.errors, one.requests) == ([], [])


def test_several_runs_are_told_apart(browser: Browser, folder: Path) -> None:
    evidence = Evidence(stores.open_run(shared.folder("explored", made) / "run"))
    runs = [explorer_data(evidence, samples=10, seed=k, run=k, name=name) for k, name in enumerate(("base", "<b>"))]
    one = chromium.open_page(browser, explorer_page.write(folder / "runs.html", runs).as_uri())
    assert len(set(links(one.page))) == 20
    one.page.get_by_label("Run", exact=True).select_option("<b>")
    assert {key.partition(".")[0] for key in links(one.page)} == {"1"}
    assert one.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_the_explorer_fits_its_window_and_serves_everybody(
    browser: Browser, page_file: Path, shown: Explorer, width: int, scheme: Any
) -> None:
    data = shown.to_json()
    pair = next(each for each in data["pairs"] if each["flipped"] and "tokens" in data["views"][each["view"]])
    one = chromium.open_page(browser, f"{page_file.as_uri()}#sample={pair['key']}", width=width, color_scheme=scheme)
    one.page.get_by_label("Token drift over the picture").check()
    assert one.page.evaluate("document.documentElement.scrollWidth") <= width
    inside = "mark => mark.getBoundingClientRect().right <= mark.parentNode.getBoundingClientRect().right + 1"
    assert all(mark.evaluate(inside) for mark in one.page.locator(".mark").all())
    assert one.page.locator(".mark").count() >= 1
    found = Axe().run(one.page, context="#explorer").response
    serious = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    assert [(each["id"], each["nodes"][0]["html"]) for each in serious] == []


def test_the_opened_sample_is_printed_without_list_and_filters(
    browser: Browser, page_file: Path, shown: Explorer
) -> None:
    one = chromium.open_page(browser, f"{page_file.as_uri()}#sample={shown.to_json()['pairs'][0]['key']}")
    one.page.emulate_media(media="print")
    assert not one.page.locator(".pairs, .filters, .pair nav").filter(visible=True).count()
    assert one.page.locator(".pair h3").is_visible()
    assert one.page.pdf()[:5] == b"%PDF-"
