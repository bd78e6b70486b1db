"""What fails on one sample costs that sample alone, and is said with its reason."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from PIL import Image
from test_wording import extract

import hooks
from hooks import Question, View, capture
from hooks.context import render
from hooks.encoding import process
from probe.errors import PlanError
from probe.extraction.failures import read_each
from probe.perturbations.catalogue import apply
from probe.perturbations.condition import Skipped
from probe.perturbations.suites import parse

SHORT = {"id": "short", "question": "Is there a bus?", "options": ["yes", "no"]}
STORY = "Once upon a time there was a long story about a bus and a car. "


@pytest.mark.parametrize("model", ["llava", "blip-2", "instructblip", "qwen2_vl", "paligemma", "mllama"])
def test_a_question_longer_than_the_model_fails_alone(model: str, tmp_path: Path) -> None:
    made = hooks.blueprint(str(tiny.checkpoint(model)), tiny.ON_CPU)
    positions = made.config.get_text_config().max_position_embeddings
    question = STORY * (2 + positions // 20) + "Is there a bus?"
    run = extract(tmp_path, SHORT, {"id": "long", "question": question, "options": ["yes", "no"]}, model=model)
    assert list(run.failed) == ["long"]
    assert "tokens" in run.failed["long"]
    assert "the model has positions for" in run.failed["long"]
    assert bool(run.answers.log_likelihood.sel(sample="short").notnull().all())
    assert bool(run.answers.log_likelihood.sel(sample="long").isnull().all())


def test_a_question_is_asked_up_to_the_last_position(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.load("llava")
    questions = (Question("Is there a bus?", ("yes", "a very long answer")), Question("why?"))
    view = View((tiny.picture(0),), questions)
    whole = process(model.blueprint, view.pictures, render(model.blueprint, questions[0].text))["input_ids"].shape[1]
    longest = max(capture.read(model, [view], (), batch_size=1)[0].answers[0].token_count)
    text = model.config.get_text_config()
    for positions, asked in ((whole + longest, True), (whole + longest - 1, False)):
        monkeypatch.setattr(text, "max_position_embeddings", int(positions))
        first, second = capture.read(model, [view], (), batch_size=1)[0].answers
        assert bool(first.invalid_reason) != asked
        assert bool(np.isfinite(first.log_likelihood).all()) == asked
        assert first.choice is not None if asked else first.choice is None
        assert not second.invalid_reason


def test_a_free_answer_ends_at_the_last_position_and_is_said_to_be_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.load("llava")
    question = Question("why?", generate=True)
    view = View((tiny.picture(0),), (question,))
    whole = process(model.blueprint, view.pictures, render(model.blueprint, question.text))["input_ids"].shape[1]
    monkeypatch.setattr(model.config.get_text_config(), "max_position_embeddings", whole + 3)
    free = capture.read(model, [view], (), batch_size=1, max_new_tokens=40)[0].answers[0]
    few = capture.read(model, [view], (), batch_size=1, max_new_tokens=3)[0].answers[0]
    assert free.cut
    assert free.text == few.text


def test_an_answer_that_ends_is_not_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny.load("llava")
    long, short = Question("why?", generate=True), Question("why?", generate=True, max_new_tokens=2)
    view = View((tiny.picture(0),), (long, short))
    assert [each.cut for each in capture.read(model, [view], (), batch_size=1, max_new_tokens=8)[0].answers] == [
        True
    ] * 2
    inputs = process(model.blueprint, view.pictures, render(model.blueprint, "why?"))
    ids = model.module.generate(**inputs, do_sample=False, max_new_tokens=8)[0, inputs["input_ids"].shape[1] :].tolist()
    end = next(k for k in range(2, 8) if ids[k] not in ids[:k])
    monkeypatch.setattr(model.module.generation_config, "eos_token_id", [ids[end]])
    ended, cut = capture.read(model, [view], (), batch_size=1, max_new_tokens=8)[0].answers
    assert (ended.cut, cut.cut) == (False, True)
    assert ended.text == model.processor.tokenizer.decode(ids[:end], skip_special_tokens=True).strip()


def bad(*wrong: int, error: type[Exception] = TypeError):
    """A reader that fails where one of these rows is among those that it reads."""

    def read(rows: Sequence[int]) -> list[int]:
        if hit := set(rows) & set(wrong):
            raise error(f"cannot take {min(hit)}")
        return [10 * row for row in rows]

    return read


def test_rows_that_fail_are_found_among_those_that_do_not() -> None:
    made, reasons = read_each(bad(2, 5, error=KeyError), range(7))
    assert made == {row: 10 * row for row in (0, 1, 3, 4, 6)}
    assert reasons == {2: "KeyError: 'cannot take 2'", 5: "KeyError: 'cannot take 5'"}


def test_rows_that_are_too_many_for_the_memory_are_read_apart() -> None:
    def read(rows: Sequence[int]) -> list[int]:
        if len(rows) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return list(rows)

    assert read_each(read, range(7)) == ({row: row for row in range(7)}, {})


def test_a_model_that_can_read_nothing_is_refused_in_one_line() -> None:
    with pytest.raises(PlanError, match="the model cannot be run: AttributeError: cannot take 0"):
        read_each(bad(*range(4), error=AttributeError), range(4))
    assert read_each(bad(0, 1, error=ValueError), range(2))[1] == {0: "cannot take 0", 1: "cannot take 1"}


def test_a_librarys_error_on_one_picture_is_that_samples_failure(tmp_path: Path, monkeypatch) -> None:
    def read(model, views, *args, **settings):
        if any("bad" in question.text for view in views for question in view.questions):
            raise RuntimeError("size of tensor a (3868) must match\nthe size of tensor b (512)")
        return original(model, views, *args, **settings)

    original = capture.read
    monkeypatch.setattr(capture, "read", read)
    other = {"id": "bad", "question": "a bad question", "options": ["yes", "no"]}
    Image.fromarray(tiny.picture(1)).save(tmp_path / "j.png")
    run = extract(tmp_path, SHORT, other | {"image": "j.png"})
    assert run.failed == {
        "bad": "image j.png: RuntimeError: size of tensor a (3868) must match the size of tensor b (512)"
    }
    assert bool(run.answers.log_likelihood.sel(sample="short").notnull().all())


def test_a_label_that_the_font_cannot_write_is_said_and_not_drawn() -> None:
    def drawn(label: str) -> np.ndarray:
        condition = parse([f"text_overlay.semantic:{label}"], labels=("A",))[1]
        return apply(condition, tiny.picture(0, 120, 160), image_id="a", seed=0)

    with pytest.raises(Skipped, match="has no glyph for 否, 是"):
        drawn("是否")
    assert drawn("Да").shape == (120, 160, 3)
