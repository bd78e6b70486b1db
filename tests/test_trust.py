"""The margin from which answers are trusted: by hand, where it is undefined, and on a run made by hand."""

from pathlib import Path

import made_run
import numpy as np
import pytest
import xarray as xr
from made_run import CONDITIONS, Made

from analyses import decisions
from probe.results import Evidence, Result, analyze, trust

NAN = np.nan
SHOWN = tuple(c for c in CONDITIONS if c.family in ("clean", "scale", "low_light"))
WORLD = made_run.world(40, conditions=SHOWN, seed=3, push=0.4)


def analysed(made: Made, path: Path) -> tuple[Evidence, Result]:
    evidence = Evidence(made_run.write(path, made))
    (result,) = analyze(evidence, ["trust"])
    return evidence, result


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evidence, Result]:
    return analysed(WORLD, tmp_path_factory.mktemp("world") / "run")


def test_the_least_margin_by_hand() -> None:
    # a: 3 stays, 1 flips: below 1 half of its answers flip. b: 2 flips: all below 2, and no less below 0.5
    margin, flipped = np.array([3.0, 1.0, 2.0, 0.5]), np.array([[0.0], [1.0], [1.0], [0.0]])
    images = ["a", "a", "b", "b"]
    # R = 0 from 2 on, (0 + 1) / 2 from 1 on, (1/2 + 1) / 2 below; (2 R + 1) / 3 = 1/3, 2/3, 5/6
    for alpha, least, risk in ((0.9, 0.0, 0.75), (0.8, 1.0, 0.5), (0.5, 2.0, 0.0)):
        result = decisions.conformal_margin(margin, flipped, image=images, alpha=alpha)
        assert (result.item(), result.risk.item(), result.images.item()) == (least, risk, 2)
    assert decisions.trusted_flips(margin, flipped, 1.5, image=images).values.tolist() == [0, 1]
    assert decisions.trusted_flips(margin, flipped, 0.0, image=images).values.tolist() == [0.5, 0.5]
    assert decisions.trusted_flips(margin, flipped, 9.0, image=images).values.tolist() == [0, 0], "none is trusted"


def test_too_few_images_leave_the_margin_undefined() -> None:
    still = np.zeros((9, 2))
    images = [f"i{k}" for k in range(9)]
    assert decisions.conformal_margin(np.ones(9), still, image=images, alpha=0.1).item() == 0  # 1/10 is enough
    eight = decisions.conformal_margin(np.ones(8), still[:8], image=images[:8], alpha=0.1)
    assert np.isnan([eight.item(), eight.risk.item()]).all()
    assert decisions.trusted_flips(np.ones(8), still[:8], NAN, image=images[:8]).isnull().all()


def test_what_is_undefined_is_left_out_and_a_tie_is_never_trusted() -> None:
    margin, flipped = np.array([NAN, 2.0, 0.0]), np.array([[1.0, 1.0], [NAN, 0.0], [1.0, 1.0]])
    result = decisions.conformal_margin(margin, flipped, image=["a", "b", "c"], alpha=0.5)
    assert (result.item(), result.images.item()) == (0.0, 2)
    np.testing.assert_array_equal(decisions.trusted_flips(margin, flipped, 0.0, image=["a", "b", "c"]), [NAN, 0, 0])


@pytest.mark.parametrize("alpha", [0, 1, -0.1, NAN])
def test_a_risk_that_is_none_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha="):
        decisions.conformal_margin(np.ones(2), np.zeros((2, 1)), image=["a", "b"], alpha=alpha)


def test_the_halves_share_no_image_and_the_table_is_what_the_measures_say(found: tuple[Evidence, Result]) -> None:
    evidence, result = found
    fitting, testing = trust.halves(evidence)
    images = evidence.run.answers.image.values.astype(str)
    assert not set(images[fitting]) & set(images[testing])
    assert len(fitting) + len(testing) == len(images)
    margin = evidence.margin.sel(condition="clean").values
    places = np.flatnonzero(evidence.flipped.family.values == "low_light")
    flipped = evidence.flipped.values[:, places]
    least = decisions.conformal_margin(margin[fitting], flipped[fitting], image=images[fitting], alpha=0.2)
    row = result.data.sel(alpha=0.2, family="low_light")
    assert row.margin.item() == least.item()
    trusted = margin[testing] > least.item()
    assert row.trusted.sel(bound="estimate").item() == pytest.approx(trusted.mean())
    assert row.flips_pooled.sel(bound="estimate").item() == pytest.approx(flipped[testing][trusted].mean())
    shares = []
    for name in np.unique(images[testing]):
        own = flipped[testing][(images[testing] == name) & trusted]
        shares.append(own.mean() if own.size else 0.0)
    assert row.flips.sel(bound="estimate").item() == pytest.approx(np.mean(shares))
    assert (result.data.margin.diff("alpha") <= 0).all(), "more risk, more trust"


def test_the_sentence_names_what_is_assumed(found: tuple[Evidence, Result], tmp_path: Path) -> None:
    (sentence,) = found[1].findings
    assert "exchangeable with the 20 that it was calibrated on" in sentence
    assert "under no other perturbation" in sentence
    few = analysed(made_run.world(8, conditions=SHOWN, seed=3), tmp_path / "run")[1]
    assert few.data.margin.sel(alpha=0.1).isnull().all()
    assert few.data.trusted.sel(alpha=0.1).isnull().all()
    assert "cannot be said: that takes 9 images to calibrate on, there are 4" in few.findings[0]
    assert not {"margin [nats]", "trusted [%]"} & {*few.headings}, "columns of what cannot be said"


def test_labels_that_differ_are_refused() -> None:
    margin = xr.DataArray([1.0, 2.0], dims="sample", coords={"sample": ["a", "b"], "image": ("sample", ["x", "y"])})
    other = xr.DataArray([[0.0], [1.0]], dims=("sample", "condition"), coords={"sample": ["b", "a"]})
    with pytest.raises(ValueError, match="another order"):
        decisions.conformal_margin(margin, other, alpha=0.5)
