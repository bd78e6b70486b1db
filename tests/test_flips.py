"""Flips, rates and transitions, by hand and by loops."""

import numpy as np
import pytest
import xarray as xr

from analyses import flips

NAN = np.nan


def choices(seed: int = 0) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    """Choices, clean choices and answers of 6 samples under clean and 4 conditions of two families."""
    rng = np.random.default_rng(seed)
    sample = {"sample": [f"s{i}" for i in range(6)]}
    names = ["clean", "shift:1", "shift:2", "shift:3", "blur:1"]
    now = rng.integers(0, 3, size=(6, 5))
    now[5, 2] = -1
    choice = xr.DataArray(
        now,
        dims=("sample", "condition"),
        coords={**sample, "condition": names, "family": ("condition", [name.split(":")[0] for name in names])},
    )
    answer = xr.DataArray(rng.integers(0, 3, size=6), dims="sample", coords=sample)
    return choice, choice.sel(condition="clean"), answer


def test_flips_by_hand() -> None:
    result = flips.flipped(np.array([[0, 1, -1], [2, 2, 0], [1, 1, 1]]), np.array([0, 2, -1]))
    np.testing.assert_array_equal(result, [[0, 1, NAN], [0, 0, 1], [NAN, NAN, NAN]])


def test_texts_flip_too() -> None:
    result = flips.flipped(np.array([["a car", "a bus", ""]]), np.array(["a car"]))
    np.testing.assert_array_equal(result, [[0, 1, NAN]])
    labelled = flips.flipped(
        xr.DataArray(np.array([["a car", ""]], object), dims=("sample", "condition")),
        xr.DataArray(np.array(["a bus"], object), dims="sample"),
    )
    np.testing.assert_array_equal(labelled, [[1, NAN]])


def test_the_clean_condition_never_flips() -> None:
    choice, clean, _ = choices()
    result = flips.flipped(choice, clean)
    assert result.dims == ("sample", "condition")
    assert (result.sel(condition="clean") == 0).all()
    assert result.family.dims == ("condition",)


def test_flips_refuse_other_samples() -> None:
    choice, clean, _ = choices()
    with pytest.raises(ValueError, match="differ in 'sample': only in choice: 's0'; only in clean_choice: none"):
        flips.flipped(choice, clean[1:])
    with pytest.raises(ValueError, match="leading ones"):
        flips.flipped(choice.values, clean.values[1:])


def test_rates_by_hand() -> None:
    # shift: 3 of 6 pairs, 2 of 3 samples; blur: 1 of 3 pairs and samples; any: 4 of 9 pairs, all 3 samples
    flipped = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    result = flips.rates(flipped, family=["shift", "shift", "blur"])
    np.testing.assert_allclose(result.ifr, [1 / 2, 1 / 3])
    np.testing.assert_allclose(result.iv, [2 / 3, 1 / 3])
    np.testing.assert_allclose([result.any_ifr, result.any_ifr_mean, result.any_iv], [4 / 9, 5 / 12, 1.0])
    assert result.any_iv.attrs["families"] == ["shift", "blur"]
    assert result.pairs.values.tolist() == [6, 3]


def test_rates_agree_with_a_loop_over_pairs() -> None:
    choice, clean, _ = choices()
    result = flips.rates(flips.flipped(choice, clean), family="family")
    for name in ("shift", "blur"):
        of_family = choice.isel(condition=(choice.family == name).values).values
        pairs = [(i, now) for i in range(6) for now in of_family[i] if now >= 0]
        flipped = [i for i, now in pairs if now != clean[i]]
        assert result.ifr.sel(family=name).item() == pytest.approx(len(flipped) / len(pairs))
        assert result.iv.sel(family=name).item() == pytest.approx(len(set(flipped)) / 6)


def test_clean_is_no_part_of_any() -> None:
    choice, clean, _ = choices()
    result = flips.rates(flips.flipped(choice, clean), family="family")
    assert result.any_ifr.attrs["families"] == ["shift", "blur"]
    only = flips.rates(flips.flipped(choice, clean), family="family", any_of=["blur"])
    assert only.any_ifr == only.ifr.sel(family="blur")
    with pytest.raises(ValueError, match="the family 'rain'; there are clean, shift, blur"):
        flips.rates(flips.flipped(choice, clean), family="family", any_of=["rain"])


def test_undefined_pairs_are_left_out_and_counted() -> None:
    result = flips.rates(np.array([[1.0, NAN], [0.0, NAN], [NAN, NAN]]), family=["a", "b"])
    np.testing.assert_array_equal(result.ifr, [0.5, NAN])
    np.testing.assert_array_equal(result.iv, [0.5, NAN])
    assert result.undefined.values.tolist() == [1, 3]
    assert result.samples.values.tolist() == [2, 0]


def test_rates_keep_other_dimensions() -> None:
    choice, clean, _ = choices()
    both = xr.concat([flips.flipped(choice, clean)] * 2, "model")
    assert flips.rates(both, family="family").ifr.sizes == {"family": 3, "model": 2}


def test_families_must_be_named_for_every_condition() -> None:
    with pytest.raises(ValueError, match="give one each"):
        flips.rates(np.zeros((2, 3)), family=["a", "b"])
    with pytest.raises(ValueError, match="no coordinate 'group'"):
        flips.rates(np.zeros((2, 3)), family="group")


def test_accuracy_by_hand() -> None:
    choice = np.array([[0, 1], [2, 2], [-1, 1]])
    np.testing.assert_array_equal(flips.correct(choice, np.array([0, 2, 1])), [[1, 0], [1, 1], [NAN, 1]])
    np.testing.assert_allclose(flips.accuracy(choice, np.array([0, 2, 1])), [1.0, 2 / 3])
    assert np.isnan(flips.accuracy(np.array([-1]), np.array([0])))


def test_transitions_by_hand() -> None:
    # answer 0 throughout; clean choices 0, 0, 1, 1, 1; perturbed 0, 2, 0, 1, 2
    clean, choice, answer = np.array([0, 0, 1, 1, 1]), np.array([0, 2, 0, 1, 2]), np.zeros(5, int)
    result = flips.transitions(choice, clean, answer)
    assert {name: int(kind.sum()) for name, kind in result.items()} == {
        "right_to_wrong": 1,
        "wrong_to_right": 1,
        "right_to_right": 1,
        "wrong_to_wrong": 2,
        "wrong_to_other_wrong": 1,
    }
    rates = flips.transition_rates(result)
    shares = [rates.right_to_wrong, rates.wrong_to_right, rates.wrong_to_other_wrong]
    np.testing.assert_allclose(shares, [1 / 2, 1 / 3, 1 / 3])
    assert (rates.right, rates.wrong, rates.undefined) == (2, 3, 0)


def test_transition_rates_say_what_they_are_shares_of() -> None:
    # right: kept; wrong: no choice now; undefined clean choice
    rates = flips.transition_rates(flips.transitions(np.array([0, -1, 1]), np.array([0, 1, -1]), np.zeros(3, int)))
    assert (rates.right, rates.wrong, rates.undefined) == (1, 0, 2)
    assert rates.right_to_wrong == 0
    assert np.isnan([rates.wrong_to_right, rates.wrong_to_other_wrong]).all()


def test_transitions_agree_with_a_loop() -> None:
    choice, clean, answer = choices(seed=5)
    result = flips.transitions(choice, clean, answer)
    for i in range(6):
        for j in range(5):
            kinds = {name: kind[i, j].item() for name, kind in result.items()}
            if choice[i, j] < 0:
                assert np.isnan(list(kinds.values())).all()
                continue
            before, now = bool(clean[i] == answer[i]), bool(choice[i, j] == answer[i])
            name = f"{'right' if before else 'wrong'}_to_{'right' if now else 'wrong'}"
            assert kinds[name] == 1
            wandered = not before and not now and choice[i, j] != clean[i]
            assert kinds["wrong_to_other_wrong"] == wandered


def test_yes_no_rates_by_hand() -> None:
    # answers yes yes no no no; clean yes no yes yes no; perturbed no yes no yes no; the sixth is no such question
    answer, clean, choice = np.array([0, 0, 1, 1, 1, 0]), np.array([0, 1, 0, 0, 1, 0]), np.array([1, 0, 1, 0, 1, 0])
    text = np.array([["yes", "no"]] * 5 + [["bus", "car"]])
    rates_by_hand(flips.yes_no_rates(choice, clean, answer, text))
    turned = np.array([True, False, True, True, False, True])  # the same questions, some listed the other way round
    other = [np.where(turned, 1 - one, one) for one in (choice, clean, answer)]
    rates_by_hand(flips.yes_no_rates(*other, np.where(turned[:, None], text[:, ::-1], text)))


def rates_by_hand(result: xr.Dataset) -> None:
    assert result.true_positive_stability == 0  # the one right yes was lost
    assert result.true_negative_stability == 1
    assert result.false_positive_correction == 0.5  # one of two false alarms
    assert result.false_negative_correction == 1
    cases = ("true_positives", "true_negatives", "false_positives", "false_negatives")
    assert [int(result[name]) for name in cases] == [1, 1, 2, 1]


def test_yes_no_rates_without_a_case_are_undefined() -> None:
    text = np.array([["yes", "no"]] * 2)
    result = flips.yes_no_rates(np.array([0, -1]), np.array([0, 1]), np.array([0, 1]), text)
    assert result.true_positive_stability == 1
    assert np.isnan([result.true_negative_stability, result.false_positive_correction]).all()
    assert (result.true_positives, result.true_negatives) == (1, 0)


def test_entropy_by_hand() -> None:
    # thirds: ln 3; all the same: 0; undefined choices do not count
    result = flips.entropy(np.array([[0, 1, 2], [1, 1, 1], [0, 2, -1], [-1, -1, -1]]))
    np.testing.assert_allclose(result, [np.log(3), 0.0, np.log(2), NAN])


def test_overlay_letters_that_contradict_the_clean_choice() -> None:
    result = flips.semantic_overlay_conditions(np.array([0, 2, 3, -1]), ["A", "B", "C", "D"])
    used = [set(result.letter.values[row]) for row in result.used.values]
    control = [set(result.letter.values[row]) for row in result.control.values]
    assert used == [{"B", "C", "D"}, {"A", "B", "D"}, {"A", "B", "C"}, set()]
    assert control == [{"A"}, {"C"}, {"D"}, set()]


def test_overlay_letters_per_sample_serve_letters_and_yes_no_together() -> None:
    letters = [["A", "B", "C", "D", "E"], ["Yes", "No", "", "", ""]]
    choice = xr.DataArray([1, 0], dims="sample", coords={"sample": ["mcq", "presence"]})
    result = flips.semantic_overlay_conditions(choice, letters)
    assert result.letter.values.tolist() == ["A", "B", "C", "D", "E", "Yes", "No"]
    assert result.letter.values[result.used.sel(sample="mcq")].tolist() == ["A", "C", "D"]
    assert result.letter.values[result.used.sel(sample="presence")].tolist() == ["No"]
    assert result.letter.values[result.control.sel(sample="presence")].tolist() == ["Yes"]
    with pytest.raises(ValueError, match="there are 5 letters"):
        flips.semantic_overlay_conditions(np.array([5, 0]), letters)


def test_the_same_rates_come_out_of_dask() -> None:
    choice, clean, _ = choices()
    lazy = flips.rates(flips.flipped(choice.chunk(sample=2), clean.chunk(sample=2)), family="family")
    xr.testing.assert_allclose(lazy.compute(), flips.rates(flips.flipped(choice, clean), family="family"))


def test_answers_are_found_among_the_options_word_for_word() -> None:
    text = xr.DataArray(
        np.array([["car", "bus"], ["yes", "no"], ["a", ""], ["a", ""]], object),
        dims=("sample", "option"),
        coords={"sample": list("wxyz")},
    )
    answer = xr.DataArray(np.array(["bus", "yes", "", "A"], object), dims="sample", coords={"sample": list("wxyz")})
    result = flips.answer_index(text, answer)
    assert result.values.tolist() == [1, 0, -1, -1]
    assert result.sample.values.tolist() == list("wxyz")


def test_true_and_false_are_flips_as_well() -> None:
    result = flips.rates(np.array([[True, False], [False, False]]), family=["a", "a"])
    assert (result.ifr.item(), result.iv.item()) == (0.25, 0.5)
