"""Comparing runs: what is shared, refusals, numbers by hand, independence of order, nan where there is too little."""

import json
import warnings
from pathlib import Path

import error_runs
import numpy as np
import pytest
import xarray as xr
from click.testing import CliRunner, Result
from scipy.stats import permutation_test

import stores
from analyses.corruption import SmallDenominator
from probe.cli import main
from probe.comparison import (
    Comparison,
    clean_accuracy,
    compare,
    corruption_errors,
    kept,
    mce_by_model,
    mean_corruption_errors,
    severity_crossovers,
    studies,
    transitions,
)
from probe.comparison.output import notes

CONDITIONS = ("clean", "fog:1", "fog:3", "fog:5", "low_light:2")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def counts(*numbers: int, conditions: tuple[str, ...] = CONDITIONS) -> dict[str, int]:
    """Wrong answers under each condition."""
    return dict(zip(conditions, numbers, strict=True))


def two(folder: Path, base: dict, aligned: dict, **settings) -> Comparison:
    paths = [
        error_runs.make(folder / "base", base, **settings),
        error_runs.make(folder / "aligned", aligned, **settings),
    ]
    return compare(paths)


def only(values: xr.DataArray, **at: object) -> float:
    """The one number at these labels."""
    chosen = values.sel({name: label for name, label in at.items() if name in values.dims})
    return chosen.sel(bound="estimate").item() if "bound" in chosen.dims else chosen.item()


def test_ce_sums_over_the_severities_that_a_corruption_has(tmp_path: Path) -> None:
    compared = two(tmp_path, {"a": counts(2, 4, 6, 10, 5)}, {"a": counts(4, 5, 5, 5, 10)}, size=20)
    made = corruption_errors.compute(compared)
    assert made is not None
    at = {"pair": "base → aligned", "dataset": "a"}
    assert only(made.within_pair, corruption="fog", **at) == pytest.approx(15 / 20)  # (5 + 5 + 5) / (4 + 6 + 10)
    assert only(made.within_pair, corruption="low_light", **at) == pytest.approx(10 / 5)
    # relative: (15 - 3 * 4) / (20 - 3 * 2), (10 - 4) / (5 - 2)
    assert only(made.relative_ce, corruption="fog", **at) == pytest.approx(3 / 14)
    assert only(made.relative_ce, corruption="low_light", **at) == pytest.approx(2)
    mean = mean_corruption_errors.compute(compared)
    assert mean is not None
    assert only(mean.relative_mce_within_pair, **at) == pytest.approx((0.75 + 2) / 2)
    assert "relative_mce_global" not in mean, "there is no reference"


def test_macro_is_the_mean_of_the_datasets_ratios_and_not_the_ratio_of_their_means(tmp_path: Path) -> None:
    base = {"a": counts(2, 4, 4, 4, 4), "b": counts(2, 16, 16, 16, 16)}
    aligned = {"a": counts(2, 8, 8, 8, 8), "b": counts(2, 12, 12, 12, 12)}
    mean = mean_corruption_errors.compute(two(tmp_path, base, aligned, size=20))
    assert mean is not None
    # 2 and 3/4; of the means it would be 20 / 20
    assert mean.relative_mce_within_pair.sel(bound="estimate").values.ravel().tolist() == pytest.approx(
        [2, 0.75, 1.375]
    )


def test_mce_and_mcr_against_a_further_run_and_their_ratio(tmp_path: Path) -> None:
    paths = [
        error_runs.make(tmp_path / name, {"a": counts(2, *errors)}, size=20)
        for name, errors in (("base", (8, 8, 8, 6)), ("aligned", (4, 4, 4, 9)), ("third", (8, 8, 16, 12)))
    ]
    compared = compare(paths[:2], reference=paths[2])
    made = mean_corruption_errors.compute(compared)
    assert made is not None
    # fog 24/32 and low light 6/12; 12/32 and 9/12
    assert only(made.base_mce, dataset="a") == pytest.approx((0.75 + 0.5) / 2)
    assert only(made.aligned_mce, dataset="a") == pytest.approx((0.375 + 0.75) / 2)
    assert only(made.aligned_mcr, dataset="a") == pytest.approx(1 - 0.5625)
    assert only(made.relative_mce_global, dataset="a") == pytest.approx(0.5625 / 0.625)
    assert only(made.relative_mce_within_pair, dataset="a") == pytest.approx((0.5 + 1.5) / 2)
    assert [pair.name for pair in compared.pairs] == ["base → aligned"], "the reference is in no pair"
    of_runs = mce_by_model.compute(compared)
    assert of_runs is not None
    assert only(of_runs.mcr, run="base", dataset="a") == pytest.approx(1 - 0.625)
    # (24 - 3 * 2) / (32 - 3 * 2)
    assert only(of_runs.relative_ce, run="base", dataset="a", corruption="fog") == pytest.approx(18 / 26)
    assert only(of_runs.relative_ce, run="third", dataset="a", corruption="fog") == 1


def test_alexnet_is_the_reference_where_all_five_severities_of_its_corruptions_are_there(tmp_path: Path) -> None:
    conditions = ("clean", *(f"fog:{step}" for step in range(1, 6)))
    base, aligned = ({"a": counts(0, *[errors] * 5, conditions=conditions)} for errors in (10, 5))
    compared = two(tmp_path, base, aligned, size=20)
    made = mean_corruption_errors.compute(compared)
    assert made is not None
    assert compared.measured_against == "AlexNet"
    assert only(made.base_mce, dataset="a") == pytest.approx(0.5 / 0.819324)  # its mean error under fog
    assert only(made.relative_mce_global, dataset="a") == pytest.approx(0.5)


def test_a_base_that_hardly_errs_gives_nan_and_a_warning_that_names_the_corruption(tmp_path: Path) -> None:
    compared = two(tmp_path, {"a": counts(2, 4, 4, 4, 0)}, {"a": counts(2, 4, 4, 4, 4)}, size=20)
    with pytest.warns(SmallDenominator, match="corruption='low_light'"):
        made = corruption_errors.compute(compared)
    assert made is not None
    assert np.isnan(made.within_pair.sel(corruption="low_light")).all()
    assert only(made.within_pair, corruption="fog", dataset="a", pair="base → aligned") == 1
    mean = mean_corruption_errors.compute(compared)
    assert mean is not None
    assert np.isnan(mean.relative_mce_within_pair).all(), "a mean over fewer corruptions is another quantity"


def test_accuracy_and_its_p_are_those_of_scipy(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    wrong = [rng.integers(0, 2, 24).tolist() for _ in range(2)]
    runs = ({"a": {"clean": each, "fog:1": each}} for each in wrong)
    compared = two(tmp_path, *runs, size=24, samples_of_image=2)
    made = clean_accuracy.compute(compared)
    assert made is not None
    difference = np.array(wrong[0]) - np.array(wrong[1])  # wrong base - wrong aligned = right aligned - right base
    assert only(made.difference, dataset="a") == pytest.approx(difference.mean())
    of_images = difference.reshape(12, 2).sum(axis=1)
    scipy = permutation_test(
        (of_images, np.zeros(12)), lambda x, y, axis: (x - y).sum(axis=axis), permutation_type="samples",
        vectorized=True, n_resamples=np.inf,
    )  # fmt: skip
    assert made.difference_p.item() == pytest.approx(scipy.pvalue)


def test_numbers_do_not_depend_on_the_order_of_samples_conditions_and_further_runs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    chosen = {
        name: {c: (rng.random(20) < (0.1 if c == "clean" else 0.6)).astype(int).tolist() for c in CONDITIONS}
        for name in ("base", "aligned", "third")
    }
    turned = dict(reversed(chosen["aligned"].items()))
    first = [
        error_runs.make(tmp_path / "1" / name, {"a": of}, size=20, samples_of_image=2) for name, of in chosen.items()
    ]
    order = rng.permutation(20).tolist()
    mixed = {**chosen, "aligned": {"clean": turned.pop("clean"), **turned}}
    second = [
        error_runs.make(tmp_path / "2" / name, {"a": of}, size=20, samples_of_image=2, order=order)
        for name, of in reversed(mixed.items())
    ]
    one, other = (studies(compare(paths, pairs="base=aligned")) for paths in (first, second))
    assert [study.name for study in one] == [study.name for study in other]
    for ours, theirs in zip(one, other, strict=True):
        labels = {dim: ours.data[dim].values for dim in ours.data.dims if dim in ours.data.coords}
        for name, values in ours.data.data_vars.items():
            if values.dtype.kind == "f":
                same = theirs.data[name].sel({d: labels[d] for d in values.dims}).transpose(*values.dims)
                np.testing.assert_allclose(values, same, atol=1e-12, err_msg=f"{ours.name}: {name}")


def test_runs_are_cut_to_what_they_share_and_that_is_said(tmp_path: Path) -> None:
    base = error_runs.make(tmp_path / "base", {"a": counts(2, 4, 6, 10, 5)}, size=20, leave=("a-0000", "a-0019"))
    fewer = {"a": counts(4, 5, 5, conditions=("clean", "fog:1", "fog:3"))}
    aligned = error_runs.make(tmp_path / "aligned", fewer, size=20)
    compared = compare([base, aligned])
    assert notes(compared)[:3] == [
        "Compared: base, aligned on 18 images, 18 questions, 3 conditions.",
        "Compared on the 18 samples that all runs have: aligned loses 2 of 20.",
        "Compared on the 3 conditions that all runs have: base loses 2 of 5.",
    ]
    made = corruption_errors.compute(compared)
    assert made is not None
    # question 0, wrong everywhere, and 19, right everywhere, are gone: (4 + 4) / (3 + 5)
    assert only(made.within_pair, corruption="fog") == 1


def test_an_answer_that_one_run_lacks_counts_for_no_run(tmp_path: Path) -> None:
    lacking = {"clean": [1] * 4 + [0] * 16, "fog:1": [-1] * 2 + [1] * 4 + [0] * 14}
    compared = two(tmp_path, {"a": lacking}, {"a": {"clean": 4, "fog:1": 8}}, size=20)
    made = corruption_errors.compute(compared)
    assert made is not None
    assert only(made.within_pair) == pytest.approx(6 / 4)  # of 18: 8 - 2 over 4
    assert "2 answers are undefined in at least one run, and left out of all." in notes(compared)


def test_a_question_that_one_run_never_answers_is_counted_too(tmp_path: Path) -> None:
    lacking = {"clean": [-1] * 3 + [0] * 17, "fog:1": [-1] * 3 + [1] * 17}
    compared = two(tmp_path, {"a": lacking}, {"a": {"clean": 4, "fog:1": 8}}, size=20)
    assert "6 answers are undefined in at least one run, and left out of all." in notes(compared)


@pytest.mark.parametrize(
    ("theirs", "message"),
    [
        (
            {"b": counts(1, 1, 1, 1, 1)},
            "no sample in common: one has 8 of a (a-0000, a-0001, a-0002, …); two has 8 of b",
        ),
        ({"a": {"fog:1": 3}}, "no clean condition in common"),
    ],
)
def test_runs_that_share_nothing_are_refused(tmp_path: Path, theirs: dict, message: str) -> None:
    one = error_runs.make(tmp_path / "one", {"a": counts(1, 1, 1, 1, 1)}, size=8)
    two_ = error_runs.make(tmp_path / "two", theirs, size=8)
    result = run("compare", str(one), str(two_))
    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"question": "Why?"}, "has another question in one than in two: 'What?' against 'Why?'."),
        ({"options": ("no", "yes")}, "has another options in one than in two: ('yes', 'no') against ('no', 'yes')."),
        ({"answer": "no"}, "has another answer in one than in two: 'yes' against 'no'."),
        ({"dataset": "pope"}, "has another dataset in one than in two: 'made' against 'pope'."),
    ],
)
def test_one_id_for_two_questions_is_refused(tmp_path: Path, changed: dict, message: str) -> None:
    asked = {"question": "What?", "answer": "yes", "options": ("yes", "no"), "dataset": "made"}
    for name, of_run in (("one", asked), ("two", asked | changed)):
        row = stores.SampleRow("s", 0, kind="yesno", **of_run)
        layout = stores.Layout(1, ("i",), (row,), (error_runs.condition("clean"),))
        stores.create(tmp_path / name, layout, plan=stores.hashed({"name": name, "settings": {}}), provenance={})
        writer = stores.Writer(tmp_path / name, layout)
        for unit in layout.units():
            writer.commit(unit, layout.blank(unit), report={})
    with pytest.raises(ValueError, match="sample 's'") as caught:
        compare([tmp_path / "one", tmp_path / "two"])
    assert message in str(caught.value)


def test_pairs_are_named_by_path_or_folder_and_wrong_ones_are_refused(tmp_path: Path) -> None:
    paths = [error_runs.make(tmp_path / name, {"a": {"clean": 2}}, size=4) for name in ("one", "two", "three")]
    assert compare(paths).pairs == ()
    named = compare(paths, pairs=f"one=two,{paths[0]}=three").pairs
    assert [pair.name for pair in named] == ["one → two", "one → three"]
    for text, message in (
        ("one", "--pairs 'one' is no pair. Write base=aligned"),
        ("one=for", "--pairs names 'for', which is none of the runs."),
        ("one=one", "--pairs 'one=one' pairs a run with itself."),
    ):
        with pytest.raises(ValueError, match=message):
            compare(paths, pairs=text)
    with pytest.raises(ValueError, match="is given twice"):
        compare([paths[0], paths[0]])
    with pytest.raises(ValueError, match="1 run to compare"):
        compare(paths[:1])


def test_transitions_count_who_is_right_and_the_same_wrong_answer_is_agreement(tmp_path: Path) -> None:
    base = {"clean": 0, "fog:1": [0, 0, 0, 0, 1, 1, 1, 2]}
    aligned = {"clean": 0, "fog:1": [0, 0, 0, 1, 0, 0, 1, 1]}
    made = transitions.compute(two(tmp_path, {"a": base}, {"a": aligned}, size=8))
    assert made is not None
    fog = made.sel(family="fog", bound="estimate").squeeze("pair")
    shares = [fog[name].item() for name in ("both_right", "base_only", "aligned_only", "both_wrong", "agreement")]
    assert shares == [3 / 8, 1 / 8, 2 / 8, 2 / 8, 4 / 8]
    # three images differ, by -1, +1 and +1: of 8 patterns of their signs 6 have a sum of at most 1 and all at least 1
    assert made.right_p.sel(family="fog").item() == 1


def test_curves_begin_on_clean_images_and_cross_where_the_better_becomes_the_worse(tmp_path: Path) -> None:
    made = severity_crossovers.compute(
        two(tmp_path, {"a": counts(4, 6, 8, 10, 5)}, {"a": counts(2, 4, 8, 12, 3)}, size=20)
    )
    assert made is not None
    fog = made.squeeze(("pair", "dataset")).sel(corruption="fog")
    assert fog.base.sel(bound="estimate").dropna("severity").values.tolist() == [0.2, 0.3, 0.4, 0.5]
    assert fog.crossover.item() == 5
    assert np.isnan(made.crossover.sel(corruption="low_light")).all()
    assert np.isnan(made.advantage_p.sel(severity=0)).all()


def test_p_values_are_adjusted_over_the_whole_table(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    runs = [
        {name: {c: (rng.random(20) < (0.1 if c == "clean" else 0.6)).astype(int).tolist() for c in CONDITIONS}
         for name in ("a", "b")}
        for _ in range(2)
    ]  # fmt: skip
    made = corruption_errors.compute(two(tmp_path, *runs, size=20))
    assert made is not None
    p = np.sort(made.error_p.values.ravel())
    assert made.attrs["tests"] == p.size == 6  # two datasets and their macro, two corruptions
    expected = [min(p[j] * p.size / (j + 1) for j in range(k, p.size)) for k in range(p.size)]
    np.testing.assert_allclose(np.sort(made.error_adjusted_p.values.ravel()), expected)


def test_small_and_large_are_told_by_their_parameters_or_said_to_be_unknown(tmp_path: Path) -> None:
    wrong = {"a": {"clean": 2, "fog:1": 6}}
    paths = [
        error_runs.make(tmp_path / name, wrong, size=20, parameters=count)
        for name, count in (("large", 12_000_000), ("unknown", None), ("small", 4_000_000))
    ]
    (sizes, *_) = studies(compare(paths))
    assert sizes.data.run.values.tolist() == ["small", "large", "unknown"]
    ((_, result),) = sizes.results()
    assert [cells[0].estimate for _, cells in result.rows] == ["4.0", "12.0", "–"]
    assert result.findings == (
        "Answers of the largest model (large, 12.0 million parameters) do not flip distinguishably more or less often "
        "than those of the smallest (small, 4.0 million): +0.0 [+0.0, +0.0] points.",
    )


def test_a_kept_comparison_is_a_run_that_gives_the_same_tables_again(tmp_path: Path) -> None:
    base, aligned = (
        error_runs.make(tmp_path / name, {"a": counts(*numbers)}, size=20)
        for name, numbers in (("base", (2, 4, 6, 10, 5)), ("aligned", (4, 5, 5, 5, 10)))
    )
    out = str(tmp_path / "kept")
    command = ("compare", str(base), str(aligned), "-o", out, "--csv", str(tmp_path / "csv"))
    assert run(*command).exit_code == 0
    opened = stores.open_run(out)
    assert opened.complete
    assert only(opened.result("mean_corruption_errors").relative_mce_within_pair) == pytest.approx(1.375)
    made = [(pair, result) for study in studies(compare([base, aligned])) for pair, result in study.results()]
    read = [(pair, result) for study in kept.read(Path(out)) for pair, result in study.results()]
    assert [(pair, result.rows, result.findings) for pair, result in made] == [
        (pair, result.rows, result.findings) for pair, result in read
    ]
    assert stores.verify(out) == []
    assert "base base, aligned aligned" in run("info", out).output
    assert "mireku" in run("cite", out).output
    for refused in (("analyze", out), ("info", out, "--samples"), ("compare", out, str(base))):
        assert "is a comparison of runs" in run(*refused).output
    assert run(*command).exit_code == 0, "the same comparison replaces its results"
    other = run("compare", str(aligned), str(base), "-o", out)
    assert other.exit_code == 2
    assert "already contains another comparison" in other.output
    assert (tmp_path / "csv" / "transitions_by_pair_family_bound.csv").is_file()


def test_json_holds_every_pair_and_undefined_is_null(tmp_path: Path) -> None:
    paths = [error_runs.make(tmp_path / name, {"a": counts(2, 4, 4, 4, k)}, size=20) for k, name in enumerate("xyz")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SmallDenominator)
        result = run("compare", *map(str, paths), "--pairs", "x=y,x=z", "--json")
    shown = json.loads(result.stdout)
    assert [(pair["base"], pair["aligned"]) for pair in shown["pairs"]] == [("x", "y"), ("x", "z")]
    within = shown["pairs"][0]["results"]["corruption_errors"]["data"]["data_vars"]["within_pair"]["data"]
    assert within == [[[1.0, 1.0, 1.0], [None, None, None]]]  # low light: of no errors
