"""A run in a notebook: its summary, `run.plot`, and what others register."""

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import probe
import stores
from probe.results import ANALYSES, Evidence, analyze
from stores import notebook
from stores.notebook import register_run_accessor

NASTY = '<script>alert(1)</script>"><img onerror=x> \u202e\x1b[31m'


def python(code: str, *arguments: str) -> str:
    made = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return made.stdout


def test_with_stores_alone_a_run_says_where_its_plots_come_from(analysed) -> None:
    said = python(
        "import stores, sys\n"
        "run = stores.open_run(sys.argv[1])\n"
        "try:\n    run.plot\nexcept AttributeError as error:\n    print(error)\n"
        "assert 'probe' not in sys.modules and 'altair' not in sys.modules\n"
        "import probe\n"
        "print(type(run.plot.flips()).__name__)",
        str(analysed.path),
    )
    first, second = said.splitlines()
    assert first == "a run has no 'plot'. Plots come with `probe`: open the run with `probe.open_run`, or import " + (
        "`probe.plots`."
    )
    assert second == "LayerChart"


def test_importing_probe_loads_no_charts_and_its_runs_have_them(analysed) -> None:
    said = python(
        "import probe, sys\n"
        "assert not {'stores', 'altair', 'vl_convert'} & set(sys.modules)\n"
        "run = probe.open_run(sys.argv[1])\n"
        "assert 'altair' not in sys.modules\n"
        "print('plot' in dir(run), 'overview' in dir(run.plot), 'segmentation' in dir(run.plot))",
        str(analysed.path),
    )
    assert said.split() == ["True", "True", "False"]


def test_a_plot_is_the_figure_of_its_analysis(analysed) -> None:
    run = probe.open_run(analysed.path)
    shown = run.plot.flips(seed=1).to_dict()
    (result,) = analyze(Evidence(run, 1), ["flips"])
    own = result.figure.to_dict()
    assert shown["datasets"] == own["datasets"]
    assert shown["layer"] == own["layer"]
    assert (own["width"], shown["width"]) == ("container", 640)
    assert "Right" not in own["config"]
    assert shown["config"]["background"] == "#ffffff"


def test_an_unknown_plot_names_the_nearest_and_one_that_lacks_something_says_what(analysed) -> None:
    plots = probe.open_run(analysed.path).plot
    with pytest.raises(AttributeError, match=r"analysis 'flop' is unknown\. Did you mean 'flips'"):
        _ = plots.flop
    with pytest.raises(ValueError, match="analysis 'segmentation' needs confusion matrices"):
        plots.segmentation()
    assert set(dir(plots)) <= set(ANALYSES)
    assert repr(plots).startswith("Figures of this run, each as run.plot.NAME(): ")


class Texts(HTMLParser):
    """The tags and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def made(folder: Path) -> stores.Run:
    """A run of one image, of two units, with nasty names; the second unit is missing."""
    conditions = (stores.ConditionRow("clean", "clean"), stores.ConditionRow(f"x{NASTY}", f"x{NASTY}"))
    layout = stores.Layout(1, (f"i{NASTY}",), (stores.SampleRow("s", 0, "?", "a", "mcq", ("a", "b")),), conditions)
    plan = stores.hashed({"settings": {"model": f"model{NASTY}", "dataset": f"data{NASTY}"}})
    stores.create(folder, layout, plan=plan, provenance={})
    writer = stores.Writer(folder, layout)
    writer.commit(stores.Unit(0, 0), layout.blank(stores.Unit(0, 0)), report={"failed": {f"s{NASTY}": f"bad{NASTY}"}})
    with pytest.warns(stores.IncompleteRun):
        return stores.open_run(folder)


def test_the_summary_says_what_is_there_and_what_is_missing_and_escapes_all_of_it(tmp_path: Path) -> None:
    page = Texts(made(tmp_path / "run")._repr_html_())
    assert set(page.tags) == {"table", "caption", "tr", "th", "td"}
    whole = " ".join(page.texts)
    for part in ("1 images, 1 questions, 2 conditions", "1 of 2 units", "none: answers alone", "model<script>"):
        assert part in whole
    assert all(each.isprintable() for each in whole)
    assert "\\u202e\\x1b[31m" in whole


def test_what_is_registered_is_made_once_and_taken_names_are_refused(analysed, monkeypatch) -> None:
    monkeypatch.setattr(notebook, "_MAKERS", {})
    count: list[stores.Run] = []

    @register_run_accessor("sizes_of_mine")
    def sizes(run: stores.Run) -> int:
        count.append(run)
        return run.sizes.images

    run = stores.open_run(analysed.path)
    assert (run.sizes_of_mine, run.sizes_of_mine, len(count)) == (run.sizes.images, run.sizes.images, 1)
    assert "sizes_of_mine" in dir(run)
    with pytest.raises(ValueError, match="run accessor 'sizes_of_mine': there is one already"):
        register_run_accessor("sizes_of_mine")(sizes)
    for taken in ("sites", "no name"):
        with pytest.raises(ValueError, match=f"run accessor '{taken}': "):
            register_run_accessor(taken)(sizes)


def test_a_property_that_fails_says_so_itself(analysed, monkeypatch) -> None:
    run = stores.open_run(analysed.path)
    monkeypatch.setattr(type(run), "sites", property(lambda run: run.record.nothing))
    with pytest.raises(AttributeError, match="'dict' object has no attribute 'nothing'"):
        _ = run.sites
