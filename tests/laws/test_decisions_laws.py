"""What must hold of decisions, whatever the scores."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analyses import decisions, margins

SCORES = hnp.arrays(np.float64, (4, 3), elements=st.floats(-30, 0))


@given(SCORES, SCORES, st.floats(0, 4), st.floats(0, 1))
def test_contrasting_keeps_to_plausible_options_and_none_changes_nothing(
    scores: np.ndarray, distorted: np.ndarray, alpha: float, beta: float
) -> None:
    found = decisions.contrastive_scores(scores, distorted, alpha=alpha, beta=beta)
    chosen = np.take_along_axis(scores, margins.choice(found)[:, None], axis=1)[:, 0]
    assert (np.exp(chosen - scores.max(axis=1)) >= beta * (1 - 1e-9)).all()
    first = margins.choice(scores)
    assert (margins.choice(decisions.contrastive_scores(scores, distorted, alpha=0, beta=beta)) == first).all()
    level = decisions.contrastive_scores(scores, np.zeros_like(scores), alpha=alpha, beta=beta)
    best = np.take_along_axis(level, first[:, None], axis=1)[:, 0]
    assert (best >= level.max(axis=1) - 1e-9).all(), "a picture that says nothing takes nothing away"
