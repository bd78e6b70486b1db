"""The page of `make demo` in a browser, as its reader uses it."""

import re
from collections.abc import Iterator
from pathlib import Path

import chromium
import demonstration
import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import Opened
from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # who asks first extracts

LARGEST_MB = 8


@pytest.fixture(scope="module")
def page() -> Path:
    return demonstration.run().with_suffix(".html")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.browser() as started:
        yield started


@pytest.fixture(scope="module")
def opened(browser: Browser, page: Path) -> Opened:
    found = chromium.open_page(browser, page.as_uri())
    found.page.evaluate("() => Undertow.drawAll()")
    return found


def test_it_draws_every_figure_without_a_request_or_a_complaint(opened: Opened, page: Path) -> None:
    charts = opened.page.locator(".chart")
    assert charts.count() > 10
    for chart in charts.all():
        assert chart.locator("svg").count() == 1
        assert len(chart.locator("svg text").all()) > 3
    assert opened.requests == []
    assert opened.errors == []
    assert page.stat().st_size < LARGEST_MB * 1e6


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_nothing_is_wider_than_the_window(browser: Browser, page: Path, width: int, dark: bool) -> None:
    found = chromium.open_page(browser, page.as_uri(), width=width, color_scheme="dark" if dark else "light")
    found.page.evaluate("() => Undertow.drawAll()")
    assert found.page.evaluate("document.documentElement.scrollWidth") <= width
    assert found.errors == []
    found.page.context.close()


def test_a_table_that_is_wider_than_the_window_scrolls_within_its_box(browser: Browser, page: Path) -> None:
    found = chromium.open_page(browser, page.as_uri(), width=390)
    boxes = found.page.locator(".wide").all()
    wider = [each for each in boxes if each.evaluate("box => box.scrollWidth > box.clientWidth")]
    assert wider
    for each in wider:
        assert each.evaluate("box => box.getBoundingClientRect().right") <= 390
        assert (
            each.evaluate("box => { box.scrollLeft = 1e6; return box.scrollLeft + box.clientWidth - box.scrollWidth }")
            >= -1
        )
    found.page.context.close()


def test_a_heading_sorts_its_column_down_up_and_back(opened: Opened) -> None:
    table = opened.page.locator("#overview table").first

    def names() -> list[str]:
        return table.locator("tbody th").all_inner_texts()

    def numbers() -> list[float]:
        texts = [row.locator("td").first.locator(".number").inner_text() for row in table.locator("tbody tr").all()]
        return [float(text) for text in texts if text != "–"]

    before = names()
    heading = table.locator("thead th").nth(1)
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    assert numbers() == sorted(numbers(), reverse=True)
    heading.locator("button").click()
    assert numbers() == sorted(numbers())
    heading.locator("button").click()
    assert names() == before


def test_intervals_are_drawn_and_written_out_where_asked(opened: Opened) -> None:
    small = opened.page.locator("#overview tbody td small").nth(12)
    assert opened.page.locator("#overview .bar b").count() > 20
    assert small.bounding_box()["width"] <= 1  # type: ignore[index]
    opened.page.get_by_label("write intervals out").check()
    assert re.fullmatch(r"-?[\d.]+…-?[\d.]+", small.inner_text())
    assert small.bounding_box()["width"] > 10  # type: ignore[index]
    opened.page.get_by_label("write intervals out").uncheck()


def test_a_click_in_the_plane_opens_the_sample_and_its_address(opened: Opened) -> None:
    points = opened.page.locator(".chart.plane svg .mark-symbol.role-mark path")
    assert points.count() > 20
    points.nth(7).dispatch_event("click", {"bubbles": True})
    assert re.search(r"#sample=\d+\.\d+\.\d+", opened.page.url)
    assert opened.page.locator("#explorer .pair img").count() >= 2
    opened.page.keyboard.press("Escape")
    assert "#sample" not in opened.page.url


def test_it_prints_to_pdf(browser: Browser, page: Path, tmp_path: Path) -> None:
    found = chromium.open_page(browser, page.as_uri())
    found.page.evaluate("() => Undertow.drawAll()")
    printed = found.page.pdf(path=tmp_path / "report.pdf", print_background=True)
    assert printed[:5] == b"%PDF-"
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) > 5
    found.page.context.close()


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_no_serious_fault(browser: Browser, page: Path, dark: bool) -> None:
    found = chromium.open_page(browser, page.as_uri(), color_scheme="dark" if dark else "light")
    found.page.evaluate("() => Undertow.drawAll()")
    faults = Axe().run(found.page).response["violations"]
    serious = [
        f"{fault['id']}: {fault['nodes'][0]['html'][:200]}"
        for fault in faults
        if fault["impact"] in ("serious", "critical")
    ]
    assert serious == []
    found.page.context.close()
