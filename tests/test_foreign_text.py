"""Texts that others wrote are shown and never act, whichever verb shows them."""

import json
import re
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

import chromium
import numpy as np
import pytest
import shared
import tiny
import xarray as xr
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from rich.console import Console

import probe
from probe import analyze, foreign_text, terminal
from probe.cli import main
from probe.figures import files
from probe.perturbations import FAMILIES
from probe.results import ANALYSES, Evidence
from probe.results import analyze as analyze_run

NASTY = '\x1b]0;x\x07\x9b31m[bold][/][link=x]\\ $\\frac{$ {0} {x} <script>"><img onerror=x>' + (
    "\u202e\u2028\r\t%s 是 \U0001f468\u200d\U0001f469"
)
IN_PATHS = NASTY.replace("/", "")
WAVY = "wavy"

ACTING = ("Cc", "Cf", "Cs", "Zl", "Zp")


def acting(text: str) -> list[str]:
    """The characters that a terminal would obey, or that change what is read."""
    joined = text.replace("\u200d", "")  # within the picture of a family
    return [each for each in joined if unicodedata.category(each) in ACTING and each not in "\n\t"]


def own_family() -> None:
    """A family of one's own whose condition has a name like nothing that we would choose."""

    @probe.perturbation(WAVY, listed=[{"how": NASTY}])
    def wavy(pixels, rng, *, how: Literal[NASTY]):  # type: ignore[valid-type]
        return 255 - pixels


def make(folder: Path) -> None:
    """A run whose names are all nasty, of three questions about three pictures."""
    data, model = folder / f"data{IN_PATHS}", folder / f"model{IN_PATHS}"
    data.mkdir()
    shutil.copytree(tiny.checkpoint("llava"), model)
    lines = []
    for number in range(3):
        picture = f"{number}{IN_PATHS}.png"
        Image.fromarray(tiny.picture(number)).save(data / picture)
        options = [f"yes {NASTY}", f"no {NASTY}"]
        names = {"id": f"{number}{NASTY}", "image": picture, f"key{NASTY}": f"value{NASTY}"}
        asked = {"question": f"{NASTY}?" + "long " * 2000 * (number == 2), "options": options}
        lines.append(names | asked | {"answer": options[number % 2], "group": f"{number % 2}{NASTY}"})
    lines.append(lines[0] | {"id": f"bad{NASTY}", "answer": f"none{NASTY}"})
    (data / f"set{IN_PATHS}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    own_family()
    said = run("extract", str(model), str(data / f"set{IN_PATHS}.jsonl"), "-p", WAVY, "-p", "white",
               "--device", "cpu", "-o", str(folder / f"run{IN_PATHS}"))  # fmt: skip
    (folder / "extract.txt").write_text(said.output)
    assert said.exit_code == 1, said.output
    FAMILIES.pop(WAVY)


def run(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture(scope="module")
def nasty() -> Path:
    return shared.folder("nasty", make) / f"run{IN_PATHS}"


def test_extraction_names_what_failed(nasty: Path) -> None:
    said = (nasty.parent / "extract.txt").read_text()
    assert acting(said) == []
    assert "\\x1b]0;x\\x07\\x9b31m[bold][/][link=x]\\" in said.replace("\n", "")


@pytest.mark.parametrize(
    "verb",
    [
        ("info",), ("info", "--verify"), ("info", "--samples"), ("info", "--json"), ("info", "--samples", "--json"),
        ("analyze", "overview"), ("analyze", "flips", "--json"), ("analyze", "flips", "--by", "group"),
        ("analyze", "flips", "--by", f"no{NASTY}"), ("analyze", f"no{NASTY}"), ("cite",),
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_verb_lets_a_text_act(nasty: Path, tmp_path: Path, verb: tuple[str, ...]) -> None:
    path = nasty
    if verb[0] == "analyze":
        path = tmp_path / nasty.name
        shutil.copytree(nasty, path)
    said = run(verb[0], str(path), *verb[1:])
    assert acting(said.output) == []
    assert said.exit_code == (2 if verb[-1].startswith("no") else 0), said.output
    if "--json" in verb:
        assert any(name in each for each in strings(json.loads(said.stdout)) for name in (NASTY, IN_PATHS))


def strings(value: object) -> Iterator[str]:
    match value:
        case dict():
            for key, each in value.items():
                yield from (key, *strings(each))
        case list():
            for each in value:
                yield from strings(each)
        case str():
            yield value


def test_a_comparison_lets_no_text_act(nasty: Path, tmp_path: Path) -> None:
    other = tmp_path / f"other{IN_PATHS}"
    shutil.copytree(nasty, other)
    said = run(
        "compare", str(nasty), str(other), "-o", str(tmp_path / f"pair{IN_PATHS}"), "--csv", str(tmp_path / "csv")
    )
    assert (said.exit_code, acting(said.output)) == (0, []), said.output
    assert acting(run("info", str(tmp_path / f"pair{IN_PATHS}")).output) == []
    refused = run("compare", str(nasty), str(other), "--pairs", f"{NASTY.replace('=', '')}=x")
    assert (refused.exit_code, acting(refused.output)) == (2, [])


def test_a_sheet_shows_names_as_they_are(nasty: Path, tmp_path: Path) -> None:
    own_family()
    try:
        said = run(
            "preview",
            str(next(nasty.parent.glob("data*/*.jsonl"))),
            "-p",
            WAVY,
            "-o",
            str(tmp_path / f"{IN_PATHS}.png"),
        )
    finally:
        FAMILIES.pop(WAVY)
    assert (said.exit_code, acting(said.output)) == (0, []), said.output
    assert len(list(tmp_path.glob("*.png"))) == 1


def test_figures_and_the_page_show_names_as_they_are(nasty: Path, tmp_path: Path) -> None:
    opened = probe.open_run(nasty)
    found = analyze_run(Evidence(opened), ["overview", "flips"])
    drawn = [result.figure for result in found if result.figure is not None]
    assert drawn
    for figure in drawn:
        root = ElementTree.fromstring(files.svg(figure))
        texts = [each.text or "" for each in root.iter("{http://www.w3.org/2000/svg}text")]
        assert any(text.startswith("wavy") for text in texts)
        assert [each for text in texts for each in acting(text)] == []
        assert acting(json.dumps(figure.to_dict(), ensure_ascii=False)) == []
    written = tmp_path / "page.html"
    said = run("report", str(nasty), "-o", str(written))
    assert said.exit_code == 0, said.output
    assert acting(said.output) == []
    text = re.sub(r"<style>.*?</style>", "", written.read_text("utf-8"), flags=re.DOTALL)
    of_others, scripts = re.subn(r"<script[^>]*>.*?</script>", "", text, flags=re.DOTALL)
    assert scripts == text.count("<script")  # none of them begins within another
    assert acting(of_others) == []
    assert "<script" not in of_others
    assert "<img" not in of_others
    assert "&lt;script&gt;" in of_others


def test_a_browser_shows_them_as_texts(nasty: Path, tmp_path: Path) -> None:
    written, asked = tmp_path / "page.html", list[str]()
    assert run("report", str(nasty), "-o", str(written)).exit_code == 0
    with chromium.browser() as started:
        opened = chromium.open_page(started, written.as_uri())
        opened.page.on("dialog", lambda dialog: asked.append(dialog.message))
        opened.page.evaluate("() => Undertow.drawAll()")
        opened.page.locator("#explorer .pairs a").first.click()
        shown = opened.page.locator("body").inner_text()
        assert (opened.errors, opened.requests, asked) == ([], [], [])
        assert opened.page.locator("[onerror], main script:not([type='application/json'])").count() == 0
        assert acting(shown.replace("\xa0", " ")) == []
        assert '<script>"><img onerror=x>' in shown


def test_a_figure_shows_any_name_as_text() -> None:
    along = {"segmenter": [NASTY, f"_{NASTY}"], "quality": ["mIoU"], "condition": ["a"], "measure": [NASTY]}
    bounds = ("bound", ["estimate", "low", "high"])
    drop = xr.DataArray(np.zeros((2, 1, 1, 3)), dims=("segmenter", "quality", "condition", "bound"))
    up = xr.DataArray(np.zeros((2, 1, 1, 3)), dims=("segmenter", "measure", "condition", "bound"))
    data = xr.Dataset({"drop": drop, "increase": up}, coords={**along, "bound": bounds})
    figure = ANALYSES["segmentation_language"].figure(data)
    drawn = files.svg(figure)
    assert acting(drawn) == []
    texts = [each.text or "" for each in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    assert {each[:13] for each in texts} >= {"\\x1b]0;x\\x07\\", "_\\x1b]0;x\\x07"}
    assert "<script" not in drawn
    assert "<img" not in drawn


def test_a_plain_console_is_safe_too(nasty: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = analyze.of_run(nasty, names=["overview"])
    analyze.show(found, Console(force_terminal=True, color_system=None, width=200))
    shown = capsys.readouterr().out
    assert acting(shown) == []
    assert "[bold][]" in shown.replace("\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        (NASTY,), (f"--{NASTY}",), ("list", NASTY), ("extract", "m", "d", "-o", "r", "-n", NASTY),
        ("extract", NASTY, "streets", "-o", "r"), ("extract", "pocket-vlm", NASTY, "-o", "r"),
        ("extract", "pocket-vlm", "streets", "-n", "1", "-o", "r", "-p", NASTY),
        ("extract", "pocket-vlm", "streets", "-n", "1", "-o", "r", "-s", NASTY),
        ("extract", "pocket-vlm", "streets", "-n", "1", "-o", "r", "--device", NASTY),
        ("extract", "pocket-vlm", "streets", "-n", "1", "-o", "r", "--prompt", NASTY),
        ("info", NASTY), ("analyze", NASTY), ("compare", NASTY, "x"), ("cite", NASTY),
        ("preview", NASTY, "-o", "x.png"),
        ("preview", "streets", "-o", NASTY), ("list", "sites", "-m", NASTY), ("check", NASTY),
        ("segment", NASTY, "streets", "-o", "r"), ("segment", "pocket-segformer", NASTY, "-o", "r"),
    ],
    ids=lambda arguments: " ".join(arguments).replace(NASTY, "…"),
)  # fmt: skip
def test_what_is_typed_wrongly_is_quoted_safely(arguments: tuple[str, ...], tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    said = run(*arguments)
    assert (said.exit_code, acting(said.output)) == (2, []), said.output
    assert said.stderr
    assert "Traceback" not in said.output


def test_the_terminal_stops_what_comes_by_another_way(capsys: pytest.CaptureFixture[str]) -> None:
    console = terminal.Terminal(force_terminal=True, color_system=None, width=400)
    console.print(NASTY)
    console.print(f"a{NASTY}", f"[b]{NASTY}")
    console.rule(NASTY)
    shown = capsys.readouterr().out
    assert acting(shown) == []
    assert shown.count("[bold][/]") == 4


@settings(deadline=None)
@given(st.text(st.characters(codec=None), max_size=40))
def test_safe_text_is_the_same_when_made_safe_again(text: str) -> None:
    once = foreign_text.block(text)
    assert foreign_text.block(once) == once
    assert [each for each in acting(once) if each not in "\u200c\u200d"] == []
    assert "\n" not in foreign_text.line(text)
    assert json.loads(foreign_text.as_json(text)) == text
    assert foreign_text.as_json(text).isascii()
    assert acting(foreign_text.html(text).encode().decode()) == acting(once)


@settings(deadline=None)
@given(st.text("abcdé \n", max_size=40))
def test_harmless_text_stays(text: str) -> None:
    assert foreign_text.block(text) == text


def test_a_flood_of_marks_and_a_long_label_are_cut() -> None:
    assert foreign_text.block("a" + "\u0301" * 50) == "a" + "\u0301" * 8 + "…"
    assert foreign_text.figure("a" * 10_000 + "b") == "a" * 40 + "…" + "a" * 38 + "b"
    assert foreign_text.figure("a" * 50 + "b" * 50, longest=5) == "aa…bb"
    assert foreign_text.line("é" * 50, longest=10) == "é" * 9 + "…"
    assert foreign_text.block("ن\u200cم a\u200db") == "ن\u200cم a\\u200db"
