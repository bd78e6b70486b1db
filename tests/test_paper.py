"""Files for a paper: figures of one column with their fonts, tables with the numbers of the results."""

import csv
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import xarray as xr

import stores
from probe.report.paper import latex, write_figures
from probe.results import ANALYSES, Result
from probe.results.analysis import Analysis, Column

NASTY = "[*]\\x & 50% $y$ #1 a_b {c} ~^ \u202e <i> \\\\ \\input{/etc/passwd}"


@pytest.fixture(scope="module")
def results(analysed) -> list[Result]:
    run = stores.open_run(analysed.path)
    return [Result(ANALYSES[name], run.result(name)) for name in ("overview", "drift", "corruption")]


@pytest.fixture(scope="module")
def written(results: list[Result], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("paper") / "deep" / "figures"
    paths = write_figures(results, folder)
    assert [path.name for path in paths] == [
        f"{result.name}.{ending}" for result in results for ending in ("svg", "pdf", "csv", "tex")
    ]
    return folder


def test_the_same_results_give_the_same_bytes(results: list[Result], written: Path, tmp_path: Path) -> None:
    for path in write_figures(results, tmp_path):
        assert path.read_bytes() == (written / path.name).read_bytes(), path.name


def test_figures_are_a_column_wide_and_carry_their_font(written: Path) -> None:
    for name in ("overview", "drift", "corruption"):
        document = (written / f"{name}.pdf").read_bytes()
        (size,) = re.findall(rb"/MediaBox \[0 0 ([\d.]+) [\d.]+\]", document)
        assert float(size) == pytest.approx(3.3 * 72, abs=2)
        assert set(re.findall(rb"/FontName /[A-Z]{6}\+(\S+)", document)) == {b"STIXGeneral-Regular"}
        assert b"/FontFile" in document


def test_names_are_text_in_an_svg(written: Path) -> None:
    root = ElementTree.parse(written / "overview.svg").getroot()
    texts = {each.text for each in root.iter("{http://www.w3.org/2000/svg}text")}
    assert texts >= {"low_light", "text_overlay.empty", "answers that flipped [%]"}


def table(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="") as file:
        return {next(iter(row.values())): row for row in csv.DictReader(file)}


def test_a_csv_has_the_numbers_of_the_result(results: list[Result], written: Path) -> None:
    rows, data = table(written / "overview.csv"), results[0].data
    assert list(rows) == [name for name, _ in results[0].rows]
    for family in data.family.values.tolist():
        shown = [rows[family][f"IFR %{end}"] for end in ("", " low", " high")]
        expected = 100 * data.ifr.sel(family=family).values
        assert [float(each) if each else np.nan for each in shown] == pytest.approx(expected, nan_ok=True)
    assert rows["clean"]["IFR %"] == "", "undefined"


def test_a_latex_table_has_the_cells_that_are_shown(results: list[Result], written: Path) -> None:
    for result in results:
        lines = (written / f"{result.name}.tex").read_text().splitlines()
        assert [lines.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 1, 1]
        body = lines[lines.index(r"\midrule") + 1 : lines.index(r"\bottomrule")]
        assert len(body) == len(result.rows)
        for text, (name, cells) in zip(body, result.rows, strict=True):
            first, *others = text.removesuffix(r" \\").split(" & ")
            assert first == name.replace("_", r"\_")
            for shown, cell in zip(others, cells, strict=True):
                plain = shown.replace("$-$", "-")
                assert plain.startswith("--" if cell.estimate == "–" else cell.estimate)
                assert ("[" in plain) == bool(cell.interval)
                assert cell.interval.replace("…", ", ") in plain


def test_a_name_is_never_a_command_of_latex() -> None:
    shown = latex(NASTY)
    without = re.sub(r"\\(?:text[a-z]+\{\}|[&%$#_{}])|\{[\[\]*]\}", "", shown)
    assert re.findall(r"[\\&%$#_{}~^\[*]", without) == []
    assert "\u202e" not in shown


def test_results_of_one_name_are_kept_apart_and_nasty_ones_escaped(tmp_path: Path) -> None:
    data = xr.Dataset({"x": ("family", [0.5])}, coords={"family": [NASTY]}, attrs={"unions": {}})
    analysis = Analysis("odd", f"title {NASTY}".replace("{", "{{").replace("}", "}}"), "", (), lambda _: None,
                        (Column("x", "x"),), lambda _: ())  # fmt: skip
    paths = write_figures([Result(analysis, data)] * 2, tmp_path)
    assert [path.name for path in paths] == ["odd.csv", "odd.tex", "odd_2.csv", "odd_2.tex"]
    assert paths[1].read_text().splitlines()[0].startswith("% title")
    assert len(paths[1].read_text().splitlines()) == 9
    assert paths[0].read_text().splitlines()[0] == "family,x"
