"""Every number on the page of a demonstration, computed again from the run's raw arrays with numpy and scipy alone."""

from pathlib import Path

import demonstration
import numpy as np
import pytest
from demonstration import IMAGES, PERTURB
from recomputed import comparing, grids, page
from recomputed.reading import Raw

from probe import demo
from probe.perturbations import suites
from probe.pocket.streets import streets

SIMULATED = {"calibrated %": 0.3}
"""Points by which two simulations, with another seed each, may differ."""

NOT_RECOMPUTED: dict[str, str] = {
    "contrastive_decoding": "its own tests compute it by a loop and scikit-learn",
    "trust": "its own tests compute it by a search over all margins",
}
"""Sections of the page that are not computed again, and why."""


@pytest.fixture(scope="module")
def run() -> Path:
    return demonstration.run()


@pytest.mark.slow
@pytest.mark.timeout(900)  # who asks first extracts
def test_every_number_on_the_page_follows_from_the_raw_arrays(run: Path) -> None:
    printed, raw = page.read(run.with_suffix(".html")), Raw.of(run)
    found, heads = page.recomputed(raw)
    assert {*found, *NOT_RECOMPUTED} == {*printed}
    wrong = {name: comparing.section(printed[name], *found[name], heads.get(name), SIMULATED) for name in found}
    assert not any(wrong.values()), "\n".join(f"{name}: {one}" for name, each in wrong.items() for one in each)
    below = [section.families for section in printed.values() if section.headings[0] == "family"]
    assert below == [page.families(raw)] * (len(printed) - 2)  # corruption and contrastive decoding have other rows
    assert sum(len(cells) for section in printed.values() for _, cells in section.rows) > 1000
    assert sum(len(section.findings) for section in printed.values()) >= len(printed)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_stored_band_power_is_that_of_the_pixels(run: Path) -> None:
    raw = Raw.of(run)
    conditions = raw.root["conditions/condition_id"][:].tolist()
    stored, names = raw.root["pictures/band_power"], raw.root["images/image_id"][:].tolist()
    pictures = {image.id: image.pictures[0] for image in streets(IMAGES).images}
    for name in (names[0], names[-1]):
        pixels = pictures[name].read()
        changed = {
            "clean": pixels,
            "translation:dx=-12": np.roll(pixels, -12, axis=1),
            "pad_crop:n=8": np.pad(pixels, ((8, 8), (8, 8), (0, 0))),
            "pad_crop:n=-16": pixels[16:-16, 16:-16],
        }
        for condition, each in changed.items():
            own = grids.band_power(each, pixels.shape[:2])
            assert stored[names.index(name), conditions.index(condition)] == pytest.approx(own, rel=1e-4)


def test_the_demonstration_that_is_computed_again_has_all_families_of_the_real_one() -> None:
    shown, again = ({row.family for row in suites.parse(each)} for each in (demo.PERTURB, PERTURB))
    assert again == shown


def test_a_number_one_unit_off_is_told() -> None:
    assert comparing.cell(("12.3", "10.0…15.0"), (12.34, 9.96, 15.04))
    for printed in (("12.4", "10.0…15.0"), ("12.3", "9.9…15.0"), ("12.3", "10.0…15.1"), ("12.3", ""), ("–", "")):
        assert not comparing.cell(printed, (12.34, 9.96, 15.04))
    assert not comparing.sentence("Of 1,200 answers 3.1 % under scale.", [1200, 3.14, "scale"])
    assert comparing.sentence("Of 1,200 answers 3.2 % under scale.", [1200, 3.14, "scale"])
    assert comparing.sentence("Of 1,200 answers 3.1 % under blur.", [1200, 3.14, "scale"])
