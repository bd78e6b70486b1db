"""The report of runs: what stands on the page, and what it says of a run that is not whole."""

import json
import re
import shutil
import warnings
from pathlib import Path

import extracted_run
import numpy as np
import pytest
from click.testing import CliRunner

from probe.cli import main
from probe.report import content, tables
from probe.report.explorer import embedded
from probe.report.member import member
from probe.results.result import Cell
from stores import ledger, open_run


def report(*arguments: object) -> str:
    said = CliRunner().invoke(main, ["report", *map(str, arguments)])
    assert said.exit_code == 0, said.output
    return said.output


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("page") / "deep" / "report.html"
    assert str(path.name) in report(extracted_run.whole() / "run", "-o", path)
    return path.read_text("utf-8")


def texts(page: str) -> str:
    return re.sub(r"<(script|style).*?</\1>", "", page, flags=re.S)


def test_the_page_holds_every_result_of_the_run_and_asks_for_nothing(page: str) -> None:
    shown = member(extracted_run.whole() / "run", "run", seed=0)
    assert len(shown.results) > 5
    for result in shown.results:
        assert f'<section id="{result.name}"' in page
        for name, cells in result.rows:
            assert f'<th scope="row">{name}</th>' in page
            assert all(f'<span class="number">{cell.estimate}</span>' in page for cell in cells)
    assert "http" not in texts(page)
    assert not re.findall(r'(?:src|href)="(?!data:|#)', texts(page))


def test_what_a_run_does_not_show_is_named_with_its_cure(page: str) -> None:
    assert "confusion matrices of a segmentation model" in page
    assert "Add one with `probe segment`." in page


def test_methods_have_the_command_and_the_papers(page: str) -> None:
    methods = texts(page).partition('<section id="methods"')[2]
    assert "--device cpu" in methods or "pytest" in methods  # what stood on the command line
    assert "@" in methods.partition("BibTeX")[2]


def test_an_incomplete_run_says_so_at_the_top(tmp_path: Path) -> None:
    run = tmp_path / "part"
    shutil.copytree(extracted_run.whole() / "run", run)
    unit = sorted(ledger.done(run))[-1]
    ledger.withdraw(run, [unit])
    report(run, "-o", tmp_path / "report.html")
    head = (tmp_path / "report.html").read_text("utf-8").partition("<section")[0]
    assert re.search(r'class="notice"[^>]*>This run is incomplete: 1 of \d+ units of work are missing', head)


def test_two_runs_stand_side_by_side_with_what_differs(tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(extracted_run.whole() / "run", other)
    report(extracted_run.whole() / "run", other, "-o", tmp_path / "report.html", "--no-pictures")
    page = texts((tmp_path / "report.html").read_text("utf-8"))
    assert '<section id="between-' in page
    overview = page.partition('<section id="overview"')[2].partition("</section>")[0]
    assert re.findall(r"<h3>(.*?)</h3>", overview) == ["run", "other"]


def test_a_kept_comparison_has_a_page(tmp_path: Path) -> None:
    run, other, pair = extracted_run.whole() / "run", tmp_path / "other", tmp_path / "pair"
    shutil.copytree(run, other)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the same run twice differences are 0
        said = CliRunner().invoke(main, ["compare", str(run), str(other), "-o", str(pair)])
    assert said.exit_code == 0, said.output
    report(pair, "-o", tmp_path / "report.html")
    page = texts((tmp_path / "report.html").read_text("utf-8"))
    assert "run against other" in page
    for name in open_run(pair).results:
        assert f'<section id="between-{name}"' in page


def test_one_run_named_twice_is_refused(tmp_path: Path) -> None:
    run = extracted_run.whole() / "run"
    said = CliRunner().invoke(main, ["report", str(run), str(run), "-o", str(tmp_path / "report.html")])
    assert said.exit_code == 2
    assert "named twice" in said.output


def test_runs_that_share_nothing_say_why_they_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    run = member(extracted_run.whole() / "run", "run", seed=0)

    def refuse(*given: object, **named: object) -> None:
        raise ValueError("they share no sample.")

    monkeypatch.setattr(content.compared, "compare", refuse)
    found, notes = content._compared((run, run), 0)
    assert found == ()
    assert notes == ("The runs stand side by side, and are not compared: they share no sample.",)


def test_bars_lie_on_one_scale_for_each_column() -> None:
    cells = [Cell("-5", "", (-5.0, -10.0, 0.0)), Cell("30", "", (30.0,)), Cell("–")]
    ends = tables.scale(cells)
    assert ends == (-10.0, 30.0)
    assert tables.bar(cells[0].numbers, ends) == tables.Bar(start=12.5, length=12.5, low=0.0, span=25.0)
    assert tables.bar(cells[1].numbers, ends) == tables.Bar(start=25.0, length=75.0, low=100.0, span=0.0)
    assert tables.scale([Cell("0", "", (0.0,)), Cell("–", "", (np.nan,))]) is None


def test_data_of_the_page_ends_no_element() -> None:
    written = embedded({"a": "</script><!-- \u2028 \x7f"})
    assert "<" not in written
    assert written.isascii()
    assert json.loads(written) == {"a": "</script><!-- \u2028 \x7f"}
