"""How often answers are right against how sure the model was of them: on the diagonal where it knows."""

import altair as alt
import xarray as xr

from . import rows
from .fitting import FILLING, Chart

HEIGHT = 220


def chart(confidence: xr.DataArray, accuracy: xr.DataArray, count: xr.DataArray, *, about: str) -> Chart | None:
    """(bin) mean confidence, share right and number of answers, a point for each bin, larger where there are more."""
    sure, right, many = (
        {row["bin"]: row["value"] for row in rows.of(each.reset_coords(drop=True), scale=scale)}
        for each, scale in ((confidence, 100.0), (accuracy, 100.0), (count, 1.0))
    )
    made = [{"x": sure[k], "y": right[k], "answers": many[k]} for k in sure if k in right]
    if not made:
        return None
    ends = [{"x": 0, "y": 0}, {"x": 100, "y": 100}]
    scale = alt.Scale(domain=[0, 100])
    x = alt.X("x:Q", title="confidence in the clean answer [%]", scale=scale)
    y = alt.Y("y:Q", title="right clean answers [%]", scale=scale)
    most = max(each["answers"] for each in made)
    legend = alt.Legend(title="answers", orient="bottom", direction="horizontal", values=sorted({1, most}))
    size = alt.Size("answers:Q", scale=alt.Scale(domain=[0, most], range=[15, 200]), legend=legend)
    layers = (
        alt.Chart(rows.inline(ends)).mark_line(style="reference").encode(x=x, y=y),
        alt.Chart(rows.inline(made)).mark_point(style="dot", filled=True)
        .encode(x=x, y=y, size=size, tooltip=rows.tooltip(x="confidence [%]", y="right [%]", answers="answers")),
    )  # fmt: skip
    return alt.layer(*layers).properties(**FILLING, height=HEIGHT, description=about)
