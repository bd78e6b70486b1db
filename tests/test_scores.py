"""Free answers and choices scored as their benchmarks do, and what that does to flips, accuracy and errors."""

import json

import made_answers
import numpy as np
import pytest

import stores
from analyses import statistics
from probe.results import Evidence, analyze
from stores import SampleRow


def found(evidence, name):
    (result,) = analyze(evidence, [name])
    return result


def row(name, image, question="?", answer="", *, kind="open", options=(), references=(), dataset="mine", **metadata):
    return SampleRow(name, image, question, answer, kind, options, references, json.dumps(metadata), dataset)


def made(path, samples, texts=None, scores=None, conditions=("clean", "fog:1", "fog:3")):
    rows = [made_answers.condition(name) for name in conditions]
    images = [f"i{k}" for k in range(max(sample.image_index for sample in samples) + 1)]

    def spread(cells):
        return {(name, c): each for name, row in cells.items() for c, each in zip(conditions, row, strict=True)}

    return made_answers.evidence(
        path, samples, rows, images, texts=spread(texts or {}), scores=spread(scores) if scores else None
    )


TEN = ("red",) * 3 + ("dark red",) * 2 + ("maroon",) * 5


@pytest.fixture
def vqa(tmp_path):
    samples = [
        row("colour", 0, answer="red", references=TEN, dataset="vqav2"),
        row("count", 1, answer="2", references=("2",) * 9 + ("3",), dataset="vqav2"),
        row("unknown", 2, dataset="vqav2"),
    ]
    texts = {
        "colour": ["Maroon.", "dark red", "blue"],
        "count": ["two", "2", "many"],
        "unknown": ["a", "b", "A"],
    }
    return made(tmp_path / "run", samples, texts)


def test_an_open_answer_has_the_official_score(vqa):
    # maroon is 5 of 10, of any 9 at least 4: min(1, 4/3); dark red 2 of 10: of 8 subsets 2/3, of 2 one third: .6
    expected = [[1.0, 0.6, 0.0], [1.0, 1.0, 0.0], [np.nan] * 3]
    np.testing.assert_allclose(vqa.correct.values, expected)
    table = found(vqa, "scores").data.score.sel(reading="official", bound="estimate")
    np.testing.assert_allclose(table.sel(family="clean"), 1.0)
    np.testing.assert_allclose(table.sel(family="fog"), (0.6 + 0.0 + 1.0 + 0.0) / 4)
    overview = found(vqa, "overview").data.accuracy.sel(family="fog", bound="estimate")
    np.testing.assert_allclose(overview, 0.4)


def test_two_texts_with_one_parsed_answer_are_no_flip(vqa):
    # "two" and "2" are one answer; "a" is an article and empty, as "A" is
    assert vqa.flipped.values.tolist() == [[0, 1, 1], [0, 0, 1], [0, 1, 0]]
    flips = found(vqa, "flips").data.sel(family="fog", bound="estimate")
    assert flips.ifr.item() == pytest.approx(4 / 6)
    # right is a score of 0.5 or more: colour stays right (.6) and becomes wrong, count stays right and becomes wrong
    assert flips.right_to_wrong.item() == pytest.approx(2 / 4)
    assert flips.right_to_wrong_cases.item() == 4


def test_the_error_of_open_answers_grows_with_severity(vqa):
    error = found(vqa, "corruption").data.error.sel(corruption="fog", bound="estimate")
    np.testing.assert_allclose(error, [0.0, 1 - (0.6 + 1.0) / 2, 1.0])


def test_choices_and_texts_stand_side_by_side(tmp_path):
    samples = [
        row(f"q{k}", k, answer=right, kind="yesno", options=("yes", "no"), dataset="pope", category="random")
        for k, right in enumerate(("yes", "yes", "no", "no"))
    ]
    yes, no = {"yes": -0.1, "no": -2.0}, {"yes": -2.0, "no": -0.1}
    scores = {"q0": [yes, yes], "q1": [no, no], "q2": [no, yes], "q3": [no, no]}
    texts = {
        "q0": ["Yes, there is.", "No."],
        "q1": ["Yes", "not sure"],
        "q2": ["No, there is not.", "NO"],  # the official script takes NO for yes
        "q3": ["There is none", "no"],  # and None and none too
    }
    evidence = made(tmp_path / "run", samples, texts, scores, conditions=("clean", "fog:1"))
    data = found(evidence, "scores").data.sel(bound="estimate")
    table = {
        str(name): data.score.sel(reading=name, family=["clean", "fog"]).values.tolist() for name in data.reading.values
    }
    assert table == {
        "likelihood": [3 / 4, 2 / 4],
        "official": [3 / 4, 1 / 4],
        "strict": [3 / 4, 2 / 4],
    }
    # q0 and q2 agree on clean; under fog the official readings are no, no, yes, no beside yes, no, yes, no
    assert data.agreement.sel(family=["clean", "fog"]).values.tolist() == [2 / 4, 3 / 4]
    assert data.unread.sel(text_reading="strict", family=["clean", "fog"]).values.tolist() == [1 / 4, 1 / 4]
    assert data.unread.sel(text_reading="official", family=["clean", "fog"]).values.tolist() == [0, 0]
    value = found(evidence, "benchmark").data.value.sel(bound="estimate")
    # clean, by likelihood: TP 1, FP 0, FN 1; by text: yes, yes, no, yes: TP 2, FP 1, FN 0
    assert value.sel(measure="F1", reading="likelihood", family="clean").item() == pytest.approx(2 / 3)
    assert value.sel(measure="F1", reading="text", family="clean").item() == pytest.approx(4 / 5)
    assert value.sel(measure="precision", reading="text", family="clean").item() == pytest.approx(2 / 3)
    assert value.sel(measure="recall", reading="likelihood", family="clean").item() == pytest.approx(1 / 2)
    assert value.sel(measure="yes ratio", reading="text", family="fog").item() == pytest.approx(1 / 4)


def test_flips_of_questions_with_options_are_those_of_their_likelihood(tmp_path):
    samples = [row("q", 0, answer="yes", kind="yesno", options=("yes", "no"))]
    scores = {"q": [{"yes": -0.1, "no": -2.0}, {"yes": -0.2, "no": -2.0}]}
    evidence = made(tmp_path / "run", samples, {"q": ["yes", "no"]}, scores, conditions=("clean", "fog:1"))
    assert evidence.flipped.values.tolist() == [[0, 0]]


def test_an_answer_that_cannot_be_read_is_one_more_answer(tmp_path):
    samples = [row("q", 0, answer="a", kind="mcq", options=("a bus", "a car"), dataset="seedbench")]
    scores = {"q": [{"a bus": -0.1, "a car": -2.0}] * 3}
    evidence = made(tmp_path / "run", samples, {"q": ["?", "A", "no idea"]}, scores)
    assert evidence.free.codes.tolist() == [[0, 1, 0]]
    assert evidence.free.parsed(1).tolist() == [[None, "a bus", None]]


def test_chair_is_a_ratio_of_sums_of_mentions(tmp_path):
    samples = [
        row("c0", 0, kind="describe", dataset="coco-captions", objects="dog; person", references=("A dog.",)),
        row("c1", 1, kind="describe", dataset="coco-captions", objects="cat", references=("A cat on a couch.",)),
    ]
    texts = {
        "c0": ["A dog and a man.", "A dog and a cat and a cat."],
        "c1": ["A cat on a couch.", "Nothing."],
    }
    evidence = made(tmp_path / "run", samples, texts, conditions=("clean", "fog:1"))
    value = found(evidence, "benchmark").data.value.sel(bound="estimate")
    # fog: three mentions in all, two of a cat that is not there, in one of two captions
    assert value.sel(measure="CHAIRi", reading="text").sel(family=["clean", "fog"]).values.tolist() == pytest.approx(
        [0, 2 / 3]
    )
    assert value.sel(measure="CHAIRs", reading="text").sel(family=["clean", "fog"]).values.tolist() == pytest.approx(
        [0, 1 / 2]
    )
    assert {result.name for result in analyze(evidence)} >= {"benchmark", "scores", "flips"}
    assert "misalignment" not in {result.name for result in analyze(evidence)}  # the words of streets are not COCO's


def test_a_circle_of_rotations_is_right_where_all_are(tmp_path):
    samples = [
        row(f"g{group}-{turn}", group, answer="a", kind="mcq", options=("a", "b") if turn == 0 else ("b", "a"),
            dataset="mmbench-circular", circular_group=f"g{group}", circular_rotation=turn)
        for group in range(2) for turn in range(2)
    ]  # fmt: skip
    right, wrong = {"a": -0.1, "b": -2.0}, {"a": -2.0, "b": -0.1}
    scores = {"g0-0": [right, right], "g0-1": [right, wrong], "g1-0": [right, right], "g1-1": [wrong, right]}
    evidence = made(tmp_path / "run", samples, scores=scores, conditions=("clean", "fog:1"))
    value = found(evidence, "benchmark").data.value.sel(
        bound="estimate", measure="circular accuracy", reading="likelihood"
    )
    assert value.sel(family=["clean", "fog"]).values.tolist() == [1 / 2, 1 / 2]
    assert found(evidence, "scores").data.score.sel(family="clean", bound="estimate").values.tolist() == [3 / 4]


def test_forms_are_a_reading_of_their_own(tmp_path):
    samples = [row(f"q{k}", k, answer="yes", kind="yesno", options=("yes", "no"), dataset="pope") for k in range(2)]
    forms = stores.Variable("forms_log_likelihood", ("option",), "float32", "nat", "forms")
    layout = stores.Layout(2, ("i", "j"), tuple(samples), (made_answers.condition("clean"),), answers=(forms,))
    stores.create(tmp_path / "run", layout, plan=stores.hashed({"settings": {}}), provenance={})
    arrays = layout.blank(stores.Unit(0, 0))
    arrays["answers/log_likelihood"][:] = [[-2.0, -1.0], [-1.0, -2.0]]
    arrays["answers/forms_log_likelihood"][:] = [[-0.3, -0.9], [-0.3, -0.9]]
    stores.Writer(tmp_path / "run", layout).commit(stores.Unit(0, 0), arrays, report={})
    evidence = Evidence(stores.open_run(tmp_path / "run"))
    data = found(evidence, "scores").data.sel(bound="estimate", family="clean")
    assert data.score.sel(reading="likelihood").item() == 1 / 2
    assert data.score.sel(reading="forms").item() == 1
    value = found(evidence, "benchmark").data.value.sel(bound="estimate", family="clean")
    assert value.sel(measure="recall", reading="likelihood").item() == 1 / 2
    assert value.sel(measure="recall", reading="forms").item() == 1


def test_of_options_alone_there_is_nothing_more_to_read(tmp_path):
    samples = [row("q", 0, answer="yes", kind="yesno", options=("yes", "no"))]
    evidence = made(tmp_path / "run", samples, scores={"q": [{"yes": -1, "no": -2}] * 3})
    assert "scores" not in {result.name for result in analyze(evidence)}
    with pytest.raises(ValueError, match="Extract with --free-answers or --forms"):
        analyze(evidence, ["scores"])


def test_scores_do_not_depend_on_the_order_of_samples(tmp_path):
    samples = [row(f"q{k}", k % 3, answer=str(k), references=(str(k),) * 10, dataset="vqav2") for k in range(6)]
    texts = {f"q{k}": [str(k), str(k + k % 2), "many"] for k in range(6)}
    one = found(made(tmp_path / "one", samples, texts), "scores").data
    other = found(made(tmp_path / "other", samples[::-1], texts), "scores").data
    np.testing.assert_allclose(one.score, other.score)
    assert one.score.sel(family=statistics.ALL, bound="estimate").item() == pytest.approx(3 / 12)
