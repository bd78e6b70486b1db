"""Laws of flips, rates and transitions that hold for any choices."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses import flips

laws = settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def runs(draw, undefined: bool = False):
    samples, conditions = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    options = st.integers(-1 if undefined else 0, 3)
    choice = draw(arrays(np.int64, (samples, conditions), elements=options))
    clean = draw(arrays(np.int64, samples, elements=options))
    answer = draw(arrays(np.int64, samples, elements=st.integers(0, 3)))
    family = draw(st.lists(st.sampled_from("abc"), min_size=conditions, max_size=conditions))
    return choice, clean, answer, family


@laws
@given(runs())
def test_samples_ever_flipped_are_at_least_as_many_as_pairs_flipped(run) -> None:
    choice, clean, _, family = run
    rates = flips.rates(flips.flipped(choice, clean), family=family)
    assert (rates.iv >= rates.ifr - 1e-12).all()
    single = (rates.pairs == len(choice)).values  # families of one condition
    np.testing.assert_allclose(rates.iv[single], rates.ifr[single])


@laws
@given(runs())
def test_the_union_holds_every_family_and_the_pool_lies_between_them(run) -> None:
    choice, clean, _, family = run
    rates = flips.rates(flips.flipped(choice, clean), family=family)
    assert rates.any_iv >= rates.iv.max() - 1e-12
    assert rates.ifr.min() - 1e-12 <= rates.any_ifr <= rates.ifr.max() + 1e-12
    assert rates.ifr.min() - 1e-12 <= rates.any_ifr_mean <= rates.ifr.max() + 1e-12


@laws
@given(runs(undefined=True), st.randoms(use_true_random=False))
def test_permuting_samples_or_conditions_leaves_the_rates(run, random) -> None:
    choice, clean, _, family = run
    rows = random.sample(range(choice.shape[0]), choice.shape[0])
    columns = random.sample(range(choice.shape[1]), choice.shape[1])
    rates = flips.rates(flips.flipped(choice, clean), family=family)
    shuffled = flips.rates(
        flips.flipped(choice[rows][:, columns], clean[rows]), family=[family[column] for column in columns]
    )
    for name in ("ifr", "iv", "undefined"):
        np.testing.assert_allclose(shuffled[name].sel(family=rates.family), rates[name])


@laws
@given(runs(), st.permutations(range(4)))
def test_renaming_options_changes_no_flip(run, names) -> None:
    choice, clean, _, _ = run
    renamed = np.array(names)
    np.testing.assert_array_equal(flips.flipped(renamed[choice], renamed[clean]), flips.flipped(choice, clean))


@laws
@given(runs(undefined=True))
def test_every_defined_pair_makes_exactly_one_transition(run) -> None:
    choice, clean, answer, _ = run
    kinds = flips.transitions(choice, clean, answer)
    total = kinds.right_to_wrong + kinds.wrong_to_right + kinds.right_to_right + kinds.wrong_to_wrong
    flipped = flips.flipped(choice, clean)
    np.testing.assert_array_equal(total, np.where(np.isnan(flipped), np.nan, 1.0))
    np.testing.assert_array_equal(kinds.right_to_wrong + kinds.wrong_to_right + kinds.wrong_to_other_wrong, flipped)


@laws
@given(runs(undefined=True))
def test_entropy_is_zero_exactly_for_a_steady_choice(run) -> None:
    for row, entropy in zip(run[0], flips.entropy(run[0]), strict=True):
        distinct = set(row.tolist()) - {-1}
        assert np.isnan(entropy) == (not distinct)
        if distinct:
            assert (entropy == 0) == (len(distinct) == 1)
            assert entropy <= np.log(len(distinct)) + 1e-12
