"""Dots of families: round where one perturbs, a diamond where several are taken together, hollow for a control."""

from collections.abc import Sequence

import altair as alt

from . import rows

SHAPES = {rows.PERTURBATION: "circle", rows.UNION: "diamond", rows.CONTROL: "circle"}


def of(base: alt.Chart, made: Sequence[rows.Row]) -> list[alt.Chart]:
    """A layer of full dots and one of hollow ones, by `role`; none where no row has such."""
    shape = alt.Shape("role:N", scale=alt.Scale(domain=list(SHAPES), range=list(SHAPES.values())), legend=None)
    hollow = {row["role"] == rows.CONTROL for row in made}
    return [
        base.mark_point(style="dot", filled=not is_control)
        .transform_filter(f"datum.role {'==' if is_control else '!='} '{rows.CONTROL}'")
        .encode(shape=shape)
        for is_control in sorted(hollow)
    ]
