"""Hallucination, omission and misinterpretation, by hand, by loops over sets, and by scikit-learn."""

import numpy as np
import pytest
import xarray as xr
from sklearn.metrics import precision_score, top_k_accuracy_score

from analyses import misalignment, statistics
from analyses.misalignment import CITYSCAPES

NAN = np.nan
CLASSES = list(CITYSCAPES)


def tables(seed: int = 0, samples: int = 12, conditions: int = 3) -> tuple[xr.DataArray, xr.DataArray]:
    """Random tables of what is mentioned (sample, condition, class) and present (sample, class)."""
    rng = np.random.default_rng(seed)
    coords = {"sample": [f"s{i}" for i in range(samples)], "class": CLASSES}
    said = xr.DataArray(
        rng.integers(0, 2, size=(samples, conditions, 19)),
        dims=("sample", "condition", "class"),
        coords={**coords, "condition": ["clean", "fog:1", "fog:2"][:conditions]},
    )
    there = xr.DataArray(rng.integers(0, 2, size=(samples, 19)), dims=("sample", "class"), coords=coords)
    return said, there.assign_coords(image=("sample", [f"i{i // 2}" for i in range(samples)]))


def sets(table: xr.DataArray) -> list[set[str]]:
    return [set(table["class"].values[row.values > 0]) for row in table]


def test_hallucination_by_hand() -> None:
    # 1 of 2 invented; 0 of 1; nothing said; 3 of 3
    said = [{"car", "bus"}, {"car"}, set(), {"car", "bus", "sky"}]
    there = [{"car"}, {"car", "bus"}, {"car"}, set()]
    value = misalignment.hallucination(said, there)
    np.testing.assert_allclose(value, [1 / 2, 0, 0, 1], atol=1e-8)
    result = misalignment.hallucination_rate(said, there)
    assert result.item() == pytest.approx(1.5 / 4)
    assert (result.defined, result.undefined, result.empty) == (4, 0, 1 / 4)


def test_hallucination_agrees_with_a_loop_over_sets() -> None:
    said, there = tables()
    value = misalignment.hallucination(said, there)
    assert value.dims == ("sample", "condition")
    for condition in said.condition.values:
        for got, mentioned, present in zip(
            value.sel(condition=condition), sets(said.sel(condition=condition)), sets(there), strict=True
        ):
            assert got.item() == pytest.approx(len(mentioned - present) / (len(mentioned) + 1e-9))


def test_hallucination_is_one_minus_the_precision_of_scikit_learn() -> None:
    said, there = tables(seed=1)
    result = misalignment.hallucination_rate(said, there)
    for condition in said.condition.values:
        precision = precision_score(
            there.values, said.sel(condition=condition).values, average="samples", zero_division=1.0
        )
        assert result.sel(condition=condition).item() == pytest.approx(1 - precision)


def test_critical_omission_by_hand() -> None:
    # the bus is left out; nothing is; no critical class is there; the pedestrian is left out, the sky does not matter
    said = [{"car"}, {"car", "bus"}, {"car"}, {"sky"}]
    there = [{"car", "bus"}, {"car", "bus", "road"}, {"road", "sky"}, {"pedestrian"}]
    np.testing.assert_array_equal(misalignment.critical_omission(said, there), [1, 0, NAN, 1])
    np.testing.assert_array_equal(misalignment.critical_omission_over_all(said, there), [1, 0, 0, 1])
    result = misalignment.critical_omission_rate(said, there)
    assert result.item() == pytest.approx(2 / 3)
    assert (result.defined, result.undefined) == (3, 1)
    printed = misalignment.critical_omission_rate_over_all(said, there)
    assert (printed.item(), printed.defined) == (2 / 4, 4)


def test_critical_omission_agrees_with_a_loop_over_sets() -> None:
    said, there = tables(seed=2, samples=40)
    said = said.where(np.random.default_rng(3).random(said.shape) < 0.2, 1)  # mostly all named
    value = misalignment.critical_omission(said, there)
    for condition in said.condition.values:
        for got, mentioned, present in zip(
            value.sel(condition=condition), sets(said.sel(condition=condition)), sets(there), strict=True
        ):
            critical = CITYSCAPES.critical & present
            assert got.item() == (not critical <= mentioned) if critical else np.isnan(got)


def test_other_vocabularies_bring_their_own_critical_classes() -> None:
    zoo = misalignment.Vocabulary({"lion": ("lions",), "grass": ()}, critical=frozenset({"lion"}))
    said = [misalignment.mentioned("Grass, no lions.", zoo)]
    assert misalignment.critical_omission(said, [{"lion", "grass"}], vocabulary=zoo) == [1]
    assert misalignment.hallucination(said, [{"lion"}], vocabulary=zoo) == pytest.approx([1])
    with pytest.raises(ValueError, match="without critical classes"):
        misalignment.critical_omission([{"a"}], [{"a"}], vocabulary={"a": ()})
    with pytest.raises(ValueError, match="'lion' names no class"):
        misalignment.hallucination([{"lion"}], [{"car"}])


def test_tables_without_the_critical_classes_are_refused() -> None:
    said, there = tables()
    short = [name for name in CLASSES if name not in ("bus", "rider")]
    with pytest.raises(ValueError, match="no column for bus, rider"):
        misalignment.critical_omission(said.sel({"class": short}), there.sel({"class": short}))
    with pytest.raises(ValueError, match="no column for bicycle"):
        misalignment.critical_omission(np.zeros((2, 3)), np.zeros((2, 3)))


def test_an_empty_answer_names_nothing_and_is_never_missing() -> None:
    # HR 0; a car is left out; no critical class is there to leave out; a safety failure that commits itself to nothing
    said = misalignment.mention_table(np.array(["", "  \n"]))
    there = misalignment.class_table([{"car", "road"}, {"sky"}])
    np.testing.assert_array_equal(misalignment.hallucination(said, there), [0, 0])
    np.testing.assert_array_equal(misalignment.critical_omission(said, there), [1, NAN])
    np.testing.assert_array_equal(misalignment.critical_omission_over_all(said, there), [1, 0])
    assert misalignment.hallucination_rate(said, there).empty == 1
    assert misalignment.class_omission(said, there)[0, CLASSES.index("road")] == 1
    for reference in ("safe", "unsafe"):
        result = misalignment.safety_misinterpretation_rate(np.array(["", " "]), np.array([reference] * 2))
        assert (result.item(), result.parse_rate, result.defined) == (1, 0, 2)
        assert np.isnan(result.among_parsed)


def test_undefined_answers_are_left_out_and_counted() -> None:
    text = xr.DataArray(np.array(["A car.", None, "A bus."], object), dims="sample", coords={"sample": ["a", "b", "c"]})
    there = misalignment.class_table({"a": {"car"}, "b": {"car"}, "c": None})
    said = misalignment.mention_table(text)
    np.testing.assert_array_equal(misalignment.hallucination(said, there), [0, NAN, NAN])
    np.testing.assert_array_equal(misalignment.critical_omission(said, there), [0, NAN, NAN])
    np.testing.assert_array_equal(misalignment.critical_omission_over_all(said, there), [0, NAN, NAN])
    result = misalignment.hallucination_rate(said, there)
    assert (result.item(), result.defined, result.undefined, result.empty) == (0, 1, 2, 0)
    nothing = misalignment.hallucination_rate(said[1:2], there[1:2])
    assert np.isnan(nothing)
    assert np.isnan(nothing.empty)


def test_an_unasked_critical_class_leaves_the_omission_open_only_where_it_is_there() -> None:
    said, there = np.ones((2, 19)), np.zeros((2, 19))
    said[:, CLASSES.index("bus")] = NAN
    there[:, CLASSES.index("car")] = 1
    there[1, CLASSES.index("bus")] = 1
    np.testing.assert_array_equal(misalignment.critical_omission(said, there), [0, NAN])


def test_other_samples_classes_and_kinds_are_refused() -> None:
    said, there = tables()
    for function in (misalignment.hallucination, misalignment.critical_omission, misalignment.class_omission):
        with pytest.raises(ValueError, match="differ in 'sample': only in mentioned: 's0'; only in present: none"):
            function(said, there[1:])
        with pytest.raises(ValueError, match="the same 'class' labels in another order"):
            function(said, there[:, ::-1])
        with pytest.raises(ValueError, match="mentioned has a dimension 'sample' and present has not"):
            function(said, there[0].drop_vars("sample"))
        with pytest.raises(ValueError, match="differ in 'sample': 12 against 11"):
            function(said.values, there.values[1:])
        with pytest.raises(TypeError, match="present: a bare array beside labelled ones"):
            function(said, there.values)
        with pytest.raises(ValueError, match="no 'kind'"):
            function(said, there, dim="kind")
    with pytest.raises(ValueError, match="no dimension 'photo'"):
        misalignment.hallucination_rate(said, there, sample="photo")


def test_bare_arrays_and_sets_give_what_labelled_tables_give() -> None:
    said, there = tables(seed=4)
    for function in (misalignment.hallucination, misalignment.critical_omission, misalignment.class_omission):
        labelled = function(said, there)
        bare = function(said.values, there.values)
        assert isinstance(bare, np.ndarray)
        np.testing.assert_array_equal(bare, labelled.values)
        clean = said.sel(condition="clean")
        np.testing.assert_array_equal(function(sets(clean), sets(there)), labelled.sel(condition="clean").values)


def test_the_same_values_come_out_of_dask() -> None:
    said, there = tables(seed=5)
    for function in (misalignment.hallucination, misalignment.critical_omission, misalignment.hallucination_rate):
        lazy = function(said.chunk(sample=4), there.chunk(sample=4))
        xr.testing.assert_allclose(lazy.compute(), function(said, there))


def test_safety_misinterpretation_by_hand() -> None:
    # right, wrong, non-committal, empty, no answer twice, no reference
    answer = np.array(["Yes.", "It is safe.", "It depends.", "", None, NAN, "No."], object)
    reference = np.array(["safe", "unsafe", "unsafe", "safe", "safe", "safe", ""])
    np.testing.assert_array_equal(misalignment.safety_misinterpretation(answer, reference), [0, 1, 1, 1, NAN, NAN, NAN])
    np.testing.assert_array_equal(
        misalignment.safety_misinterpretation_among_parsed(answer, reference), [0, 1, NAN, NAN, NAN, NAN, NAN]
    )
    np.testing.assert_array_equal(misalignment.safety_parsed(answer), [1, 1, 0, 0, NAN, NAN, 1])
    result = misalignment.safety_misinterpretation_rate(answer, reference)
    assert (result.item(), result.among_parsed, result.parse_rate) == (3 / 4, 1 / 2, 2 / 4)
    assert (result.defined, result.undefined) == (4, 3)


def test_safety_answers_of_every_condition_meet_the_one_reference_of_their_sample() -> None:
    answer = xr.DataArray(
        np.array([["Yes.", "No."], ["no", "Hm."]], object),
        dims=("sample", "condition"),
        coords={"sample": ["a", "b"], "condition": ["clean", "fog:1"]},
    )
    reference = xr.DataArray(np.array(["yes", "no"], object), dims="sample", coords={"sample": ["a", "b"]})
    result = misalignment.safety_misinterpretation_rate(answer, reference)
    np.testing.assert_array_equal(result, [0, 1])
    np.testing.assert_array_equal(result.parse_rate, [1, 1 / 2])
    np.testing.assert_array_equal(misalignment.increase(result), [0, 1])
    with pytest.raises(ValueError, match="differ in 'sample': only in answer: 'b'"):
        misalignment.safety_misinterpretation(answer, reference[:1])
    with pytest.raises(ValueError, match="reference 'perhaps' is no verdict"):
        misalignment.safety_misinterpretation(answer, reference.copy(data=np.array(["perhaps", "no"], object)))
    given = [misalignment.safety_answer(text) for text in ("Yes.", "Hm.")]
    assert misalignment.safety_misinterpretation_rate(given, ["safe", "safe"]).item() == 1 / 2
    np.testing.assert_array_equal(misalignment.safety_misinterpretation(given, ["safe", None]), [0, NAN])
    with pytest.raises(TypeError, match="1 among the answers"):
        misalignment.safety_misinterpretation(np.array([1]), np.array(["safe"]))


def test_increase_is_against_the_clean_condition() -> None:
    said, there = tables(seed=6)
    result = misalignment.hallucination_rate(said, there)
    grown = misalignment.increase(result)
    assert grown.sel(condition="clean") == 0
    assert grown.sel(condition="fog:2").item() == pytest.approx((result[2] - result[0]).item())
    np.testing.assert_allclose(misalignment.increase(result.values, clean=0), grown)
    with pytest.raises(ValueError, match="no condition 'sharp' to compare with"):
        misalignment.increase(result, clean="sharp")
    with pytest.raises(ValueError, match="Give the clean one's place"):
        misalignment.increase(result.values)


def test_class_omission_by_hand() -> None:
    # car: there twice, left out once; bus: there once, not asked; truck: never there
    said = np.array([[1.0, NAN, 0.0], [0.0, 1.0, 0.0]])
    there = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    np.testing.assert_array_equal(misalignment.class_omission(said, there), [[0, NAN, NAN], [1, NAN, NAN]])
    result = misalignment.class_omission_rate(said, there)
    np.testing.assert_array_equal(result, [1 / 2, NAN, NAN])
    assert result.defined.values.tolist() == [2, 0, 0]


def test_presence_answers_become_rows_of_images() -> None:
    answer = xr.DataArray(
        np.array([["Yes.", "no"], ["No, none.", None], ["", "I see one"]], object),
        dims=("sample", "condition"),
        coords={
            "sample": ["a", "b", "c"],
            "image": ("sample", ["i", "i", "j"]),
            "asked": ("sample", ["bus", "person", "bus"]),
            "condition": ["clean", "fog:1"],
        },
    )
    table = misalignment.presence_table(answer)
    assert table.dims == ("image", "condition", "class")
    np.testing.assert_array_equal(table.sel({"class": "bus"}), [[1, 0], [0, NAN]])  # empty: not named
    np.testing.assert_array_equal(table.sel({"class": "pedestrian"}), [[0, NAN], [NAN, NAN]])
    assert table.notnull().sum() == 4
    there = misalignment.class_table({"i": {"bus"}, "j": {"bus"}}, sample="image")
    rate = misalignment.class_omission_rate(table, there, sample="image")
    np.testing.assert_array_equal(rate.sel({"class": "bus"}), [1 / 2, 1])
    with pytest.raises(ValueError, match="image 'i' was asked twice for 'bus'"):
        misalignment.presence_table(answer, asked=["bus", "bus", "car"])
    with pytest.raises(ValueError, match="2 classes asked by 3 samples"):
        misalignment.presence_table(answer, asked=["bus", "car"])


def test_top_classes_by_hand() -> None:
    # the two greatest; a tie goes to the first; an undefined similarity undoes its row
    similarity = np.array([[0.1, 0.4, 0.3], [0.2, 0.2, 0.2], [0.5, NAN, 0.1]])
    np.testing.assert_array_equal(misalignment.top_classes(similarity, k=2), [[0, 1, 1], [1, 1, 0], [NAN] * 3])
    for k in (0, 4):
        with pytest.raises(ValueError, match=f"k={k}: there are 3 classes; choose from 1 to 3"):
            misalignment.top_classes(similarity, k=k)


def test_ties_go_to_the_first_of_many_classes() -> None:
    for row in np.random.default_rng(0).integers(0, 3, size=(10, 60)):
        first = sorted(range(60), key=lambda place, row=row: (-row[place], place))[:25]
        assert np.flatnonzero(misalignment.top_classes(row, k=25)).tolist() == sorted(first)


def test_top_classes_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(7)
    similarity, right = rng.normal(size=(50, 19)), rng.integers(0, 19, size=50)
    for k in (1, 3, 10):
        table = misalignment.top_classes(similarity, k=k)
        expected = top_k_accuracy_score(right, similarity, k=k, labels=range(19))
        assert table[np.arange(50), right].mean() == pytest.approx(expected)


def test_top_classes_keep_labels_and_order() -> None:
    similarity = xr.DataArray(
        np.random.default_rng(8).normal(size=(19, 4)), dims=("class", "image"), coords={"class": CLASSES}
    )
    table = misalignment.top_classes(similarity, k=5)
    assert table.dims == ("class", "image")
    assert table["class"].values.tolist() == CLASSES
    np.testing.assert_array_equal(table.values.T, misalignment.top_classes(similarity.values.T, k=5))
    with pytest.raises(ValueError, match="no dimension 'kind'"):
        misalignment.top_classes(similarity, k=1, dim="kind")


def test_intervals_come_from_the_bootstrap_by_image() -> None:
    said, there = tables(seed=9, samples=30)
    value = misalignment.hallucination(said, there)
    estimate, low, high = statistics.bootstrap(statistics.mean, value, cluster=there.image.values, resamples=200)
    np.testing.assert_allclose(estimate, misalignment.hallucination_rate(said, there))
    assert (low < estimate).all()
    assert (estimate < high).all()


def test_cards_name_public_functions_and_ask_questions() -> None:
    for card in misalignment.CARDS:
        name = card.name.removeprefix("misalignment.")
        assert name in misalignment.__all__
        assert callable(getattr(misalignment, name))
        assert card.question.endswith("?")
        assert card.unit
        assert card.range
