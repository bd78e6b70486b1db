"""What answers invent, what they leave out, and whether they call the road safe when it is not."""

import numpy as np
import xarray as xr

from analyses import misalignment

from .evidence import Evidence
from .result import Result, estimate

HEADINGS = {
    "hallucination": "HR %",
    "critical_omission": "COR %",
    "safety_misinterpretation": "SMR %",
}


def compute(evidence: Evidence) -> Result | None:
    """HR, COR and SMR; None where the run asks neither for descriptions with a reference nor about safety."""
    found = descriptions(evidence) | verdicts(evidence)
    if not found:
        return None
    means = {name: evidence.means(pairs) for name, pairs in found.items()}
    data = xr.Dataset(
        {
            name: means[name].value if name == "hallucination" else evidence.rate(pairs)  # the others are yes or no
            for name, pairs in found.items()
        }
    )
    data = data.assign({f"{name}_defined": table.defined for name, table in means.items()})
    data = data.assign({f"{name}_by_condition": evidence.interval(pairs) for name, pairs in found.items()})
    shown = {name: heading for name, heading in HEADINGS.items() if name in data}
    rows = tuple(
        {"family": name}
        | {heading: estimate(data[quantity].sel(family=name), 1, 100) for quantity, heading in shown.items()}
        for name in data.family.values.tolist()
    )
    meaning = (
        "HR: classes named that are not there. COR: answers that leave out a safety-critical class. SMR: safety "
        "answers that are wrong or say neither."
    )
    return Result("misalignment", "What is said against what is there", data, rows, meaning, findings(data))


def descriptions(evidence: Evidence) -> dict[str, xr.DataArray]:
    """(sample, condition) of the samples that describe a scene, others nan; the reference text says what is there."""
    samples = evidence.run.samples
    describing = ((samples.kind == "describe") & (samples.answer != "")).values
    if not describing.any():
        return {}
    text = evidence.run.answers.text.isel(sample=np.flatnonzero(describing))
    present = misalignment.mention_table(text.answer.drop_vars(["kind", "answer"]))
    named = misalignment.mention_table(text.drop_vars(["kind", "answer"]))
    parts = {
        "hallucination": misalignment.hallucination(named, present),
        "critical_omission": misalignment.critical_omission(named, present),
        "says_nothing": (named.sum("class") == 0).where(named.notnull().any("class")).astype(float),
    }
    return {name: _over_all_samples(evidence, part) for name, part in parts.items()}


def verdicts(evidence: Evidence) -> dict[str, xr.DataArray]:
    """(sample, condition) of the samples that ask whether it is safe, others nan: the option chosen, or the text."""
    samples = evidence.run.samples
    asking = np.flatnonzero((samples.kind == "safety").values)
    if not len(asking):
        return {}
    text = evidence.run.answers.text.isel(sample=asking).drop_vars(["kind", "answer"])
    choice = evidence.choice.isel(sample=asking)
    options = samples.option_text.isel(sample=asking).values.astype(object)
    place = np.maximum(choice.values, 0)
    chosen = np.take_along_axis(options[:, None, :], place[..., None], axis=-1)[..., 0]
    said = text.copy(data=np.where(choice.values >= 0, chosen, text.values.astype(object)))
    reference = xr.DataArray(
        samples.answer.values[asking].astype(object), dims="sample", coords={"sample": said.sample.values}
    )
    wrong = misalignment.safety_misinterpretation(said, reference)
    parsed = misalignment.safety_parsed(said)
    parts = {"safety_misinterpretation": wrong, "safety_parsed": parsed}
    return {name: _over_all_samples(evidence, part) for name, part in parts.items()}


def _over_all_samples(evidence: Evidence, part: xr.DataArray) -> xr.DataArray:
    """Back to every sample of the run, nan where the question was another one."""
    answers = evidence.run.answers
    whole = part.reset_coords(drop=True).reindex(sample=answers.sample.values).astype(np.float64)
    along = {"image": ("sample", answers.image.values)}
    along |= {name: ("condition", answers[name].values) for name in ("family", "severity")}
    return evidence.split(whole.assign_coords(along).transpose("sample", "condition"))


def findings(data: xr.Dataset) -> tuple[str, ...]:
    """What each rate rises to from clean, under the family that raises it most."""
    sentences: list[str] = []
    for quantity, heading in HEADINGS.items():
        if quantity not in data:
            continue
        values = data[quantity].drop_sel(family=["clean", "any"], errors="ignore")
        middle = values.sel(bound="estimate")
        if not np.isfinite(middle).any():
            continue
        worst = values.isel(family=int(middle.argmax("family", skipna=True)))
        sentences.append(
            f"{heading.removesuffix(' %')}: {estimate(data[quantity].sel(family='clean'), 1, 100)} % on clean images, "
            f"{estimate(worst, 1, 100)} % under {worst.family.item()}."
        )
    return tuple(sentences)
