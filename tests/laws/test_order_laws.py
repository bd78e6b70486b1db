"""No order of samples, conditions or options changes a number: what is listed first means nothing."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import xarray as xr

from analyses import calibration, flips, margins, misalignment, priors, statistics, yes_or_no

Run = dict[str, xr.DataArray]
CONDITIONS = ["clean", "fog:1", "fog:3", "blur:1", "white"]
OPTIONS = [["yes", "no", "", ""], ["no", "yes", "", ""], ["bus", "car", "van", ""], ["red", "green", "blue", "grey"]]
SAID = ["A car and a bus.", "No car.", "", None, "It is safe.", "No.", "A rider.", "yes"]


def run(seed: int = 0, samples: int = 24) -> Run:
    """Questions of two to four options, yes and no in either order, under five conditions; some answers undefined."""
    rng = np.random.default_rng(seed)
    coords = {
        "sample": [f"s{k:02}" for k in range(samples)],
        "image": ("sample", [f"i{k // 3}" for k in range(samples)]),
        "kind": ("sample", [("yesno", "yesno", "mcq", "mcq")[k % 4] for k in range(samples)]),
    }
    both = {**coords, "condition": CONDITIONS, "family": ("condition", [name.split(":")[0] for name in CONDITIONS])}
    text = np.array([OPTIONS[k % 4] for k in range(samples)])
    scores = np.where((text == "")[:, None], np.nan, rng.normal(size=(samples, len(CONDITIONS), 4)))
    scores[3, 1] = np.nan
    right = np.array([row[rng.integers((row != "").sum())] for row in text])
    right[7] = ""
    said = np.array(SAID, object)[rng.integers(len(SAID), size=(samples, len(CONDITIONS)))]
    return {
        "scores": xr.DataArray(scores, dims=("sample", "condition", "option"), coords=both),
        "text": xr.DataArray(text.astype(object), dims=("sample", "option"), coords=coords),
        "right": xr.DataArray(right.astype(object), dims="sample", coords=coords),
        "said": xr.DataArray(said, dims=("sample", "condition"), coords=both),
        "verdict": xr.DataArray(np.array(["yes", "no", ""], object)[rng.integers(3, size=samples)], dims="sample",
                                coords=coords),
    }  # fmt: skip


def reordered(made: Run, seed: int) -> Run:
    """The same run, its samples and conditions listed otherwise, and the options of every sample by themselves."""
    rng = np.random.default_rng(seed)
    samples, conditions = rng.permutation(made["text"].sizes["sample"]), rng.permutation(len(CONDITIONS))
    options = np.stack([rng.permutation(4) for _ in samples])
    turned: Run = {}
    for name, array in made.items():
        values = array
        if "option" in array.dims:
            places = options if name == "text" else options[:, None, :]
            values = array.copy(data=np.take_along_axis(array.values, places + np.zeros(array.shape, int), axis=-1))
        values = values.isel(sample=samples)
        turned[name] = values.isel(condition=conditions) if "condition" in values.dims else values
    return turned


def clean(array: xr.DataArray) -> xr.DataArray:
    return array.sel(condition="clean", drop=True)


def white(array: xr.DataArray) -> xr.DataArray:
    return array.sel(condition="white", drop=True)


def chosen(made: Run) -> tuple[xr.DataArray, xr.DataArray, xr.DataArray]:
    choice = margins.choice(made["scores"])
    return choice, clean(choice), flips.answer_index(made["text"], made["right"])


def count(made: Run) -> xr.DataArray:
    return (made["text"] != "").sum("option")


def judged(made: Run) -> tuple[xr.DataArray, xr.DataArray]:
    choice, _, answer = chosen(made)
    return calibration.confidence(made["scores"]), flips.correct(choice, answer)


def classes(made: Run) -> tuple[xr.DataArray, xr.DataArray]:
    said = misalignment.mention_table(made["said"])
    return said, clean(said).fillna(0.0)


def margin(made: Run) -> xr.DataArray:
    return margins.margin(made["scores"], chosen(made)[1])


def among_yes_no(made: Run) -> xr.DataArray:
    yes, no = yes_or_no.places(made["text"])
    return xr.where(chosen(made)[0] == yes, "yes", xr.where(chosen(made)[0] == no, "no", "other"))


FUNCTIONS: dict[str, Callable[[Run], Any]] = {
    "yes_or_no.places": among_yes_no,
    "margins.yes_no": lambda m: margins.yes_no(m["scores"], m["text"]),
    "margins.margin, yes_no": lambda m: margins.margin(m["scores"], "yes_no", option_text=m["text"]),
    "margins.margin": margin,
    "margins.margin, top2": lambda m: margins.margin(m["scores"], "top2"),
    "margins.erosion": lambda m: margins.erosion(clean(margin(m)), margin(m)),
    "flips.flipped": lambda m: flips.flipped(*chosen(m)[:2]),
    "flips.correct": lambda m: flips.correct(chosen(m)[0], chosen(m)[2]),
    "flips.rates": lambda m: flips.rates(flips.flipped(*chosen(m)[:2]), family="family"),
    "flips.transitions": lambda m: flips.transitions(*chosen(m)),
    "flips.transition_rates": lambda m: flips.transition_rates(flips.transitions(*chosen(m))),
    "flips.yes_no_rates": lambda m: flips.yes_no_rates(*chosen(m), m["text"]),
    "flips.entropy": lambda m: flips.entropy(chosen(m)[0]),
    "priors.margin_drift": lambda m: priors.margin_drift(clean(margin(m)), margin(m), white(margin(m))),
    "priors.flips_to_prior": lambda m: priors.flips_to_prior(*chosen(m)[:2], white(chosen(m)[0]), count(m)),
    "priors.flip_to_prior_rate": lambda m: priors.flip_to_prior_rate(
        *chosen(m)[:2], white(chosen(m)[0]), count(m)
    ),
    "calibration.confidence": lambda m: judged(m)[0],
    "calibration.expected_error": lambda m: calibration.expected_error(*judged(m)),
    "calibration.debiased_error": lambda m: calibration.debiased_error(*judged(m)),
    "calibration.reliability": lambda m: calibration.reliability(*judged(m)),
    "calibration.calibrated_errors": lambda m: xr.DataArray(
        calibration.calibrated_errors(judged(m)[0], simulated=40), dims="draw"
    ),
    "calibration.error_by_image": lambda m: calibration.error_by_image(*judged(m), resamples=40, simulated=40),
    "calibration.binned_debiased_error": lambda m: statistics.by_family(
        statistics.pooled(calibration.binned_debiased_error()), *judged(m), resamples=40
    ),
    "misalignment.mention_table": lambda m: classes(m)[0],
    "misalignment.hallucination": lambda m: misalignment.hallucination(*classes(m)),
    "misalignment.hallucination_rate": lambda m: misalignment.hallucination_rate(*classes(m)),
    "misalignment.critical_omission": lambda m: misalignment.critical_omission(*classes(m)),
    "misalignment.critical_omission_rate": lambda m: misalignment.critical_omission_rate(*classes(m)),
    "misalignment.class_omission_rate": lambda m: misalignment.class_omission_rate(*classes(m)),
    "misalignment.safety_misinterpretation_rate": lambda m: misalignment.safety_misinterpretation_rate(
        m["said"], m["verdict"]
    ),
    "misalignment.safety_parsed": lambda m: misalignment.safety_parsed(m["said"]),
}  # fmt: skip


def named(result: Any) -> xr.Dataset:
    """The result with its variables and labels in one order."""
    data = result.to_dataset(name="value") if isinstance(result, xr.DataArray) else result
    beside = [name for name, coord in data.coords.items() if name not in data.dims]
    data = data.reset_coords([name for name in beside if data[name].dtype.kind in "if"])
    data = data.drop_vars([name for name in beside if name in data.coords])
    for dim in data.dims:
        if dim in data.indexes and dim != "bound":
            data = data.sortby(dim)
    return data


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_order_changes_a_number(name: str, seed: int) -> None:
    made = run(seed)
    one, other = named(FUNCTIONS[name](made)), named(FUNCTIONS[name](reordered(made, seed)))
    for variable, values in one.data_vars.items():
        theirs = other[variable].transpose(*values.dims)
        if values.dtype.kind in "OU":
            assert (values.values == theirs.values).all()
            continue
        assert values.notnull().any()
        np.testing.assert_allclose(values, theirs, rtol=1e-12, atol=1e-12, err_msg=str(variable))


def test_ties_go_to_the_lowest_index_and_are_counted() -> None:
    scores = np.array([[-1.0, -1.0], [-2.0, -1.0]])
    assert margins.choice(scores).tolist() == [0, 1]
    assert margins.ties(scores).tolist() == [1, 0]
    assert margins.ties(scores[:, ::-1]).tolist() == [1, 0]
