"""Every model type of the installed transformers: read by an entry, read by structure, or refused with a reason."""

import json
from functools import cache

import pytest
import tiny
from click.testing import CliRunner
from transformers.models.auto import modeling_auto

import hooks
from hooks.families import FAMILIES, covered, find
from hooks.families.coverage import REFUSED, STRUCTURE, coverage
from probe import cli

STATES = {(each.model_type, each.kind): each for each in covered()}
NAMES = {
    "generative": modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    "contrastive": modeling_auto.MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING_NAMES,
}


@cache
def config_of(case):
    return json.loads((tiny.checkpoint(case) / "config.json").read_text())


def missing_lines(states):
    """What to add to hooks/families/coverage.py for the types that nobody has looked at."""
    return [
        f'"{each.model_type}": "why it is refused",  # in REFUSED, or its name in STRUCTURE, or an entry in FAMILIES'
        for each in states
        if each.state == "unknown"
    ]


def test_every_type_of_the_library_has_a_state():
    assert set(STATES) == {(name, kind) for kind, names in NAMES.items() for name in names}
    assert missing_lines(STATES.values()) == []


def test_a_type_that_a_newer_library_adds_is_named_with_the_line_to_add(monkeypatch):
    monkeypatch.setitem(NAMES["generative"], "from_the_future", "FutureForConditionalGeneration")
    assert missing_lines(coverage(FAMILIES)) == [
        '"from_the_future": "why it is refused",  # in REFUSED, or its name in STRUCTURE, or an entry in FAMILIES'
    ]


def test_no_state_is_kept_of_a_type_that_the_library_does_not_have():
    library = {name for names in NAMES.values() for name in names}
    assert ({*REFUSED, *STRUCTURE} - library, set(STRUCTURE) & set(REFUSED)) == (set(), set())
    assert [name for name in (*REFUSED, *STRUCTURE) if find({"model_type": name})] == []


@pytest.mark.slow
def test_every_type_that_can_be_read_has_a_small_checkpoint_that_passes_every_check():
    """Every case goes through all checks in test_every_family.py."""
    cases = [(config_of(case)["model_type"], find(config_of(case))) for case in tiny.CASES]
    by_entry = {(name, family.kind) for name, family in cases if family}
    assert {key for key, each in STATES.items() if each.state == "table"} - by_entry == set()
    assert set(STRUCTURE) == {name for name, family in cases if family is None}


@pytest.mark.parametrize(("model_type", "kind"), [key for key, each in STATES.items() if each.state == "refused"])
def test_a_refused_type_is_refused_in_one_line_with_its_reason(model_type, kind, tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type}))
    reason = STATES[model_type, kind].detail
    if model_type in REFUSED:
        with pytest.raises(hooks.ModelError) as caught:
            hooks.blueprint(str(tmp_path))
        sentence = reason[0].upper() + reason[1:]
        assert str(caught.value) == f"model {str(tmp_path)!r} is of model_type {model_type!r}. {sentence}."
    else:
        family = find({"model_type": model_type})
        assert family.kind != kind
        assert reason == f"{family.name} of the table reads it, as a {family.kind} model"


def test_the_command_line_lists_every_type_with_its_state_and_reason():
    result = CliRunner().invoke(cli.main, ["list", "models", "--all", "--json"])
    rows = json.loads(result.output)
    assert len(rows) == sum(map(len, NAMES.values()))
    by_type = {(row["type"], row["kind"]): row for row in rows}
    assert by_type["llava", "generative"] == {
        "type": "llava",
        "kind": "generative",
        "state": "table",
        "entry or reason": "llava, pixtral",
    }
    assert by_type["aya_vision", "generative"]["state"] == "structure"
    assert by_type["evolla", "generative"]["entry or reason"] == "it reads proteins, not pictures"
    assert "robots" in CliRunner().invoke(cli.main, ["list", "models", "--all"]).output


def test_all_belongs_to_the_list_of_models():
    result = CliRunner().invoke(cli.main, ["list", "sites", "--all"])
    assert result.exit_code == 2
    assert "--all belongs to `probe list models`, not to `probe list sites`" in result.output
