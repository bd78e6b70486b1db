"""Sites under a prompt that does not go with every sample: undefined there, and nothing else is lost."""

import json

import numpy as np
import pytest
from PIL import Image as Pillow

import probe

CHOICE = {
    "image": "a.png",
    "question": "What is this?",
    "options": ["a bus", "a car"],
    "answer": "a bus",
    "id": "choice",
}
OPEN = {"image": "a.png", "question": "What colour?", "references": ["red"], "id": "open"}


def extract(tmp_path, *lines, site="ctx_mcq"):
    Pillow.new("RGB", (32, 32), "red").save(tmp_path / "a.png")
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return probe.extract("pocket-vlm", tmp_path / "set.jsonl", out=tmp_path / "run", perturb=["white"], sites=[site])


def test_a_choice_has_no_state_where_there_is_nothing_to_choose_from(tmp_path):
    run = extract(tmp_path, CHOICE, OPEN)
    assert run.failed == {}
    states = run.embeddings("language.norm:context_last@mcq").load()
    assert np.isfinite(states.sel(sample="choice")).all()
    assert np.isnan(states.sel(sample="open")).all()
    assert (run.answers.text.sel(sample="open") != "").all()
    assert run.answers.log_likelihood.sel(sample="choice").notnull().all()


def test_a_prompt_that_goes_with_no_sample_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"site 'language\.norm:context_last@mcq': prompt 'mcq' lists options"):
        extract(tmp_path, OPEN)
