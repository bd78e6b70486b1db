"""What answers come from: this picture, any picture, the question, or what the model leans to anyway."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from analyses import attribution, statistics

from . import distorted
from .analysis import Analysis, Chart, Column, percent
from .evidence import Evidence
from .sentences import Number, Sentence, said, say, share

NONE = ("no_image", "white", "mean_grey", "noise")
"""The conditions of no picture: the first that a run holds."""

ANOTHER = "another_image"


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(of, source, family, bound) margins of the answers given and of the right ones, taken apart.

    Other images: those of which the same is asked where that holds of half the samples, else the condition
    another_image. None where neither these nor scores without a picture are there.
    """
    held, scores = distorted.conditions(evidence.run), evidence.scores
    none = next(
        (held[name] for name in NONE if name in held and scores.sel(condition=held[name]).notnull().any()), None
    )
    clean, texts = margins_under(evidence, "clean"), option_texts(evidence)
    others = attribution.under_others(clean, texts, evidence.asked)
    recur = float((others.notnull() | clean.isnull()).all("option").mean()) >= 0.5
    if none is None or not (recur or ANOTHER in held):
        return None
    others = others if recur else margins_under(evidence, held[ANOTHER])
    without = margins_under(evidence, none)
    leaning = attribution.leaning(without, texts, evidence.asked)
    right = (evidence.answer + 0 * evidence.choice).transpose(*evidence.choice.dims)
    found = [
        tables(evidence, attribution.sources(scores, choice, others=others, without=without, leaning=leaning))
        for choice in (evidence.choice, right)
    ]
    data = xr.concat(found, xr.IndexVariable("of", ["given", "right"]))
    about = {
        "without": none,
        "others": "all images of which the same is asked" if recur else "the condition another_image",
    }
    return data.assign(same=evidence.values(statistics.SHARE, same_as(evidence, none))).assign_attrs(about)


def margins_under(evidence: Evidence, condition: str) -> xr.DataArray:
    """(sample, option) the margin of each option under a condition."""
    scores = evidence.scores.sel(condition=condition).reset_coords(drop=True)
    images = evidence.run.answers.image.values
    return attribution.margin_of_each(scores).assign_coords(image=("sample", images))


def option_texts(evidence: Evidence) -> xr.DataArray:
    """(sample, option) the texts of the options, "" where there is none."""
    return evidence.run.samples.option_text.reset_coords(drop=True).assign_coords(sample=evidence.scores.sample)


def same_as(evidence: Evidence, condition: str) -> xr.DataArray:
    """(sample, condition) whether the answer is the one given under a condition; nan where either is undefined."""
    there = evidence.choice.sel(condition=condition, drop=True)
    known = (evidence.choice >= 0) & (there >= 0)
    return evidence.split((evidence.choice == there).where(known).transpose(*evidence.choice.dims))


def tables(evidence: Evidence, parts: xr.DataArray) -> xr.Dataset:
    """(source, family, bound) mean parts in nats and mean shares; (family, bound) the margin that they sum to."""
    nats = evidence.split(parts.where(np.isfinite(parts)))
    whole = nats.sel(source=list(attribution.PARTS)).sum("source", skipna=False)
    return xr.Dataset(
        {
            "part": evidence.values(statistics.MEAN, nats),
            "share": evidence.values(statistics.MEAN, attribution.shares(nats)),
            "margin": evidence.values(statistics.MEAN, whole),
        }
    )


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """How much of clean answers comes from the picture, and how much of that is left under perturbations."""
    clean, every = (data.sel(family=name) for name in ("clean", statistics.ALL))
    given, right = (clean.part.sel(of=each) for each in ("given", "right"))
    parts = {name: Number(given.sel(source=name), signed=True) for name in attribution.SOURCES}
    return said(
        say(
            data,
            "Of the {margin} nats by which clean answers lead, this picture gives {image}, any picture {picture} and "
            "text alone ({without}) {text}; {same} of the answers are given there too.",
            margin=Number(clean.margin.sel(of="given")),
            without=data.attrs["without"],
            same=share(clean.same),
            **{name: parts[name] for name in attribution.PARTS},
        ),
        say(
            data,
            "Where other questions have the same options, what text alone gives is {prompt} nats from the question "
            "itself and {prior} from what the model leans to whatever is asked.",
            prompt=parts["prompt"],
            prior=parts["prior"],
        ),
        say(
            data,
            "To the right answer, which no picture chose, this picture gives {before} on clean images and {now} under "
            "perturbations.",
            before=Number(right.sel(source="image"), unit="nats", signed=True),
            now=Number(every.part.sel(of="right", source="image"), unit="nats", signed=True),
        ),
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """The parts of the margin by family, of the answers given."""
    from ..figures import intervals

    given = data.part.sel(of="given", drop=True)
    return intervals.chart(
        {name: given.sel(source=name, drop=True) for name in attribution.PARTS},
        along="family",
        axis="part of the margin of the answer [nats]",
        about="Mean parts of the margin of the answers by family: from this picture, any picture, and text alone, "
        "with 95 % intervals.",
        unions=data.attrs["unions"],
        reference=0,
    )


def part(source: str, heading: str = "", of: str = "given", meaning: str = "") -> Column:
    """The column of a source in nats."""
    return Column("part", heading or source, unit="nats", at={"source": source, "of": of}, meaning=meaning)


ANALYSIS = Analysis(
    name="attribution",
    title="What answers come from",
    meaning="The margin of the answer given under each condition is image + picture + text: this picture less others "
    "({others}), these less none ({without}), and none. Shares are of their sizes. An option chosen under the picture "
    "has an image part above 0 by chance too; the right answer has not.",
    needs=("options", "pictureless"),
    compute=compute,
    columns=(
        Column("margin", "margin", unit="nats", at={"of": "given"}),
        *(part(name) for name in attribution.PARTS),
        part("prompt", meaning="Text less prior: what this question adds without a picture."),
        part("prior", meaning="The mean of text over the questions with the same options; undefined of one."),
        *(percent("share", f"share of {name}", at={"source": name, "of": "given"}) for name in attribution.PARTS),
        part("image", "image, right answer", "right"),
        percent("same", "given without picture"),
    ),
    finding=finding,
    figure=figure,
)  # fmt: skip
