"""Hidden instability, its tables by family and by depth: by hand and by loops."""

import numpy as np
import pytest
import xarray as xr
from hidden_run import run, states

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


def deepening(images: int = 60) -> dict[str, xr.DataArray]:
    """Drift that passes the control at layer 4 and beyond, in half of the pairs, whatever the choice does."""
    data = run(images=images)
    rng = np.random.default_rng(1)
    far = data["drift"].copy(data=rng.uniform(size=data["drift"].shape) < 0.5)
    return {**data, "drift": xr.where(far & (far.layer >= 4), 2.0, 0.1)}


def test_the_first_layer_is_the_shallowest_whose_interval_lies_above_the_share() -> None:
    result = instability.where_first(**states(deepening()), resamples=200)
    assert result.layer.values.tolist() == [0, 4, 8]
    estimate = result.hidden.sel(bound="estimate")
    for family in ("shift", "blur", statistics.ALL):
        assert result.first_layer.sel(family=family) == 4
        assert estimate.sel(family=family, layer=0) == 0
        np.testing.assert_allclose(estimate.sel(family=family, layer=[4, 8]), 0.5, atol=0.15)
    assert np.isnan(result.first_layer.sel(family="clean")), "a clean image has nothing behind its answer"
    assert np.isnan(instability.where_first(**states(deepening()), least=0.9, resamples=200).first_layer).all()


def test_a_family_that_moves_later_has_a_later_first_layer() -> None:
    data = states(deepening())
    late = (data["drift"].family == "blur") & (data["drift"].layer < 8)
    result = instability.where_first(**{**data, "drift": xr.where(late, 0.1, data["drift"])}, resamples=100)
    assert result.first_layer.sel(family=["shift", "blur"]).values.tolist() == [4, 8]


def test_the_rows_of_the_depth_table_are_those_of_the_single_analyses() -> None:
    data = states(run(images=50))
    table = instability.where_first(**data, resamples=100, seed=4)
    verdicts = instability.hidden_pairs(**data).drop_vars("threshold")
    expected = statistics.by_family(statistics.SHARE, verdicts, resamples=100, seed=4)
    for layer in (0, 4, 8):
        xr.testing.assert_equal(table.hidden.sel(layer=layer), expected.value.sel(layer=layer))
        assert table.defined.sel(layer=layer).values.tolist() == expected.defined.sel(layer=layer).values.tolist()


def test_each_site_has_its_own_first_layer_and_missing_layers_are_passed_over() -> None:
    one, two = states(deepening()), states(deepening())
    late = two["drift"].where(two["drift"].layer > 4, 0.1)
    late = late.where(late.layer != 0)  # a site without this layer
    moved = xr.concat([one["drift"], late], xr.IndexVariable("site", ["vision", "language"]))
    control = xr.concat([one["control"], two["control"]], moved.site)
    result = instability.where_first(moved, control, one["flipped"], resamples=100)
    whole = result.sel(family=statistics.ALL)
    assert whole.first_layer.to_series().to_dict() == {"vision": 4, "language": 8}
    assert np.isnan(whole.hidden.sel(site="language", layer=0)).all()
    assert whole.defined.sel(site="language", layer=0) == 0


def test_the_depth_table_needs_layers_and_a_share() -> None:
    data = states(run())
    with pytest.raises(ValueError, match="no labels of 'layer'"):
        instability.where_first(**{name: x.drop_vars("layer", errors="ignore") for name, x in data.items()})
    with pytest.raises(ValueError, match="least=5"):
        instability.where_first(**data, least=5)


def test_nothing_depends_on_the_order_of_samples_or_changes_the_inputs() -> None:
    data = states(run())
    before = {name: array.copy(deep=True) for name, array in data.items()}
    order = np.random.default_rng(6).permutation(60)
    shuffled = {name: array.isel(sample=order) for name, array in data.items()}
    xr.testing.assert_allclose(
        instability.where_first(**shuffled, resamples=50), instability.where_first(**data, resamples=50)
    )
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
