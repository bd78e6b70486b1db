"""Laws of drift to prior that hold for any margins, states and choices."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import ortho_group

from analyses import flips, priors

laws = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
numbers = st.integers(-50, 50).map(float)
sizes = st.integers(1, 5)
metrics = st.sampled_from(["cosine", "euclidean"])


@st.composite
def margin_sets(draw):
    samples, conditions = draw(sizes), draw(sizes)
    shapes = (samples,), (samples, conditions), (samples,)
    return tuple(draw(arrays(np.float64, shape, elements=numbers)) for shape in shapes)


@st.composite
def state_sets(draw):
    shape = draw(sizes), draw(st.integers(2, 5))
    return tuple(draw(arrays(np.float64, shape, elements=numbers)) for _ in range(3))


@st.composite
def choice_sets(draw):
    samples, conditions = draw(sizes), draw(sizes)
    shapes = (samples, conditions), (samples,), (samples,)
    return tuple(draw(arrays(np.int64, shape, elements=st.integers(-1, 3))) for shape in shapes)


@laws
@given(margin_sets())
def test_margin_drift_is_1_at_the_prior_0_at_clean_and_undefined_where_these_are_one(margin_set) -> None:
    clean, _, prior = margin_set
    ends = priors.margin_drift(clean, np.stack([clean, prior], axis=1), prior)
    np.testing.assert_array_equal(ends, np.where((clean == prior)[:, None], np.nan, [[0.0, 1.0]]))


@laws
@given(margin_sets(), st.floats(-3, 3))
def test_margin_drift_is_the_share_of_the_way(margin_set, share: float) -> None:
    clean, _, prior = margin_set
    apart = clean != prior
    between = clean + share * (prior - clean)
    np.testing.assert_allclose(priors.margin_drift(clean, between[:, None], prior)[apart], share, atol=1e-12)


@laws
@given(margin_sets(), st.integers(1, 9), st.integers(-9, 9))
def test_margin_drift_ignores_the_unit_and_the_origin_of_margins(margin_set, factor: int, offset: int) -> None:
    rescaled = (factor * margin + offset for margin in margin_set)
    np.testing.assert_allclose(priors.margin_drift(*rescaled), priors.margin_drift(*margin_set), atol=1e-12)


@laws
@given(margin_sets())
def test_the_way_back_from_the_prior_is_the_rest_of_the_way(margin_set) -> None:
    clean, perturbed, prior = margin_set
    back = priors.margin_drift(prior, perturbed, clean)
    np.testing.assert_allclose(back, 1 - priors.margin_drift(clean, perturbed, prior), atol=1e-12)


@laws
@given(state_sets(), metrics)
def test_embedding_drift_is_1_at_the_prior_0_at_clean_and_never_above_1(state_set, metric: str) -> None:
    clean, perturbed, prior = state_set
    at_clean = priors.embedding_drift(clean, clean, prior, metric=metric)
    at_prior = priors.embedding_drift(clean, prior, prior, metric=metric)
    defined = ~np.isnan(at_clean)
    np.testing.assert_array_equal(at_clean[defined], 0)
    np.testing.assert_array_equal(at_prior[defined], 1)
    assert not np.isnan(at_prior[defined]).any()
    anywhere = priors.embedding_drift(clean, perturbed, prior, metric=metric)
    assert (anywhere[~np.isnan(anywhere)] <= 1).all()
    np.testing.assert_array_equal(np.isnan(anywhere), ~defined | ~perturbed.any(axis=1))


@laws
@given(state_sets(), st.floats(0.05, 0.95))
def test_on_the_straight_way_euclidean_drift_is_the_share_of_it(state_set, share: float) -> None:
    clean, _, prior = state_set
    between = clean + share * (prior - clean)
    result = priors.embedding_drift(clean, between, prior, metric="euclidean")
    np.testing.assert_allclose(result[~np.isnan(result)], share, atol=1e-9)


@laws
@given(state_sets(), metrics, st.integers(0, 100), st.floats(0.1, 10))
def test_turning_and_scaling_the_space_leaves_embedding_drift(state_set, metric: str, seed: int, scale: float) -> None:
    turn = scale * ortho_group.rvs(state_set[0].shape[-1], random_state=seed)
    result = priors.embedding_drift(*state_set, metric=metric)
    far = np.abs(result) < 1e6  # states that all but coincide with the prior's direction amplify rounding
    turned = priors.embedding_drift(*(x @ turn for x in state_set), metric=metric)
    np.testing.assert_allclose(turned[far], result[far], rtol=1e-6, atol=1e-6)


@laws
@given(choice_sets())
def test_every_flip_of_known_target_lands_or_does_not_and_nothing_else_does(choice_set) -> None:
    choice, clean, prior = choice_set
    landed = priors.flips_to_prior(choice, clean, prior, 4)
    flipped = flips.flipped(choice, clean)
    np.testing.assert_array_equal(~np.isnan(landed), (flipped == 1) & ((prior >= 0) & (prior != clean))[:, None])
    rate = priors.flip_to_prior_rate(choice, clean, prior, 4)
    np.testing.assert_array_equal(rate.flips, (~np.isnan(landed)).sum(axis=0))
    known = (flipped == 0) | (~np.isnan(flipped) & (prior >= 0)[:, None])
    np.testing.assert_array_equal(rate.undefined, (~known).sum(axis=0))


@laws
@given(choice_sets(), st.permutations(range(4)))
def test_renaming_options_changes_no_landing(choice_set, names) -> None:
    renamed = np.array([*names, -1])  # -1 stays -1
    result = priors.flips_to_prior(*(renamed[x] for x in choice_set), 4)
    np.testing.assert_array_equal(result, priors.flips_to_prior(*choice_set, 4))
