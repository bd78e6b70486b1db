"""The common corruptions against pictures of the reference (bethgelab/imagecorruptions) and of ImageNet-C's authors.

Deterministic ones lie within LEVELS of its grey levels, window by window. Random ones share its statistics over SEEDS
seeds: within SHARE of the value and STANDARD_ERRORS of the sampling error, which is known from the reference's own
spread over seeds. The data are made by benchmarks/corruption_reference.py, which tells how.
"""

import json
from functools import cache
from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import corruption_facts
import numpy as np
import pytest
from corruption_facts import AUTHORS, DETERMINISTIC, DRAWN_ON, RANDOM, SEVERITIES, STATISTICS
from numpy.typing import NDArray

from probe.perturbations import FAMILIES, apply

GOLDEN = Path(__file__).parent / "golden" / "corruption_reference"
FACTS = json.loads(GOLDEN.with_suffix(".json").read_text())
KEPT = dict(np.load(GOLDEN.with_suffix(".npz")))
PICTURES = corruption_facts.pictures()

LEVELS = 0.1
"""Mean absolute difference from the reference, of 255 grey levels: also tells truncated values from rounded ones."""

SHARE, STANDARD_ERRORS, SEEDS = 0.01, 3, 64

FROST_SHARE = 0.05
"""Frost is drawn on textures of our own, made to the statistics of the reference's, whose licence is not known.

Over 1,000 seeds means and deviations agree within 2 %, the spectrum within 5 % but for its coarsest band, 8 % too low.
"""

ALIKE = {("frost", 3, 4), ("frost", 4, 3)}
"""Severities that SEEDS draws of five textures cannot tell apart: 0.70 and 0.65 of the picture under the same frost."""


@cache
def measured(family: str, severity: int, picture: str) -> NDArray[np.float64]:
    """Our statistics, averaged over SEEDS."""
    condition, clean = FAMILIES[family].at(severity), PICTURES[picture]
    made = (apply(condition, clean, image_id=picture, seed=seed) for seed in range(SEEDS))
    return np.mean([corruption_facts.statistics(pixels, clean) for pixels in made], axis=0)


def departures(
    name: str, ours: NDArray[np.float64], average: NDArray[np.float32], spread: NDArray[np.float32], seeds: int
) -> list[str]:
    """Every statistic of ours that lies too far from the reference's average over its seeds, in words."""
    share = FROST_SHARE if name == "frost" else SHARE
    allowed = share * np.abs(average) + STANDARD_ERRORS * spread * np.sqrt(1 / SEEDS + 1 / seeds)
    outside = np.flatnonzero(~(np.abs(ours - average) <= allowed))
    return [f"{STATISTICS[k]} {ours[k]:.4g}, wanted {average[k]:.4g} ± {allowed[k]:.2g}" for k in outside]


def test_the_photographs_are_those_that_the_reference_was_given():
    assert {name: sha256(pixels.tobytes()).hexdigest() for name, pixels in PICTURES.items()} == FACTS["pictures"]


def test_all_nineteen_corruptions_are_in_the_catalogue():
    assert len(DETERMINISTIC + RANDOM) == 19
    for name in DETERMINISTIC + RANDOM:
        assert FAMILIES[name].paper == "IC"
        assert tuple(FAMILIES[name].severities) == SEVERITIES


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_a_deterministic_corruption_makes_the_pixels_of_the_reference(name):
    wanted = corruption_facts.restore(KEPT["windows"][DETERMINISTIC.index(name)])
    means = KEPT["means"][DETERMINISTIC.index(name)]
    for s, severity in enumerate(SEVERITIES):
        for p, (picture, pixels) in enumerate(PICTURES.items()):
            made = apply(FAMILIES[name].at(severity), pixels, image_id=picture, seed=0)
            apart = np.abs(corruption_facts.windows(made).astype(int) - wanted[s, p]).mean(axis=(1, 2, 3))
            assert apart.max() <= LEVELS, f"{name}:{severity} {picture}: windows differ by {apart} levels"
            assert np.abs(made.mean((0, 1)) - means[s, p]).max() <= LEVELS, f"{name}:{severity} {picture}"


@pytest.mark.slow
@pytest.mark.parametrize("name", RANDOM)
def test_a_random_corruption_has_the_statistics_of_the_reference(name):
    average, spread = (KEPT[part][RANDOM.index(name)] for part in ("average", "spread"))
    found: list[str] = []
    for s, severity in enumerate(SEVERITIES):
        for p, picture in enumerate(DRAWN_ON):
            ours = measured(name, severity, picture)
            outside = departures(name, ours, average[s, p], spread[s, p], FACTS["seeds"])
            found += [f"{name}:{severity} {picture}: {one}" for one in outside]
    assert not found, "\n".join(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "theirs"),
    [("motion_blur", "motion_blur"), ("snow", "snow"), ("elastic_transform.imagenet_c", "elastic_transform")],
)
def test_a_random_corruption_has_the_statistics_of_imagenet_c(family, theirs):
    average, spread = (KEPT[f"authors_{part}"][AUTHORS.index(theirs), :, 0] for part in ("average", "spread"))
    found: list[str] = []
    for s, severity in enumerate(SEVERITIES):
        ours = measured(family, severity, DRAWN_ON[0])
        outside = departures(family, ours, average[s], spread[s], FACTS["authors"]["seeds"])
        found += [f"{family}:{severity}: {one}" for one in outside]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", RANDOM)
def test_the_bounds_tell_every_severity_from_its_neighbours(name):
    average, spread = (KEPT[part][RANDOM.index(name)] for part in ("average", "spread"))
    for right, wrong in [*pairwise(SEVERITIES), *pairwise(reversed(SEVERITIES))]:
        here, there = right - 1, wrong - 1
        outside = [
            departures(name, average[there, p], average[here, p], spread[here, p], FACTS["seeds"]) for p in (0, 1)
        ]
        assert any(outside) is ((name, right, wrong) not in ALIKE), f"{name}:{wrong} in the place of {name}:{right}"


@pytest.mark.parametrize("name", DETERMINISTIC)
def test_the_pixels_tell_every_severity_from_its_neighbours(name):
    wanted = corruption_facts.restore(KEPT["windows"][DETERMINISTIC.index(name)]).astype(int)
    apart = np.abs(np.diff(wanted, axis=0)).mean(axis=(3, 4, 5))  # (severity, picture, window)
    assert apart.max(axis=(1, 2)).min() > LEVELS
