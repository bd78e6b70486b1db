"""Perturbations of one's own, made in Python or offered by an installed package."""

import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pytest
import tiny

import probe
from probe.errors import ModelMismatch, PlanError
from probe.extraction.execution import Execution
from probe.perturbations import CLEAN, FAMILIES, Family, SpecError, apply, extension, parse

PIXELS = np.arange(60, dtype=np.uint8).reshape(4, 5, 3)


@pytest.fixture(autouse=True)
def only_ours(monkeypatch):
    """What a test adds is gone after it."""
    before = dict(FAMILIES)
    for name in ("_ADDED", "_INSTALLED"):
        monkeypatch.setattr(extension, name, set(getattr(extension, name)))
    yield
    FAMILIES.clear()
    FAMILIES.update(before)


def faded(pixels, rng, *, strength: Annotated[float, (0, 1)] = 0.5, towards: Literal["black", "white"] = "white"):
    """Nearer to one colour.

    More text that no table shows.
    """
    goal = 255 if towards == "white" else 0
    return np.rint(pixels + strength * (goal - pixels.astype(float))).astype(np.uint8)


def made(spec, pixels=PIXELS):
    return apply(parse([spec])[-1], pixels, image_id="i", seed=0)


def test_a_decorated_function_is_a_family_like_ours():
    assert probe.perturbation("faded", severities={1: {"strength": 0.25}, 2: {"strength": 1.0}})(faded) is faded
    family = FAMILIES["faded"]
    assert family.description == "Nearer to one colour"
    assert [str(p) for p in family.parameters] == ["strength=float in [0, 1]", "towards=str (black or white)"]
    assert [condition.id for condition in parse(["faded"])] == ["clean", "faded:1", "faded:2"]
    assert made("faded:2").min() == 255
    assert made("faded:strength=1,towards=black").max() == 0
    assert parse(["faded:0"]) == (CLEAN,)


def test_without_severities_it_is_the_condition_of_its_defaults():
    probe.perturbation("faded")(faded)
    assert [condition.id for condition in parse(["faded"])] == ["clean", "faded"]
    assert np.array_equal(made("faded"), faded(PIXELS, None))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("faded:strength=2", r"strength=2.0 is out of range. Give strength=float in \[0, 1\]"),
        ("faded:towards=green", "black or white"),
        ("faded:strenght=1", "Did you mean 'strength'"),
        ("fadde", "Did you mean 'faded'"),
    ],
)
def test_its_parameters_are_validated_as_ours_are(spec, message):
    probe.perturbation("faded")(faded)
    with pytest.raises(SpecError, match=message):
        parse([spec])


def test_its_random_numbers_are_those_of_the_condition():
    @probe.perturbation("grain")
    def grain(pixels, rng):
        return rng.integers(0, 256, pixels.shape, dtype=np.uint8)

    assert np.array_equal(made("grain"), made("grain"))
    other = apply(parse(["grain"])[1], PIXELS, image_id="j", seed=0)
    assert not np.array_equal(made("grain"), other)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda pixels: pixels / 2, r"'odd' must return uint8 of shape \(height, width, 3\), not float64"),
        (lambda pixels: pixels[..., 0], r"not uint8 of shape \(4, 5\)"),
        (lambda pixels: None, "not NoneType"),
    ],
)
def test_a_result_of_another_kind_is_refused_by_name(result, message):
    probe.perturbation("odd")(lambda pixels, rng: result(pixels))
    with pytest.raises(ValueError, match=message):
        made("odd")


def test_a_function_cannot_write_into_the_picture_that_others_share():
    @probe.perturbation("careless")
    def careless(pixels, rng):
        pixels[:] = 0
        return pixels

    with pytest.raises(ValueError, match="read-only"):
        made("careless")


def test_a_mirrored_view_comes_out_contiguous():
    probe.perturbation("mirrored")(lambda pixels, rng: pixels[:, ::-1])
    assert made("mirrored").flags.c_contiguous
    assert np.array_equal(made("mirrored")[:, ::-1], PIXELS)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda pixels: pixels, "cannot be called as one. Write def f"),
        (lambda pixels, rng, strength=1: pixels, "cannot be called as one"),
        (lambda pixels, rng, **anything: pixels, "cannot be called as one"),
        (
            lambda pixels, rng, *, strength=1: pixels,
            "argument strength needs the type int, float, str, bool or a Literal of texts, not none",
        ),
    ],
)
def test_a_function_with_another_signature_is_refused(function, message):
    with pytest.raises(SpecError, match=message):
        probe.perturbation("wrong")(function)
    assert "wrong" not in FAMILIES


def test_wrong_registrations_are_refused_with_the_cure():
    def needy(pixels, rng, *, depth: int):
        return pixels

    def vague(pixels, rng, *, depth: Annotated[float, "metres"] = 1.0):
        return pixels

    def counted(pixels, rng, *, depth: Literal[1, 2] = 1):
        return pixels

    def bare(pixels, rng, *, label: str = "A"):
        return pixels

    def wild(pixels, rng, *, strength: Annotated[float, (0, 1)] = 2.0):
        return pixels

    for severities, message in (
        (None, "give depth a default, or name severities= or listed="),
        ({0: {"depth": 1}}, "severity 0 is no level. Number them 1, 2"),
        ({"low": {"depth": 1}}, "severity 'low' is no level"),
        ({-1: {"depth": 1}}, "severity -1 is no level"),
        ({1: {"dept": 1}}, r"no parameter 'dept'\. Did you mean 'depth'"),
        ({1: {}}, "needy needs depth=int"),
        ({1: {"depth": 1}, 2: {"depth": 1}}, "severity 2 repeats another level's settings"),
    ):
        with pytest.raises(SpecError, match=message):
            probe.perturbation("needy", severities=severities)(needy)
    for function, message in (
        (vague, r"write the bounds of depth as Annotated\[float, \(0, 1\)\]"),
        (counted, "a Literal of texts"),
        (bare, "'label' has a meaning of its own in ids"),
        (wild, r"'wrong': the default strength=2.0 is out of range"),
        (max, "Write def f"),
    ):
        with pytest.raises(SpecError, match=message):
            probe.perturbation("wrong")(function)
    for name, message in (
        ("two words", "write letters, digits and _"),
        ("common", "'common' is the name of a suite"),
        ("clean", "the picture as it is"),
    ):
        with pytest.raises(SpecError, match=message):
            probe.perturbation(name)(faded)
    assert not {"needy", "wrong", "common", "clean"} & set(FAMILIES)


def test_a_level_says_what_differs_from_the_defaults_so_that_one_map_has_one_id():
    probe.perturbation("faded", severities={1: {"strength": 1}, 2: {"strength": 0.5, "towards": "black"}})(faded)
    assert FAMILIES["faded"].at(1).parameters == (("strength", 1.0),)
    assert parse(["faded:towards=black"])[1].id == "faded:2", "0.5 is the default"


def test_a_name_that_is_taken_is_refused_but_a_cell_may_be_run_twice():
    with pytest.raises(SpecError, match=r"'rotation' is there already .*geometric\.rotation"):
        probe.perturbation("rotation")(faded)
    probe.perturbation("faded", severities={1: {"strength": 0.1}})(faded)
    probe.perturbation("faded", severities={1: {"strength": 0.9}})(faded)
    assert dict(FAMILIES["faded"].at(1).parameters) == {"strength": 0.9}


PACKAGE = """
import numpy as np
import probe
from probe.perturbations import Family

def upside_down(pixels, rng):
    "Top and bottom exchanged."
    return pixels[::-1]

@probe.perturbation("darker", severities={1: {"by": 2}})
def darker(pixels, rng, *, by: int = 2):
    return pixels // by

by_hand = Family("by_hand", upside_down, "made by hand", "mine")
"""


def entries(tmp_path, monkeypatch, **names):
    (tmp_path / "borrowed_package.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "borrowed_package", raising=False)
    return [EntryPoint(name, f"borrowed_package:{value}", extension.GROUP) for name, value in names.items()]


@pytest.mark.parametrize("first", ["probe", "probe.perturbations.suites", "borrowed_package"])
def test_a_package_in_the_environment_is_found_whoever_is_imported_first(tmp_path, first):
    (tmp_path / "borrowed_package.py").write_text(PACKAGE)
    information = tmp_path / "borrowed_package-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: borrowed-package\nVersion: 1\n")
    (information / "entry_points.txt").write_text(f"[{extension.GROUP}]\ndarker = borrowed_package:darker\n")
    script = (
        f"import {first}; from probe.perturbations import extension, parse; found = parse(['darker']);"
        "print([condition.id for condition in found], extension.process_local(found))"
    )
    path = os.pathsep.join([str(tmp_path), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], env={**os.environ, "PYTHONPATH": path},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout == "['clean', 'darker:1'] ()\n", done.stderr


def test_an_installed_package_offers_functions_decorated_ones_and_families(tmp_path, monkeypatch):
    found = entries(tmp_path, monkeypatch, upside_down="upside_down", darker="darker", by_hand="by_hand")
    extension.load_installed(found)
    conditions = parse(["upside_down", "darker", "by_hand"])
    assert [condition.id for condition in conditions] == ["clean", "upside_down", "darker:1", "by_hand"]
    assert np.array_equal(made("upside_down"), PIXELS[::-1])
    assert np.array_equal(made("darker:1"), PIXELS // 2)
    assert isinstance(FAMILIES["by_hand"], Family)
    assert extension.process_local(conditions) == (), "every worker that has the package knows them"


def test_a_package_that_cannot_be_loaded_is_named_and_the_others_are_there(tmp_path, monkeypatch):
    found = entries(tmp_path, monkeypatch, absent="no_such_name", upside_down="upside_down")
    with pytest.warns(UserWarning, match=r"perturbation 'absent' \(borrowed_package:no_such_name\) is left out"):
        extension.load_installed(found)
    assert "upside_down" in FAMILIES
    assert "absent" not in FAMILIES


def test_the_example_of_the_readme_runs_as_it_stands(tmp_path, monkeypatch):
    text = (Path(__file__).parents[1] / "README.md").read_text("utf-8")
    example = next(block for block in text.split("```python\n")[1:] if "@probe.perturbation" in block).split("```")[0]
    assert len(example.strip().splitlines()) <= 10
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {"__name__": "readme"})
    assert probe.open_run("runs/faded").conditions.condition.values.tolist() == ["clean", "faded:1", "faded:2"]
    assert made("faded:1").min() > PIXELS.min()


def test_a_run_takes_it_and_other_processes_are_refused_before_work_starts(tmp_path):
    probe.perturbation("faded", severities={1: {"strength": 0.25}})(faded)
    settings = {"model": str(tiny.checkpoint("llava")), "dataset": "streets", "perturb": ["faded"], "limit": 2}
    settings["keep"] = "answers"
    with pytest.raises(PlanError, match=r"'probe\.perturbations' of an installed package, or use one worker"):
        probe.extract(out=tmp_path / "two", execution=Execution(workers=2, device="cpu"), **settings)
    run = probe.extract(out=tmp_path / "one", execution=Execution(device="cpu"), **settings)
    assert run.conditions.condition.values.tolist() == ["clean", "faded:1"]
    assert run.conditions.parameters.values[1] == '{"strength": 0.25, "towards": "white"}'


@pytest.mark.parametrize("readable", [True, False], ids=["source", "compiled"])
def test_a_run_is_not_resumed_with_another_function_of_the_same_name(tmp_path, monkeypatch, readable):
    def extract(function):
        probe.perturbation("veil")(function)
        return probe.extract(
            tiny.checkpoint("llava"), "streets", out=tmp_path / "run", perturb="veil", limit=1, keep="answers",
            execution=Execution(device="cpu"),
        )  # fmt: skip

    def first(pixels, rng, *, by: int = 2):
        return pixels // by

    def second(pixels, rng, *, by: int = 2):
        return pixels // by + 1

    if not readable:
        monkeypatch.setattr("inspect.getsource", lambda function: (_ for _ in ()).throw(OSError("no source")))
    made = extract(first)
    assert extract(first).provenance == made.provenance
    FAMILIES.pop("veil")
    with pytest.raises(ModelMismatch, match=r'perturbations\.veil: the run has "sha256 \w+", now "sha256 \w+"'):
        extract(second)
