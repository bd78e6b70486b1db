"""Hidden instability, its tables by family and by depth: by hand and by loops."""

import numpy as np
import pytest
import xarray as xr
from hidden_run import run, states
from scipy.spatial.distance import cosine
from scipy.stats import norm
from scipy.stats import t as student
from sklearn.metrics import roc_auc_score

from analyses import drift, instability, statistics

NAN = np.nan


def test_hidden_share_by_hand() -> None:
    # control 0.2 0.4 0.6: median 0.4. kept drifts 0.5 0.4 0.3 0.7: two of four lie beyond
    moved, flipped = np.array([[0.5, 0.9], [0.4, 0.3], [0.7, 0.8]]), np.array([[0, 1], [0, 0], [0, 1]])
    assert instability.hidden(moved, np.array([0.2, 0.4, 0.6]), flipped, quantile=0.5) == 0.5
    # the 5 % quantile is 0.2 + 0.1 * 0.2 = 0.22: all four
    assert instability.hidden(moved, np.array([0.2, 0.4, 0.6]), flipped) == 1.0


def test_a_drift_at_the_quantile_is_not_beyond_it() -> None:
    assert instability.hidden(np.array([0.4]), np.array([0.4]), np.array([0])) == 0


def test_hidden_share_agrees_with_a_loop_over_pairs() -> None:
    data = run()
    for quantile in (0.0, 0.05, 0.5, 1.0):
        result = instability.hidden(**states(data), quantile=quantile)
        for layer in (0, 4, 8):
            limit = np.quantile(data["control"].sel(layer=layer).values.ravel(), quantile)
            told = []
            for i in range(60):
                for j in range(1, 5):
                    moved = data["drift"].sel(layer=layer)[i, j].item()
                    if data["flipped"][i, j] == 0 and not np.isnan(moved):
                        told.append(moved > limit)
            share = result.sel(layer=layer)
            assert share.item() == pytest.approx(np.mean(told))
            assert share.kept == len(told)
            assert share.threshold == pytest.approx(limit)


def test_the_clean_condition_and_undefined_pairs_do_not_count() -> None:
    data = run()
    verdicts = instability.hidden_pairs(**states(data))
    assert verdicts.dims == ("sample", "condition", "layer")
    assert verdicts.sel(condition="clean").isnull().all()
    assert np.isnan(verdicts[7, 2, 0])
    assert verdicts[9, 3].isnull().all()
    without = {name: array.drop_sel(condition="clean") for name, array in states(data).items() if name != "control"}
    xr.testing.assert_identical(
        instability.hidden(**without, control=data["control"]), instability.hidden(**states(data))
    )
    # of 240 perturbed pairs one has no choice, and at layer 8 another has no drift
    assert instability.hidden(**states(data)).undefined.values.tolist() == [2, 1, 1]


def test_several_quantiles_become_a_dimension() -> None:
    data = run()
    result = instability.hidden(**states(data), quantile=[0.05, 0.25, 0.5])
    assert result.dims == ("layer", "quantile")
    for quantile in (0.05, 0.25, 0.5):
        single = instability.hidden(**states(data), quantile=quantile)
        xr.testing.assert_allclose(result.sel(quantile=quantile), single)


def test_unaveraged_control_lowers_the_yardstick_of_small_quantiles() -> None:
    data = run()
    alone = instability.hidden(**states(data))
    averaged = instability.hidden(data["drift"], data["control"].mean("pair"), data["flipped"])
    assert (alone.threshold < averaged.threshold).all()
    assert (alone >= averaged).all()


def test_undefined_distances_are_no_part_of_the_yardstick() -> None:
    data = run()
    control = data["control"].copy()
    control[:, :, 4:] = NAN
    holes = instability.hidden(data["drift"], control, data["flipped"])
    xr.testing.assert_identical(holes, instability.hidden(data["drift"], control.isel(pair=slice(4)), data["flipped"]))


def test_without_a_kept_pair_or_a_control_the_share_is_undefined() -> None:
    data = run()
    flipped = xr.ones_like(data["flipped"])
    result = instability.hidden(data["drift"], data["control"], flipped)
    assert result.isnull().all()
    assert (result.kept == 0).all()
    nothing = instability.hidden(data["drift"], data["control"] * NAN, data["flipped"])
    assert nothing.isnull().all()
    assert (nothing.undefined == 240).all()
    assert np.isnan(instability.hidden_erosion(data["erosion"], flipped))


def test_hidden_erosion_by_hand() -> None:
    # kept: 0.5, 0 and -1; one lost some lead. The flipped 2.0 does not count
    eroded, flipped = np.array([[0.5, 2.0], [0.0, -1.0]]), np.array([[0, 1], [0, 0]])
    assert instability.hidden_erosion(eroded, flipped) == pytest.approx(1 / 3)
    np.testing.assert_array_equal(instability.eroded_pairs(eroded, flipped), [[1, NAN], [0, 0]])


def test_hidden_erosion_agrees_with_a_loop() -> None:
    data = run()
    kept = [data["erosion"][i, j] > 0 for i in range(60) for j in range(1, 5) if data["flipped"][i, j] == 0]
    result = instability.hidden_erosion(data["erosion"], data["flipped"])
    assert result.item() == pytest.approx(np.mean(kept))
    assert (result.kept, result.undefined) == (len(kept), 1)


def test_bare_and_lazy_arrays_give_the_same_as_labelled_ones() -> None:
    data = {name: array.isel(layer=0, drop=True) if "layer" in array.dims else array for name, array in run().items()}
    part = {name: array.isel(condition=slice(1, None)) if "condition" in array.dims else array
            for name, array in states(data).items()}  # fmt: skip
    expected = instability.hidden_pairs(**part)
    np.testing.assert_array_equal(instability.hidden_pairs(**{k: v.values for k, v in part.items()}), expected)
    lazy = {name: array.chunk(sample=7) for name, array in states(run()).items()}
    xr.testing.assert_identical(instability.hidden_pairs(**lazy).compute(), instability.hidden_pairs(**states(run())))
    told = instability.predicts_flip(lazy["drift"], lazy["flipped"], cluster="image", resamples=50)
    xr.testing.assert_identical(
        told.compute(), instability.predicts_flip(run()["drift"], run()["flipped"], cluster="image", resamples=50)
    )


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"drift": lambda x: x[:5]}, "differ in 'sample': only in drift: none; only in flipped: 's005'"),
        ({"drift": lambda x: x.isel(condition=0, drop=True)}, "'condition' is in one only"),
        ({"flipped": lambda x: x.isel(condition=[0, 1])}, "differ in 'condition'"),
        ({"flipped": lambda x: x.expand_dims(model=2)}, "'model' is in one only"),
        ({"control": lambda x: x.isel(layer=0, drop=True)}, "'layer' is in one only"),
        ({"control": lambda x: x.assign_coords(layer=[8, 0, 5])}, "differ in 'layer'"),
        ({"control": lambda x: x[::-1]}, "another order"),
        ({"drift": lambda x: x.swap_dims(sample="image")}, r"drift.sel\(image=flipped.image\)"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change, told: str) -> None:
    data = states(run())
    with pytest.raises(ValueError, match=told):
        instability.hidden(**{name: change.get(name, lambda x: x)(array) for name, array in data.items()})


def test_refusals_of_values_that_make_no_sense() -> None:
    data = states(run())
    with pytest.raises(ValueError, match=r"quantile=5: the order"):
        instability.hidden(**data, quantile=5)
    with pytest.raises(TypeError, match="control: a bare array"):
        instability.hidden(data["drift"], data["control"].values, data["flipped"])
    with pytest.raises(ValueError, match=r"shape \(60, 5, 3\): pass \(sample, condition\)"):
        instability.hidden(data["drift"].values, data["control"].values, data["flipped"].values)
    with pytest.raises(ValueError, match="level=95"):
        instability.predicts_flip(data["drift"], data["flipped"], cluster="image", level=95)
    with pytest.raises(ValueError, match="no coordinate 'picture'"):
        instability.predicts_flip(data["drift"], data["flipped"], cluster="picture")
    with pytest.raises(ValueError, match=r"\(3,\) image labels for 60 samples"):
        instability.predicts_flip(data["drift"], data["flipped"], cluster=[0, 1, 2])
    with pytest.raises(ValueError, match="differ in 'sample'"):
        instability.predicts_flip(data["drift"][:5], data["flipped"], cluster="image")
    with pytest.raises(ValueError, match="'condition' is in one only"):
        instability.predicts_flip(data["drift"], data["flipped"].isel(condition=1, drop=True), cluster="image")


def test_image_level_drift_serves_once_its_images_are_given_to_the_samples() -> None:
    data = run()
    by_image = data["drift"][::2].drop_vars("sample").swap_dims(sample="image")
    control = data["control"][::2].drop_vars("sample").swap_dims(sample="image")
    image = data["flipped"].image
    result = instability.hidden(by_image.sel(image=image), control.sel(image=image), data["flipped"])
    assert result.dims == ("layer",)
    assert (result.kept == data["flipped"].where(data["flipped"] == 0)[:, 1:].notnull().sum()).all()


def test_hidden_shares_by_family_are_those_of_each_family_alone() -> None:
    data = run()
    verdicts = instability.hidden_pairs(**states(data)).drop_vars("threshold")
    table = statistics.by_family(statistics.SHARE, verdicts, resamples=100)
    assert table.value.dims == ("family", "layer", "bound")
    assert table.value.sel(family="clean").isnull().all()
    for name, places in {"shift": [1, 2], "blur": [3, 4], statistics.ALL: [1, 2, 3, 4]}.items():
        alone = instability.hidden(
            data["drift"].isel(condition=places), data["control"], data["flipped"].isel(condition=places)
        )
        np.testing.assert_allclose(table.value.sel(family=name, bound="estimate"), alone)
        assert table.defined.sel(family=name).values.tolist() == alone.kept.values.tolist()


def naive_interval(data: dict[str, xr.DataArray], columns: list[int], quantile: float, layer: int) -> list[float]:
    """Share beyond the quantile, and the standard deviation of it when images are drawn again for both, by loops."""
    images = sorted(set(data["drift"].image.values.tolist()))
    generator = np.random.default_rng(0)
    moved, control, flipped = (data[name].sel(layer=layer) if "layer" in data[name].dims else data[name]
                               for name in ("drift", "control", "flipped"))  # fmt: skip
    rows = {name: np.flatnonzero(data["drift"].image.values == name) for name in images}

    def share(chosen: np.ndarray) -> float:
        limit = np.quantile(control.transpose("sample", "pair").values[chosen], quantile)
        kept = (flipped.values[chosen][:, columns] == 0) & ~np.isnan(moved.values[chosen][:, columns])
        return (moved.values[chosen][:, columns] > limit)[kept].mean()

    draws = [
        share(np.concatenate([rows[images[place]] for place in generator.integers(len(images), size=len(images))]))
        for _ in range(400)
    ]
    return [share(np.arange(len(moved))), float(np.std(draws))]


def test_the_share_beyond_the_nearest_draws_its_threshold_with_the_images() -> None:
    data = run(images=40)
    data["drift"] = data["drift"] + 0.3
    table = instability.beyond_nearest(**states(data), quantile=[0.05, 0.25], resamples=2000)
    for quantile in (0.05, 0.25):
        share, deviation = naive_interval(data, [1, 2], quantile, layer=4)
        at = table.hidden.sel(family="shift", layer=4, quantile=quantile)
        assert at.sel(bound="estimate").item() == pytest.approx(share)
        worth = share * (1 - share) / deviation**2 * (norm.ppf(0.975) / student.ppf(0.975, 39)) ** 2
        np.testing.assert_allclose(at[1:], np.ravel(statistics.wilson(share, worth)), atol=0.01)
        alone = instability.hidden(
            data["drift"].isel(condition=[1, 2]),
            data["control"],
            data["flipped"].isel(condition=[1, 2]),
            quantile=quantile,
        )
        assert at.sel(bound="estimate").item() == pytest.approx(alone.sel(layer=4).item())
        assert table.kept.sel(family="shift", layer=4) == alone.kept.sel(layer=4)


def test_a_state_is_nearer_to_another_image_where_plain_distances_say_so() -> None:
    rng = np.random.default_rng(3)
    samples, names = 24, ["clean", "shift", "blur"]
    along = {
        "sample": [f"s{k}" for k in range(samples)],
        "image": ("sample", [f"i{k // 2}" for k in range(samples)]),
        "question": ("sample", [("what", "where", "why")[k % 3] for k in range(samples)]),
    }
    clean = rng.normal(size=(samples, 2, 6))
    moved = clean[:, None] + np.array([0, 0.5, 1.5])[:, None, None] * rng.normal(size=(samples, 3, 2, 6))
    dims = ("sample", "condition", "layer", "feature")
    states = xr.DataArray(moved, dims=dims, coords={**along, "condition": names, "layer": [0, 1]})
    answers = rng.choice(["yes", "no"], size=samples)
    flipped = xr.DataArray((rng.uniform(size=(samples, 3)) < 0.2).astype(float), dims=dims[:2])
    flipped = flipped.assign_coords(sample=along["sample"], condition=names)
    said = xr.DataArray(answers, dims="sample", coords={"sample": along["sample"]})
    found = instability.nearer_to_another(states, states.sel(condition="clean", drop=True), said, flipped)
    expected = np.full((3, samples, 3, 2), np.nan)
    for s, c, layer in np.ndindex(samples, 3, 2):
        others = [o for o in range(samples) if o // 2 != s // 2 and o % 3 == s % 3]  # of another image, asked the same
        if c and flipped.values[s, c] == 0:
            away = [cosine(moved[s, c, layer], clean[o, layer]) for o in others]
            over = min(away) < cosine(moved[s, c, layer], clean[s, layer])
            alike = answers[others[int(np.argmin(away))]] == answers[s]
            expected[:, s, c, layer] = over, over and alike, over and not alike
    for values, name in zip(expected, ("nearer", "harmless", "dangerous"), strict=True):
        np.testing.assert_array_equal(found[name].values, values)
    order = rng.permutation(samples)
    again = instability.nearer_to_another(
        states[order], states.sel(condition="clean", drop=True)[order], said[order], flipped[order]
    )
    xr.testing.assert_equal(again.sel(sample=along["sample"]), found)


def test_without_another_image_under_the_question_nothing_is_nearer_or_not() -> None:
    states = xr.DataArray(np.ones((2, 1, 3)), dims=("sample", "condition", "feature"))
    states = states.assign_coords(image=("sample", ["a", "b"]), question=("sample", ["what", "why"]))
    kept, said = xr.DataArray(np.zeros((2, 1)), dims=states.dims[:2]), xr.DataArray(["x", "x"], dims="sample")
    assert np.isnan(instability.nearer_to_another(states, states.isel(condition=0), said, kept).nearer).all()


def test_a_score_that_tells_families_alone_tells_nothing_within_them() -> None:
    rng = np.random.default_rng(5)
    along = {"family": ("condition", ["weak", "strong"]), "image": ("sample", np.arange(200))}
    flipped = xr.DataArray(rng.uniform(size=(200, 2)) < [0.1, 0.9], dims=("sample", "condition"), coords=along)
    score = xr.DataArray(rng.uniform(size=(200, 2)) + np.array([0.0, 5.0]), dims=("sample", "condition"), coords=along)
    pooled = instability.predicts_flip(score, flipped.astype(float), cluster="image", resamples=50)
    assert pooled.auroc > 0.85
    within = instability.predicts_flip_within(score, flipped.astype(float), resamples=300)
    for place, family in enumerate(("weak", "strong")):
        own = within.auroc.sel(family=family, bound="estimate").item()
        assert own == pytest.approx(roc_auc_score(flipped.values[:, place], score.values[:, place]))
    low, high = within.mean_auroc.sel(bound=["low", "high"]).values
    assert low < 0.5 < high


def deepening(images: int = 60) -> dict[str, xr.DataArray]:
    """Drift that passes the control at layer 4 and beyond, in half of the pairs, whatever the choice does."""
    data = run(images=images)
    rng = np.random.default_rng(1)
    far = data["drift"].copy(data=rng.uniform(size=data["drift"].shape) < 0.5)
    return {**data, "drift": xr.where(far & (far.layer >= 4), 2.0, 0.1)}


def deep(images: int = 60) -> dict[str, xr.DataArray]:
    """As `deepening`, so far that the mean passes that of the control too."""
    data = deepening(images)
    return {"drift": 1.5 * data["drift"].where(data["drift"].family != "clean", 0.0), "control": data["control"]}


def test_the_first_layer_is_the_shallowest_at_which_the_mean_drift_passes_its_control() -> None:
    data = deep()
    result = instability.where_first(**data, resamples=200)
    assert result.layer.values.tolist() == [0, 4, 8]
    assert result.first_layer.dims == ("family", "reference", "bound")
    for name, columns in {"shift": [1, 2], "blur": [3, 4], statistics.ALL: [1, 2, 3, 4]}.items():
        mean = data["drift"].isel(condition=columns).mean(("sample", "condition")).sortby("layer")
        for reference, limit in (
            ("nearest", data["control"].quantile(0.05, ("sample", "pair")).sortby("layer")),
            ("mean", data["control"].mean(("sample", "pair")).sortby("layer")),
        ):
            expected = mean.layer.values[(mean.values > limit.values).argmax()]
            assert (mean.values > limit.values).any()
            assert result.first_layer.sel(family=name, reference=reference, bound="estimate") == expected == 4
    assert (result.first_layer.sel(family="clean", bound="estimate") == np.inf).all(), "0 passes nothing"


def test_images_pass_one_by_one_and_their_share_carries_an_interval() -> None:
    data = deep()
    result = instability.where_first(**data, resamples=100)
    by_image = data["drift"].isel(condition=[1, 2]).mean("condition").groupby("image").mean()
    limit = data["control"].mean(("sample", "pair"))
    share = (by_image > limit).mean("image").sortby("layer")
    passed = result.passed.sel(family="shift", reference="mean")
    np.testing.assert_allclose(passed.sel(bound="estimate"), share)
    assert (passed.sel(bound="low") <= passed.sel(bound="estimate")).all()
    assert (passed.sel(bound="high") > 0).all(), "of none in 60 images the interval is not empty"


def test_a_family_that_moves_later_has_a_later_first_layer_and_one_that_stays_has_none() -> None:
    data = deep()
    late = (data["drift"].family == "blur") & (data["drift"].layer < 8)
    result = instability.where_first(**{**data, "drift": xr.where(late, 0.1, data["drift"])}, resamples=100)
    first = result.first_layer.sel(reference="mean", bound="estimate")
    assert first.sel(family=["shift", "blur"]).values.tolist() == [4, 8]
    still = instability.where_first(**{**data, "drift": data["drift"] * 0 + 0.1}, resamples=100)
    assert np.isposinf(still.first_layer.sel(family="blur").values).all()


def test_a_layer_that_is_passed_in_some_draws_alone_lies_in_the_interval() -> None:
    data = deep()
    mean = data["control"].sel(layer=4).mean().item()
    moved = data["drift"].copy()
    rows = np.arange(60 * 2) // 2 % 2 == 0  # every other image moves twice as far as it takes
    moved.loc[{"layer": 4}] = np.where(rows, 2.02 * mean, 0.0)[:, None]
    first = instability.where_first(drift=moved, control=data["control"]).first_layer.sel(reference="mean")
    assert first.sel(family="shift").values.tolist() == [4, 4, 8]


def test_the_depth_table_needs_layers_and_the_pairs_of_its_control() -> None:
    data = deep()
    with pytest.raises(ValueError, match="no labels of 'layer'"):
        instability.where_first(**{name: x.drop_vars("layer", errors="ignore") for name, x in data.items()})
    with pytest.raises(ValueError, match="pass \\(sample, condition, layer\\)"):
        instability.where_first(data["drift"], data["control"].mean("pair"))


def test_nothing_depends_on_the_order_of_samples_or_changes_the_inputs() -> None:
    data = states(run())
    before = {name: array.copy(deep=True) for name, array in data.items()}
    order = np.random.default_rng(6).permutation(60)
    shuffled = {name: array.isel(sample=order) for name, array in data.items()}

    def tables(given: dict[str, xr.DataArray]) -> tuple[xr.Dataset, ...]:
        depth = instability.where_first(given["drift"], given["control"], resamples=50)
        beyond = instability.beyond_nearest(given["drift"], given["control"], given["flipped"], resamples=50)
        within = instability.predicts_flip_within(given["drift"], given["flipped"], resamples=50)
        return depth, beyond, within

    for one, other in zip(tables(shuffled), tables(data), strict=True):
        xr.testing.assert_allclose(one, other)
    for name, array in data.items():
        xr.testing.assert_identical(array, before[name])


def test_the_analysis_runs_from_states_to_table() -> None:
    rng = np.random.default_rng(8)
    clean = xr.DataArray(
        rng.normal(size=(40, 2, 16)),
        dims=("sample", "layer", "feature"),
        coords={"sample": np.arange(40), "image": ("sample", np.arange(40)), "layer": [1, 2]},
    )
    noise = xr.DataArray(rng.normal(size=(40, 3, 2, 16)), dims=("sample", "condition", "layer", "feature"))
    amount = xr.DataArray([0.0, 0.1, 5.0], dims="condition", coords={"condition": ["clean", "weak", "strong"]})
    moved = drift.cosine(clean, clean + amount * noise)
    flipped = xr.DataArray(np.zeros((40, 3)), dims=("sample", "condition"), coords={"condition": amount.condition})
    shares = instability.hidden_pairs(moved, drift.control_pairs(clean), flipped).mean("sample")
    # a state drowned in noise lies as far off as an unrelated one in 95 of 100 cases, a stirred one in none
    assert (shares.sel(condition="weak") == 0).all()
    assert (shares.sel(condition="strong") > 0.8).all()


def test_a_state_is_not_nearer_to_the_twin_of_its_own() -> None:
    """Two images with one clean state: which of the two is nearer is a matter of rounding, so neither is."""
    rng = np.random.default_rng(5)
    own = rng.normal(size=64).astype(np.float32)
    clean = np.stack([own, own, rng.normal(size=64).astype(np.float32)])
    moved = (clean[:, None] + 0.7 * rng.normal(size=(3, 40, 64))).astype(np.float32)
    along = {"image": ("sample", ["a", "b", "c"]), "question": ("sample", ["q"] * 3)}
    answer = xr.DataArray(["yes", "no", "no"], dims="sample")
    kept = xr.DataArray(np.zeros((3, 40)), dims=("sample", "condition"))
    result = instability.nearer_to_another(
        xr.DataArray(moved, dims=("sample", "condition", "feature"), coords=along),
        xr.DataArray(clean, dims=("sample", "feature"), coords=along),
        answer,
        kept,
    )
    unit = clean / np.linalg.norm(clean.astype(np.float64), axis=1, keepdims=True)
    similar = np.einsum("scf,of->sco", moved, unit)
    expected = similar[..., 2] > similar[..., 0] + 1e-3  # of a and b the only other that can be nearer is c
    np.testing.assert_array_equal(result.nearer.values[:2], expected[:2])
