"""Floors of alignment and intervals by image, against loops and formulas written out."""

import numpy as np
import pytest
import torch
import xarray as xr

from analyses import alignment, statistics
from analyses.alignment.shuffling import shuffled
from analyses.kernels import alignment as kernels

NAN = np.nan
KINDS = {"biased": False, "unbiased": True}


def cka_by_formula(x: np.ndarray, y: np.ndarray, unbiased: bool) -> float:
    """Kornblith et al. 2019, equation 3, and Song et al. 2012, equation 5, written out."""

    def hsic(a: np.ndarray, b: np.ndarray) -> float:
        k, m, n = a @ a.T, b @ b.T, len(a)
        if not unbiased:
            h = np.eye(n) - 1 / n
            return np.trace(k @ h @ m @ h)
        np.fill_diagonal(k, 0)
        np.fill_diagonal(m, 0)
        return np.trace(k @ m) + k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * k.sum(0) @ m.sum(0)

    return hsic(x, y) / np.sqrt(hsic(x, x) * hsic(y, y))


def states(images: int = 20, samples: int = 3, features: int = 6, seed: int = 0, question: float = 0.0) -> xr.DataArray:
    """Samples of images that ask `samples` questions each; `question` is how much of a state its question makes."""
    rng = np.random.default_rng(seed)
    of_question = np.tile(rng.normal(size=(samples, features)), (images, 1))
    values = question * of_question + rng.normal(size=(images * samples, features))
    return xr.DataArray(
        values,
        dims=("sample", "feature"),
        coords={
            "sample": [f"s{k:03}" for k in range(len(values))],
            "image": ("sample", [f"i{k // samples:02}" for k in range(len(values))]),
            "asked": ("sample", [f"q{k % samples}" for k in range(len(values))]),
        },
    )


def noisy(x: xr.DataArray, scale: float, seed: int = 1) -> xr.DataArray:
    return x + scale * np.random.default_rng(seed).normal(size=x.shape)


# leaving images out


@pytest.mark.parametrize("kind", KINDS)
def test_leaving_an_image_out_is_computing_the_alignment_without_it(kind: str) -> None:
    x = states()
    y = noisy(x, 0.7).isel(feature=slice(0, 4)) + 3.0
    x[5], y[17] = NAN, 0.0  # undefined in one of the two
    result = alignment.cka_left_out(x, y, unbiased=KINDS[kind])
    assert result.dims == ("left_out",)
    assert result.left_out.values.tolist() == sorted(set(x.image.values.tolist()))
    defined = np.isfinite(x.values).all(axis=1) & (y.values != 0).any(axis=1)
    for name in result.left_out.values:
        kept = defined & (x.image.values != name)
        expected = cka_by_formula(x.values[kept], y.values[kept], KINDS[kind])
        assert result.sel(left_out=name).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_leaving_out_is_the_same_for_any_scale_shift_and_library(kind: str) -> None:
    rng = np.random.default_rng(2)
    x, y = rng.normal(size=(12, 5)), rng.normal(size=(12, 7))
    blocks = [[0, 1, 2], [2, 3], [11], []]
    expected = [cka_by_formula(np.delete(x, b, 0), np.delete(y, b, 0), KINDS[kind]) for b in blocks]
    settings = {"unbiased": KINDS[kind]}
    np.testing.assert_allclose(kernels.cka_left_out(x, y, blocks, **settings), expected, atol=1e-12)
    np.testing.assert_allclose(kernels.cka_left_out(1e150 * (x + 9), y, blocks, **settings), expected, atol=1e-9)
    in_torch = kernels.cka_left_out(torch.tensor(x), torch.tensor(y), blocks, **settings)
    assert isinstance(in_torch, torch.Tensor)
    np.testing.assert_allclose(in_torch.numpy(), expected, atol=1e-12)


def test_layers_are_left_out_one_by_one_and_the_order_of_samples_does_not_matter() -> None:
    x = xr.concat([states(seed=3), states(seed=4)], "layer", coords="minimal")
    y = noisy(x, 1.0)
    result = alignment.cka_left_out(x, y)
    assert set(result.dims) == {"layer", "left_out"}
    xr.testing.assert_allclose(result.isel(layer=1), alignment.cka_left_out(x.isel(layer=1), y.isel(layer=1)))
    order = np.random.default_rng(0).permutation(x.sizes["sample"])
    xr.testing.assert_allclose(alignment.cka_left_out(x.isel(sample=order), y.isel(sample=order)), result)


def test_what_is_left_must_vary_and_be_enough() -> None:
    rng = np.random.default_rng(5)
    one = np.tile(rng.normal(size=4), (8, 1))
    one[0] = rng.normal(size=4)  # without the first row nothing varies
    y = rng.normal(size=(8, 3))
    for unbiased, whole in ((False, kernels.linear_cka), (True, kernels.unbiased_linear_cka)):
        result = kernels.cka_left_out(one, y, [[0], [1]], unbiased=unbiased)
        assert np.isnan(result[0])
        np.testing.assert_allclose(result[1], whole(np.delete(one, 1, 0), np.delete(y, 1, 0)))
    x = rng.normal(size=(4, 3))
    assert np.isnan(kernels.cka_left_out(x, y[:4], [[0]], unbiased=True)).all(), "three are left"
    assert np.isfinite(kernels.cka_left_out(x, y[:4], [[0]], unbiased=False)).all()
    assert np.isnan(kernels.cka_left_out(NAN * x, y[:4], [[0]], unbiased=False)).all()
    with pytest.raises(ValueError, match="no coordinate 'image' along 'sample'"):
        alignment.cka_left_out(states().drop_vars("image"), states().drop_vars("image"))
    with pytest.raises(ValueError, match=r"\(2,\) names of image for 60 rows"):
        alignment.cka_left_out(states(), states(), image=["a", "b"])


def test_the_interval_of_an_alignment_covers_that_of_the_population() -> None:
    # y = x + noise of one variance: of the covariances |Sxy|^2 / (|Sxx| |Syy|) = |D|^2 / (|D| |D + s I|)
    spread, noise, covered = np.array([2.0, 1.0, 0.5, 0.5]), 1.0, []
    variances = spread**2
    true = np.sqrt(np.sum(variances**2) / np.sum((variances + noise**2) ** 2))
    rng = np.random.default_rng(6)
    names = [f"i{k:02}" for k in range(50)]
    for _ in range(300):
        values = rng.normal(size=(50, 4)) * spread
        x = xr.DataArray(values, dims=("image", "feature"), coords={"image": names})
        y = x + noise * rng.normal(size=x.shape)
        estimate = alignment.cka(x, y, unbiased=True)
        bounds = statistics.jackknife(estimate, alignment.cka_left_out(x, y, unbiased=True))
        covered.append(bounds[1] <= true <= bounds[2])
    assert 0.9 <= np.mean(covered) <= 0.985  # standard error 0.013


# shuffling


def test_every_image_takes_the_state_of_another_within_its_stratum() -> None:
    rng = np.random.default_rng(7)
    ids = [f"s{k}" for k in range(60)]
    images = rng.integers(0, 15, 60).astype(str)
    strata = rng.integers(0, 9, 60).astype(str)
    alone = np.array([len(set(images[strata == s])) == 1 for s in strata])
    seen = []
    for number in range(3):
        taken = shuffled(ids, images, strata, seed=0, number=number)
        assert ((taken < 0) == alone).all()
        kept = taken >= 0
        assert (strata[taken[kept]] == strata[kept]).all()
        assert (images[taken[kept]] != images[kept]).all()
        order = rng.permutation(60)
        again = shuffled(np.array(ids)[order], images[order], strata[order], seed=0, number=number)
        np.testing.assert_array_equal(np.where(again >= 0, order[again], -1), taken[order])
        seen.append(tuple(taken))
    assert len(set(seen)) == 3
    assert tuple(shuffled(ids, images, strata, seed=1)) != seen[0]
    with pytest.raises(ValueError, match="1 sample ids repeat"):
        shuffled(["a", "a"], ["x", "y"], ["one", "one"], seed=0)


def test_every_other_image_is_taken_equally_often() -> None:
    ids = list("abcde")
    taken = np.array([shuffled(ids, ids, ["one"] * 5, seed=seed) for seed in range(2000)])
    for row in range(5):
        counts = np.bincount(taken[:, row], minlength=5)
        assert counts[row] == 0
        assert np.delete(counts, row).min() > 430  # 500 expected, give or take 19


# floors


def overlap_by_loop(x: np.ndarray, y: np.ndarray, k: int) -> np.ndarray:
    near = []
    for values in (x, y):
        limit = np.sort(np.abs(values), axis=None)[int(0.95 * values.size)]
        unit = np.clip(values, -limit, limit)
        unit = unit / np.linalg.norm(unit, axis=1, keepdims=True)
        similar = unit @ unit.T
        np.fill_diagonal(similar, -np.inf)
        near.append([set(np.argsort(-row)[:k].tolist()) for row in similar])
    return np.array([len(one & two) / k for one, two in zip(*near, strict=True)])


@pytest.mark.parametrize("kind", KINDS)
def test_floors_are_those_of_a_loop(kind: str) -> None:
    x = states(images=12, question=2.0, seed=8)
    strata = np.where(x.image == "i03", "alone " + x.asked.values.astype(object), x.asked.values.astype(object))
    near, kernel = [], []
    for number in range(4):
        taken = shuffled(x["sample"].values, x.image.values, strata, seed=5, number=number)
        kept = taken >= 0
        assert kept.sum() == 33
        overlap = overlap_by_loop(x.values, x.values[np.where(kept, taken, np.arange(36))], 6)
        near.append(np.where(kept, overlap, NAN))
        kernel.append(cka_by_formula(x.values[kept], x.values[taken[kept]], KINDS[kind]))
    floor = alignment.neighbour_floor(x, within=strata, k=6, shuffles=4, seed=5)
    np.testing.assert_allclose(floor, np.mean(near, axis=0))
    assert floor.isnull().sum() == 3
    settings = {"within": strata, "unbiased": KINDS[kind], "shuffles": 4, "seed": 5}
    assert alignment.cka_floor(x, **settings).item() == pytest.approx(np.mean(kernel))
    without = alignment.cka_floor_left_out(x, **settings)
    assert without.sizes == {"left_out": 12}
    # without an image: neither the samples that show it nor those that hold its state
    taken = [shuffled(x["sample"].values, x.image.values, strata, seed=5, number=number) for number in range(4)]
    for name in ("i00", "i03", "i11"):
        expected = []
        for one in taken:
            kept = (one >= 0) & (x.image.values != name) & (x.image.values[one] != name)
            expected.append(cka_by_formula(x.values[kept], x.values[one[kept]], KINDS[kind]))
        assert without.sel(left_out=name).item() == pytest.approx(np.mean(expected))


def test_another_image_keeps_neighbours_by_its_question_alone_and_nothing_above_the_floor() -> None:
    x = states(images=40, samples=5, question=1.0, seed=9)
    other = x.copy(data=states(images=40, samples=5, question=1.0, seed=9).values)
    # another image: the same question, what the image adds drawn anew
    noise = np.random.default_rng(10).normal(size=(2, *x.shape))
    of_question = x.groupby("asked").mean("sample").sel(asked=x.asked).values
    x, other = x.copy(data=of_question * 3 + noise[0]), other.copy(data=of_question * 3 + noise[1])
    kept = alignment.neighbour_overlap(x, other, k=10)
    floor = alignment.neighbour_floor(x, within="asked", k=10)
    chance = 10 / 199
    assert kept.mean() > 3 * chance, "far more than chance"
    assert alignment.above_floor(kept.mean(), floor.mean()).item() == pytest.approx(0, abs=0.03)
    for unbiased in KINDS.values():
        cka = alignment.cka(x, other, unbiased=unbiased)
        assert cka > 0.3
        below = alignment.cka_floor(x, within="asked", unbiased=unbiased)
        assert alignment.above_floor(cka, below).item() == pytest.approx(0, abs=0.1)
    same = alignment.neighbour_overlap(x, x, k=10)
    assert alignment.above_floor(same.mean(), floor.mean()).item() == 1


def test_without_questions_the_floor_is_chance() -> None:
    x = states(images=100, samples=1, features=20, seed=11)
    floor = alignment.neighbour_floor(x, within=["one"] * 100, k=10)
    assert floor.mean().item() == pytest.approx(10 / 99, abs=0.01)
    assert alignment.cka_floor(x, within=["one"] * 100, unbiased=True).item() == pytest.approx(0, abs=0.02)


def test_where_nothing_can_be_shuffled_there_is_no_floor() -> None:
    x = states(images=8)
    alone = x["sample"].values
    assert alignment.neighbour_floor(x, within=alone, k=4).isnull().all()
    assert alignment.cka_floor(x, within=alone).isnull()
    without = alignment.cka_floor_left_out(x, within=alone)
    assert without.isnull().all()
    assert without.sizes == {"left_out": 8}
    with pytest.raises(ValueError, match="shuffles=0"):
        alignment.neighbour_floor(x, within=alone, k=4, shuffles=0)
    with pytest.raises(ValueError, match="no coordinate 'kind' along 'sample'"):
        alignment.cka_floor(x, within="kind")


def test_floors_depend_on_names_and_seed_alone() -> None:
    x = states(images=10, question=1.0)
    order = np.random.default_rng(0).permutation(x.sizes["sample"])
    moved = x.isel(sample=order)
    floor = alignment.neighbour_floor(x, within="asked", k=5)
    xr.testing.assert_allclose(alignment.neighbour_floor(moved, within="asked", k=5), floor.isel(sample=order))
    xr.testing.assert_allclose(alignment.cka_floor(moved, within="asked"), alignment.cka_floor(x, within="asked"))
    assert not np.array_equal(alignment.neighbour_floor(x, within="asked", k=5, seed=1), floor)


def test_texts_of_any_length_are_taken_as_names() -> None:
    x = states(images=10, question=1.0)
    asked = x.asked.values.astype(np.dtypes.StringDType())
    floor = alignment.neighbour_floor(x, within="asked", k=5)
    xr.testing.assert_identical(alignment.neighbour_floor(x, within=asked, k=5), floor)


def test_a_family_above_its_floor_is_redrawn_with_the_floor() -> None:
    rng = np.random.default_rng(12)
    images = np.repeat([f"i{k}" for k in range(10)], 2)
    kept, floor = rng.random((20, 3)), rng.random(20) / 2
    floor[4] = NAN
    coords = {"family": ("condition", ["clean", "a", "a"]), "image": ("sample", images)}
    pairs = xr.DataArray(kept, dims=("sample", "condition"), coords=coords)
    table = statistics.by_family(
        alignment.ABOVE_FLOOR, pairs, xr.DataArray(floor, dims="sample"), resamples=200, seed=3, unions={}
    )
    value = kept[:, 1:].mean(axis=1)

    def above(rows: np.ndarray) -> float:
        low = np.nanmean(floor[rows])
        return (value[rows].mean() - low) / (1 - low)

    names = np.unique(images)
    looped = [
        above(np.concatenate([np.flatnonzero(images == names[k]) for k in row]))
        for row in np.random.default_rng(3).integers(10, size=(200, 10))
    ]
    expected = [above(np.arange(20)), *np.quantile(looped, [0.025, 0.975])]
    np.testing.assert_allclose(table.value.sel(family="a"), expected)


def test_above_the_floor_by_hand() -> None:
    assert alignment.above_floor(0.6, 0.2) == pytest.approx(0.5)  # 0.4 of 0.8
    assert alignment.above_floor(0.1, 0.2) == pytest.approx(-0.125)
    assert np.isnan(alignment.above_floor(1.0, 1.0))
    assert np.isnan(alignment.above_floor(xr.DataArray([0.5, 1.0]), xr.DataArray([1.0, NAN]))).all()
