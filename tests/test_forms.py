"""Options scored over their surface forms: each form as by one whole forward, their likelihoods summed."""

import numpy as np
import pytest
import tiny
from tiny import picture

import probe
from hooks import Question, View, capture, options
from hooks.context import option_ids, render
from hooks.forms import form_ids, spellings

QUESTIONS = (
    Question("is there a bus?", ("yes", "no"), forms=True),
    Question("what?", ("A car", "a very long answer"), forms=True),
    Question("and now?", ("a bus", "no")),
)


@pytest.fixture(scope="module")
def model():
    return tiny.load("llava")


def whole(model, view, question):
    """Log of the summed likelihoods of each option's forms, one full forward per form."""
    text = render(model.blueprint, question.text)
    found = []
    for own in form_ids(model.blueprint, text, question.options):
        each = [options._score_whole(model, view, text, ids).log_probs.sum(dtype=np.float64) for ids in own]
        found.append(np.log(np.exp(each).sum()))
    return np.array(found)


@pytest.mark.parametrize(("batch_size", "padding_side"), [(1, "left"), (3, "right")])
def test_the_sum_over_forms_equals_one_whole_forward_per_form(model, batch_size, padding_side):
    views = [View((picture(seed),), QUESTIONS) for seed in range(2)]
    readings = capture.read(model, views, (), batch_size=batch_size, padding_side=padding_side)
    for reading, view in zip(readings, views, strict=True):
        for answer, question in zip(reading.answers[:2], QUESTIONS[:2], strict=True):
            np.testing.assert_allclose(answer.forms, whole(model, view, question), atol=1e-4)
            assert (answer.forms > answer.log_likelihood).all()  # of several forms, each of some likelihood
        assert reading.answers[2].forms is None


def test_the_plain_form_is_among_the_forms_and_no_form_twice(model):
    text = render(model.blueprint, "is there a bus?")
    plain = option_ids(model.blueprint, text, ("yes", "no"))
    for own, forms in zip(plain, form_ids(model.blueprint, text, ("yes", "no")), strict=True):
        assert forms[0] == own
        assert len(set(forms)) == len(forms) >= 2


def test_no_form_continues_another_one_of_its_option(model):
    text = render(model.blueprint, "what?")
    for forms in form_ids(model.blueprint, text, ("Yes", "a car", "A")):
        assert not [(a, b) for a in forms for b in forms if a != b and b[: len(a)] == a]


def test_a_form_of_two_options_belongs_to_neither(model):
    text = render(model.blueprint, "which?")
    upper, lower = form_ids(model.blueprint, text, ("US", "us"))
    assert not set(upper) & set(lower)


def test_forms_are_the_spellings_of_an_option():
    assert spellings("yes") == ("yes", "Yes")
    assert spellings("Yes") == ("Yes", "yes")
    assert spellings("USA") == ("USA", "usa")
    assert spellings("a") == ("a", "A")


def test_every_tokenizer_gives_forms_to_yes():
    for case in ("llava", "qwen2_vl", "gemma3"):
        blueprint = tiny.load(case).blueprint
        (yes, no) = form_ids(blueprint, render(blueprint, "is it?"), ("yes", "no"))
        assert len(yes) >= 2
        assert len(no) >= 2


def test_a_run_with_forms_holds_them_beside_the_plain_scores(tmp_path):
    settings = {"first": 2, "perturb": ["driving:1"], "keep": "answers", "dtype": "float32"}
    plain = probe.extract("pocket-vlm", "streets", out=tmp_path / "plain", **settings)
    run = probe.extract("pocket-vlm", "streets", out=tmp_path / "forms", forms=True, **settings)
    scores = run.answers.log_likelihood.load()
    np.testing.assert_allclose(scores, plain.answers.log_likelihood.load(), atol=1e-5)
    forms = run.answers.forms_log_likelihood.load()
    assert (forms.notnull() == scores.notnull()).all()
    assert bool((forms >= scores - 1e-4).where(scores.notnull(), True).all())
    assert "forms_log_likelihood" not in plain.answers
    assert run.plan["settings"]["forms"] is True
    assert "forms" not in plain.plan["settings"]


def test_a_model_that_compares_captions_has_no_forms_and_no_free_answers(tmp_path):
    for flag in ("forms", "free_answers"):
        with pytest.raises(ValueError, match=f"Leave out --{flag.replace('_', '-')}"):
            probe.extract("pocket-clip", "streets", out=tmp_path / "run", first=1, **{flag: True})
