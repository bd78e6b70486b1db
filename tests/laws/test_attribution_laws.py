"""What must hold of the parts of a margin, whatever the scores."""

import numpy as np
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analyses import attribution, margins

DIMS = ("sample", "condition", "option")
NUMBERS = st.floats(-50, 0)


@given(hnp.arrays(np.float64, (3, 2, 3), elements=NUMBERS), hnp.arrays(np.float64, (3, 3, 3), elements=NUMBERS))
def test_parts_sum_to_the_margin_and_shares_to_one(scores: np.ndarray, others: np.ndarray) -> None:
    shown = xr.DataArray(scores, dims=DIMS)
    choice = margins.choice(shown)
    other, none, leans = (attribution.margin_of_each(xr.DataArray(each, dims=DIMS[::2])) for each in others)
    parts = attribution.sources(shown, choice, others=other, without=none, leaning=leans)
    lead = margins.margin(shown, "top2")
    whole = parts.sel(source=list(attribution.PARTS)).sum("source")
    np.testing.assert_allclose(whole, lead, atol=1e-9)
    fine = parts.sel(source=["image", "picture", "prompt", "prior"]).sum("source")
    np.testing.assert_allclose(fine, lead, atol=1e-9)
    shares = attribution.shares(parts)
    known = shares.notnull().all("source").values
    np.testing.assert_allclose(shares.sum("source").values[known], 1.0)
    assert ((shares.values[known] >= 0) & (shares.values[known] <= 1)).all()
    same = attribution.sources(shown, choice, others=none, without=none, leaning=leans)
    assert (same.sel(source="picture") == 0).all(), "pictures that say what none says add nothing"
