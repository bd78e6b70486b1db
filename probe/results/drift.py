"""How far states move at every stored site and layer, on the scale of unrelated inputs."""

import numpy as np
import xarray as xr

from analyses import drift, statistics

from .evidence import Evidence
from .result import Result, estimate

YARDSTICKS = ("other_sample", "other_image_same_prompt", "same_image_other_prompt")
"""Another image and question (HI), another image with the same question, the same image with another question."""


def compute(evidence: Evidence) -> Result | None:
    """Drift per site, layer and family on three yardsticks; None where the run kept answers only."""
    if not evidence.run.sites:
        return None
    data = xr.concat([at_site(evidence, site) for site in evidence.run.sites], "place", join="outer")
    shown = data.sel(place=evidence.site)
    rows = tuple(
        {
            "family": name,
            "1 - cosine": estimate(shown.drift.sel(family=name), 4),
            "% of another sample": estimate(shown.percent.sel(family=name, yardstick=YARDSTICKS[0]), 1),
            "% of another image, same question": estimate(shown.percent.sel(family=name, yardstick=YARDSTICKS[1]), 1),
            "Cohen's d": estimate(shown.cohen_d.sel(family=name, yardstick=YARDSTICKS[0]), 2),
        }
        for name in data.family.values.tolist()
        if name != "clean"
    )
    meaning = "100 %: as far as unrelated clean states lie apart. Every stored layer is in the data."
    return Result("drift", f"Drift at {evidence.site}", data, rows, meaning, findings(data))


def at_site(evidence: Evidence, site: str) -> xr.Dataset:
    """Everything about one site, a place per layer: (place, family, ...)."""
    states = evidence.states(site)
    clean = states.sel(condition="clean", drop=True)
    moved = evidence.moved(site)
    means = evidence.means(moved)
    by_family = with_any(evidence, moved)
    scales = [on_yardstick(evidence, by_family, clean, yardstick) for yardstick in YARDSTICKS]
    data = xr.Dataset({"drift": means.value, "defined": means.defined, "undefined": means.undefined})
    data["euclidean"] = evidence.means(evidence.split(drift.euclidean(clean, states))).value
    data = data.merge(xr.concat(scales, xr.IndexVariable("yardstick", list(YARDSTICKS))))
    return evidence.by_place(data, site)


def with_any(evidence: Evidence, moved: xr.DataArray) -> xr.DataArray:
    """(sample, layer, family) each sample's drift under each family, then under all of "any" together."""
    together = moved.isel(condition=np.flatnonzero(moved.family.isin(evidence.any_of).values))
    whole = drift.by_family(together, family=["any"] * together.sizes["condition"])
    return xr.concat([drift.by_family(moved), whole], "family").transpose("sample", "layer", "family")


def on_yardstick(evidence: Evidence, moved: xr.DataArray, clean: xr.DataArray, yardstick: str) -> xr.Dataset:
    """Drift in % of a control and in its standard deviations, with intervals; nan where the control has no partners."""
    unaveraged = drift.control_pairs(clean, sampling=yardstick, seed=evidence.seed)
    control = drift.control(clean, sampling=yardstick, seed=evidence.seed)
    control = control.transpose("sample", "layer")
    images = moved.image.values
    bounds = {
        name: np.stack(
            statistics.bootstrap(statistic, moved.values, control.values, cluster=images, seed=evidence.seed), axis=-1
        )
        for name, statistic in (("percent", statistics.percent), ("cohen_d", statistics.cohen_d))
    }
    return xr.Dataset(
        {name: (("layer", "family", "bound"), values) for name, values in bounds.items()}
        | {
            "cohen_d_unaveraged": drift.relative(moved, unaveraged).cohen_d,
            "percent_sd": drift.relative(moved, control).percent_sd,
            "control": control.mean("sample"),
        },
        coords={"layer": moved.layer, "family": moved.family, "bound": list(statistics.BOUNDS)},
    )


def findings(data: xr.Dataset) -> tuple[str, ...]:
    """Where in the model the perturbations move states farthest, on the scale of another image."""
    scale = data.percent.sel(family="any", yardstick=YARDSTICKS[0])
    values = scale.sel(bound="estimate")
    if not np.isfinite(values).any():
        return ()
    farthest = int(values.argmax("place", skipna=True))
    return (
        f"States move farthest at {data.place.values[farthest]}: {estimate(scale[farthest], 1)} % of the distance "
        "between unrelated samples, over all perturbations.",
    )
