"""The attacks on a whole `probe extract`, from its arguments to its exit code, a few of each."""

from collections.abc import Callable

import pytest
from attack import crashes, full_disks
from attack.extraction import EXTRACTION
from attack.outcome import Outcome

FEW: dict[str, tuple[Callable[..., Outcome], int]] = {
    "crash points": (crashes.crash_points, 3),
    "two writers": (crashes.two_writers, 2),
    "disk errors": (crashes.disk_errors, 3),
    "moved": (crashes.moved_runs, 1),
    "file sizes": (full_disks.by_file_size, 1),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", FEW)
def test_an_extraction_loses_nothing_and_goes_on_to_the_same_bytes(name: str) -> None:
    attack, count = FEW[name]
    found = attack(count, 4, EXTRACTION)
    assert found.failures == ()
    assert found.accepted == count


@pytest.mark.slow
@pytest.mark.parametrize("attack", [full_disks.by_bytes, full_disks.by_inodes])
def test_an_extraction_onto_a_full_disk_says_so_and_goes_on_when_there_is_room(attack: Callable[..., Outcome]) -> None:
    if not full_disks.can_mount():
        pytest.skip("this user may not mount disks")
    found = attack(1, 4, EXTRACTION)
    assert found.failures == ()
    assert found.accepted == 1
