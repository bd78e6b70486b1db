"""Measures of attention: against scipy and loops, of made-up weights and of a run."""

import json

import numpy as np
import picture_set
import pytest
import tiny
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

import probe
from analyses import attention, attention_papers
from probe import citations
from probe.results import attention as result
from probe.results.evidence import Evidence

SPREADS = st.lists(st.floats(0.01, 1.0), min_size=2, max_size=6)


def test_half_of_the_attention_moved_to_another_place_diverges_by_what_lin_says():
    clean, perturbed = np.array([[0.5, 0.0]]), np.array([[[0.1, 0.1]]])
    # m = (3/4, 1/4): H(m) = 2 - 3/4 log2 3 = 0.81128; (H(p) + H(q)) / 2 = (0 + 1) / 2
    np.testing.assert_allclose(attention.divergence(clean, perturbed), [[0.311278]], atol=1e-6)


@given(SPREADS, st.randoms(use_true_random=False))
def test_divergence_is_that_of_scipy_symmetric_and_blind_to_how_much_goes_to_the_image(weights, random):
    one, other = np.array(weights), np.array(random.sample(weights, len(weights)))
    made = float(attention.divergence(one[None], other[None, None])[0, 0])
    np.testing.assert_allclose(made, jensenshannon(one, other, base=2) ** 2, atol=1e-9)
    np.testing.assert_allclose(made, attention.divergence(other[None] / 3, one[None, None])[0, 0], atol=1e-9)


def test_what_is_undefined_stays_so():
    clean = np.array([[0.5, 0.5, np.nan], [0.0, 0.0, np.nan], [0.5, 0.5, 0.1]])
    perturbed = np.array([[[0.5, 0.5, np.nan]], [[0.1, 0.1, np.nan]], [[0.5, 0.5, np.nan]]])
    np.testing.assert_allclose(attention.divergence(clean, perturbed)[:, 0], [0, np.nan, np.nan])
    np.testing.assert_array_equal(attention.over_heads(np.array([[np.nan, np.nan], [np.nan, 0.5]])), [np.nan, 0.5])
    np.testing.assert_array_equal(attention.share_on_sinks(np.array([np.nan, 0.0]), np.array([0.5, 0.0])), [np.nan] * 2)


def test_labels_are_kept_and_must_fit():
    clean = xr.DataArray(np.full((2, 3, 4), 0.1), dims=("sample", "layer", "place"), coords={"sample": ["a", "b"]})
    perturbed = clean.expand_dims(condition=["x"], axis=1)
    made = attention.divergence(clean, perturbed)
    assert made.dims == ("sample", "condition", "layer")
    with pytest.raises(ValueError, match="sample"):
        attention.divergence(clean.assign_coords(sample=["a", "c"]), perturbed)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    folder = tmp_path_factory.mktemp("attention")
    data = picture_set.write(folder / "set", images=5)
    return Evidence(
        probe.extract(
            str(tiny.checkpoint("qwen2_vl")),
            str(data),
            out=folder / "run",
            perturb=("low_light:3", "pad_crop", "another_image", "no_image"),
            readouts=("attention", "attention_map"),
            execution=probe.Execution(device="cpu"),
        )
    )


@pytest.fixture(scope="module")
def found(evidence):
    return result.compute(evidence)


def test_a_familys_numbers_are_the_means_of_what_is_stored(evidence, found):
    stored = evidence.run.answers.load()
    for name in ("image", "entropy", "divergence"):
        own = stored[f"attention_{name}"].sel(condition="low_light:3").values[:, 1:]
        wanted = np.nanmean(np.nanmean(own, axis=-1), axis=0)
        np.testing.assert_allclose(found[name].sel(family="low_light", bound="estimate"), wanted, rtol=1e-5)
    image = stored.attention_image.values[:, :, 1:].mean(-1)
    change = (image - image[:, :1])[:, stored.condition.values.tolist().index("low_light:3")]
    np.testing.assert_allclose(
        found.change_overall.sel(family="low_light", bound="estimate"), change.mean(-1).mean(), atol=1e-7
    )
    assert found.image.sel(family="no_image").isnull().all()
    np.testing.assert_allclose(found.even.sel(family="clean")[0], stored.attention_even.sel(condition="clean").mean())


def test_places_diverge_only_between_equal_grids(evidence, monkeypatch):
    stored = evidence.run.answers.load()
    image = result.over_heads(evidence, "image")
    made = result.diverged(evidence, image)
    grids = stored.attention_grid.values
    unequal = 0
    for s in range(stored.sizes["sample"]):
        for c in range(1, stored.sizes["condition"]):
            if (grids[s, c] != grids[s, 0]).any():
                unequal += 1
                assert made[s, c].isnull().all()
                continue
            for layer in made.layer.values:
                one, other = (stored.attention_places.values[s, k, layer] for k in (0, c))
                kept = np.isfinite(one)
                wanted = jensenshannon(one[kept], other[kept], base=2) ** 2
                np.testing.assert_allclose(made[s, c].sel(layer=layer), wanted, atol=1e-6)
    monkeypatch.setattr(result, "HELD", 1)
    xr.testing.assert_identical(result.diverged(evidence, image), made)
    assert 0 < unequal < made.sizes["sample"] * (made.sizes["condition"] - 1)


def test_flips_are_set_against_answers_that_stay_under_the_same_condition(evidence):
    change = result.over_heads(evidence, "image").mean("layer")
    change = change - change.sel(condition="clean", drop=True)
    made = result.by_answer(evidence, change).flip_difference
    groups = {0: [], 1: []}
    for condition in change.condition.values:
        if str(change.family.sel(condition=condition).values) not in ("low_light", "pad_crop"):
            continue
        column, fell = change.sel(condition=condition).values, evidence.flipped.sel(condition=condition).values
        known = np.isfinite(column) & np.isfinite(fell)
        for value, flip in zip(column[known] - column[known].mean(), fell[known], strict=True):
            groups[int(flip)].append(value)
    assert min(map(len, groups.values())) > 1
    np.testing.assert_allclose(made[0], np.mean(groups[1]) - np.mean(groups[0]), atol=1e-8)
    assert made[1] <= made[0] <= made[2]


def test_sentences_say_what_attention_cannot_and_the_figure_has_every_layer(evidence, found):
    said = result.finding(found.assign_attrs(unions=evidence.unions, images=20))
    assert any("of its attention to the image" in sentence for sentence in said)
    text = json.dumps(result.figure(found).to_dict())
    assert "change of attention to the image [points]" in text
    assert all(f'"0.{layer}"' in text for layer in found.layer.values)


@pytest.mark.parametrize("perturb", [(), ("low_light:3",)])
def test_one_image_and_clean_images_alone_are_told_as_far_as_they_go(perturb, tmp_path):
    data = picture_set.write(tmp_path / "set", images=1)
    settings = {"perturb": perturb, "readouts": "attention", "execution": probe.Execution(device="cpu")}
    run = probe.extract(str(tiny.checkpoint("llava")), str(data), out=tmp_path / "run", **settings)
    (found,) = probe.results.analyze(Evidence(run), ["attention"])
    assert np.isfinite(found.data.image_overall.sel(family="clean", bound="estimate"))
    assert found.data.map_divergence.isnull().all()  # without the map
    assert found.data.divergence_overall.sel(family="clean", bound="estimate") == 0
    assert not perturb or found.data.divergence_overall.sel(family="low_light", bound="estimate") > 0
    assert not [sentence for sentence in found.findings if "nan" in sentence]


def test_a_run_with_attention_cites_what_its_numbers_rest_on(evidence):
    text = citations.bibliography(evidence.run.path)
    assert all(f"{{{key}," in text for key in attention_papers.ON_ATTENTION)
