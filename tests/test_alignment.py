"""Alignment of two representations, by hand, by loops, by the explicit formulas, by scipy and scikit-learn."""

import dask.array
import numpy as np
import pytest
import torch
import xarray as xr
from scipy.spatial import distance
from sklearn.neighbors import NearestNeighbors

from analyses import alignment, statistics
from analyses.kernels import alignment as kernels
from analyses.kernels import neighbours

NAN = np.nan
REDUCED = (
    lambda x, y: alignment.mutual_knn(x, y, k=2),
    lambda x, y: alignment.cka(x, y),
    lambda x, y: alignment.cka(x, y, unbiased=True),
    lambda x, y: alignment.modality_gap(x, y),
)


def bare(samples: int = 30, features: int = 8, others: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Two related representations of the same samples."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, features))
    return x, x @ rng.normal(size=(features, others)) + rng.normal(size=(samples, others))


def labelled(layers: int = 2, **sizes: int) -> tuple[xr.DataArray, xr.DataArray]:
    """The same with labels, for several layers."""
    pairs = [bare(seed=layer, **sizes) for layer in range(layers)]
    x, y = (
        xr.DataArray(
            np.stack(states, axis=1),
            dims=("sample", "layer", "feature"),
            coords={"sample": [f"s{i}" for i in range(len(states[0]))], "layer": list(range(layers))},
        )
        for states in zip(*pairs, strict=True)
    )
    return x.assign_coords(image=("sample", [f"i{i}" for i in range(x.sizes["sample"])])), y


def overlap_by_loop(x: np.ndarray, y: np.ndarray, k: int) -> list[float]:
    """Clip at the 0.95 quantile of magnitudes, divide by the length, take the k greatest products with others."""
    nearest = []
    for states in (x, y):
        limit = np.sort(np.abs(states).ravel())[int(0.95 * states.size)]
        clipped = np.clip(states, -limit, limit)
        unit = clipped / np.linalg.norm(clipped, axis=1, keepdims=True)
        near = [
            sorted(range(len(x)), key=lambda j, i=i, u=unit: -np.inf if j == i else u[i] @ u[j]) for i in range(len(x))
        ]
        nearest.append([set(row[-k:]) for row in near])
    return [len(a & b) / k for a, b in zip(*nearest, strict=True)]


def hsic_unbiased(k: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
    """Song et al. 2012, equation 5, term by term."""
    n, one = len(k), np.ones(len(k))
    k, l = k - np.diag(np.diag(k)), l - np.diag(np.diag(l))  # noqa: E741
    middle = (one @ k @ one) * (one @ l @ one) / ((n - 1) * (n - 2))
    return (np.trace(k @ l) + middle - 2 / (n - 2) * (one @ k @ l @ one)) / (n * (n - 3))


def hsic_biased(k: np.ndarray, l: np.ndarray) -> float:  # noqa: E741
    h = np.eye(len(k)) - 1 / len(k)
    return np.trace(k @ h @ l @ h) / (len(k) - 1) ** 2


def cka_by_kernels(hsic, x: np.ndarray, y: np.ndarray) -> float:
    k, other = x @ x.T, y @ y.T
    return hsic(k, other) / np.sqrt(hsic(k, k) * hsic(other, other))


def test_cosine_by_hand() -> None:
    # (3,4).(4,3) / 25 = 24/25; (1,0).(0,2) = 0; (1,1) and (-2,-2) are opposite
    image, text = np.array([[3.0, 4.0], [1.0, 0.0], [1.0, 1.0]]), np.array([[4.0, 3.0], [0.0, 2.0], [-2.0, -2.0]])
    np.testing.assert_allclose(alignment.cosine(image, text), [24 / 25, 0.0, -1.0], atol=1e-15)


def test_cosine_agrees_with_scipy() -> None:
    image, text = bare()
    expected = [1 - distance.cosine(u, v) for u, v in zip(image, text, strict=True)]
    np.testing.assert_allclose(alignment.cosine(image, text), expected)
    np.testing.assert_allclose(alignment.cosine(image.T, text.T, dim=0), expected)


@pytest.mark.parametrize("bad", [[0.0, 0.0], [NAN, 1.0], [np.inf, 1.0]])
def test_zero_and_non_finite_embeddings_have_no_cosine(bad) -> None:
    fine, broken = np.ones((2, 2)), np.array([bad, [1.0, 1.0]])
    np.testing.assert_allclose(alignment.cosine(fine, broken), [NAN, 1.0])
    np.testing.assert_allclose(alignment.cosine(broken, fine), [NAN, 1.0])


def test_an_image_under_conditions_meets_its_own_text() -> None:
    clean, text = labelled(layers=1)
    image = xr.concat([clean, -clean], "condition").assign_coords(condition=["clean", "negative"]).isel(layer=0)
    text = text.isel(layer=0).assign_coords(condition="clean")
    result = alignment.cosine(image, text)
    assert result.dims == ("condition", "sample")
    assert result.image.dims == ("sample",)
    np.testing.assert_allclose(result.sel(condition="negative"), -result.sel(condition="clean"))
    assert result[0, 3] == pytest.approx(1 - distance.cosine(image[0, 3], text[3]))


def test_neighbour_overlap_by_hand() -> None:
    # x at 0, 10, 30, 100 degrees: nearest 0-1, 1-0, 2-1, 3-2; y at 0, 40, 50, 100: 0-1, 1-2, 2-1, 3-2
    angle = np.radians([[0, 10, 30, 100], [0, 40, 50, 100]])
    x, y = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    np.testing.assert_array_equal(alignment.neighbour_overlap(x, y, k=1, quantile=1), [1, 0, 1, 1])
    assert alignment.mutual_knn(x, y, k=1, quantile=1) == 0.75


@pytest.mark.parametrize("k", [1, 3, 10])
def test_neighbour_overlap_agrees_with_a_loop(k: int) -> None:
    x, y = bare(others=5)
    expected = overlap_by_loop(x, y, k)
    np.testing.assert_allclose(alignment.neighbour_overlap(x, y, k=k), expected)
    assert alignment.mutual_knn(x, y, k=k) == pytest.approx(np.mean(expected))
    assert 0 < np.mean(expected) < 1


def test_neighbour_overlap_agrees_with_scikit_learn() -> None:
    x, y = bare(samples=60)
    sets = [
        NearestNeighbors(n_neighbors=10, metric="cosine").fit(states).kneighbors(return_distance=False)
        for states in (x, y)
    ]
    expected = [len({*a} & {*b}) / 10 for a, b in zip(*sets, strict=True)]
    np.testing.assert_allclose(alignment.neighbour_overlap(x, y, quantile=1), expected)


def test_the_neighbours_under_many_conditions_are_those_under_each() -> None:
    rng = np.random.default_rng(8)
    clean = xr.DataArray(rng.normal(size=(30, 6)), dims=("image", "feature"), coords={"image": [*map(str, range(30))]})
    moved = clean + 0.5 * xr.DataArray(rng.normal(size=(3, 30, 6)), dims=("condition", "image", "feature"))
    moved = moved.transpose("condition", ...)
    moved[1, 4] = np.nan  # undefined under one condition alone
    together = alignment.neighbour_overlap(clean, moved, k=4)
    for place in range(3):
        alone = alignment.neighbour_overlap(clean, moved.isel(condition=place), k=4)
        np.testing.assert_array_equal(together.isel(condition=place).values, alone.values)
    assert together.isnull().sum() == 1


def test_features_are_clipped_at_the_quantile_of_all_magnitudes() -> None:
    # 20 magnitudes: rank int(0.95 * 20) = 19 is the greatest, rank int(0.5 * 20) = 10 is 11
    x = np.arange(1.0, 21.0).reshape(4, 5) * [[1], [-1], [1], [-1]]
    np.testing.assert_array_equal(neighbours.clipped(x, 0.95), x)
    np.testing.assert_array_equal(neighbours.clipped(x, 1), x)
    np.testing.assert_array_equal(neighbours.clipped(x, 0.5), np.clip(x, -11, 11))


def test_one_huge_feature_does_not_decide_who_is_near() -> None:
    x, _ = bare(samples=40)
    spoiled = x.copy()
    spoiled[:, 0] += np.where(np.arange(40) < 2, 1e4, 0.0)
    assert alignment.mutual_knn(x, spoiled, k=5) > alignment.mutual_knn(x, spoiled, k=5, quantile=1)


def test_equally_near_neighbours_share_the_places() -> None:
    # in x, sample 0 has three equal neighbours for k = 2 places: 2/3 each; in y 1 and 2 are nearest; 2 * 2/3 / 2
    x = np.array([[1.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0], [-1.0, 0.0]])
    y = np.array([[1.0, 0.0], [1.0, 0.1], [1.0, 0.2], [0.0, 1.0], [-1.0, 0.0]])
    assert alignment.neighbour_overlap(x, y, k=2, quantile=1)[0] == pytest.approx(2 / 3)
    np.testing.assert_allclose(alignment.neighbour_overlap(x, x, k=2, quantile=1), 1.0)


def test_many_samples_are_compared_block_by_block(monkeypatch) -> None:
    x, y = bare(samples=50)
    whole = alignment.neighbour_overlap(x, y)
    monkeypatch.setattr(kernels, "ROWS", 7)
    np.testing.assert_allclose(alignment.neighbour_overlap(x, y), whole)


@pytest.mark.parametrize("bad", [0.0, NAN, np.inf])
def test_an_undefined_sample_is_nobodys_neighbour(bad: float) -> None:
    x, y = bare()
    broken = x.copy()
    broken[4] = bad
    kept = np.delete(np.arange(30), 4)
    result = alignment.neighbour_overlap(broken, y, k=5)
    assert np.isnan(result[4])
    np.testing.assert_allclose(result[kept], alignment.neighbour_overlap(x[kept], y[kept], k=5))
    np.testing.assert_allclose(alignment.neighbour_overlap(y, broken, k=5), result)


def test_too_few_defined_samples_have_no_neighbours() -> None:
    x, y = bare(samples=6)
    x[2:4] = 0
    assert np.isnan(alignment.neighbour_overlap(x, y, k=4)).all()
    assert np.isnan(alignment.mutual_knn(x, y, k=4))
    assert np.isfinite(alignment.mutual_knn(x, y, k=3))


@pytest.mark.parametrize("k", [0, 6, 10])
def test_more_neighbours_than_others_are_refused(k: int) -> None:
    x, y = bare(samples=6)
    with pytest.raises(ValueError, match="Choose k from 1 to 5"):
        alignment.mutual_knn(x, y, k=k)
    with pytest.raises(ValueError, match="quantile=0"):
        alignment.mutual_knn(x, y, k=2, quantile=0)


def test_the_mean_overlap_has_an_interval_by_image() -> None:
    x, y = labelled()
    overlap = alignment.neighbour_overlap(x, y)
    estimate, low, high = statistics.bootstrap(statistics.mean, overlap, cluster="image", resamples=100)
    np.testing.assert_allclose(estimate, alignment.mutual_knn(x, y))
    assert (low < estimate).all()
    assert (estimate < high).all()


def test_cka_by_hand() -> None:
    # centred: x (-1, 0, 1) and y (-1, 2, -1) have product 0; x and (0, -1, 1) have 1, squared over 2 * 2
    x = np.array([[1.0], [2.0], [3.0]])
    assert alignment.cka(x, np.array([[1.0], [4.0], [1.0]])) == pytest.approx(0.0, abs=1e-15)
    assert alignment.cka(x, np.array([[2.0], [1.0], [3.0]])) == pytest.approx(1 / 4)


@pytest.mark.parametrize(("features", "others"), [(8, 5), (50, 40), (3, 200)])
def test_cka_agrees_with_the_centred_kernels(features: int, others: int) -> None:
    x, y = bare(features=features, others=others)
    assert alignment.cka(x, y) == pytest.approx(cka_by_kernels(hsic_biased, x, y), rel=1e-12)
    assert alignment.cka(x, y, unbiased=True) == pytest.approx(cka_by_kernels(hsic_unbiased, x, y), rel=1e-10)


def test_unbiased_cka_of_independent_noise_is_about_zero_and_the_biased_one_is_not() -> None:
    rng = np.random.default_rng(0)
    pairs = [rng.normal(size=(2, 50, 300)) for _ in range(20)]
    unbiased = [alignment.cka(x, y, unbiased=True) for x, y in pairs]
    assert abs(np.mean(unbiased)) < 4 * np.std(unbiased, ddof=1) / np.sqrt(20)
    assert np.std(unbiased, ddof=1) < 0.05
    assert min(alignment.cka(x, y) for x, y in pairs) > 0.8


def test_a_representation_that_does_not_vary_has_no_cka() -> None:
    x, y = bare()
    flat = np.full((30, 4), 0.1)
    alone = np.where(np.arange(30)[:, None] == 3, 2.0, 1.0) * np.ones(4)
    assert np.isnan(alignment.cka(x, flat))
    assert np.isnan(alignment.cka(flat, y, unbiased=True))
    # a single sample apart from all others varies, but off its own diagonal its kernel is flat
    assert np.isfinite(alignment.cka(x, alone))
    assert np.isnan(alignment.cka(x, alone, unbiased=True))


def test_cka_keeps_its_digits_far_from_the_origin_and_at_any_scale() -> None:
    x, y = bare()
    expected = alignment.cka(x, y), alignment.cka(x, y, unbiased=True)
    for far in (x + 1e6, 1e120 * x, 1e-120 * x):
        assert alignment.cka(far, y) == pytest.approx(expected[0], rel=1e-8)
        assert alignment.cka(far, y, unbiased=True) == pytest.approx(expected[1], rel=1e-8)


def test_cka_of_too_few_samples_is_undefined() -> None:
    x, y = bare(samples=5)
    x[0] = NAN
    assert np.isfinite(alignment.cka(x, y, unbiased=True))
    x[1] = NAN
    assert np.isnan(alignment.cka(x, y, unbiased=True))
    assert np.isfinite(alignment.cka(x, y))
    x[:4] = NAN
    assert np.isnan(alignment.cka(x, y))


def test_modality_gap_by_hand() -> None:
    # unit images (1,0), (0,1), mean (1/2, 1/2); unit texts (-1,0), (0,1), mean (-1/2, 1/2); apart by (1, 0)
    image, text = np.array([[2.0, 0.0], [0.0, 5.0]]), np.array([[-1.0, 0.0], [0.0, 3.0]])
    assert alignment.modality_gap(image, text) == pytest.approx(1.0)


def test_modality_gap_agrees_with_the_formula() -> None:
    image, text = bare()
    apart = [states / np.linalg.norm(states, axis=1, keepdims=True) for states in (image, text)]
    expected = np.linalg.norm(apart[0].mean(axis=0) - apart[1].mean(axis=0))
    assert alignment.modality_gap(image, text) == pytest.approx(expected)


def test_modality_gap_leaves_out_undefined_pairs() -> None:
    image, text = bare()
    image[0], text[1] = 0, np.inf
    assert alignment.modality_gap(image, text) == pytest.approx(alignment.modality_gap(image[2:], text[2:]))
    assert np.isnan(alignment.modality_gap(np.zeros((3, 2)), np.ones((3, 2))))


def test_a_modality_gap_needs_one_space() -> None:
    with pytest.raises(ValueError, match="image has 8 features, text 5"):
        alignment.modality_gap(*bare(others=5))
    with pytest.raises(ValueError, match="differ in 'feature': 8 against 5"):
        alignment.modality_gap(*labelled(others=5))


@pytest.mark.parametrize("function", REDUCED)
def test_layers_are_measured_one_by_one_and_samples_counted(function) -> None:
    x, y = labelled()
    x[0, 1] = 0
    y[1, 1, 0] = NAN
    result = function(x, y)
    assert result.dims == ("layer",)
    np.testing.assert_allclose(result, [function(x.values[:, i], y.values[:, i]) for i in range(2)])
    assert result.defined.values.tolist() == [30, 28]
    assert result.undefined.values.tolist() == [0, 2]


@pytest.mark.parametrize("function", REDUCED[:3])
def test_renamed_layers_are_crossed(function) -> None:
    x, y = labelled(others=5)
    result = function(x.rename(layer="layer_of_x"), y.rename(layer="layer_of_y"))
    assert result.sizes == {"layer_of_x": 2, "layer_of_y": 2}
    assert result.sel(layer_of_x=1, layer_of_y=0) == pytest.approx(function(x.values[:, 1], y.values[:, 0]))
    with pytest.raises(ValueError, match="x has a dimension 'layer' and y has not"):
        function(x, y.isel(layer=0))


def test_images_serve_as_well_as_samples() -> None:
    x, y = (states.drop_vars("image", errors="ignore").rename(sample="image") for states in labelled())
    overlap = alignment.neighbour_overlap(x, y, k=3)
    assert overlap.dims == ("image", "layer")
    np.testing.assert_allclose(alignment.mutual_knn(x, y, k=3), overlap.mean("image"))


def test_overlaps_keep_the_samples_labels() -> None:
    x, y = labelled()
    result = alignment.neighbour_overlap(x.transpose("feature", "layer", "sample"), y)
    assert result.dims == ("sample", "layer")
    assert result.image.values.tolist() == x.image.values.tolist()
    np.testing.assert_array_equal(result[:, 1], alignment.neighbour_overlap(x.values[:, 1], y.values[:, 1]))


@pytest.mark.parametrize("function", [alignment.cosine, *REDUCED])
@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (lambda x: x.isel(sample=slice(0, 28)), "differ in 'sample': only in .*: 's28', 's29'"),
        (lambda x: x.isel(sample=slice(None, None, -1)), "another order"),
        (lambda x: x.assign_coords(layer=[0, 4]), "differ in 'layer'"),
        (lambda x: x.rename(sample="image"), "a dimension 'image'"),
        (lambda x: x.rename(feature="neuron"), "'feature'"),
    ],
)
def test_mismatched_labels_are_refused_by_name(function, broken, message: str) -> None:
    x, y = labelled()
    with pytest.raises(ValueError, match=message):
        function(x, broken(y))


@pytest.mark.parametrize("function", REDUCED)
def test_bare_arrays_must_be_rows_of_the_same_samples(function) -> None:
    x, y = bare()
    with pytest.raises(ValueError, match=r"\(30, 8\), .* \(29, 8\)"):
        function(x, y[1:])
    with pytest.raises(ValueError, match="Label more dimensions"):
        function(x[None], y[None].repeat(30, axis=0))
    with pytest.raises(TypeError, match="a bare array beside labelled ones"):
        function(xr.DataArray(x, dims=("sample", "feature")), y)


@pytest.mark.parametrize("function", [alignment.cosine, *REDUCED])
def test_dask_and_memory_agree(function) -> None:
    x, y = labelled()
    lazy = function(x.chunk(sample=7, feature=3, layer=1), y.chunk(sample=30, layer=1))
    assert isinstance(lazy.data, dask.array.Array)
    xr.testing.assert_allclose(lazy.compute(), function(x, y))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_tensors_are_measured_in_float64(dtype) -> None:
    x, y = (torch.from_numpy(states).to(dtype) for states in bare())
    for function in (alignment.cosine, *REDUCED):
        result = function(x, y)
        assert result.dtype == torch.float64
        np.testing.assert_allclose(result, function(x.double().numpy(), y.double().numpy()), rtol=1e-12)


def test_inputs_are_left_as_they_were() -> None:
    x, y = labelled()
    before = x.copy(deep=True), y.copy(deep=True)
    for function in (alignment.cosine, *REDUCED):
        function(x, y)
        function(x.values[:, 0], y.values[:, 0])
    xr.testing.assert_identical(x, before[0])
    xr.testing.assert_identical(y, before[1])


def test_results_do_not_wear_the_states_unit() -> None:
    x, y = (states.assign_attrs(units="model units") for states in labelled())
    assert all(function(x, y).attrs == {} for function in (alignment.cosine, *REDUCED))
