"""States that a device copies while it goes on are not read before it is done."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tiny
from readings import arrays
from tiny import picture

from hooks import Question, View, capture, devices, site_states, sites
from probe.extraction.reductions import Reducer

VIEWS = [View((picture(seed),), (Question("is there a bus?", ("yes", "no")),)) for seed in range(3)]
EVERYWHERE = {
    "llava": ("vision.layers[*]:patches", "projector:patches", "language.layers[*]:context_last"),
    "clip": ("vision.layers[*]:patches", "vision.layers[-1]:cls", "vision:pooled"),
}


def reduced(reading: Any) -> dict[tuple[str, str], Any]:
    return {(slug, name): value for slug, each in reading.states.items() for name, value in each.reduced.items()}


@pytest.mark.parametrize("family", EVERYWHERE)
def test_nothing_reads_a_copy_before_the_device_was_waited_for(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, late = tiny.load(family), list[Callable[[], None]]()

    def read() -> list[Any]:
        reduce = Reducer().over(["a", "b", "c"], clean=True)
        chosen = sites.parse_all(EVERYWHERE[family], model.towers)
        found = capture.read(model, VIEWS, chosen, batch_size=2, keep_tokens=True, reduce=reduce)
        return [arrays(each) | reduced(each) for each in found]

    def copied(value: Any) -> Any:
        values = site_states.to_numpy(value)
        shown = np.full_like(values, 7)
        late.append(lambda: np.copyto(shown, values))
        return shown

    def wait(device: Any) -> None:
        while late:
            late.pop()()

    at_once = read()
    monkeypatch.setattr(site_states, "copied", copied)
    monkeypatch.setattr(devices, "wait", wait)
    for one, other in zip(read(), at_once, strict=True):
        assert one.keys() == other.keys()
        for name, values in one.items():
            np.testing.assert_array_equal(values, other[name])
