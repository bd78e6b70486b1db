"""The calibration error beyond chance, against simulations and scipy, and how often its interval holds the truth."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from analyses import calibration, statistics

NAN = np.nan


def answers(seed: int, images: int = 40, questions: int = 3, conditions: int = 2) -> tuple[np.ndarray, ...]:
    """Confidence and correct (sample, condition) of a calibrated model whose answers to a question go together."""
    rng = np.random.default_rng(seed)
    each = rng.beta(5, 1.2, size=(images * questions, 1))
    sure = np.clip(each + 0.03 * rng.normal(size=(images * questions, conditions)), 0.25, 1)
    right = (rng.random((images * questions, 1)) < sure).astype(float)
    return sure, right, np.repeat([f"i{k:03}" for k in range(images)], questions)


def by_bin(sure: np.ndarray, right: np.ndarray) -> list[tuple[int, float, float]]:
    place = np.minimum(np.ceil(sure * 15), 15)
    return [
        (int(np.sum(place == b)), right[place == b].mean(), sure[place == b].mean()) for b in np.unique(place).tolist()
    ]


def test_the_debiased_error_is_twice_ece_minus_that_of_labels_drawn_again() -> None:
    sure, right = (array.ravel() for array in answers(3)[:2])
    rng, parts = np.random.default_rng(0), by_bin(sure, right)
    again = [
        sum(n * abs(rng.normal(hits, np.sqrt(hits * (1 - hits) / n)) - given) for n, hits, given in parts) / len(sure)
        for _ in range(20_000)
    ]
    expected = 2 * calibration.expected_error(sure, right) - np.mean(again)
    error = calibration.debiased_error(sure, right)
    assert error == pytest.approx(expected, abs=5 * np.std(again) / np.sqrt(20_000))
    assert calibration.binned_debiased_error()(sure, right) == pytest.approx(error, abs=1e-12)
    folded = 0.0
    for n, hits, given in parts:
        spread = np.sqrt(hits * (1 - hits) / n)
        folded += n * (stats.foldnorm.mean(abs(hits - given) / spread, scale=spread) if spread else abs(hits - given))
    assert error == pytest.approx(2 * calibration.expected_error(sure, right) - folded / len(sure), abs=1e-12)


def test_with_one_answer_an_image_the_spread_between_images_is_that_between_answers() -> None:
    sure, right, _ = answers(4, conditions=1)
    result = calibration.error_by_image(sure[:, 0], right[:, 0], image=np.arange(len(sure)))
    assert result.debiased[0].item() == pytest.approx(calibration.debiased_error(sure, right)[0], abs=1e-12)
    assert result.plain.item() == pytest.approx(calibration.expected_error(sure, right)[0], abs=1e-12)
    assert (result.pairs.item(), result.images.item(), result.undefined.item()) == (120, 120, 0)


def test_a_calibrated_model_gets_what_the_binomial_distribution_says() -> None:
    # 20 answers of which 14 are expected to be right: E|hits / 20 - .7|, and of 4 answers that share their luck
    hits = np.arange(21)
    expected = (stats.binom.pmf(hits, 20, 0.7) * abs(hits / 20 - 0.7)).sum()
    errors = calibration.calibrated_errors(np.full(20, 0.7), simulated=20_000)
    assert errors.mean() == pytest.approx(expected, abs=5 * errors.std() / np.sqrt(20_000))
    together = calibration.calibrated_errors(np.full((1, 4), 0.7), simulated=20_000)
    np.testing.assert_allclose(np.unique(together.round(9)), [0.3, 0.7])
    assert together.mean() == pytest.approx(2 * 0.7 * 0.3, abs=0.01)


def test_the_interval_holds_its_estimate_where_percentiles_do_not() -> None:
    # of ten answers given with .5, .6, .8 and .9 five, six, eight and nine are right: no error, but in every resample
    sure = np.repeat([0.5, 0.6, 0.8, 0.9], 10)
    right = np.concatenate([np.arange(10) < 10 * share for share in (0.5, 0.6, 0.8, 0.9)])
    image = np.arange(40)
    estimate, low, _ = statistics.bootstrap(calibration.binned_error(), sure, right.astype(float), cluster=image)
    assert estimate == pytest.approx(0, abs=1e-12)
    assert low > 0.02
    result = calibration.error_by_image(sure, right, image=image)
    assert result.debiased.values[1] == result.debiased.values[0] == 0 < result.debiased.values[2]
    assert calibration.debiased_error(sure, right) < 0
    sure, right, image = answers(5)
    result = calibration.error_by_image(sure, right, image=image)
    estimate, low, high = result.debiased.values
    assert 0 == low <= estimate <= high
    assert result.plain.item() < result.calibrated_high.item()


def test_undefined_answers_are_left_out_and_counted() -> None:
    sure, right, image = answers(6)
    sure[3, 0], right[8, 1], right[9:12] = NAN, NAN, NAN
    result = calibration.error_by_image(sure, right, image=image)
    kept = ~np.isnan(sure + right)
    assert (result.pairs.item(), result.images.item(), result.undefined.item()) == (kept.sum(), 39, (~kept).sum())
    assert result.plain.item() == pytest.approx(calibration.expected_error(sure[kept], right[kept]))
    nobody = calibration.error_by_image(sure * NAN, right, image=image)
    assert np.isnan([*nobody.debiased.values, nobody.plain, nobody.calibrated]).all()
    assert nobody.pairs.item() == 0


def test_a_single_image_has_no_interval() -> None:
    result = calibration.error_by_image(np.array([0.9, 0.8]), np.array([1.0, 0.0]), image=["a", "a"])
    assert np.isfinite([result.plain, result.calibrated, result.debiased[0]]).all()
    assert np.isnan(result.debiased.values[1:]).all()


def test_no_order_of_samples_and_conditions_changes_a_number() -> None:
    sure, right, image = answers(7, conditions=4)
    sure[5, 2], right[11] = NAN, NAN
    expected = calibration.error_by_image(sure, right, image=image)
    rng = np.random.default_rng(0)
    rows, columns = rng.permutation(len(sure)), rng.permutation(4)
    shuffled = calibration.error_by_image(sure[rows][:, columns], right[rows][:, columns], image=image[rows])
    xr.testing.assert_allclose(shuffled, expected, rtol=1e-12)
    np.testing.assert_array_equal(
        calibration.calibrated_errors(sure[rows][:, columns]), calibration.calibrated_errors(sure)
    )


def test_the_same_answers_under_twice_the_conditions_say_the_same() -> None:
    sure, right, image = answers(8)
    once = calibration.error_by_image(sure, right, image=image)
    twice = calibration.error_by_image(np.tile(sure, 2), np.tile(right, 2), image=image)
    xr.testing.assert_allclose(twice.drop_vars("pairs"), once.drop_vars("pairs"))


def test_labelled_answers_are_those_of_bare_ones_and_bad_ones_are_refused() -> None:
    sure, right, image = answers(9)
    coords = {"image": ("sample", image)}
    labelled = [xr.DataArray(one, dims=("sample", "condition"), coords=coords) for one in (sure, right)]
    xr.testing.assert_identical(
        calibration.error_by_image(labelled[0].transpose(), labelled[1]),
        calibration.error_by_image(sure, right, image=image),
    )
    with pytest.raises(ValueError, match="no coordinate 'image' along 'sample'"):
        calibration.error_by_image(sure, right)
    with pytest.raises(ValueError, match="confidence holds 3: it is a share"):
        calibration.error_by_image(sure * 0 + 3, right, image=image)
    with pytest.raises(ValueError, match="bins=0"):
        calibration.calibrated_errors(sure, bins=0)


@pytest.mark.slow
@pytest.mark.parametrize("too_sure", [0.0, 0.02, 0.08])
@pytest.mark.parametrize(("images", "questions", "conditions"), [(32, 4, 1), (64, 5, 3)])
def test_the_interval_holds_the_truth(too_sure: float, images: int, questions: int, conditions: int) -> None:
    # confidence exceeds the chance to be right by `too_sure` everywhere, so that is the error of every bin
    rng, held, errors = np.random.default_rng(int(100 * too_sure)), [], []
    for draw in range(200):
        sure, _, image = answers(draw, images, questions, conditions)
        shared = 0.5 * rng.normal(size=(images, 1, 1)) + 0.7 * rng.normal(size=(images, questions, 1))
        luck = shared + np.sqrt(1 - 0.25 - 0.49) * rng.normal(size=(images, questions, conditions))
        right = (stats.norm.cdf(luck.reshape(sure.shape)) < sure - too_sure).astype(float)
        result = calibration.error_by_image(sure, right, image=image, resamples=300, simulated=200)
        estimate, low, high = result.debiased.values
        assert low <= estimate <= high
        held.append(low <= too_sure <= high)
        errors.append([estimate - too_sure, result.plain.item() - too_sure])
    assert np.mean(held) >= 0.92  # of 200, sd .015 at .95
    debiased, plain = np.mean(errors, axis=0)
    assert abs(debiased) < plain
