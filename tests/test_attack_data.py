"""Damaged pictures and files of samples are read or refused in one line; `tests/attack` has the long form."""

import pytest
from attack import datasets, pictures
from attack.judging import judged
from attack.outcome import Outcome


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


def test_what_an_attack_may_not_find_is_told() -> None:
    def raises(error: Exception) -> str:
        raise error

    tries = {"a": lambda: "", "b": lambda: "no", "c": lambda: raises(KeyError("x")), "d": lambda: "two\nlines"}
    assert judged("all", tries.items()) == Outcome(
        "all", 4, 2, 2, ("c: KeyError: 'x'", "d: says 9 characters in 2 lines"), pytest.approx(0, abs=5)
    )
