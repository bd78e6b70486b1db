"""A page's sections as texts, and all that should stand in them, from a run's raw arrays."""

import re
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np

from . import answers, grids, hidden, layout, states, sureness
from . import statistics as by
from .answers import Found
from .reading import CONTROLS, Raw


@dataclass(frozen=True)
class Section:
    """One analysis as it is printed."""

    title: str
    findings: list[str]
    headings: list[str]
    rows: list[tuple[str, list[tuple[str, str]]]]  # name, then estimate and interval of each cell
    meaning: str  # and what explains its columns
    families: str  # of each union, and of none


def read(path: Path) -> dict[str, Section]:
    """The sections of a page, by name."""
    text = path.read_text("utf-8")
    found = re.findall(r'<section id="(\w+)"[^>]*>(.*?)</section>', text, re.S)
    return dict(_section(each) for each in found if each[0] not in ("samples", "methods"))


def _section(found: tuple[str, str]) -> tuple[str, Section]:
    name, text = found
    text = re.sub(r"<script.*?</script>", "", text, flags=re.S)
    tables = re.findall(r"<table>(.*?)</table>", text, re.S)
    rows = [
        (unescape(label), [(unescape(one), unescape(two)) for one, two in re.findall(CELL, cells)])
        for label, cells in re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', tables[-1], re.S)
    ]
    headings = [unescape(one) for one in re.findall(r'<th scope="col"[^>]*>(.*?)</th>', tables[-1])]
    lists, meaning = re.findall(r"<li>(.*?)</li>", text), re.findall(r'<p class="meaning">(.*?)</p>', text, re.S)
    families = unescape("".join(re.findall(r"<small>([^<]*)</small></p>", text)))
    meaning = [*meaning[:1], *re.findall(r"<dd>(.*?)</dd>", text, re.S)]
    title = re.findall(r"<h2[^>]*>(.*?)</h2>", text)
    return name, Section(
        unescape(title[0]), [unescape(one) for one in lists], headings, rows, unescape(" ".join(meaning)), families
    )


CELL = r'<td[^>]*><span class="number">(.*?)</span><small>(.*?)</small>.*?</td>'


def recomputed(raw: Raw) -> tuple[dict[str, Found], dict[str, list[Any]]]:
    """The rows and sentences of each section, and the numbers of its title and legend."""
    sites = states.sites_of(raw)
    site = states.primary_of(sites)
    drift = states.drift_of(raw, sites[site])
    control = by.average(states.apart(sites[site][:, 0], states.others_of(raw)), 1)
    arranged, (k, inputs, chance, near, cka) = layout.alignment(raw, sites[site])
    found = {
        "overview": answers.overview(raw, drift, control, site),
        "flips": answers.flips(raw),
        "yes_no": answers.yes_no(raw),
        "margins": answers.margins(raw),
        "drift": states.drift(raw, sites),
        "where_first": states.where_first(raw, sites),
        "instability": hidden.instability(raw, sites),
        "dirichlet": grids.dirichlet(raw, drift),
        "spectrum": grids.spectrum(raw),
        "pixel_spectrum": grids.pixel_spectrum(raw),
        "alignment": arranged,
        "corruption": answers.corruption(raw),
        "calibration": sureness.calibration(raw),
        "misalignment": answers.misalignment(raw),
    }
    right = int((raw.choice[:, 0] == raw.answer).sum())
    others = np.mean([((raw.asked == raw.asked[row]) & (raw.image != raw.image[row])).sum() for row in range(inputs)])
    return found, {
        "overview": [raw.images, inputs, 95, 0, answers.fewest(raw), 100],
        "flips": [right, inputs - right],
        "instability": [float(others), 0, 5, 50],
        "alignment": [k, inputs, chance, 100, 1, near, float(cka)],
    }


def families(raw: Raw) -> str:
    """What stands below a table of families: those of each union, and the controls."""
    there = list(dict.fromkeys(family for family, *_ in raw.views))
    controls = [name for name in there if name in CONTROLS and name != "clean"]
    lines = [f"{name}: {', '.join(held)}." for name, held in raw.unions.items()]
    return " ".join([*lines, f"Controls, in no union: {', '.join(controls)}."])
