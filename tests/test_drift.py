"""Drift and its control, checked by hand, by loops, by scipy, and in three array libraries."""

import dask.array
import numpy as np
import pytest
import torch
import xarray as xr
from scipy.spatial import distance

from analyses import control_sampling, drift, kernels, statistics


def states(samples: int = 8, layers: int = 2, features: int = 6, seed: int = 0) -> xr.DataArray:
    """Clean states of samples that share images two by two and prompts in turn."""
    values = np.random.default_rng(seed).normal(size=(samples, layers, features)).astype(np.float32)
    return xr.DataArray(
        values,
        dims=("sample", "layer", "feature"),
        coords={
            "sample": [f"s{i}" for i in range(samples)],
            "image": ("sample", [f"i{i // 2}" for i in range(samples)]),
            "question": ("sample", [f"q{i % 2}" for i in range(samples)]),
            "layer": [0, 3],
        },
    )


def perturbed(clean: xr.DataArray) -> xr.DataArray:
    names = ["shift:1", "shift:2", "blur:1"]
    moved = xr.concat([clean + 0.1 * (i + 1) * clean.roll(feature=i + 1) for i in range(3)], "condition")
    return moved.assign_coords(condition=names, family=("condition", ["shift", "shift", "blur"]))


def test_cosine_drift_by_hand() -> None:
    # cos((3,4), (4,3)) = 24/25; cos((1,0), (0,2)) = 0; cos((1,1), (-1,-1)) = -1
    a, b = np.array([[3.0, 4.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[4.0, 3.0], [0.0, 2.0], [-1.0, -1.0]])
    np.testing.assert_allclose(drift.cosine(a, b), [1 / 25, 1.0, 2.0], rtol=1e-14)


def test_euclidean_drift_by_hand() -> None:
    # |(0,3) - (4,0)| = 5
    np.testing.assert_allclose(drift.euclidean(np.array([[0.0, 3.0]]), np.array([[4.0, 0.0]])), [5.0], rtol=1e-14)


def test_both_drifts_agree_with_scipy() -> None:
    a, b = np.random.default_rng(1).normal(size=(2, 20, 33))
    np.testing.assert_allclose(drift.cosine(a, b), [distance.cosine(u, v) for u, v in zip(a, b, strict=True)])
    np.testing.assert_allclose(drift.euclidean(a, b), [distance.euclidean(u, v) for u, v in zip(a, b, strict=True)])


def test_small_drift_keeps_its_digits_in_float32() -> None:
    # turned by 1e-4 rad: 1 - cos = 5e-9, which is below the rounding of 1 - cos in float32
    a, b = np.array([1.0, 0.0], np.float32), np.array([1.0, 1e-4], np.float32)
    np.testing.assert_allclose(drift.cosine(a, b), 5e-9, rtol=1e-4)


def test_huge_and_tiny_vectors_do_not_overflow_float32() -> None:
    a, b = np.array([3e30, 4e30], np.float32), np.array([4e-30, 3e-30], np.float32)
    np.testing.assert_allclose(drift.cosine(a, b), 1 / 25, rtol=1e-6)
    np.testing.assert_allclose(drift.euclidean(a, -a), 1e31, rtol=1e-6)


@pytest.mark.parametrize("function", [drift.cosine, drift.euclidean])
@pytest.mark.parametrize("bad", [[0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0]])
def test_zero_and_non_finite_vectors_are_undefined(function, bad) -> None:
    fine = np.ones((2, 2))
    broken = np.array([bad, [1.0, 2.0]])
    assert np.isnan(function(fine, broken)).tolist() == [True, False]
    assert np.isnan(function(broken, fine)).tolist() == [True, False]


@pytest.mark.parametrize("kernel", [kernels.cosine_drift, kernels.euclidean_drift])
def test_numpy_torch_and_dask_agree(kernel) -> None:
    a, b = np.random.default_rng(2).normal(size=(2, 4, 5, 64)).astype(np.float32)
    expected = kernel(a, b)
    on_torch = kernel(torch.from_numpy(a), torch.from_numpy(b))
    lazy = kernel(dask.array.from_array(a, chunks=(2, 5, 64)), dask.array.from_array(b, chunks=(2, 5, 64)))
    assert on_torch.dtype == torch.float32
    np.testing.assert_allclose(on_torch.numpy(), expected, rtol=2e-6)
    np.testing.assert_allclose(lazy.compute(), expected, rtol=2e-7)  # a rounding of float32


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_sixteen_bit_states_are_measured_in_float32(dtype) -> None:
    a, b = torch.randn(2, 3, 4096, generator=torch.Generator().manual_seed(0)).to(dtype)
    result = kernels.cosine_drift(a, b)
    assert result.dtype == torch.float32
    np.testing.assert_allclose(result.numpy(), kernels.cosine_drift(a.float().numpy(), b.float().numpy()), rtol=1e-5)


def test_labels_pass_through_and_clean_is_repeated_over_conditions() -> None:
    clean = states().assign_coords(condition="clean", family="clean")
    result = drift.cosine(clean, perturbed(states()))
    assert set(result.dims) == {"condition", "sample", "layer"}
    assert result.family.values.tolist() == ["shift", "shift", "blur"]
    assert result.image.dims == ("sample",)
    one = result.sel(sample="s3", layer=3, condition="blur:1").item()
    assert one == pytest.approx(
        distance.cosine(clean.sel(sample="s3", layer=3), perturbed(states()).sel(sample="s3", layer=3)[2]), rel=1e-5
    )


def test_what_clean_was_selected_by_gives_way_to_conditions_without_names() -> None:
    clean, moved = states().assign_coords(condition="clean"), perturbed(states()).drop_vars(["condition", "family"])
    result = drift.cosine(clean, moved)
    assert "condition" not in result.coords
    np.testing.assert_array_equal(result.compute(), drift.cosine(states(), perturbed(states())))


def test_dask_and_memory_give_the_same_labelled_drift() -> None:
    clean, moved = states(), perturbed(states())
    lazy = drift.cosine(clean.chunk(sample=3), moved.chunk(sample=3, feature=2))
    assert lazy.chunks is not None
    xr.testing.assert_identical(lazy.compute(), drift.cosine(clean, moved))
    xr.testing.assert_identical(drift.control(clean.chunk(sample=3)).compute(), drift.control(clean))


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda x: x.isel(sample=slice(0, 6)), "only in clean: 's6', 's7'"),
        (lambda x: x.isel(sample=slice(None, None, -1)), "another order"),
        (lambda x: x.assign_coords(layer=[0, 4]), "differ in 'layer': only in clean: 3"),
        (lambda x: x.isel(sample=0, drop=True), "a dimension 'sample'"),
        (lambda x: x.drop_vars("sample").isel(sample=slice(0, 6)), "differ in 'sample': 8 against 6"),
        (lambda x: x.rename(feature="channel"), "a dimension 'channel'"),
    ],
)
def test_mismatched_labels_are_refused_by_name(broken, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        drift.cosine(states(), broken(perturbed(states())))


def test_a_bare_array_beside_a_labelled_one_is_refused() -> None:
    with pytest.raises(TypeError, match="perturbed: a bare array"):
        drift.cosine(states(), states().values)


def test_bare_arrays_of_different_shape_are_not_broadcast() -> None:
    with pytest.raises(ValueError, match=r"clean \(4,\), perturbed \(3, 4\)"):
        drift.cosine(np.ones(4), np.ones((3, 4)))
    assert drift.cosine(np.ones((3, 1, 4)), np.ones((3, 2, 4))).shape == (3, 2)


def test_an_axis_can_be_named_by_number() -> None:
    a, b = np.random.default_rng(3).normal(size=(2, 4, 5))
    np.testing.assert_array_equal(drift.cosine(a.T, b.T, dim=0), drift.cosine(a, b))


def test_control_by_hand() -> None:
    # unit vectors at 0, 90 and 180 degrees: distances 1 (0-90), 2 (0-180), 1 (90-180); two partners each
    clean = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    np.testing.assert_allclose(drift.control(clean, pairs=2), [1.5, 1.0, 1.5])


@pytest.mark.parametrize("metric", ["cosine", "euclidean"])
def test_control_pairs_are_the_distances_to_the_drawn_partners(metric: str) -> None:
    clean = states()
    result = drift.control_pairs(clean, metric=metric, pairs=3, seed=7)
    drawn = control_sampling.draw(clean.sample, np.zeros(8), clean.image, pairs=3, seed=7)
    measure = getattr(distance, metric)
    for i in range(8):
        for layer in range(2):
            expected = [measure(clean[i, layer], clean[j, layer]) for j in drawn[i]]
            np.testing.assert_allclose(result[i, layer], expected, rtol=1e-5)
    np.testing.assert_allclose(drift.control(clean, metric=metric, pairs=3, seed=7), result.mean("pair"), rtol=1e-6)


def test_each_sampling_draws_whom_it_says() -> None:
    image, question = states().image.values, states().question.values
    others = control_sampling.draw(range(8), np.zeros(8), image, pairs=25, seed=0)
    same_prompt = control_sampling.draw(range(8), question, image, pairs=25, seed=0)
    same_image = control_sampling.draw(range(8), image, question, pairs=25, seed=0)
    for i in range(8):
        assert {j for j in others[i] if j >= 0} == {j for j in range(8) if image[j] != image[i]}
        assert {j for j in same_prompt[i] if j >= 0} == {
            j for j in range(8) if image[j] != image[i] and question[j] == question[i]
        }
        assert {j for j in same_image[i] if j >= 0} == {i ^ 1}


def test_partners_are_distinct_and_uniform() -> None:
    drawn = [control_sampling.draw(range(6), np.zeros(6), range(6), pairs=2, seed=seed)[0] for seed in range(600)]
    assert all(len(set(row)) == 2 and 0 not in row for row in drawn)
    # each of 5 others is drawn with probability 2/5 in 600 draws: 240, sd 12
    counts = np.bincount(np.concatenate(drawn), minlength=6)
    assert counts[0] == 0
    assert (np.abs(counts[1:] - 240) < 5 * 12).all()


def test_control_uses_all_there_are_and_says_so() -> None:
    result = drift.control(states(), pairs=25)
    assert result.attrs["fewest_pairs"] == 6
    assert (result.pairs == 6).all()
    assert result.attrs["sampling"] == "other_sample"


def test_control_without_unrelated_samples_is_undefined() -> None:
    assert drift.control(states().isel(sample=[0, 1])).isnull().all()
    assert drift.control(states().isel(sample=[0, 2]), sampling="same_image_other_prompt").isnull().all()


def test_an_undefined_sample_does_not_undo_the_control_of_others() -> None:
    clean = states()
    clean[0] = np.nan
    result = drift.control(clean, pairs=25)
    assert result[0].isnull().all()
    assert result[1:].notnull().all()


def test_image_level_states_need_no_image_coordinate() -> None:
    clean = states().isel(sample=slice(None, None, 2)).drop_vars(["image", "question"]).rename(sample="image")
    assert (drift.control(clean).pairs == 3).all()


def test_control_does_not_depend_on_the_order_of_samples() -> None:
    clean = states()
    order = np.random.default_rng(4).permutation(8)
    xr.testing.assert_allclose(
        drift.control(clean.isel(sample=order), pairs=2), drift.control(clean, pairs=2).isel(sample=order)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metric": "manhattan"}, "Choose one of cosine, euclidean"),
        ({"sampling": "anyone"}, "Choose one of other_sample"),
        ({"pairs": 0}, "at least 1 pair"),
        ({"sample_dim": "row"}, "Name yours"),
    ],
)
def test_control_refuses_what_it_does_not_know(arguments, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        drift.control(states(), **arguments)


def test_control_names_the_coordinate_that_is_missing() -> None:
    with pytest.raises(ValueError, match="needs a coordinate 'image'"):
        drift.control(states().drop_vars("image"))
    with pytest.raises(ValueError, match="'prompt' or 'question'"):
        drift.control(states().drop_vars("question"), sampling="other_image_same_prompt")
    with pytest.raises(ValueError, match="1 sample ids repeat"):
        drift.control(states().assign_coords(sample=["s0", "s0", *(f"s{i}" for i in range(2, 8))]))


def test_relative_by_hand() -> None:
    # mean(drift) = 0.2, sd = 0.1; mean(control) = 0.8, sd = 0.2
    # percent = 100 * 0.2 / 0.8 = 25, sd = 100 * 0.1 / 0.8 = 12.5; d = (0.2 - 0.8) / sqrt((2*0.01 + 2*0.04) / 4)
    result = drift.relative(np.array([0.1, 0.2, 0.3]), np.array([0.6, 0.8, 1.0]))
    assert result.percent == pytest.approx(25.0)
    assert result.percent_sd == pytest.approx(12.5)
    assert result.cohen_d == pytest.approx(-0.6 / np.sqrt(0.025))


def test_relative_leaves_out_and_counts_undefined_drifts() -> None:
    result = drift.relative(np.array([0.1, np.nan, 0.3]), np.array([0.6, 0.8, 1.0]))
    assert result.percent == pytest.approx(25.0)
    assert (result.defined.item(), result.undefined.item()) == (2, 1)


def test_relative_without_a_spread_or_a_yardstick_is_undefined() -> None:
    assert np.isnan(drift.relative(np.array([0.1, 0.1]), np.array([0.5, 0.5])).cohen_d)
    assert np.isnan(drift.relative(np.array([0.1, 0.1]), np.array([0.0, 0.0])).percent)
    assert np.isnan(drift.relative(np.array([np.nan, np.nan]), np.array([1.0, 2.0])).percent)
    assert np.isnan(drift.relative(np.array([0.1]), np.array([0.5])).percent_sd)


def test_unaveraged_pairs_widen_the_yardstick() -> None:
    clean = states(samples=40)
    moved = drift.cosine(clean, perturbed(clean))
    averaged = drift.relative(moved, drift.control(clean))
    single = drift.relative(moved, drift.control_pairs(clean))
    np.testing.assert_allclose(averaged.percent, single.percent, rtol=1e-6)
    assert (np.abs(single.cohen_d) < np.abs(averaged.cohen_d)).all()


def test_family_drift_is_the_mean_over_its_conditions() -> None:
    moved = drift.cosine(states(), perturbed(states())).transpose("sample", "condition", "layer")
    moved[0, 0, 0] = np.nan
    result = statistics.per_sample(moved)
    assert result.dims == ("sample", "family", "layer")
    assert result.family.values.tolist() == ["shift", "blur"]
    np.testing.assert_allclose(result[1:, 0], moved[1:, :2].mean("condition"))
    assert result[0, 0, 0] == moved[0, 1, 0]
    assert statistics.per_sample(moved.where(moved.family != "blur")).sel(family="blur").isnull().all()


def test_inputs_are_left_as_they_were() -> None:
    clean, moved = states(), perturbed(states())
    before = clean.copy(deep=True), moved.copy(deep=True)
    drift.relative(statistics.per_sample(drift.cosine(clean, moved)), drift.control(clean))
    xr.testing.assert_identical(clean, before[0])
    xr.testing.assert_identical(moved, before[1])


def test_results_do_not_wear_the_states_name_and_unit() -> None:
    clean = states().assign_attrs(long_name="activation", units="model units")
    result = statistics.per_sample(drift.cosine(clean, perturbed(clean)))
    assert result.attrs == {}
    assert "units" not in drift.control(clean).attrs
    assert drift.relative(result, drift.control(clean)).percent.attrs == {}


def test_states_that_do_not_move_beside_a_control_that_does_not_are_no_standard_deviation_apart() -> None:
    # of 0 and 0 there is no spread, whatever other conditions are measured beside it
    drifts = xr.DataArray(np.random.default_rng(0).uniform(0.1, 0.3, (50, 7)), dims=("sample", "condition"))
    drifts[:, 0] = 0
    result = drift.relative(drifts, xr.DataArray(np.zeros((50, 3)), dims=("sample", "pair")))
    assert np.isnan([result.cohen_d[0], result.percent[0], result.percent[1]]).all()
    assert np.isfinite(result.cohen_d[1])
