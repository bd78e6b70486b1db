"""Every question is asked as the dataset words it, and the run holds what was asked."""

import json
from pathlib import Path

import pytest
import tiny
from PIL import Image

import hooks
import probe
from hooks.context import render as rendered
from probe import prompts
from probe.datasets import jsonl
from probe.extraction import Execution
from probe.results import flips, yes_no
from probe.results.evidence import Evidence
from probe.sample import Sample
from stores import Run

MODEL = "llava"


def dataset(folder: Path, *lines: dict) -> Path:
    Image.fromarray(tiny.picture(0)).save(folder / "i.png")
    file = folder / "mine.jsonl"
    file.write_text("".join(json.dumps({"image": "i.png"} | line) + "\n" for line in lines))
    return file


def extract(folder: Path, *lines: dict, model: str = MODEL, **settings) -> Run:
    return probe.extract(
        str(tiny.checkpoint(model)),
        str(dataset(folder, *lines)),
        out=folder / "run",
        perturb=settings.pop("perturb", ["white"]),
        execution=Execution(device="cpu"),
        **settings,
    )


def test_own_questions_are_asked_and_kept(tmp_path: Path) -> None:
    lines = [
        {"id": "d1", "question": "Describe the colours.", "kind": "describe"},
        {"id": "d2", "question": "Describe the people.", "kind": "describe"},
        {"id": "s1", "question": "Is it safe?", "kind": "safety", "options": ["yes", "no"], "answer": "no"},
        {"id": "s2", "question": "Is it dangerous?", "kind": "safety", "options": ["yes", "no"], "answer": "yes"},
        {"id": "y1", "question": "Is it red?", "options": ["yes", "no"]},
        {"id": "m1", "question": "What is it?", "options": ["a bus", "a car"]},
        {"id": "o1", "question": "What is it?"},
    ]
    run = extract(tmp_path, *lines, sites=["language.layers[-1]:context_last"], max_new_tokens=2)
    states = run.embeddings("language.layers[-1]:context_last").sel(condition="clean").values
    assert len({state.tobytes() for state in states}) == len(lines)
    asked = dict(zip(run.samples.sample.values, run.samples.prompt_text.values, strict=True))
    made = hooks.blueprint(str(tiny.checkpoint(MODEL)), tiny.ON_CPU)
    wording = {"y1": " Answer yes or no.", "o1": f" {prompts.VERBOSITY_FIX}"}
    wording |= {"m1": "\nA. a bus\nB. a car\nAnswer with one of the options."}
    for line in lines:
        assert asked[line["id"]] == rendered(made, line["question"] + wording.get(line["id"], ""))
    assert run.plan["model"]["chat_template"] == "processor default"


def test_a_fixed_wording_is_used_where_it_is_asked_for(tmp_path: Path) -> None:
    question = {"question": "Describe the colours.", "kind": "describe"}
    run = extract(tmp_path, question, prompt="describe", keep="answers", max_new_tokens=2)
    assert prompts.DESCRIBE in run.samples.prompt_text.item()
    assert "colours" not in run.samples.prompt_text.item()
    assert run.samples.question.item() == "Describe the colours."


def test_captions_of_an_own_safety_question_are_that_question(tmp_path: Path) -> None:
    lines = [
        {"question": "Is it dangerous?", "kind": "safety", "options": ["no", "yes"]},
        {"question": prompts.SAFETY, "kind": "safety", "options": ["no", "yes"]},
    ]
    run = extract(tmp_path, *lines, model="clip", keep="answers")
    safe, unsafe = (prompts.SAFETY_CAPTIONS[word] for word in ("yes", "no"))
    assert run.samples.prompt_text.values.tolist() == ["Is it dangerous? no\nIs it dangerous? yes", f"{unsafe}\n{safe}"]


@pytest.mark.parametrize(
    ("prompt", "options", "reason"),
    [
        ("mcq", [], "lists options, and this sample has none"),
        ("yesno", ["a bus", "a car"], "asks for yes or no, and the options here are a bus, a car"),
        ("safety", ["a bus", "a car"], "asks for yes or no"),
        ("describe", ["yes", "no"], "asks for a free text, and this sample has options"),
    ],
)
def test_a_prompt_for_another_kind_of_answer_is_refused_for_that_sample(tmp_path, prompt, options, reason) -> None:
    fitting = {"question": "Red?", "options": ["no", "Yes"]} if options != ["yes", "no"] else {"question": "Red?"}
    fitting = {"question": "Red?", "options": ["car", "bus"]} if prompt == "mcq" else fitting
    other = {"id": "other", "question": "What?"} | ({"options": options} if options else {})
    run = extract(tmp_path, fitting, other, prompt=prompt, keep="answers", max_new_tokens=2)
    assert list(run.failed) == ["other"]
    assert reason in run.failed["other"]


def test_a_model_that_compares_captions_has_no_other_prompt(tmp_path: Path) -> None:
    run = extract(tmp_path, {"question": "Red?", "options": ["yes", "no"]}, model="clip", prompt="presence")
    assert "only 'safety'" in next(iter(run.failed.values()))


def test_every_option_has_a_letter_of_its_own() -> None:
    options = tuple(f"thing{k}" for k in range(60))
    text = prompts.render(Sample("s", "i", "What is this?", options, "thing59"))
    listed = dict(line.split(". ", 1) for line in text.splitlines()[1:-1])
    assert tuple(listed.values()) == options
    assert list(listed)[25:28] == ["Z", "AA", "AB"]


def test_overlays_write_letters_beyond_z(tmp_path: Path) -> None:
    question = {"question": "What is this?", "options": [f"thing{k}" for k in range(30)], "answer": "thing29"}
    run = extract(tmp_path, question, perturb=["text_overlay.semantic"], keep="answers")
    assert run.answers.log_likelihood.notnull().all()
    assert run.conditions.sizes["condition"] == 31
    assert json.loads(str(run.conditions.parameters.values[-1])) == {"label": "AD"}
    assert flips.compute(Evidence(run)).ifr.sel(family="text_overlay.semantic", bound="estimate").notnull()


def test_rates_of_yes_do_not_depend_on_the_order_of_the_options(tmp_path: Path) -> None:
    rates = []
    for options in (["yes", "no"], ["no", "yes"]):
        folder = tmp_path / options[0]
        folder.mkdir()
        lines = [
            {"question": f"Is there a {thing}?", "options": options, "answer": options[(k + (options[0] == "no")) % 2]}
            for k, thing in enumerate(("bus", "car", "tree", "tram", "man", "dog"))
        ]
        run = extract(folder, *lines, perturb=["low_light"], keep="answers")
        found = flips.compute(Evidence(run))
        rates.append({name: found[name].values for name in yes_no.RATES})
    assert len(rates[0]) == 4
    for name, values in rates[0].items():
        assert values.tobytes() == rates[1][name].tobytes()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ({"options": ["true", "false"], "kind": "yesno"}, "has the options yes and no, not true, false"),
        ({"options": ["a bus", " a car"]}, "option ' a car' begins or ends with white space"),
    ],
)
def test_options_that_would_be_asked_wrongly_are_a_problem_of_their_sample(tmp_path, line, reason) -> None:
    opened = jsonl.load(dataset(tmp_path, {"question": "What?"} | line, {"question": "And this?"}))
    assert [reason in problem.message for problem in opened.problems] == [True]
    assert len(opened.dataset.samples) == 1


def test_ties_are_counted_and_said_with_their_samples(tmp_path: Path) -> None:
    lines = [{"id": f"q{k}", "question": f"Is it {k}?", "options": ["yes", "no"], "answer": "yes"} for k in range(2)]
    run = extract(tmp_path, *lines, keep="answers", perturb=["low_light:1"])
    evidence = Evidence(run)
    assert not [sentence for sentence in flips.finding(flips.compute(evidence)) if "exactly alike" in sentence]
    tied = Evidence(run)
    vars(tied)["scores"] = evidence.scores.where(evidence.scores.sample != "q1", -1.0)
    told = flips.finding(flips.compute(tied))
    assert "The best options score exactly alike in 2 answers" in told[-1]
    assert told[-1].endswith("chosen: q1.")
