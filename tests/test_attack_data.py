"""Damaged pictures and files of samples are read or refused in one line; `tests/attack` has the long form."""

import re

import numpy as np
import pytest
from attack import datasets, memory, pictures
from attack.judging import judged


@pytest.mark.filterwarnings("ignore")  # of Pillow's about what is odd in a file
def test_damaged_pictures_are_read_or_refused_in_a_line() -> None:
    found = pictures.run(400, seed=1)
    assert found.failures == ()
    assert found.tried == 400
    assert min(found.refused, found.accepted) > 40


def test_damaged_files_of_samples_are_read_or_refused_in_a_line() -> None:
    found = datasets.run(300, seed=1)
    assert found.failures == ()
    assert found.tried == 300
    assert min(found.refused, found.accepted) > 10


def test_what_an_attack_may_not_find_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(error: Exception) -> str:
        raise error

    def takes(size: int) -> str:
        return "" if np.ones(size, np.uint8).all() else "no"

    monkeypatch.setattr(memory, "LARGEST", 64 << 20)
    tries = {
        "a": lambda: "",
        "b": lambda: "no",
        "c": lambda: raises(KeyError("x")),
        "d": lambda: "two\nlines",
        "e": lambda: takes(256 << 20),
    }
    memory.give_back()  # what other tests left may be freed meanwhile and be counted as less taken
    found = judged("all", tries.items())
    assert (found.tried, found.refused, found.accepted) == (5, 2, 3)
    *others, last = found.failures
    assert others == ["c: KeyError: 'x'", "d: says 9 characters in 2 lines"]
    assert re.fullmatch(r"e: took [23]\d\d MB", last)
    assert found.most_bytes == pytest.approx(256 << 20, rel=0.25)
