"""A model found by structure is checked once for the same weights, settings, code and libraries."""

import shutil
from pathlib import Path

import pytest
import tiny
from safetensors.torch import load_file, save_file

import hooks
from hooks import cache_folder, loading, verified
from hooks.check import Finding
from hooks.encoding import check_pictures

CASE = "janus"


@pytest.fixture
def checked(monkeypatch, tmp_path):
    """How often a model was checked, in a cache folder of the test's own; the checks themselves pass at once."""
    monkeypatch.setenv(cache_folder.FOLDER, str(tmp_path / "cache"))
    calls = []

    def check(model):
        calls.append(model.source)
        return [Finding("everything", True, "holds")]

    monkeypatch.setattr(loading, "check", check)
    return calls


def test_the_same_model_is_checked_once_wherever_its_files_lie(checked, tmp_path):
    hooks.load(str(tiny.checkpoint(CASE)), tiny.ON_CPU)
    assert len(checked) == 1
    hooks.load(str(tiny.checkpoint(CASE)), tiny.ON_CPU)
    hooks.load(str(shutil.copytree(tiny.checkpoint(CASE), tmp_path / "copy")), tiny.ON_CPU)
    assert len(checked) == 1


def test_other_weights_and_other_options_are_checked_again(checked, tmp_path):
    path = shutil.copytree(tiny.checkpoint(CASE), tmp_path / "copy")
    hooks.load(str(path), tiny.ON_CPU)
    hooks.load(str(path), hooks.LoadOptions(device="cpu", dtype="bfloat16"))
    assert len(checked) == 2
    weights = load_file(path / "model.safetensors")
    weights["model.aligner.fc1.bias"] += 1
    save_file(weights, path / "model.safetensors", metadata={"format": "pt"})
    hooks.load(str(path), tiny.ON_CPU)
    assert len(checked) == 3


def test_other_code_is_checked_again(checked, monkeypatch):
    hooks.load(str(tiny.checkpoint(CASE)), tiny.ON_CPU)
    monkeypatch.setattr(verified, "code", lambda: "another version")
    hooks.load(str(tiny.checkpoint(CASE)), tiny.ON_CPU)
    assert len(checked) == 2


def test_a_failure_is_found_at_every_load(checked, monkeypatch):
    monkeypatch.setattr(loading, "check", lambda model: [Finding("one thing", False, "does not hold")])
    for _ in range(2):
        with pytest.raises(hooks.ModelError, match="one thing: does not hold"):
            hooks.load(str(tiny.checkpoint(CASE)), tiny.ON_CPU)


def test_a_model_that_fails_on_several_pictures_is_read_with_one(checked, monkeypatch):
    def check(model):
        checked.append(model.family.tokens.several)
        return [Finding("pictures of a view are kept apart", not model.family.tokens.several, "as it is")]

    monkeypatch.setattr(loading, "check", check)
    for _ in range(2):
        model = hooks.load(str(tiny.checkpoint("kimi_k25")), tiny.ON_CPU)
        assert not model.family.tokens.several
        with pytest.raises(ValueError, match="takes one picture a view, not 2"):
            check_pictures(model.blueprint, 2)
    assert checked == [True, False]


def test_a_model_of_the_table_is_not_checked(checked):
    hooks.load(str(tiny.checkpoint("llava")), tiny.ON_CPU)
    assert checked == []


def test_a_folder_that_cannot_be_written_to_only_means_to_check_again(checked, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(cache_folder.FOLDER, str(tmp_path / "file"))
    for _ in range(2):
        hooks.load(str(tiny.checkpoint(CASE)), tiny.ON_CPU)
    assert len(checked) == 2


def test_the_folder_is_the_users_own_unless_it_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv(cache_folder.FOLDER, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder.folder() == tmp_path / "vlm-undertow"
    monkeypatch.setenv(cache_folder.FOLDER, "~/elsewhere")
    assert cache_folder.folder() == Path.home() / "elsewhere"
