"""Laws of a whole run's analysis: no order matters, no control changes a row, what is degenerate is told as it is."""

import functools
import io
import re
import warnings
from dataclasses import replace
from pathlib import Path

import made_run
import numpy as np
import pytest
import shared
import xarray as xr
from made_run import CLEAN, CONDITIONS, CONTROLS, Made
from rich.console import Console
from sklearn.metrics import roc_auc_score

from analyses import statistics
from probe import analyze as verb
from probe.results import Evidence, Result, analyze
from probe.results.sentences import Sentence

NUMBER = r"-?\d+(?:\.\d+)?"
WORLD = made_run.world(10)
SOME = tuple(row for row in CONDITIONS if row.family in ("clean", "translation", "low_light"))


def results(made: Made, path: Path) -> dict[str, Result]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = analyze(Evidence(made_run.write(path, made)))
        verb.show(found, Console(file=io.StringIO()))
    return {result.name: result for result in found}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    return results(WORLD, tmp_path_factory.mktemp("plain") / "run")


def assert_same_numbers(one: dict[str, Result], other: dict[str, Result]) -> None:
    """Every variable that the first has, at the labels that it has, and every sentence."""
    assert one.keys() <= other.keys()
    for name, result in one.items():
        for variable, values in result.data.data_vars.items():
            theirs = other[name].data[variable]
            at = {dim: values[dim].values for dim in values.dims if dim in values.coords}
            assert set(values.dims) == set(theirs.dims), (name, variable)
            same = theirs.sel(at).transpose(*values.dims).reset_coords(drop=True)
            np.testing.assert_allclose(
                values.astype(float), same.astype(float), rtol=1e-6, atol=1e-9, err_msg=f"{name}.{variable}"
            )


def shuffled(made: Made, seed: int) -> Made:
    """The same run with its samples, options, images and conditions in another order."""
    rng = np.random.default_rng(seed)
    images = rng.permutation(len(made.images))
    where = {int(old): new for new, old in enumerate(images)}
    rows = [
        replace(
            row,
            image_index=where[row.image_index],
            options=tuple(row.options[place] for place in rng.permutation(len(row.options))),
        )
        for row in (made.samples[place] for place in rng.permutation(len(made.samples)))
    ]
    conditions = [CLEAN, *(made.conditions[1:][place] for place in rng.permutation(len(made.conditions) - 1))]
    return replace(
        made, samples=tuple(rows), images=tuple(made.images[k] for k in images), conditions=tuple(conditions)
    )


def test_no_order_of_samples_images_or_conditions_and_of_no_options_changes_a_number(
    plain: dict[str, Result], tmp_path: Path
) -> None:
    without = replace(WORLD, conditions=(*SOME, *(c for c in CONDITIONS if c.family in ("low_pass", "gaussian_noise"))))
    # no overlay: it writes the letter of an option, so that another order of options is another picture
    ordered = results(without, tmp_path / "ordered")
    other = results(shuffled(without, 1), tmp_path / "shuffled")
    assert_same_numbers(ordered, other)
    for name, result in ordered.items():
        for mine, theirs in zip(sorted(result.findings), sorted(other[name].findings), strict=True):
            assert re.sub(NUMBER, "#", mine) == re.sub(NUMBER, "#", theirs)
            numbers = [[float(each) for each in re.findall(NUMBER, text)] for text in (mine, theirs)]
            np.testing.assert_allclose(numbers[0], numbers[1], atol=0.11)  # the last digit may round otherwise
    assert plain.keys() == ordered.keys()


def test_a_control_changes_no_other_row_no_union_and_no_sentence(plain: dict[str, Result], tmp_path: Path) -> None:
    with_controls = made_run.world(10, conditions=(*CONDITIONS, *CONTROLS))
    other = results(with_controls, tmp_path / "run")
    assert_same_numbers(plain, other)
    assert "priors" in other
    for name, result in plain.items():
        mine, theirs = result.findings, other[name].findings
        if name == "contrastive_decoding":  # which then has more to take away, and counts it
            theirs = theirs[: len(mine)]
        if name == "instability":  # which then says how far another image goes
            mine, theirs = (
                tuple(re.sub(r", another image [^(]*%(?: \[[^]]*\])?", "", one) for one in each)
                for each in (mine, theirs)
            )
        assert mine == theirs, name
    names = {row.family for row in CONTROLS}
    for result in other.values():
        said = " ".join(result.findings)
        assert not [control for control in names if f"under {control}" in said], said


def test_samples_that_ask_the_same_of_the_same_images_have_iv_of_at_least_ifr(plain: dict[str, Result]) -> None:
    data = plain["overview"].data
    whole = [name for name in data.family.values if name not in ("clean", *data.attrs["kinds"])]
    at = data.sel(family=whole, bound="estimate")
    assert (at.iv >= at.ifr - 1e-12).all()
    assert (at.iv >= at.iv_at_k - 1e-12).all()
    for family, kinds in data.attrs["kinds"].items():
        by_kind = data.sel(family=family, kind=kinds, bound="estimate")
        assert (by_kind.iv_by_kind >= by_kind.ifr_by_kind - 1e-12).all()
    assert "text_overlay.semantic" in data.attrs["kinds"]
    rows = dict(plain["overview"].rows)
    assert {f"text_overlay.semantic: {kind}" for kind in ("mcq", "yesno", "safety")} <= rows.keys()


def test_a_rate_by_kind_has_the_pairs_of_that_kind_alone(plain: dict[str, Result], tmp_path: Path) -> None:
    of_kind = replace(WORLD, samples=tuple(row for row in WORLD.samples if row.kind == "yesno"))
    (alone,) = (each.data for each in analyze(Evidence(made_run.write(tmp_path / "run", of_kind)), ["overview"]))
    both = plain["overview"].data.sel(kind="yesno")
    for name in ("ifr", "iv", "accuracy", "margin_erosion"):
        for family in ("text_overlay.semantic", "low_light"):
            np.testing.assert_allclose(both[f"{name}_by_kind"].sel(family=family), alone[name].sel(family=family))


def test_unions_and_their_families_are_listed(plain: dict[str, Result]) -> None:
    listed = plain["overview"].unions
    assert any(line.startswith("invariance: translation, scale, text_overlay.semantic") for line in listed)
    everything = next(line for line in listed if line.startswith(statistics.ALL))
    assert "text_overlay.own" not in everything
    assert "white" not in everything
    rows = dict(plain["overview"].rows)
    assert f"{statistics.ALL}: mean of families" in rows


def degenerate(name: str) -> Made:
    made = made_run.world(2 if name == "two images" else 1 if name == "one image" else 6, conditions=SOME)
    if name == "none flipped":
        return made_run.world(6, conditions=SOME, push=0.0)
    if name == "all flipped":
        worst = {
            (sample, condition): {option: -nats for option, nats in made.scores[sample, "clean"].items()}
            for sample, condition in made.scores
            if condition != "clean"
        }
        return replace(made, scores={**made.scores, **worst})
    return replace(made, silent=frozenset(row.sample_id for row in made.samples)) if name == "all undefined" else made


DEGENERATE = ("one image", "two images", "none flipped", "all flipped", "all undefined")


@functools.cache
def of_degenerate(name: str) -> dict[str, Result]:
    found: dict[str, Result] = {}

    def make(folder: Path) -> None:
        found.update(results(degenerate(name), folder / "run"))

    path = shared.folder(f"degenerate {name}", make)
    return found or {result.name: result for result in analyze(Evidence(made_run.stores.open_run(path / "run")))}


@pytest.mark.parametrize("name", DEGENERATE)
def test_what_is_degenerate_is_told_as_it_is(name: str) -> None:
    found = of_degenerate(name)
    for result in found.values():
        for sentence in result.findings:
            assert isinstance(sentence, Sentence), "every sentence is made by `say`"
            assert not re.search(r"\bnan\b|\binf\b|– ?%|\[nan|none\]? nats", sentence), sentence
            few = {"one image": "(of one image", "two images": "(of 2 images only)"}.get(name, "(of 6 images only)")
            assert few in sentence, sentence
            if name == "one image" and "Hidden" not in sentence:
                assert "includes 0" not in sentence
                assert "most under" not in sentence
        for _, cells in result.rows:
            assert not [cell for cell in cells if "nan" in cell.estimate + cell.interval]


def test_of_one_image_nothing_is_compared_and_no_interval_is_that_of_a_mean() -> None:
    overview = of_degenerate("one image")["overview"].data
    assert overview.margin_erosion.sel(bound=["low", "high"]).isnull().all()
    low, high = overview.accuracy.sel(family="clean", bound=["low", "high"]).values
    assert high - low > 0.5, "one image is worth one trial"


def test_where_nothing_flips_rates_are_0_with_an_interval_and_what_divides_by_flips_is_undefined() -> None:
    found = of_degenerate("none flipped")
    pooled = found["overview"].data.sel(family=statistics.ALL)
    assert pooled.ifr.sel(bound="estimate") == 0
    np.testing.assert_allclose(pooled.ifr.sel(bound="high"), statistics.wilson(0.0, 6)[1])
    assert np.isnan(found["instability"].data.drift_auroc).all()
    assert not [sentence for sentence in found["instability"].findings if "AUROC" in sentence]
    assert not [sentence for sentence in found["overview"].findings if "flip most" in sentence]


def test_where_everything_flips_nothing_is_hidden() -> None:
    found = of_degenerate("all flipped")
    assert found["overview"].data.ifr.sel(family=statistics.ALL, bound="estimate") == 1
    assert found["instability"].data.nearer.isnull().all()
    assert found["instability"].data.hidden.isnull().all()
    assert not [sentence for sentence in found["instability"].findings if "Hidden" in sentence]


def test_where_nothing_is_defined_every_cell_is_a_dash() -> None:
    found = of_degenerate("all undefined")
    assert "margins" not in found, "without scores there are none"
    for name in ("overview", "flips"):
        for label, cells in found[name].rows:
            texts = {cell.estimate for cell in cells}
            assert texts <= {"–"} or name == "overview", (name, label, texts)
        for family in found[name].data.family.values:
            answers = {"overview": "ifr", "flips": "ifr"}[name]
            assert found[name].data[answers].sel(family=family).isnull().all()
    said = [sentence for result in found.values() for sentence in result.findings]
    assert not [sentence for sentence in said if sentence.startswith(("Outside", "Accuracy", "Margins"))]


def test_the_default_control_is_one_for_all_sites_and_follows_the_questions(tmp_path: Path) -> None:
    few = replace(WORLD, conditions=SOME)
    apart = replace(few, samples=tuple(replace(row, question=row.sample_id) for row in few.samples))
    for made, sampling in ((few, "other_image_same_prompt"), (apart, "other_sample")):
        evidence = Evidence(made_run.write(tmp_path / sampling, made))
        (result,) = analyze(evidence, ["drift"])
        assert evidence.sampling == sampling
        np.testing.assert_array_equal(result.data.control_percent, result.data.percent.sel(control=sampling))
        assert evidence.scale in result.meaning
        best = result.data.overall.sel(bound="estimate")
        expected = result.data.control_percent.sel(family=statistics.ALL, bound="estimate")
        xr.testing.assert_allclose(best.drop_vars("bound"), expected.drop_vars(["bound", "family"]).rename("overall"))


def test_a_yardstick_that_also_changes_the_question_would_rank_the_sites_otherwise(tmp_path: Path) -> None:
    made = replace(WORLD, conditions=SOME)
    (result,) = analyze(Evidence(made_run.write(tmp_path / "run", made)), ["drift"])
    percent = result.data.percent.sel(family=statistics.ALL, bound="estimate")
    # states at language sites differ by question too: against another one they seem to move less than vision's
    other, same = (percent.sel(control=name) for name in ("other_sample", "other_image_same_prompt"))
    assert str(other.site_layer[int(other.argmax("site_layer"))].item()).startswith("vision")
    assert str(same.site_layer[int(same.argmax("site_layer"))].item()).startswith("language")
    assert "drift is" in result.findings[0]
    assert "language.layers" in result.findings[0].partition(":")[0]


def test_erosion_of_pairs_that_differ_by_chance_alone_is_nothing_by_the_references_that_are_tested(
    tmp_path: Path,
) -> None:
    made = made_run.world(80, conditions=(CLEAN, *(row for row in CONDITIONS if row.family == "gaussian_noise")))
    # clean is one more draw like the others: clean and perturbed are exchangeable
    rng = np.random.default_rng(3)
    noisy = {
        key: {name: nats + rng.normal() for name, nats in made.scores[key[0], "clean"].items()} for key in made.scores
    }
    (result,) = analyze(Evidence(made_run.write(tmp_path / "run", replace(made, scores=noisy))), ["overview"])
    at = result.data.sel(family=statistics.ALL)
    assert at.margin_erosion.sel(bound="low") > 0, "its reference was chosen on the clean scores"
    for name in ("answer_erosion", "erosion_beyond_chance"):
        low, high = at[name].sel(bound=["low", "high"]).values
        assert low < 0 < high, name
    assert any("the interval includes 0" in sentence for sentence in result.findings)


def test_the_change_of_energy_tells_flips_by_its_size_too(plain: dict[str, Result], tmp_path: Path) -> None:
    evidence = Evidence(made_run.write(tmp_path / "run", WORLD))
    energy = evidence.stored("vision.layers[2]:patches").dirichlet.sel(layer=2).load()
    change = evidence.perturbed(evidence.split(evidence.to_samples(energy - energy.sel(condition="clean", drop=True))))
    flipped = evidence.perturbed(evidence.flipped).transpose(*change.dims).values
    data = plain["instability"].data.sel(site_layer="vision.layers[2]:patches")
    known = np.isfinite(flipped) & np.isfinite(change.values)
    for name, score in (("energy_change", change.values), ("energy_change_size", np.abs(change.values))):
        expected = roc_auc_score(flipped[known], score[known])
        assert data[f"{name}_auroc"].item() == pytest.approx(expected)
