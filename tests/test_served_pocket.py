"""The embedded model behind a server answers as it does when it is loaded here."""

from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pytest
from misbehaving_server import choice, serving

import hooks
import probe
from hooks import LoadOptions, Question, View, capture
from probe import models
from probe.datasets.registry import open_dataset
from probe.results import Evidence

pytest.importorskip("openai")

PERTURB = ("low_light:3", "white")
FIRST = 20


def test_flips_of_the_embedded_model_behind_a_server_are_those_of_the_model_itself(tmp_path: Path) -> None:
    model, lock = hooks.load(models.source("pocket-vlm"), LoadOptions(device="cpu")), Lock()
    samples = open_dataset("streets").dataset.samples[:200]
    named = Question("?", tuple(dict.fromkeys(option for sample in samples for option in sample.options)))
    counts = capture.read(model, [View((), (named,))], (), batch_size=1)[0].answers[0].token_count
    words = tuple(word for word, count in zip(named.options, counts, strict=True) if count == 1)

    def answering(pictures: list[np.ndarray], text: str, body: dict[str, Any]) -> dict[str, Any]:
        question = Question(text, words, generate=True, max_new_tokens=body["max_tokens"])
        with lock:
            (answer,) = capture.read(model, [View(tuple(pictures), (question,))], (), batch_size=1)[0].answers
        likeliest = np.argsort(-answer.log_likelihood)[:FIRST]
        assert answer.text is not None
        return choice(answer.text, [(words[k], float(answer.log_likelihood[k])) for k in likeliest])

    here = probe.extract("pocket-vlm", "streets", out=tmp_path / "here", perturb=PERTURB, limit=4, keep="answers")
    with serving(answering=answering) as (url, _):
        there = probe.extract(
            "api:pocket", "streets", out=tmp_path / "there", perturb=PERTURB, limit=4,
            execution=probe.Execution(endpoint=url, requests=4),
        )  # fmt: skip
    assert there.failed == {}
    own, served = Evidence(here), Evidence(there)
    np.testing.assert_array_equal(served.choice.values, own.choice.values)
    np.testing.assert_array_equal(served.flipped.values, own.flipped.values)
    assert np.nansum(own.flipped.values) > 0
    scored = np.isfinite(there.answers.log_likelihood.values)
    assert scored[(here.samples.kind == "yesno").values, :, :2].all()
    difference = there.answers.log_likelihood.values - here.answers.log_likelihood.values
    single = scored & (here.answers.token_count.values == 1)
    assert np.abs(difference[single]).max() < 1e-4
