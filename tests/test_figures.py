"""Charts show the numbers of their analyses, whole and legible, and other people's names as text."""

import json
import math
from collections.abc import Iterator
from typing import Any

import error_runs
import numpy as np
import pytest
import xarray as xr

import stores
from probe.comparison import compare, studies
from probe.comparison.registry import STUDIES
from probe.figures import bars, curves, files, fitting, heat_maps, intervals, placement, plane, rows, themes, words
from probe.results import ANALYSES, Result

DRAWN = [name for name, analysis in ANALYSES.items() if analysis.figure is not None]
Drawn = dict[str, tuple[Result, Any, dict[str, Any]]]
"""By name: a result, its chart, and the chart as plain values, which were found to be valid."""

NUMBERS = ("value", "low", "high", "x", "x_low", "x_high", "y", "y_low", "y_high")
SCALES = (1, 100, 1000)


def data_of(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """All rows of a chart, wherever they stand."""
    found = [row for rows_ in spec.get("datasets", {}).values() for row in rows_]
    for key in ("layer", "vconcat", "hconcat", "concat"):
        found += [row for part in spec.get(key, ()) for row in data_of(part)]
    found += data_of(spec["spec"]) if "spec" in spec else []
    return found + spec.get("data", {}).get("values", [])


def numbers(data: xr.Dataset) -> np.ndarray:
    """All numbers of a result, times the scales that charts use."""
    flat = [values.values.astype(float).reshape(-1) for values in data.variables.values() if values.dtype.kind in "fiu"]
    every = np.concatenate(flat)
    return np.unique(np.concatenate([every[np.isfinite(every)] * scale for scale in SCALES]))


def nearest(all_numbers: np.ndarray, value: float) -> float:
    place = np.searchsorted(all_numbers, value)
    return float(min(all_numbers[max(0, place - 1) : place + 1], key=lambda each: abs(each - value)))


def drawn_of(found: dict[str, Result]) -> Drawn:
    charts = {name: result.figure for name, result in found.items()}
    return {name: (found[name], chart, chart.to_dict()) for name, chart in charts.items() if chart is not None}


@pytest.fixture(scope="module")
def drawn(analysed) -> Drawn:
    run = stores.open_run(analysed.path)
    return drawn_of({name: Result(ANALYSES[name], run.result(name)) for name in run.results})


def test_every_analysis_of_a_run_has_a_figure() -> None:
    assert [name for name, analysis in (ANALYSES | STUDIES).items() if analysis.figure is None] == []


def test_every_number_in_a_chart_is_one_of_its_results(drawn: Drawn) -> None:
    assert set(drawn) >= {"overview", "flips", "drift", "where_first", "instability", "frequency"}
    for name, (result, _, spec) in drawn.items():
        found = numbers(result.data)
        shown = [row[key] for row in data_of(spec) for key in NUMBERS if isinstance(row.get(key), int | float)]
        shown = [value for value in shown if value not in (0, 50, 100)]  # ends of lines that are marked
        assert shown, name
        for value in shown:
            assert math.isclose(nearest(found, value), value, rel_tol=1e-5, abs_tol=1e-9), (name, value)
        assert len(json.dumps(spec)) < 200_000, name


def test_each_point_of_the_overview_is_its_familys(drawn: Drawn) -> None:
    data = drawn["overview"][0].data
    points = {row["label"]: row for row in data_of(drawn["overview"][2]) if "x_low" in row}
    defined = data.ifr.sel(bound="estimate").notnull() & data.drift_percent.sel(bound="estimate").notnull()
    assert set(points) == set(data.family.values[defined.values])
    for name, point in points.items():
        at = data.sel(family=name)
        expected = [*(100 * at.ifr.values), *at.drift_percent.values]
        assert [point[key] for key in NUMBERS[3:]] == pytest.approx(expected, rel=1e-5, nan_ok=True), name
    assert points["white"]["role"] == rows.CONTROL
    assert points["low_light"]["role"] == rows.PERTURBATION
    assert points["all perturbations"]["role"] == rows.UNION


def test_each_cell_of_the_map_of_drift_is_its_layers(drawn: Drawn) -> None:
    data = drawn["drift"][0].data
    cells = [row for row in data_of(drawn["drift"][2]) if "site" in row]
    families = [name for name in data.family.values if name != "clean"]
    values = data.control_percent.sel(bound="estimate", family=families)
    assert len(cells) == int(values.notnull().sum())
    for cell in cells:
        expected = values.sel(family=cell["label"], site_layer=cell["site"]).item()
        assert cell["value"] == pytest.approx(expected, rel=1e-5)


def test_marked_layers_are_the_first_that_pass(drawn: Drawn) -> None:
    data = drawn["where_first"][0].data
    marked = [row for row in data_of(drawn["where_first"][2]) if "mark" in row]
    first = data.first_layer.sel(bound="estimate")
    finite = first.where(np.isfinite(first)).isel(family=data.family.values != "clean")
    assert len(marked) == int(finite.notnull().sum())
    sites = data.site.values.tolist()
    for row in marked:
        site, layer = row["column"].split(".")
        reference = "nearest" if "nearest" in row["mark"] else "mean"
        assert finite.sel(site=sites[int(site)], family=row["label"], reference=reference).item() == float(layer)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    conditions = ("clean", "fog:1", "fog:3", "fog:5", "low_light:1", "low_light:3")
    folder = tmp_path_factory.mktemp("compared")
    paths = [
        error_runs.make(folder / name, {"a": dict(zip(conditions, counts, strict=True))}, size=20)
        for name, counts in {"base": (2, 4, 6, 14, 3, 6), "aligned": (3, 5, 7, 9, 4, 7)}.items()
    ]
    found = studies(compare(paths, pairs="base=aligned", reference=paths[0]))
    return drawn_of({study.name: result for study in found for _, result in study.results()})


def test_studies_of_pairs_are_drawn_with_their_numbers(compared: Drawn) -> None:
    assert set(compared) >= {"by_model", "mce_by_model", "severity_crossovers", "flip_differences", "clean_accuracy"}
    for name, (result, _, spec) in compared.items():
        found = numbers(result.data)
        shown = [row[key] for row in data_of(spec) for key in ("value", "low", "high") if row.get(key)]
        for value in shown:
            assert math.isclose(nearest(found, value), value, rel_tol=1e-5), (name, value)
    assert [row["value"] for row in data_of(compared["flip_differences"][2]) if row.get("label") == "fog"] == [
        pytest.approx(100 * compared["flip_differences"][0].data.difference.sel(family="fog", bound="estimate").item())
    ]


def test_a_crossover_is_a_line_where_the_models_change_places(compared: Drawn) -> None:
    turns = {row["panel"]: row["turn"] for row in data_of(compared["severity_crossovers"][2]) if "turn" in row}
    assert turns == {"fog": 5.0}, "10, 20 and 30 % against 15, 25 and 35 %, then 70 against 45 %; never in low light"


def test_axes_say_what_they_measure_and_in_which_unit(drawn: Drawn, compared: Drawn) -> None:
    unitless = {"layer", "cycles across, j", "cycles down, i"}
    for name, (_, _, spec) in (drawn | compared).items():
        for title in titles(spec):
            assert title in unitless or "[" in title, (name, title)


def titles(value: Any) -> Iterator[str]:
    """The titles of quantitative axes and of the colours' legends."""
    match value:
        case dict():
            for channel, each in value.get("encoding", {}).items() if isinstance(value.get("encoding"), dict) else ():
                if channel in ("x", "y") and each.get("type") == "quantitative" and "title" in each:
                    yield joined(each["title"])
                elif (
                    channel in ("x", "y")
                    and each.get("type") == "quantitative"
                    and "reference" not in str(value["mark"])
                ):
                    assert channel == "y" or each["field"] in ("at", "x", "turn"), each
                if channel == "color" and each.get("type") == "quantitative":
                    yield joined(each["legend"]["title"])
            for each in value.values():
                yield from titles(each)
        case list():
            for each in value:
                yield from titles(each)


def joined(title: str | list[str]) -> str:
    """A title of one line or of several."""
    return title if isinstance(title, str) else " ".join(title)


def test_charts_are_described_for_who_does_not_see_them(drawn: Drawn) -> None:
    for name, (_, _, spec) in drawn.items():
        assert len(spec["description"]) > 20, name


# labels


def crowd(count: int, seed: int) -> placement.Plane:
    rng = np.random.default_rng(seed)
    points = [(float(x), float(y)) for x, y in rng.uniform(0.03, 0.6, (count, 2))]
    texts = [f"family_{k}_{'long' * int(rng.integers(0, 4))}" for k in range(count)]
    return placement.Plane(points, texts, plane.WIDTHS, plane.HEIGHT, plane.TYPE)


@pytest.mark.parametrize("seed", range(4))
def test_labels_do_not_overlap_at_any_width(seed: int) -> None:
    crowded = crowd(16, seed)
    places = placement.places(crowded)
    for width in plane.WIDTHS:
        boxes = [crowded.box(k, place, width) for k, place in enumerate(places)]
        for k, one in enumerate(boxes):
            assert one.left >= 0
            assert one.right <= width
            assert [other for other in boxes[:k] if one.overlap(other) > 0] == []
    assert placement.places(crowded) == places


def test_labels_of_the_overview_do_not_overlap(drawn: Drawn) -> None:
    spec = drawn["overview"][2]
    made = [row for row in data_of(spec) if "dx" in row]
    x, y = (domain(spec, channel) for channel in "xy")
    for width in plane.WIDTHS:
        boxes = [
            placement.box(
                width * (row["x"] - x[0]) / (x[1] - x[0]),
                plane.HEIGHT * (1 - (row["y"] - y[0]) / (y[1] - y[0])),
                placement.Place(row["dx"], row["dy"], row["align"]),
                placement.width_of(row["label"], plane.TYPE),
                plane.TYPE,
            )
            for row in made
        ]
        assert [(k, m) for k, one in enumerate(boxes) for m in range(k) if one.overlap(boxes[m]) > 0] == []


def domain(spec: dict[str, Any], channel: str) -> list[float]:
    scales = [layer["encoding"].get(channel, {}).get("scale", {}) for layer in spec["layer"]]
    return next(scale["domain"] for scale in scales if "domain" in scale)


def test_names_of_sites_do_not_overlap() -> None:
    order = heat_maps.domain([f"{site}.{layer}" for site in range(4) for layer in range(1 + 5 * (site % 2))])
    first = {f"tower{site}.layers[*]:patches": f"{site}.0" for site in range(4)}
    cell = heat_maps.NARROWEST / len(order)
    spans = []
    for each in heat_maps.headings(first, order):
        wide = placement.width_of(each.name, heat_maps.TYPE)
        start = heat_maps.NARROWEST - wide if each.at_edge else order.index(each.column) * cell
        assert start + wide <= heat_maps.NARROWEST
        assert [
            other for other in spans if other[0] == each.level and other[1] < start + wide and start < other[2]
        ] == []
        spans.append((each.level, start, start + wide))


def test_names_that_look_alike_stay_apart() -> None:
    long = ["x" * 100 + "a" + "y" * 100, "x" * 100 + "b" + "y" * 100]
    shown = words.distinct(long)
    assert len(set(shown.values())) == 2
    values = xr.DataArray([0.25, 0.5], coords={"family": long})
    spec = intervals.chart({"": values}, along="family", axis="share [%]", about="two").to_dict()
    assert sorted(row["value"] for row in data_of(spec)) == [0.25, 0.5]
    assert len({row["label"] for row in data_of(spec)}) == 2


# what is undefined, and what is too much


def test_what_is_undefined_is_not_drawn() -> None:
    values = xr.DataArray(
        [[0.5, np.nan, np.nan], [np.nan] * 3, [np.inf] * 3],
        coords={"family": ["a", "b", "c"], "bound": ["estimate", "low", "high"]},
    )
    (row,) = data_of(intervals.chart({"": values}, along="family", axis="share [%]", about="one").to_dict())
    assert (row["label"], row["value"], row["low"], row["high"]) == ("a", 0.5, None, None)
    nothing = values.isel(family=[1])
    assert intervals.chart({"": nothing}, along="family", axis="share [%]", about="none") is None
    assert bars.chart(nothing, along="family", axis="share [%]", about="none") is None
    assert curves.chart({"": nothing}, curves.Axes("x [1]", "y [1]"), along="family", about="none") is None


def test_a_chart_of_too_many_numbers_is_refused() -> None:
    with pytest.raises(ValueError, match="a chart of 5000 numbers: it shows at most 4000"):
        rows.of(xr.DataArray(np.zeros(5000), dims="sample"))


def test_of_very_many_layers_some_are_shown() -> None:
    names = [f"language.layers[{k}]:image" for k in range(300)]
    coords = {"site_layer": names, "family": ["a", "b"], "site": ("site_layer", ["language.layers[*]:image"] * 300),
              "layer_number": ("site_layer", np.arange(300))}  # fmt: skip
    values = xr.DataArray(np.ones((300, 2)), dims=("site_layer", "family"), coords=coords)
    cells = [
        row for row in data_of(heat_maps.chart(values, legend="drift [%]", about="deep").to_dict()) if "site" in row
    ]
    shown = sorted({int(row["column"].split(".")[1]) for row in cells})
    assert (len(shown), shown[0], shown[-1]) == (96, 0, 299)


# files


def width_of(svg: str) -> float:
    return float(svg.partition(' width="')[2].partition('"')[0])


def test_every_figure_is_as_wide_as_a_column(drawn: Drawn, compared: Drawn) -> None:
    for name, (_, chart, _) in (drawn | compared).items():
        assert width_of(files.svg(chart)) == pytest.approx(themes.PAPER_WIDTH, abs=2), name


def test_the_same_chart_gives_the_same_bytes_with_fonts(drawn: Drawn) -> None:
    chart = drawn["overview"][1]
    assert files.svg(chart) == files.svg(chart)
    first = files.pdf(chart)  # with half-transparent lines, and axes of the same font
    assert first.startswith(b"%PDF-")
    assert b"/FontFile" in first
    assert b"STIXGeneral" in first
    assert all(files.pdf(chart) == first for _ in range(3))


def test_small_multiples_wrap_where_a_place_is_narrow() -> None:
    spec = {"facet": {}, "columns": 4, "spec": {"width": 110, "height": 110}}
    assert fitting.in_columns(spec, 680)["columns"] == 4
    assert fitting.in_columns(spec, 300)["columns"] == 3
    assert fitting.in_columns(spec, 20)["columns"] == 1


def test_themes_alone_hold_colours(drawn: Drawn) -> None:
    for name, (_, _, spec) in drawn.items():
        text = json.dumps(spec | {"datasets": {}, "config": {}})
        colours = {each[:7] for each in text.split('"') if each.startswith("#")}
        assert colours <= {"#ffffff", "#000000", "#808080"}, name  # signs on any colour
