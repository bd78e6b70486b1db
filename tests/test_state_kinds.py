"""Adding a kind of state: a row, and the code that reads it; all else follows."""

from pathlib import Path

import numpy as np
import picture_set
import pytest
import tiny

import probe
from hooks.site_states import OF_IMAGE
from hooks.state_kinds import KINDS, StateKind
from probe.listing import site_rows

MODEL = "llava"
LARGEST = StateKind("largest", "image", "the largest value of each feature over the tokens", ("vision", "projector"))


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "largest", LARGEST)
    monkeypatch.setitem(OF_IMAGE, "largest", lambda state, leading: state[leading:].amax(0))


@pytest.mark.usefixtures("added")
def test_an_added_kind_is_planned_read_and_stored_beside_the_others(tmp_path: Path) -> None:
    dataset = str(picture_set.write(tmp_path, images=2))
    run = probe.extract(
        str(tiny.checkpoint(MODEL)),
        dataset,
        out=tmp_path / "run",
        perturb=["motion_blur.horizontal"],
        sites=("vision.layers[1,-1]:largest", "vision.layers[1,-1]:patches"),
        keep="tokens",
        execution=probe.Execution(device="cpu"),
    )
    tokens = run.embeddings("vision.layers:patches")
    largest = run.embeddings("vision.layers:largest")
    assert largest.dims == ("image", "condition", "layer", "feature")
    np.testing.assert_array_equal(largest, tokens.max("token").transpose(*largest.dims))


@pytest.mark.usefixtures("added")
def test_an_added_kind_is_listed_with_its_meaning_where_its_towers_are() -> None:
    listed = {row["site"]: row["what it is"] for row in site_rows(str(tiny.checkpoint(MODEL)))}
    sites = [site for site, meaning in listed.items() if meaning == LARGEST.meaning]
    assert sites == ["vision.layers[*]:largest", "projector:largest"]
