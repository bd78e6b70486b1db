"""The severities of our perturbations are those of the papers' tables."""

import pytest
from transcribed import rows, table

from analyses.corruption import ALEXNET_MEAN_ERROR
from probe.perturbations.catalogue import FAMILIES
from probe.perturbations.suites import SUITES

OURS = {"motion_blur": "motion_blur.horizontal"}
PARAMETERS = {"linear_horizontal_kernel_px": "size", "linear_kernel_px": "size", "rect_area_fraction": "fraction"}


@pytest.mark.parametrize("row", rows("ic_severities"), ids=lambda row: f"{row['corruption']}:{row['severity']}")
def test_a_common_corruption_has_the_parameters_of_imagenet_c(row: dict[str, str]) -> None:
    settings = FAMILIES[row["corruption"]].severities[int(row["severity"])]
    assert tuple(settings.values()) == tuple(float(value) for value in row["value"].split(";"))


@pytest.mark.parametrize("row", rows("sm_1_corruptions"), ids=lambda row: f"{row['corruption']}:{row['severity']}")
def test_a_driving_corruption_has_the_parameter_of_table_1(row: dict[str, str]) -> None:
    family = FAMILIES[OURS.get(row["corruption"], row["corruption"])]
    parameter = PARAMETERS.get(row["parameter"], row["parameter"])
    assert family.severities[int(row["severity"])][parameter] == float(row["value"])


def test_the_driving_corruptions_have_no_other_severities_than_table_1() -> None:
    printed = {
        (OURS.get(row["corruption"], row["corruption"]), int(row["severity"])) for row in rows("sm_1_corruptions")
    }
    assert {(name, level) for name in SUITES["driving"].specs for level in FAMILIES[name].severities} == printed


def test_the_errors_of_alexnet_are_the_published_ones_under_the_fifteen_common_corruptions() -> None:
    published = table("ic_alexnet_error", "corruption", value="mean_error_over_5_severities")
    assert dict(zip(published.corruption.values.tolist(), published.values.tolist(), strict=True)) == ALEXNET_MEAN_ERROR
    assert tuple(ALEXNET_MEAN_ERROR) == SUITES["common"].specs
