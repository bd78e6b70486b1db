"""Laws of mentions, hallucination, omission and misinterpretation that hold for any texts and tables."""

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses import misalignment
from analyses.misalignment import CITYSCAPES, chair, mentioned
from analyses.misalignment.vocabulary import forms

laws = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])

CLASSES = list(CITYSCAPES)
names = st.sampled_from(CLASSES)
classes = st.sets(names)
samples = st.lists(st.tuples(classes, classes), min_size=1, max_size=8)
bits = st.integers(0, 1).map(float)
answers = st.sampled_from(["Yes.", "No.", "It is safe.", "It is unsafe.", "It depends.", "", "Hm.", None])


def listed(chosen: list[str], join: str) -> str:
    plural = [" ".join(max(forms(name), key=lambda phrase: len(" ".join(phrase)))) for name in chosen]
    return ", ".join(plural[:-1]) + f"{join} " + plural[-1] if len(plural) > 1 else "".join(plural)


@laws
@given(st.lists(names, min_size=1, unique=True), st.sampled_from([" and", ", and", " or", ", or"]))
def test_a_list_mentions_what_it_lists_and_its_denial_nothing(chosen, join) -> None:
    things = listed(chosen, join)
    assert mentioned(f"I see {things}.") == set(chosen)
    assert mentioned(f"There are no {things}.") == set()
    assert mentioned(f"The picture is free of {things} today.") == set()
    assert mentioned(f"{things} are absent.") == set()


@laws
@given(classes, classes)
def test_affirming_beats_denying(there, gone) -> None:
    text = f"There are no {listed(sorted(gone), ' or')}. " if gone else ""
    text += f"There are {listed(sorted(there), ' and')}." if there else ""
    assert mentioned(text) == there


@laws
@given(st.lists(st.tuples(names, st.booleans()), max_size=6), st.randoms(use_true_random=False))
def test_sentences_mention_on_their_own_in_any_order_and_case(said, random) -> None:
    sentences = [f"There is {'a' if affirmed else 'no'} {name}." for name, affirmed in said]
    whole = mentioned(" ".join(sentences))
    assert whole == {name for name, affirmed in said if affirmed}
    random.shuffle(sentences)
    assert mentioned("\n".join(sentences).upper()) == whole


@laws
@given(st.text(max_size=80))
def test_any_text_can_be_read(text) -> None:
    assert mentioned(text) <= set(CLASSES)
    assert misalignment.safety_answer(text) in ("safe", "unsafe", "unclear")


@laws
@given(samples)
def test_hallucination_is_a_share_and_0_exactly_where_nothing_is_invented(pairs) -> None:
    said, there = [list(side) for side in zip(*pairs, strict=True)]
    value = misalignment.hallucination(said, there)
    assert ((value >= 0) & (value <= 1)).all()
    assert [bool(one == 0) for one in value] == [not a - b for a, b in pairs]


@laws
@given(samples)
def test_mentions_of_what_is_there_lower_hallucination_and_others_raise_it(pairs) -> None:
    said, there = [list(side) for side in zip(*pairs, strict=True)]
    value = misalignment.hallucination(said, there)
    honest = misalignment.hallucination([a | b for a, b in pairs], there)
    invented = misalignment.hallucination([a | (set(CLASSES) - b) for a, b in pairs], there)
    assert (honest <= value + 1e-8).all()
    assert (invented >= value - 1e-8).all()


@laws
@given(samples)
def test_saying_more_never_omits_more(pairs) -> None:
    said, there = [list(side) for side in zip(*pairs, strict=True)]
    value = misalignment.critical_omission_over_all(said, there)
    more = misalignment.critical_omission_over_all([a | {"car"} for a in said], there)
    assert (more <= value).all()
    assert (misalignment.critical_omission_over_all([set(CLASSES)] * len(there), there) == 0).all()


@laws
@given(samples)
def test_both_readings_of_the_omission_rate_count_the_same_omissions(pairs) -> None:
    said, there = [list(side) for side in zip(*pairs, strict=True)]
    ours = misalignment.critical_omission_rate(said, there)
    printed = misalignment.critical_omission_rate_over_all(said, there)
    critical = sum(bool(CITYSCAPES.critical & b) for b in there)
    assert ours.defined == critical
    assert printed.defined == len(pairs)
    assume(critical)
    np.testing.assert_allclose(ours * critical, printed * len(pairs))
    assert printed <= ours + 1e-12


@laws
@given(samples)
def test_a_critical_omission_is_the_omission_of_some_critical_class(pairs) -> None:
    tables = [misalignment.class_table(list(side)) for side in zip(*pairs, strict=True)]
    omitted = misalignment.class_omission(*tables)[:, [CLASSES.index(name) for name in sorted(CITYSCAPES.critical)]]
    expected = [np.nan if np.isnan(row).all() else np.nanmax(row) for row in omitted]
    np.testing.assert_array_equal(misalignment.critical_omission(*tables), expected)


@laws
@given(samples, st.randoms(use_true_random=False))
def test_the_order_of_samples_and_classes_changes_no_rate(pairs, random) -> None:
    said, there = [misalignment.class_table(list(side)) for side in zip(*pairs, strict=True)]
    rows, columns = random.sample(range(len(pairs)), len(pairs)), random.sample(range(19), 19)
    result = misalignment.hallucination_rate(said, there)
    shuffled = misalignment.hallucination_rate(said[rows][:, columns], there[rows][:, columns])
    np.testing.assert_allclose([shuffled, shuffled.empty], [result, result.empty], atol=1e-12)
    omission = misalignment.critical_omission_rate(said, there)
    np.testing.assert_allclose(misalignment.critical_omission_rate(said[rows], there[rows]), omission)


@laws
@given(st.lists(st.tuples(answers, st.sampled_from(["safe", "unsafe", ""])), min_size=1, max_size=10))
def test_failures_are_wrong_verdicts_and_missing_ones(pairs) -> None:
    given_, reference = (np.array(side, object) for side in zip(*pairs, strict=True))
    result = misalignment.safety_misinterpretation_rate(given_, reference)
    assert result.defined + result.undefined == len(pairs)
    assume(result.defined > 0)
    wrong = 0.0 if result.parse_rate == 0 else float(result.parse_rate * result.among_parsed)
    np.testing.assert_allclose(result, 1 - result.parse_rate + wrong)
    assert np.isnan(result.among_parsed) == (result.parse_rate == 0)


@laws
@given(arrays(np.float64, (3, 6), elements=st.floats(-1, 1, width=16)), st.integers(1, 6))
def test_the_top_k_are_k_and_outrank_the_rest(similarity, k) -> None:
    table = misalignment.top_classes(similarity, k=k)
    assert (table.sum(axis=-1) == k).all()
    for row, chosen in zip(similarity, table > 0, strict=True):
        assert k == 6 or row[chosen].min() >= row[~chosen].max()
    np.testing.assert_array_equal(misalignment.top_classes(3 * similarity + 1, k=k), table)


@laws
@given(arrays(np.float64, (4, 5), elements=st.integers(0, 3).map(float)), arrays(np.float64, (4, 5), elements=bits))
def test_chair_lies_between_no_and_all_and_agrees_on_zero(mentions, present) -> None:
    by_mention, by_caption = chair.mention_rate(mentions, present), chair.caption_rate(mentions, present)
    assert np.isnan(by_mention) == (mentions.sum() == 0)
    assert 0 <= by_caption <= 1
    assume(mentions.sum() > 0)
    assert 0 <= by_mention <= 1
    assert (by_mention == 0) == (by_caption == 0)
    np.testing.assert_allclose(chair.mention_rate(2 * mentions, present), by_mention)
