"""`probe check` passes on models that fit their entry and fails loudly on those that do not."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
import tiny

import hooks
from hooks.check import GENERATIVE, check
from hooks.check.finding import found

POCKET = Path(hooks.__file__).parents[1] / "probe" / "pocket" / "weights"


def wrong(case, **entry):
    """A model by its entry with some module paths and facts about tokens changed."""
    model = tiny.load(case)
    tokens = {name: entry.pop(name) for name in ("features_from", "leading", "grid") if name in entry}
    family = replace(
        model.family, modules=replace(model.family.modules, **entry), tokens=replace(model.family.tokens, **tokens)
    )
    return replace(model, blueprint=replace(model.blueprint, family=family))


def failures(model):
    return {finding.name: finding.detail for finding in check(model) if not finding.ok}


@pytest.mark.parametrize("name", ["pocket-vlm", "pocket-clip"])
def test_every_check_passes_on_the_embedded_models(name):
    if not (POCKET / name / "model.safetensors").is_file():
        pytest.skip("the embedded models have not been trained yet")
    model = hooks.load(str(POCKET / name), hooks.LoadOptions(device="cpu"))
    assert [finding for finding in check(model) if not finding.ok] == []


@pytest.mark.parametrize(
    ("entry", "finding", "detail"),
    [
        ({"vision": "model.vision_tower.encoder.blocks"}, "module paths", "leads nowhere"),
        ({"vision": "model.language_model.layers"}, "module paths", "not a list of 3 blocks"),
        ({"language": "model.vision_tower.encoder.layers"}, "module paths", "not a list of 4 blocks"),
        ({"final_norm": "model.norm"}, "states equal output_hidden_states", "AttributeError"),
        (
            {"projector": "model.multi_modal_projector.linear_1"},
            "projected tokens are what enters the language model",
            "differ",
        ),
        (
            {"features_from": lambda config: -1},
            "replacing a state moves what follows",
            "does not change projector layer 0",
        ),
        ({"leading": lambda config: 0}, "token counts equal grids", r"makes it \(16, 32\)"),
        ({"grid": lambda *args: (1, 2, 8)}, "patches are in row-major order", "moves token"),
        ({"grid": lambda *args: (1, 4, 5)}, "token counts equal grids", "makes it"),
    ],
)
def test_a_wrong_entry_is_found(entry, finding, detail):
    made = found(finding, dict(GENERATIVE)[finding], wrong("llava", **entry))
    assert not made.ok
    assert re.search(detail, made.detail)


def test_a_tower_that_is_not_on_the_way_is_found():
    failed = failures(wrong("clip", vision="text_model.encoder.layers"))
    assert "module paths" in failed
    assert "replacing a state moves what follows" in failed


def test_non_finite_states_are_found():
    model = tiny.load("clip")
    hook = model.module.vision_model.encoder.layers[1].register_forward_hook(lambda *args: args[2] / 0)
    try:
        failed = failures(model)
    finally:
        hook.remove()
    assert "Try another --dtype" in failed["states are finite"]


@pytest.mark.parametrize(
    ("case", "facts", "finding", "detail"),
    [
        # its projector is called once a picture, of which one is seen
        ("hunyuan_vl", {"alone": False}, "a batch changes no state", "split_sizes"),
        # its pictures see the marks that close them
        ("molmo2", {"closing_marks": False}, "encode-once equals whole forwards", "scores differ"),
        # its positions after a picture are not counts of tokens
        ("glm4v", {"rope_deltas": ""}, "long prompts are read whole", "differ from a whole forward"),
    ],
)
def test_a_wrong_fact_about_reuse_is_found(case, facts, finding, detail):
    model = tiny.load(case)
    family = replace(model.family, reuse=replace(model.family.reuse, **facts))
    wrong_one = replace(model, blueprint=replace(model.blueprint, family=family))
    result = found(finding, dict(GENERATIVE)[finding], wrong_one)
    assert not result.ok
    assert detail in result.detail
