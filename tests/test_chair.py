"""CHAIR by hand and by a loop over captions, mention by mention."""

import numpy as np
import pytest
import xarray as xr

from analyses import statistics
from analyses.misalignment import chair
from analyses.misalignment.class_tables import class_table
from analyses.misalignment.mentions import mention_counts

NAN = np.nan


def captions(seed: int = 0, count: int = 20) -> tuple[xr.DataArray, xr.DataArray]:
    """Random numbers of mentions of five classes, and which of them are there."""
    rng = np.random.default_rng(seed)
    coords = {"sample": np.arange(count), "class": list("abcde")}
    mentions = xr.DataArray(rng.poisson(0.7, size=(count, 5)), dims=("sample", "class"), coords=coords)
    present = xr.DataArray(rng.integers(0, 2, size=(count, 5)), dims=("sample", "class"), coords=coords)
    return mentions, present


def test_chair_by_hand() -> None:
    # "bus" twice and "car" once where only the car is there; "car" once, rightly; no mention at all
    texts = xr.DataArray(
        np.array(["A bus, a car, another bus.", "A car, no bus.", "Nothing."], object),
        dims="sample",
        coords={"sample": ["a", "b", "c"]},
    )
    counts, present = mention_counts(texts), class_table({"a": {"car"}, "b": {"car"}, "c": set()})
    np.testing.assert_array_equal(chair.hallucinated_mentions(counts, present), [2, 0, 0])
    np.testing.assert_array_equal(chair.hallucinated_caption(counts, present), [1, 0, 0])
    by_mention, by_caption = chair.mention_rate(counts, present), chair.caption_rate(counts, present)
    assert (by_mention.item(), by_mention.mentions, by_mention.defined) == (2 / 4, 4, 3)
    assert (by_caption.item(), by_caption.defined) == (1 / 3, 3)


def test_chair_agrees_with_a_loop_over_captions() -> None:
    mentions, present = captions()
    words = hallucinated_words = hallucinated_captions = 0
    for row, here in zip(mentions.values, present.values, strict=True):
        invented = False
        for named, there in zip(row, here, strict=True):
            for _ in range(named):
                words += 1
                hallucinated_words += not there
                invented |= not there
        hallucinated_captions += invented
    assert chair.mention_rate(mentions, present).item() == pytest.approx(hallucinated_words / words)
    assert chair.caption_rate(mentions, present).item() == pytest.approx(hallucinated_captions / len(mentions))


def test_undefined_captions_leave_both_sums_and_are_counted() -> None:
    mentions = np.array([[2.0, 1.0], [NAN, NAN], [1.0, 0.0]])
    present = np.array([[1.0, 0.0], [0.0, 0.0], [NAN, NAN]])
    np.testing.assert_array_equal(chair.hallucinated_mentions(mentions, present), [1, NAN, NAN])
    np.testing.assert_array_equal(chair.hallucinated_caption(mentions, present), [1, NAN, NAN])
    result = chair.mention_rate(mentions, present)
    assert (result.item(), result.defined, result.undefined) == (1 / 3, 1, 2)
    assert chair.caption_rate(mentions, present).item() == 1


def test_captions_without_a_mention_have_no_share_of_mentions() -> None:
    result = chair.mention_rate(np.zeros((2, 3)), np.ones((2, 3)))
    assert np.isnan(result)
    assert result.mentions == 0


def test_other_captions_are_refused() -> None:
    mentions, present = captions()
    for function in (chair.hallucinated_mentions, chair.mention_rate, chair.hallucinated_caption, chair.caption_rate):
        with pytest.raises(ValueError, match="differ in 'sample': only in mentioned: 0; only in present: none"):
            function(mentions, present[1:])


def test_the_ratio_of_sums_bootstraps_by_image() -> None:
    mentions, present = captions(seed=1, count=60)
    invented, every = chair.hallucinated_mentions(mentions, present), mentions.sum("class")
    estimate, low, high = statistics.bootstrap(
        statistics.ratio, invented, every, cluster=np.arange(60) // 2, resamples=200
    )
    assert float(estimate) == pytest.approx(chair.mention_rate(mentions, present).item())
    assert low < estimate < high


def test_cards_name_public_functions_and_ask_questions() -> None:
    assert {card.name.removeprefix("misalignment.chair.") for card in chair.CARDS} == set(chair.__all__) - {"CARDS"}
    assert all(card.question.endswith("?") for card in chair.CARDS)
