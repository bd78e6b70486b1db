"""Wani et al. 2026: drift in percent of control and Cohen's d, as reported, fit one control distribution."""

import numpy as np
from transcribed import rows

from analyses import drift

CONTROL_SD = 0.0722
"""Not reported: sqrt(2 (0.228 * (1 - 0.041) / 3.88)^2 - (0.228 * 0.148)^2), from the row of translation."""


def reported(quantity: str, perturbation: str, column: str = "value") -> float:
    (found,) = [
        row for row in rows("hi_reported") if (row["quantity"], row["perturbation"]) == (quantity, perturbation)
    ]
    return float(found[column])


def two_with(mean: float, sd: float) -> np.ndarray:
    """Two numbers of this mean and standard deviation (ddof = 1)."""
    return mean + np.array([-1, 1]) * sd / np.sqrt(2)


def test_percent_and_cohens_d_of_two_perturbations_come_from_one_control() -> None:
    mean = reported("control_mean_cosdist", "")
    control = two_with(mean, CONTROL_SD)
    for perturbation in ("Translation", "TextOverlay(semantic)"):
        percent, sd = (reported("drift_pct_of_control", perturbation, name) for name in ("value", "std"))
        result = drift.relative(two_with(mean * percent / 100, mean * sd / 100), control)
        np.testing.assert_allclose([result.percent, result.percent_sd], [percent, sd])
        assert round(result.cohen_d.item(), 2) == reported("cohen_d", perturbation)
