"""What must hold of decisions, whatever the scores."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analyses import decisions, margins
from analyses.decisions import risk

SCORES = hnp.arrays(np.float64, (4, 3), elements=st.floats(-30, 0))


@given(SCORES, SCORES, st.floats(0, 4), st.floats(0, 1))
def test_contrasting_keeps_to_plausible_options_and_none_changes_nothing(
    scores: np.ndarray, distorted: np.ndarray, alpha: float, beta: float
) -> None:
    found = decisions.contrastive_scores(scores, distorted, alpha=alpha, beta=beta)
    chosen = np.take_along_axis(scores, margins.choice(found)[:, None], axis=1)[:, 0]
    assert (np.exp(chosen - scores.max(axis=1)) >= beta * (1 - 1e-9)).all()
    first = margins.choice(scores)
    assert (margins.choice(decisions.contrastive_scores(scores, distorted, alpha=0, beta=beta)) == first).all()
    level = decisions.contrastive_scores(scores, np.zeros_like(scores), alpha=alpha, beta=beta)
    best = np.take_along_axis(level, first[:, None], axis=1)[:, 0]
    assert (best >= level.max(axis=1) - 1e-9).all(), "a picture that says nothing takes nothing away"


def at_random(seed: int, images: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three answers an image, which flip the rather the smaller their margin, and together."""
    rng = np.random.default_rng(seed)
    margin = rng.exponential(size=(images, 3)) + rng.normal(size=(images, 1)) ** 2
    chance = 1 / (1 + np.exp(2 * margin[..., None] - 2 + rng.normal(size=(images, 1, 1))))
    flipped = (rng.random((images, 3, 4)) < chance).astype(float)
    return margin.reshape(-1), flipped.reshape(-1, 4), np.repeat(np.arange(images), 3)


@given(st.integers(0, 10**6), st.sampled_from([0.1, 0.2, 0.3]))
def test_the_least_margin_is_that_of_a_search_over_all_margins(seed: int, alpha: float) -> None:
    margin, flipped, image = at_random(seed, 12)
    margin = np.round(margin, 1)  # so that some are equal

    def loss(own: int, least: float) -> float:
        """The highest share of flips among an image's answers above any margin from this one on."""
        above = [margin[(image == own) & (margin > least)].tolist()]
        cuts = [least, *(cut for cut in above[0])]
        shares = [flipped[(image == own) & (margin > cut)] for cut in cuts]
        return max((each.mean() for each in shares if each.size), default=0.0)

    allowed = [
        cut
        for cut in sorted({0.0, *margin.tolist()})
        if (sum(loss(own, cut) for own in range(12)) + 1) / 13 <= alpha + 1e-12
    ]
    found = decisions.conformal_margin(margin, flipped, image=image.astype(str), alpha=alpha)
    assert found.item() == min(allowed)
    stricter = decisions.conformal_margin(margin, flipped, image=image.astype(str), alpha=alpha / 1.2)
    assert not stricter.item() < found.item()


def test_flips_among_trusted_answers_of_new_images_keep_to_the_bound_on_average() -> None:
    kept = []
    for seed in range(400):
        margin, flipped, image = at_random(seed, 40)
        names, fit = image.astype(str), image < 20
        least = decisions.conformal_margin(margin[fit], flipped[fit], image=names[fit], alpha=0.2).item()
        kept.append(decisions.trusted_flips(margin[~fit], flipped[~fit], least, image=names[~fit]).mean().item())
    assert 0.1 < np.mean(kept) < 0.2 + 3 * np.std(kept) / 20


@given(hnp.arrays(np.float64, 30, elements=st.sampled_from([0.1, 0.3, 0.3001, 0.9])), st.integers(0, 10**6))
def test_giving_up_by_what_is_known_leaves_the_least_risk_and_by_nothing_the_share_of_flips(
    foretold: np.ndarray, seed: int
) -> None:
    flipped = np.random.default_rng(seed).random(30) < 0.4
    ones = np.ones((1, 30))
    best, own, worst = (risk.areas(each, flipped, ones).item() for each in (flipped * 1.0, foretold, -1.0 * flipped))
    assert best - 1e-12 <= own <= worst + 1e-12
    assert abs(risk.areas(foretold * 0, flipped, ones).item() - flipped.mean()) < 1e-12
    twice = risk.areas(np.tile(foretold, 2), np.tile(flipped, 2), np.ones((1, 60))).item()
    assert abs(twice - risk.areas(foretold, flipped, 2 * ones).item()) < 1e-12
