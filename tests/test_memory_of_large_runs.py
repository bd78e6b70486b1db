"""Every analysis of a run of more than 2 GB takes at most 1 GiB and two chunks, whatever it reads."""

from pathlib import Path

import large_runs
import pytest
from measured_memory import LIMIT, SIZES, command, largest

from probe.results import ANALYSES

LACKING = "needs "
"""What an analysis says that the run does not hold enough for."""


@pytest.mark.large
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("name", ["pooled", "tokens"])
def test_no_analysis_takes_more_than_its_limit(name: str, tmp_path: Path) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    assert large_runs.write(run, SIZES[name]) > 2e9
    large_runs.write(other, SIZES[name], seed=1)
    found = {each: largest(command(each, run, other)) for each in (*ANALYSES, "all", "compare")}
    measured = {each: one[0] for each, one in found.items() if not isinstance(one, str)}
    assert all(LACKING in one or "too little" in one for one in found.values() if isinstance(one, str)), found
    assert len(measured) > 15
    assert {each: peak for each, peak in measured.items() if peak > LIMIT} == {}
