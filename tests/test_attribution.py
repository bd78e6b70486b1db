"""Where answers come from, taken apart by hand and on a run made by hand, against loops."""

from dataclasses import replace
from pathlib import Path

import made_run
import numpy as np
import pytest
import xarray as xr
from made_run import CONDITIONS, CONTROLS, Made

from analyses import attribution
from probe.results import Evidence, Result, analyze

NAN, INF = np.nan, np.inf
FAMILIES = ("clean", "low_light", "white", "another_image")
SHOWN = tuple(c for c in (*CONDITIONS, *CONTROLS) if c.family in FAMILIES)
WORLD = made_run.world(20, conditions=SHOWN, seed=8)
DIMS = ("sample", "option")


def analysed(made: Made, path: Path) -> Result:
    (result,) = analyze(Evidence(made_run.write(path, made)), ["attribution"])
    return result


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return analysed(WORLD, tmp_path_factory.mktemp("world") / "run")


def margin(sample: str, condition: str, option: str, made: Made = WORLD) -> float:
    scores = made.scores[sample, condition]
    return scores[option] - max(value for text, value in scores.items() if text != option)


def answer(sample: str, condition: str) -> str:
    return max(scores := WORLD.scores[sample, condition], key=scores.__getitem__)


def looped(family: str, of: str) -> dict[str, float]:
    """Mean parts over samples of the mean over conditions, from the definitions alone."""
    rows: dict[str, list[float]] = {"image": [], "picture": [], "text": [], "prior": [], "margin": []}
    for one in WORLD.samples:
        own: dict[str, list[float]] = {name: [] for name in rows}
        for condition in (c.condition_id for c in SHOWN if c.family == family):
            option = answer(one.sample_id, condition) if of == "given" else one.answer
            full = margin(one.sample_id, condition, option)
            alike = [o for o in WORLD.samples if o.question == one.question and o.image_index != one.image_index]
            others = np.mean([margin(o.sample_id, "clean", option) for o in alike])
            text = margin(one.sample_id, "white", option)
            same = [o for o in WORLD.samples if set(o.options) == set(one.options)]
            by_question = {
                q: np.mean([margin(o.sample_id, "white", option) for o in same if o.question == q])
                for q in {o.question for o in same}
            }
            prior = float(np.mean(list(by_question.values()))) if len(by_question) > 1 else NAN
            parts = {"image": full - others, "picture": others - text, "text": text, "prior": prior, "margin": full}
            for name, value in parts.items():
                own[name].append(float(value))
        for name, values in own.items():
            rows[name].append(float(np.mean(values)))
    return {name: float(np.nanmean(values)) for name, values in rows.items()}


@pytest.mark.parametrize("of", ["given", "right"])
@pytest.mark.parametrize("family", ["clean", "low_light"])
def test_parts_are_those_of_a_loop_over_the_scores(found: Result, family: str, of: str) -> None:
    expected = looped(family, of)
    row = found.data.sel(family=family, of=of, bound="estimate")
    for name in ("image", "picture", "text", "prior"):
        assert row.part.sel(source=name).item() == pytest.approx(expected[name], rel=1e-5), name
    assert row.margin.item() == pytest.approx(expected["margin"], rel=1e-5)
    shares = row.share.sel(source=list(attribution.PARTS))
    assert shares.sum().item() == pytest.approx(1)


def test_answers_given_without_a_picture_are_counted(found: Result) -> None:
    same = [answer(one.sample_id, "clean") == answer(one.sample_id, "white") for one in WORLD.samples]
    assert found.data.same.sel(family="clean", bound="estimate").item() == pytest.approx(np.mean(same))
    assert found.data.same.sel(family="white", bound="estimate").item() == 1


def test_what_is_undefined_stays_so() -> None:
    shown = xr.DataArray([[[0.0, -1.0]], [[NAN, NAN]], [[0.0, -INF]]], dims=("sample", "condition", "option"))
    choice = xr.DataArray([[0], [-1], [0]], dims=("sample", "condition"))
    other = xr.DataArray([[1.0, -1.0], [1.0, -1.0], [INF, -INF]], dims=DIMS)
    none, leans = other * 0 + 1, other * NAN
    parts = attribution.sources(shown, choice, others=other, without=none, leaning=leans)
    np.testing.assert_array_equal(parts[0, 0], [0.0, 0.0, 1.0, NAN, NAN])
    assert parts[1].isnull().all()
    assert parts.isel(sample=2).sel(source="image").isnull().all(), "inf - inf"
    shares = attribution.shares(parts)
    assert shares[0, 0].values.tolist() == [0, 0, 1]
    assert shares[1:].isnull().all()
    nothing = xr.DataArray(np.zeros(5), dims="source", coords={"source": list(attribution.SOURCES)})
    assert attribution.shares(nothing).isnull().all(), "of no margin there is no share"


def test_options_are_matched_by_text_and_images_do_not_count_as_their_own_others() -> None:
    along = {"image": ("sample", ["i", "i", "j", "k"])}
    own = xr.DataArray([[1.0, -1.0], [3.0, -3.0], [NAN, NAN], [7.0, -7.0]], dims=DIMS, coords=along)
    texts = xr.DataArray([["yes", "no"], ["yes", "no"], ["yes", "no"], ["no", "yes"]], dims=DIMS)
    others = attribution.under_others(own, texts, ["a?"] * 4)
    # yes under k is -7; under i, twice asked, (1 + 3) / 2; j has no margin, nor a place among the others
    np.testing.assert_array_equal(others, [[-7, 7], [-7, 7], [NAN, NAN], [-2, 2]])
    leaning = attribution.leaning(own, texts, ["a?", "b?", "b?", "b?"])
    np.testing.assert_allclose(leaning[0], [-0.5, 0.5])  # of yes: (1 + (3 - 7) / 2) / 2
    with pytest.raises(ValueError, match=r"3.* questions for 4"):
        attribution.leaning(own, texts, ["a?"] * 3)


def test_without_recurring_questions_the_condition_another_image_stands_for_others(tmp_path: Path) -> None:
    rows = tuple(replace(row, question=f"{row.question} ({row.sample_id})") for row in WORLD.samples)
    result = analysed(replace(WORLD, samples=rows), tmp_path / "run")
    assert "the condition another_image" in result.meaning
    expected = [
        margin(one.sample_id, "clean", one.answer) - margin(one.sample_id, "another_image", one.answer) for one in rows
    ]
    row = result.data.sel(of="right", source="image", family="clean", bound="estimate")
    assert row.part.item() == pytest.approx(np.mean(expected), rel=1e-5)


def test_the_sentences_give_the_parts_of_the_margin(found: Result, tmp_path: Path) -> None:
    lead, split, right = found.findings
    clean = found.data.sel(family="clean", of="given", bound="estimate")
    assert f"Of the {clean.margin.item():.2f} [" in lead
    assert "text alone (white)" in lead
    assert "whatever is asked" in split
    assert "under perturbations" in right
    plain = made_run.world(3, conditions=tuple(c for c in CONDITIONS if c.family in ("clean", "scale")))
    with pytest.raises(ValueError, match=r"attribution' needs answers without a picture"):
        analysed(plain, tmp_path / "run")
