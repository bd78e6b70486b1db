"""Options are scored from the cache as by one whole forward each."""

import numpy as np
import pytest
import tiny
from tiny import picture

from hooks import Question, View, capture, options
from hooks.context import answer_ids, option_ids, render
from hooks.encoding import process
from hooks.reading import choose

QUESTIONS = (
    Question("is there a bus?", ("yes", "no")),
    Question("what?", ("a car", "a very long answer, with many tokens in it", "yes", "no!")),
    Question("a much longer question than the others, is there a car?", ("a bus", "a tram")),
)
VIEWS = [View((picture(seed),), QUESTIONS[: 1 + seed % 3]) for seed in range(8)]


@pytest.fixture(scope="module")
def model():
    return tiny.load("llava")


@pytest.fixture(scope="module")
def reference(model):
    return [options.score_reference(model, view) for view in VIEWS]


@pytest.mark.parametrize("batch_size", [1, 3, 8])
@pytest.mark.parametrize("padding_side", ["left", "right"])
def test_scores_equal_one_whole_forward_per_option(model, reference, batch_size, padding_side):
    made = capture.read(model, VIEWS, (), batch_size=batch_size, padding_side=padding_side)
    for reading, exact in zip(made, reference, strict=True):
        for mine, theirs in zip(reading.answers, exact, strict=True):
            assert np.abs(mine.log_likelihood - theirs.log_likelihood).max() <= 1e-4
            assert np.abs(mine.end_of_turn - theirs.end_of_turn).max() <= 1e-4
            assert np.array_equal(mine.token_count, theirs.token_count)
            assert mine.choice == theirs.choice


def test_options_of_one_and_of_many_tokens_are_both_there(reference):
    counts = np.concatenate([answer.token_count for answers in reference for answer in answers])
    assert counts.min() == 1
    assert counts.max() > 10


def test_contexts_are_the_processors_own_encoding(model):
    from hooks.encoding import rows

    (row,) = rows(model.blueprint, 0, VIEWS[2])
    for question, tail in zip(QUESTIONS, row.tails, strict=True):
        whole = process(model.blueprint, VIEWS[2].pictures, render(model.blueprint, question.text))["input_ids"][
            0
        ].tolist()
        assert [*row.inputs["input_ids"][0].tolist(), *tail] == whole


def test_an_option_continues_the_prompt_as_the_tokenizer_would_write_it(model):
    text = render(model.blueprint, "what?")
    tokenizer = model.processor.tokenizer
    assert text.endswith("ASSISTANT:")
    for option in ("yes", "a long answer", "?"):
        ids = answer_ids(model.blueprint, text, option)
        assert list(ids) == tokenizer(f" {option}", add_special_tokens=False)["input_ids"]
    assert (
        list(answer_ids(model.blueprint, text + "\n", "yes")) == tokenizer("yes", add_special_tokens=False)["input_ids"]
    )
    assert (
        list(answer_ids(model.blueprint, text + "<s>", "yes"))
        == tokenizer("yes", add_special_tokens=False)["input_ids"]
    )


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("{{ date_string if date_string is defined else strftime_now('%d') }}", "26 Jul 2024"),
        ("{%- set today = strftime_now('%Y-%m-%d') %}Today is {{ today }}.", "Today is 2024-07-26."),
        ("{{ strftime_now('%d %b %Y') }}", "26 Jul 2024"),
        ("\n\nHello on {{ strftime_now('%B %d, %Y') }}", "\n\nHello on July 26, 2024"),
        ({"default": "{{ strftime_now('%d %b %Y') }}", "other": ""}, "26 Jul 2024"),
    ],
)  # fmt: skip
def test_a_prompt_does_not_change_with_the_date(model, monkeypatch, written, read):
    asked = "{{ messages[0]['content'][0]['text'] }}"
    named = {name: text + asked for name, text in written.items()} if isinstance(written, dict) else written + asked
    monkeypatch.setattr(model.processor, "chat_template", named)
    assert render(model.blueprint, "what?", pictures=0) == read + "what?"


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_an_option_that_tokenises_to_nothing_is_named(model, blank):
    question = Question("what?", ("yes", blank))
    with pytest.raises(ValueError, match="tokenises to nothing") as caught:
        capture.check_question(model, question)
    assert repr(blank) in str(caught.value)
    with pytest.raises(ValueError, match="tokenises to nothing"):
        capture.read(model, [View((picture(0),), (question,))], (), batch_size=1)
    with pytest.raises(ValueError, match="tokenises to nothing"):
        option_ids(model.blueprint, "x", (blank,))


def test_one_token_options_need_no_forward_of_their_own_without_the_end_of_turn(model):
    calls = []
    hook = model.module.lm_head.register_forward_hook(lambda *args: calls.append(1))
    try:
        view = View((picture(0),), QUESTIONS[:1])
        with_end = capture.read(model, [view], (), batch_size=1)[0].answers[0]
        many = len(calls)
        without = capture.read(model, [view], (), batch_size=1, end_of_turn=False)[0].answers[0]
        few = len(calls) - many
    finally:
        hook.remove()
    assert (many, few) == (3, 2)
    assert np.array_equal(with_end.log_likelihood, without.log_likelihood)
    assert np.isfinite(with_end.end_of_turn).all()
    assert np.isnan(without.end_of_turn).all()


def test_a_question_without_options_has_no_choice(model):
    answer = capture.read(model, [View((picture(0),), (Question("what?"),))], (), batch_size=1)[0].answers[0]
    assert answer.choice is None
    assert answer.log_likelihood.shape == answer.end_of_turn.shape == answer.token_count.shape == (0,)


def test_ties_go_to_the_lowest_index():
    assert choose(np.array([-2.0, -1.0, -1.0], np.float32)) == 1


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("yes", "yes"), "have the same tokens"),
        (("yes", " no"), "begins or ends with white space"),
        (("yes\n", "no"), "begins or ends with white space"),
    ],
)
def test_options_that_a_model_cannot_tell_apart_are_refused(model, options, reason):
    question = Question("what?", options)
    with pytest.raises(ValueError, match=reason):
        capture.check_question(model, question)
    with pytest.raises(ValueError, match=reason):
        capture.read(model, [View((picture(0),), (question,))], (), batch_size=1)
