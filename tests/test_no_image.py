"""The prior without any image: the question alone, where the model can be asked so."""

import numpy as np
import pytest

import hooks
import probe
from hooks import Question, View, options
from probe import pocket
from probe.perturbations import FAMILIES, Skipped, apply
from probe.prompts import render


def extract(model, tmp_path):
    return probe.extract(model, "streets", limit=2, perturb=["priors"], out=tmp_path / model, seed=1)


def test_answers_without_an_image_are_those_of_the_text_alone(tmp_path):
    run = extract("pocket-vlm", tmp_path)
    blind = run.answers.log_likelihood.sel(condition="no_image").values
    model = hooks.load(str(pocket.path("pocket-vlm")), hooks.LoadOptions(device="cpu"))
    dataset = probe.datasets.registry.open_dataset("streets", limit=2).dataset
    for row, sample in enumerate(dataset.samples):
        view = View((), (Question(render(sample), sample.options),))
        (exact,) = options.score_reference(model, view)
        np.testing.assert_allclose(blind[row, : len(sample.options)], exact.log_likelihood, atol=1e-4)
    # the same question has the same answer whichever image it came with, and another one than with it
    assert np.abs(blind - run.answers.log_likelihood.sel(condition="clean").values)[:, 0].min() > 1e-3


def test_states_of_the_image_are_undefined_and_those_of_the_question_are_not(tmp_path):
    run = extract("pocket-vlm", tmp_path)
    patches = run.embeddings("vision.layers[-1]:patches").sel(condition="no_image")
    context = run.embeddings("language.layers[-1]:context_last").sel(condition="no_image")
    assert patches.isnull().all()
    assert context.notnull().all()
    assert not run.failed


def test_a_model_that_needs_an_image_leaves_the_condition_undefined(tmp_path):
    run = extract("pocket-clip", tmp_path)
    assert run.answers.log_likelihood.sel(condition="no_image").isnull().all()
    assert run.answers.log_likelihood.sel(condition="white").isel(option=0).notnull().all()
    assert not run.failed


def test_there_is_no_picture_to_make():
    with pytest.raises(Skipped, match="the text alone"):
        apply(FAMILIES["no_image"].condition(), np.zeros((4, 4, 3), np.uint8), image_id="a", seed=0)
