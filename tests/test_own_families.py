"""A family of one's own goes before the table's, is listed, and is read like any other."""

from dataclasses import replace
from importlib.metadata import EntryPoint

import pytest
import tiny
from PIL import Image
from tiny import picture

import hooks
import probe
from hooks import families
from hooks.check import check
from hooks.families import extension
from hooks.families.llava import LLAVA
from probe import listing
from probe.errors import PlanError

MINE = replace(LLAVA, name="mine", model_types=("llava",), examples=("me/my-model",))


@pytest.fixture(autouse=True)
def none_of_ours(monkeypatch):
    monkeypatch.setattr(extension, "_ADDED", {})
    extension.installed.cache_clear()
    yield
    extension.installed.cache_clear()


def test_an_added_family_reads_the_models_that_it_names():
    families.add(MINE)
    model = hooks.load(str(tiny.checkpoint("llava")), hooks.LoadOptions(device="cpu"))
    assert model.family.name == "mine"
    assert [finding for finding in check(model) if not finding.ok] == []
    (row,) = (row for row in listing.model_rows() if row["models"] == "me/my-model")
    assert row["tested"] == "your own: probe check it"


def test_adding_it_again_replaces_it():
    families.add(MINE)
    families.add(replace(MINE, model_types=("other",)))
    assert families.find({"model_type": "llava"}) is LLAVA
    assert [family.name for family in families.all_families()].count("mine") == 1


def test_an_installed_package_offers_one(monkeypatch):
    entry = EntryPoint("mine", "test_own_families:MINE", extension.GROUP)
    monkeypatch.setattr(extension, "entry_points", lambda group: [entry] if group == extension.GROUP else [])
    assert families.find({"model_type": "llava"}) is MINE


@pytest.mark.parametrize(("value", "reason"), [("test_own_families:pytest", "module"), ("no.such:thing", "No module")])
def test_one_that_cannot_be_used_is_left_out_by_name(monkeypatch, value, reason):
    monkeypatch.setattr(extension, "entry_points", lambda group: [EntryPoint("broken", value, group)])
    with pytest.warns(UserWarning, match=rf"family 'broken' \({value}\) is left out: .*{reason}"):
        assert families.find({"model_type": "llava"}) is LLAVA


def test_what_is_no_family_is_refused():
    with pytest.raises(TypeError, match="not dict"):
        families.add({"name": "mine"})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="names no model_types"):
        families.add(replace(MINE, model_types=()))


def test_workers_that_cannot_know_it_are_refused(tmp_path):
    families.add(replace(MINE, prompt=families.Prompt(plain="{image} Q: {text} A:")))
    (tmp_path / "data.jsonl").write_text('{"image": "0.png", "question": "a bus?", "options": ["yes", "no"]}')
    Image.fromarray(picture(0)).save(tmp_path / "0.png")
    settings = {"perturb": ["white"], "out": tmp_path / "run", "execution": probe.Execution(device="cpu", workers=2)}
    with pytest.raises(PlanError, match="family 'mine' was added in this process"):
        probe.extract(str(tiny.checkpoint("llava")), str(tmp_path / "data.jsonl"), **settings)


def test_an_installed_one_is_known_everywhere(monkeypatch):
    entry = EntryPoint("mine", "test_own_families:MINE", extension.GROUP)
    monkeypatch.setattr(extension, "entry_points", lambda group: [entry])
    families.add(MINE)
    assert not families.process_local("mine")
    assert not families.process_local("llava")
