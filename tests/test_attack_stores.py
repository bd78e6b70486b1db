"""The attacks on writers, files and ledgers, a few of each; `make attack` tries them in full."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from attack import crashes, damage, full_disks, ledgers, workers
from attack.forked import DONE, FAILED, Work
from attack.outcome import Outcome
from attack.store_writer import write

FEW: dict[str, tuple[Callable[[int, int], Outcome], int]] = {
    "crash points": (crashes.crash_points, 6),
    "two writers": (crashes.two_writers, 6),
    "disk errors": (crashes.disk_errors, 8),
    "moved": (crashes.moved_runs, 5),
    "file sizes": (full_disks.by_file_size, 4),
    "bit flips": (damage.bit_flips, 60),
    "losses": (damage.losses, 25),
    "plans": (ledgers.plans, 120),
    "markers": (ledgers.markers, 60),
}


@pytest.mark.parametrize("name", FEW)
def test_nothing_is_lost_silent_or_slow(name: str) -> None:
    attack, count = FEW[name]
    found = attack(count, 11)
    assert found.failures == ()
    assert found.tried == found.refused + found.accepted == count


@pytest.mark.parametrize("attack", [full_disks.by_bytes, full_disks.by_inodes])
def test_a_full_disk_is_told_and_the_run_goes_on_when_there_is_room(attack: Callable[[int, int], Outcome]) -> None:
    if not full_disks.can_mount():
        pytest.skip("this user may not mount disks")
    found = attack(4, 11)
    assert found.failures == ()
    assert found.accepted == 4


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_of_two_workers_survives_kills() -> None:
    found = workers.kills(1, 5)
    assert found.failures == ()


def begun_anew(path: Path, **how: bool) -> tuple[int, str]:
    shutil.rmtree(path, ignore_errors=True)
    return write(path, **how)


def silent(path: Path, **how: bool) -> tuple[int, str]:
    code, words = write(path, **how)
    return (DONE if code == FAILED else code), words


def test_what_a_writer_loses_does_again_or_leaves_undone_in_silence_is_found() -> None:
    found = crashes.crash_points(3, 11, Work("begun anew", begun_anew))
    assert any("committed, and" in failure for failure in found.failures)
    found = full_disks.by_file_size(2, 11, Work("silent", silent))
    assert any("is called done, and is not" in failure for failure in found.failures)
