"""The frequency analysis of a run: how many answers outlast a sweep, against counts by hand and by scipy."""

from pathlib import Path

import answered_run
import numpy as np
import pytest
import scipy.stats

from probe.results import ANALYSES, Evidence, Result

CUTOFFS = (1.0, 0.75, 0.5, 0.25, 0.0)


def swept(folder: Path, flips: np.ndarray, name: str = "low_pass", **settings: int) -> Result:
    """The result of a run in which sample k has another choice where flips[k], at each of the CUTOFFS."""
    clean = np.zeros(len(flips), int)
    columns = [np.where(np.isnan(flip), -1, np.nan_to_num(flip)).astype(int) for flip in flips.T]
    made = {f"{name}:cutoff={cutoff:g}": column for cutoff, column in zip(CUTOFFS, columns, strict=True)}
    run = answered_run.make(folder, {"clean": clean, **made}, **settings)
    data = ANALYSES["frequency"].compute(Evidence(run))
    assert data is not None
    return Result(ANALYSES["frequency"], data)


def test_the_flat_picture_is_left_out_and_those_who_never_flip_are_counted(tmp_path: Path) -> None:
    # 40 questions: 10 flip at 0.75 for good, 6 at 0.5, 24 never; at the flat picture (0) all do, at clean (1) none can
    flips = np.zeros((40, 5))
    flips[:10, 1:] = 1
    flips[10:16, 2] = 1  # and come back at 0.25
    flips[:, 4] = 1
    result = swept(tmp_path / "run", flips)
    data = result.data
    assert data.low_pass_cutoff.values.tolist() == [0.75, 0.5, 0.25]
    np.testing.assert_allclose(data.low_pass_unchanged.sel(bound="estimate"), [0.75, 0.6, 0.6])
    assert (int(data.low_pass_questions), int(data.low_pass_left_out)) == (40, 0)
    assert data.low_pass_median.isnull().all(), "fewer than half change: the median lies beyond the sweep"
    assert any("60.0 %" in each and "40" in each and "0.25" in each for each in result.findings)
    low, high = data.low_pass_unchanged.sel(low_pass_cutoff=0.75, bound=["low", "high"]).values
    wilson = scipy.stats.binomtest(30, 40).proportion_ci(method="wilson")
    np.testing.assert_allclose([low, high], [wilson.low, wilson.high], atol=0.02)


def test_the_median_is_where_half_have_changed(tmp_path: Path) -> None:
    flips = np.zeros((40, 5))
    flips[:5, 1:] = 1
    flips[5:35, 2:] = 1
    data = swept(tmp_path / "low", flips).data
    np.testing.assert_allclose(data.low_pass_unchanged.sel(bound="estimate"), [35 / 40, 5 / 40, 5 / 40])
    assert data.low_pass_median.values.tolist() == [0.5, 0.5, 0.5]
    # the same flips, read as a high-pass sweep: from 0.25 on
    data = swept(tmp_path / "high", flips, "high_pass").data
    assert data.high_pass_cutoff.values.tolist() == [0.25, 0.5, 0.75]
    np.testing.assert_allclose(data.high_pass_unchanged.sel(bound="estimate"), [5 / 40, 5 / 40, 5 / 40])
    assert data.high_pass_median.values.tolist() == [0.25, 0.25, 0.25]


def test_the_ends_of_a_median_are_in_order_and_undefined_beyond_the_sweep(tmp_path: Path) -> None:
    flips = np.zeros((20, 5))
    flips[:8, 1:] = 1
    flips[:11, 3:] = 1  # 0.6, 0.6, 0.45: the interval of the first reaches below one half
    low = swept(tmp_path / "low", flips).data.low_pass_median
    assert low.sel(bound=["estimate", "high"]).values.tolist() == [0.25, 0.75]
    assert np.isnan(low.sel(bound="low")), "the upper end of the share stays above one half"
    high = swept(tmp_path / "high", flips[:, ::-1], "high_pass").data.high_pass_median
    assert high.sel(bound=["estimate", "low"]).values.tolist() == [0.75, 0.25]
    assert np.isnan(high.sel(bound="high"))


def test_choices_undefined_before_the_first_flip_are_left_out_and_counted(tmp_path: Path) -> None:
    flips = np.zeros((40, 5))
    flips[:10, 2:] = 1
    flips[0, 1] = np.nan  # may have flipped at 0.75
    flips[1, 3] = np.nan  # has flipped before
    flips[39, 2] = np.nan
    data = swept(tmp_path / "run", flips).data
    assert (int(data.low_pass_questions), int(data.low_pass_left_out)) == (38, 2)
    np.testing.assert_allclose(data.low_pass_unchanged.sel(bound="estimate"), [1, 29 / 38, 29 / 38])


def test_a_sweep_of_its_two_ends_alone_says_nothing(tmp_path: Path) -> None:
    ends = {"clean": [0, 0], "low_pass:cutoff=1": [0, 0], "low_pass:cutoff=0": [1, 1]}
    assert ANALYSES["frequency"].compute(Evidence(answered_run.make(tmp_path / "run", ends))) is None


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_answers_that_all_flip_or_never_do_have_true_sentences(tmp_path: Path, share: float) -> None:
    result = swept(tmp_path / "run", np.full((40, 5), share))
    unchanged = result.data.low_pass_unchanged
    np.testing.assert_allclose(unchanged.sel(bound="estimate"), 1 - share)
    assert (unchanged.sel(bound="high") - unchanged.sel(bound="low") > 0.01).all()
    assert not any("nan" in each for each in result.findings)
    assert result.data.low_pass_median.sel(bound="estimate").item() == 0.75 or share == 0


def test_single_waves_are_compared_with_the_images_drawn_again(tmp_path: Path) -> None:
    def waves(folder: Path, flips: dict[str, int]) -> Result:
        choices = {name: (np.arange(40) < number).astype(int) for name, number in {"clean": 0, **flips}.items()}
        data = ANALYSES["frequency"].compute(Evidence(answered_run.make(folder, choices)))
        assert data is not None
        return Result(ANALYSES["frequency"], data)

    names = [f"fourier_basis:i={i},j={j}" for i, j in ((0, 1), (1, 0), (4, -2))]
    far = waves(tmp_path / "far", dict(zip(names, (4, 10, 30), strict=True)))
    assert far.data.wave_flips.sel(wave="i = 4, j = -2", bound="estimate") == 0.75
    assert far.findings[0].startswith("Of single waves, i = 4, j = -2 brings most flips, 75.0 % [")
    near = waves(tmp_path / "near", dict(zip(names, (4, 29, 30), strict=True)))
    assert near.findings[0].startswith("Of single waves, i = 4, j = -2 has the highest share of flips, 75.0 % [")
    assert near.findings[0].endswith("not distinguishable from i = 1, j = 0, the next.")
