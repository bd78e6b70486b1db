"""Scores, choices and margins, by hand and by loops."""

import numpy as np
import pytest
import xarray as xr

from analyses import margins

NAN, INF = np.nan, np.inf


def scores() -> xr.DataArray:
    values = np.random.default_rng(0).normal(-3, 1, size=(5, 3, 4))
    values[4, :, 3] = NAN  # the last sample has three options
    return xr.DataArray(
        values,
        dims=("sample", "condition", "option"),
        coords={
            "sample": list("abcde"),
            "condition": ["clean", "x", "y"],
            "family": ("condition", ["clean", "f", "f"]),
        },
    )


def test_score_by_each_normalisation_by_hand() -> None:
    likelihood, tokens = np.array([[-2.0, -6.0]]), np.array([[1, 3]])
    text = np.array([["cat", "büs"]])  # 3 characters each; 3 and 4 bytes
    np.testing.assert_allclose(margins.score(likelihood), [[-2, -6]])
    np.testing.assert_allclose(margins.score(likelihood, tokens, normalize="token"), [[-2, -2]])
    np.testing.assert_allclose(margins.score(likelihood, text=text, normalize="char"), [[-2 / 3, -2]])
    np.testing.assert_allclose(margins.score(likelihood, text=text, normalize="byte"), [[-2 / 3, -1.5]])
    prior = np.array([[-1.0, -7.0]])
    np.testing.assert_allclose(margins.score(likelihood, unconditional=prior, normalize="unconditional"), [[-1, 1]])


def test_the_end_of_turn_is_one_more_token() -> None:
    likelihood, tokens, end = np.array([-2.0, -6.0]), np.array([1, 3]), np.array([-1.0, -2.0])
    np.testing.assert_allclose(margins.score(likelihood, end_of_turn=end), [-3, -8])
    np.testing.assert_allclose(margins.score(likelihood, tokens, end_of_turn=end, normalize="token"), [-1.5, -2])


def test_padded_options_have_no_score() -> None:
    result = margins.score(np.array([-2.0, NAN]), np.array([2, -1]), normalize="token")
    np.testing.assert_array_equal(result, [-1, NAN])
    assert np.isnan(margins.score(np.array([-2.0]), text=np.array([""]), normalize="char"))


def test_labelled_token_counts_are_repeated_over_conditions() -> None:
    tokens = xr.DataArray(np.arange(1, 21).reshape(5, 4), dims=("sample", "option"), coords={"sample": list("abcde")})
    result = margins.score(scores(), tokens, normalize="token")
    assert result.dims == ("sample", "condition", "option")
    np.testing.assert_allclose(result, scores().values / tokens.values[:, None])
    bare = margins.score(scores().values, tokens.values, normalize="token")
    np.testing.assert_array_equal(bare, result)


def test_labelled_texts_and_priors_are_repeated_over_conditions() -> None:
    text = xr.DataArray(
        np.array([["cat", "büs", "a", "no"]] * 4 + [["cat", "büs", "a", ""]], object),
        dims=("sample", "option"),
        coords={"sample": list("abcde")},
    )
    for unit, lengths in {"char": [3, 3, 1, 2], "byte": [3, 4, 1, 2]}.items():
        result = margins.score(scores(), text=text, normalize=unit)
        np.testing.assert_allclose(result, scores().values / lengths)
    prior = scores().sel(condition="x", drop=True)
    result = margins.score(scores(), unconditional=prior, normalize="unconditional")
    np.testing.assert_allclose(result, scores() - prior.values[:, None])
    assert (result.sel(condition="x").fillna(0) == 0).all()
    with pytest.raises(ValueError, match="differ in 'sample': only in scores: 'e'"):
        margins.score(scores(), text=text[:4], normalize="char")


def test_the_end_of_turn_is_left_out_unless_given() -> None:
    end = xr.full_like(scores(), -0.5)
    np.testing.assert_array_equal(margins.score(scores()), scores())
    np.testing.assert_array_equal(margins.score(scores(), end_of_turn=end), scores() - 0.5)
    lost = end.where(end.condition != "y")
    assert margins.score(scores(), end_of_turn=lost).sel(condition="y").isnull().all()


def test_score_says_what_is_missing() -> None:
    with pytest.raises(ValueError, match="Choose one of sum, token"):
        margins.score(np.zeros(2), normalize="word")
    with pytest.raises(ValueError, match="needs the argument `token_count`"):
        margins.score(np.zeros(2), normalize="token")
    with pytest.raises(ValueError, match="differ in 'sample'"):
        margins.score(scores(), scores().isel(sample=[0]), normalize="token")


def test_choice_takes_the_lowest_of_tied_options_and_counts_the_ties() -> None:
    values = np.array([[-1.0, -2.0, -1.0], [-3.0, -1.0, -2.0], [NAN, -1.0, -1.0], [NAN, NAN, NAN], [-INF, NAN, -INF]])
    assert margins.choice(values).tolist() == [0, 1, 1, -1, 0]
    assert margins.ties(values).tolist() == [1, 0, 1, 0, 1]
    assert margins.choice(values).dtype == np.int64


def test_an_absent_option_never_beats_an_impossible_one() -> None:
    assert margins.choice(np.array([NAN, -INF])).item() == 1


def test_a_lost_score_is_told_from_an_absent_option() -> None:
    values, exists = np.array([[-1.0, NAN], [-1.0, NAN]]), np.array([[True, True], [True, False]])
    assert margins.choice(values).tolist() == [0, 0]
    assert margins.choice(margins.complete(values, exists)).tolist() == [-1, 0]


def test_choices_agree_with_a_loop_and_keep_their_labels() -> None:
    result = margins.choice(scores())
    assert result.dims == ("sample", "condition")
    assert result.family.values.tolist() == ["clean", "f", "f"]
    for i in range(5):
        for j in range(3):
            assert result[i, j] == np.nanargmax(scores()[i, j])


def test_margins_by_hand() -> None:
    values = np.array([[-1.0, -3.0, -2.0], [-4.0, -4.5, NAN]])
    np.testing.assert_allclose(margins.margin(values, np.array([0, 1])), [1.0, -0.5])  # -1+2; -4.5+4
    np.testing.assert_allclose(margins.margin(values, "top2"), [1.0, 0.5])


def test_yes_over_no_goes_by_the_texts_of_the_options() -> None:
    # yes - no: -1 + 3; -4.5 + 4; no such pair twice
    values = np.array([[-1.0, -3.0, NAN], [-4.0, -4.5, NAN], [-1.0, -2.0, -3.0], [-1.0, -2.0, -3.0]])
    text = np.array([["yes", "no", ""], ["No.", " YES", ""], ["a bus", "a car", "no"], ["yes", "Yes", "no"]])
    expected = [2.0, -0.5, NAN, NAN]
    np.testing.assert_allclose(margins.yes_no(values, text), expected)
    np.testing.assert_allclose(margins.margin(values, "yes_no", option_text=text), expected)
    np.testing.assert_allclose(margins.yes_no(np.stack([values, values], 1), text), np.transpose([expected] * 2))
    with pytest.raises(ValueError, match="needs `option_text`: yes and no are found by their texts"):
        margins.margin(values, "yes_no")
    with pytest.raises(ValueError, match="option_text has shape"):
        margins.yes_no(values, text[:2])


@pytest.mark.parametrize(
    ("values", "reference"),
    [
        ([-1.0, -2.0], -1),  # no clean choice
        ([-1.0, NAN], 0),  # no rival
        ([NAN, -1.0], 0),  # the reference has no score
        ([-INF, -INF], 0),  # nothing is possible
    ],
)
def test_a_margin_without_reference_or_rival_is_undefined(values: list[float], reference: int) -> None:
    assert np.isnan(margins.margin(np.array(values), np.array(reference)))


def test_the_clean_choices_margin_agrees_with_a_loop() -> None:
    clean = margins.choice(scores().sel(condition="clean"))
    result = margins.margin(scores(), clean)
    assert result.dims == ("sample", "condition")
    for i in range(5):
        for j in range(3):
            own, others = scores()[i, j, clean[i]], np.delete(scores()[i, j].values, clean[i])
            assert result[i, j].item() == pytest.approx(float(own - np.nanmax(others)))
    np.testing.assert_array_equal(margins.margin(scores().values, clean.values), result)


def test_the_same_margins_come_out_of_dask() -> None:
    clean = margins.choice(scores().sel(condition="clean"))
    lazy = margins.margin(scores().chunk(sample=2), clean.chunk(sample=2))
    xr.testing.assert_identical(lazy.compute(), margins.margin(scores(), clean))


def test_the_answers_margin_is_that_of_the_right_option() -> None:
    answer = xr.DataArray([1, 0, 3, 2, 3], dims="sample", coords={"sample": list("abcde")})
    result = margins.margin(scores(), answer)
    for i in range(4):
        own, others = scores()[i, 0, answer[i]], np.delete(scores()[i, 0].values, answer[i])
        assert result[i, 0].item() == pytest.approx(float(own - others.max()))
    assert result[4].isnull().all()  # the right option is one that the sample does not have
    right = margins.choice(scores()) == answer
    assert ((result > 0) == right).where(result.notnull(), True).all()


def test_margin_refuses_unknown_references() -> None:
    with pytest.raises(ValueError, match='"top2" or "yes_no"'):
        margins.margin(scores(), "best")
    with pytest.raises(ValueError, match="the scores have 2 options"):
        margins.margin(np.zeros((1, 2)), np.array([2]))
    with pytest.raises(ValueError, match="leading ones"):
        margins.margin(np.zeros((3, 2)), np.array([0, 1]))


def test_erosion_by_hand() -> None:
    # 2 - 0.5, 2 - (-1), 0.3 - 0.3
    np.testing.assert_allclose(
        margins.erosion(np.array([2.0, 0.3]), np.array([[0.5, -1.0], [0.3, NAN]])), [[1.5, 3.0], [0.0, NAN]]
    )


def test_erosion_is_zero_on_the_clean_condition() -> None:
    every = margins.margin(scores(), margins.choice(scores().sel(condition="clean")))
    result = margins.erosion(every.sel(condition="clean"), every)
    assert result.dims == ("sample", "condition")
    assert (result.sel(condition="clean") == 0).all()


def test_options_may_lie_on_any_axis() -> None:
    values = scores().values
    np.testing.assert_array_equal(margins.choice(np.moveaxis(values, -1, 0), dim=0), margins.choice(values))
