"""Checkpoints whose files were changed at random are refused in one line or read, in a shortened form of the attack."""

from attack import checkpoints


def test_changed_checkpoints_are_refused_in_a_line_or_read_and_none_of_their_code_runs():
    outcome = checkpoints.attack(60, seed=20)
    assert outcome.failures == ()
    assert outcome.refused > outcome.tried / 3
    assert outcome.accepted > outcome.tried / 10
