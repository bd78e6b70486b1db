"""The attacks on writers, files and ledgers, a few of each; `make attack` tries them in full."""

from collections.abc import Callable

import pytest
from attack import crashes, damage, ledgers, workers
from attack.outcome import Outcome

FEW: dict[str, tuple[Callable[[int, int], Outcome], int]] = {
    "crash points": (crashes.crash_points, 8),
    "two writers": (crashes.two_writers, 6),
    "disk errors": (crashes.full_disks, 8),
    "moved": (crashes.moved_runs, 5),
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


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_run_of_two_workers_survives_kills() -> None:
    found = workers.kills(1, 5)
    assert found.failures == ()
