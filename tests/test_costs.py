"""What is done once: a view's pictures are prepared once, and the head reads the slots that are needed."""

import numpy as np
import pytest
import tiny
from tiny import picture

from hooks import Question, View, capture

QUESTIONS = tuple(Question(text, ("yes", "a small red car")) for text in ("a bus?", "is it a car?", "what do you see?"))


@pytest.mark.parametrize("case", ["gemma3", "paligemma", "instructblip", "idefics2", "llava", "mllama"])
def test_a_picture_is_prepared_once_for_all_questions(case, monkeypatch):
    model = tiny.load(case)
    prepared = []
    kind = type(model.processor.image_processor)
    whole = kind.__call__
    monkeypatch.setattr(kind, "__call__", lambda self, *args, **more: prepared.append(1) or whole(self, *args, **more))
    alone = [
        capture.read(model, [View(picture(0), (question,))], (), batch_size=1)[0].answers[0] for question in QUESTIONS
    ]
    prepared.clear()
    views = [View((picture(seed),), QUESTIONS) for seed in (0, 1)]
    first, second = capture.read(model, views, (), batch_size=2)
    assert len(prepared) == len(views)
    for mine, theirs in zip(first.answers, alone, strict=True):
        np.testing.assert_allclose(mine.log_likelihood, theirs.log_likelihood, atol=1e-4)
    assert not np.array_equal(first.answers[0].log_likelihood, second.answers[0].log_likelihood)


@pytest.mark.parametrize("padding_side", ["left", "right"])
@pytest.mark.parametrize("case", ["gemma3", "llava", "qwen2_vl"])
def test_the_head_reads_the_last_slots_of_questions_alone(case, padding_side, monkeypatch):
    model = tiny.load(case)
    seen = []
    hook = model.module.lm_head.register_forward_hook(
        lambda module, args, output: seen.append(output.shape[:2].numel())
    )
    try:
        view = View((picture(0),), tuple(Question(question.text) for question in QUESTIONS))
        capture.read(model, [view], (), batch_size=2, padding_side=padding_side)
    finally:
        hook.remove()
    slots = 1 if padding_side == "left" else len(QUESTIONS)
    assert sum(seen) <= 1 + slots * len(QUESTIONS)  # the prefix, then at most one slot for each length
