"""One door for sentences: what is undefined is not said, what is few is named, and "most" is a claim that is tested."""

import ast
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import probe.results
from analyses import statistics
from probe.results.sentences import Number, Sentence, highest, lowest, said, say, share

MANY, FEW, ONE = (xr.Dataset(attrs={"images": images}) for images in (64, 8, 1))


def test_a_number_is_said_with_its_interval_and_unit() -> None:
    assert str(share([0.5, 0.25, 0.75])) == "50.0 % [25.0, 75.0]"
    assert str(Number([3.817, 3.306, 4.328], unit="nats")) == "3.82 [3.31, 4.33] nats"
    assert str(Number([0.5, np.nan, np.nan])) == "0.50", "without an interval none is made up"
    assert str(Number(2.0, digits=0, signed=True)) == "+2"


@pytest.mark.parametrize("number", [share([np.nan] * 3), Number(np.inf), share([0.5, 0.1, 0.9], cases=19)])
def test_a_sentence_with_an_undefined_number_or_of_too_few_cases_is_not_said(number: Number) -> None:
    assert say(MANY, "{rate} of the answers flip.", rate=number) is None
    assert said(say(MANY, "{rate}.", rate=number), say(MANY, "Yes.")) == ("Yes.",)
    assert say(MANY, "{rate}.", rate=share([0.5, 0.1, 0.9], cases=20)) is not None


def test_few_images_are_named_and_one_has_no_interval() -> None:
    number = share([0.5, 0.1, 0.9])
    assert say(MANY, "{x} flip.", x=number) == "50.0 % [10.0, 90.0] flip."
    assert say(FEW, "{x} flip.", x=number) == "50.0 % [10.0, 90.0] flip (of 8 images only)."
    told = say(ONE, "{x} flip.", x=Number([0.5, np.nan, np.nan], unit="nats"))
    assert told == "0.50 nats flip (of one image, which tells nothing of others)."
    assert isinstance(told, Sentence)


def three(values: list[float], spread: float) -> xr.Dataset:
    """A result of three families, a union and a control, with draws of the given spread."""
    rng = np.random.default_rng(0)
    families = ["clean", "a", "b", "c", "white", "all"]
    rows = np.array([0.0, *values, 9.0, 1.0])[None] + rng.normal(size=(400, 6)) * spread
    pairs = xr.DataArray(rows, dims=("image", "condition"), coords={"image": np.arange(400)})
    table = statistics.by_family(
        statistics.MEAN, pairs.isel(condition=slice(5)), family=families[:5], unions={"all": ["a", "b", "c"]}
    )
    data = xr.Dataset({"drift": table.value} | {f"drift_{side}": table[side] for side in statistics.SIDES})
    return data.assign_attrs(unions={"all": ["a", "b", "c"]}, images=400)


def test_most_is_said_where_the_images_tell_the_first_from_the_next() -> None:
    apart, alike = three([1.0, 2.0, 3.0], 0.5), three([1.0, 2.99, 3.0], 5.0)
    first, unclear = highest(apart, "drift"), highest(alike, "drift")
    assert first is not None
    assert unclear is not None
    assert (first.label, first.next_label, first.tested) == ("c", "b", True), "never the control, which has 9"
    assert (first.named("most", "highest"), first.standing) == ("most", "")
    assert not unclear.tested
    assert unclear.named("most", "highest") == "highest"
    assert unclear.standing.startswith(", not distinguishable from ")
    last = lowest(apart, "drift")
    assert last is not None
    assert (last.label, last.tested) == ("a", True)
    assert highest(apart, "speed") is None
    assert highest(apart.assign(drift=apart.drift * np.nan), "drift") is None


def test_the_lead_of_one_family_alone_is_no_lead() -> None:
    pairs = np.array([[0.0, 1.0], [0.0, 2.0]])
    table = statistics.by_family(statistics.MEAN, pairs, family=["clean", "a"], image=["x", "y"], resamples=20)
    data = xr.Dataset({"drift": table.value, "drift_above_others": table.above_others}, attrs=table.attrs)
    only = highest(data, "drift")
    assert only is not None
    assert (only.label, only.tested, only.next_label, only.standing) == ("a", False, "", "")


def test_every_finding_is_made_by_say_alone() -> None:
    folder = Path(probe.results.__path__[0])
    for file in sorted(folder.glob("*.py")):
        tree = ast.parse(file.read_text("utf-8"))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            made = [node for node in ast.walk(function) if isinstance(node, ast.Call) and _name(node) == "Sentence"]
            assert not made or (file.name, function.name) == ("sentences.py", "say"), (file.name, function.name)


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""
