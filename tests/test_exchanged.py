"""Permutation tests of many differences at once, against scipy and against every pattern tried by hand."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import permutation_test

from analyses import statistics


def test_many_sums_have_the_p_that_each_has_alone() -> None:
    rng = np.random.default_rng(0)
    differences, images = (
        rng.normal(size=(40, 3, 2)) + 0.2,
        np.repeat(np.arange(20), 2),
    )  # more images than are tried all
    together = statistics.swapped_p(differences, cluster=images, permutations=500)
    alone = [
        [statistics.paired_permutation(differences[:, i, j], np.zeros(40), cluster=images, permutations=500)[1]
         for j in range(2)] for i in range(3)
    ]  # fmt: skip
    np.testing.assert_array_equal(together, alone)


def test_a_sum_has_the_p_of_scipy_and_a_nan_in_it_has_none() -> None:
    differences = np.array([0.5, -0.2, 0.9, 0.4, 0.1, -0.3, 0.8, 0.7])
    scipy = permutation_test(
        (differences, np.zeros(8)), lambda x, y, axis: (x - y).sum(axis=axis), permutation_type="samples",
        vectorized=True, n_resamples=np.inf,
    )  # fmt: skip
    both = np.stack([differences, np.where(differences > 0.8, np.nan, differences)], axis=1)
    p = statistics.swapped_p(both, cluster=np.arange(8))
    assert p[0] == pytest.approx(scipy.pvalue)
    assert np.isnan(p[1])


@pytest.mark.parametrize("statistic", [statistics.mean, statistics.ratio, statistics.percent, statistics.cohen_d])
def test_every_pattern_tried_by_hand_gives_the_same_p(statistic: statistics.Statistic) -> None:
    rng = np.random.default_rng(4)
    count = 1 if statistic is statistics.mean else 2
    images = np.array([0, 0, 1, 2, 2, 3, 4, 5])
    sides = [tuple(rng.normal(2 + side, 0.7, 8) for _ in range(count)) for side in range(2)]
    observed = abs(statistic(*sides[0]) - statistic(*sides[1]))
    extreme = []
    for swap in product([False, True], repeat=6):
        moved = np.array(swap)[images]
        one, other = (
            [np.where(moved, theirs, ours) for ours, theirs in zip(sides[side], sides[1 - side], strict=True)]
            for side in range(2)
        )
        extreme.append(abs(statistic(*one) - statistic(*other)) >= observed * (1 - 1e-9))
    assert statistics.exchanged_p(statistic, *sides, cluster=images) == pytest.approx(np.mean(extreme))


def test_equal_sides_have_p_1_and_undefined_ones_none() -> None:
    values = np.array([[1.0, np.nan], [2.0, np.nan], [4.0, np.nan]])
    p = statistics.exchanged_p(statistics.mean, [values], [values], cluster=["a", "b", "c"])
    np.testing.assert_array_equal(p, [1.0, np.nan])


def test_p_is_uniform_where_nothing_differs() -> None:
    rng = np.random.default_rng(8)
    found = [
        statistics.exchanged_p(statistics.cohen_d, *draw, cluster=np.arange(12))
        for draw in rng.normal(size=(200, 2, 2, 12))
    ]
    assert 0.01 <= np.mean(np.array(found) < 0.05) <= 0.1  # 0.05 of 200: 10 +- 3


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\[3\] samples with 2 cluster labels"):
        statistics.exchanged_p(statistics.mean, [[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0]], cluster=["a", "b"])
    with pytest.raises(ValueError, match=r"shape \(3,\) with 2 cluster labels"):
        statistics.swapped_p([1.0, 2.0, 3.0], cluster=["a", "b"])


def test_p_of_quantiles_counts_every_pattern_in_which_images_swap_sides() -> None:
    rng = np.random.default_rng(3)
    images = np.repeat(["a", "b", "c", "d", "e"], 2)
    one, other = rng.normal(size=10), rng.normal(0.6, 1, size=10)

    def quartiles(values):
        return np.quantile(values, [0.25, 0.5, 0.75], axis=0)

    found = []
    for pattern in product([True, False], repeat=5):
        kept = np.array([dict(zip("abcde", pattern, strict=True))[image] for image in images])
        found.append(abs(quartiles(np.where(kept, one, other)) - quartiles(np.where(kept, other, one))))
    expected = (np.array(found) >= found[0] - 1e-12).mean(axis=0)
    np.testing.assert_allclose(statistics.remade_p(quartiles, one, other, cluster=images), expected)
    assert (statistics.remade_p(quartiles, one, one, cluster=images) == 1).all()
    with pytest.raises(ValueError, match="must match"):
        statistics.remade_p(quartiles, one, other[1:], cluster=images)
