"""A comparison of runs: their answers on the samples and conditions that all share, and how often each errs there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import corruption, flips, statistics

from ..results import Evidence
from ..results.unions import CONTROLS, unions_of
from . import margin_quantiles, ratios
from .differences import shares_of_sum
from .members import Member, Pair, open_members, pairs_of, real
from .shared import CLEAN, Shared, order, shared_by

MACRO = "macro"
"""Beside the datasets: the mean of their numbers, each weighing the same."""

ALEXNET = "AlexNet"

READINGS = "mCE and mCR = 1 - mCE against {}; Rel. mCE: the ratio of the two mCEs. "
"""How numbers against one reference for all are to be read."""


@dataclass(frozen=True)
class Comparison:
    """Runs cut to what they share, their pairs, and the run that all errors may be measured against.

    Arrays have the runs along `run`, by name, samples in the order of their ids. A pair (sample, condition) that is
    undefined in one run is undefined in all, so that every number of the runs is of the same answers.
    """

    members: tuple[Member, ...]
    pairs: tuple[Pair, ...]
    reference: str
    shared: Shared
    seed: int

    def member(self, name: str) -> Member:
        """A run by its name."""
        return next(member for member in self.members if member.name == name)

    def evidence(self, name: str) -> Evidence:
        """What a run holds of the shared samples."""
        return self.member(name).evidence

    @property
    def names(self) -> list[str]:
        """The names of the runs."""
        return [member.name for member in self.members]

    @cached_property
    def datasets(self) -> list[str]:
        """The datasets of the shared samples, in the order of their names."""
        return sorted(set(self.shared.datasets))

    @cached_property
    def rows(self) -> list[str]:
        """The datasets, and below several of them their macro mean."""
        return [*self.datasets, MACRO] if len(self.datasets) > 1 else self.datasets

    @cached_property
    def images(self) -> NDArray[np.str_]:
        """(sample) the image of each shared sample."""
        return np.array(self.shared.images)

    @cached_property
    def unions(self) -> dict[str, list[str]]:
        """The named unions of the shared families."""
        return unions_of(self.shared.families)

    @cached_property
    def corruptions(self) -> dict[str, list[float]]:
        """The families whose conditions have severities, with these in ascending order."""
        found: dict[str, set[float]] = {}
        for family, severity in zip(self.shared.families, self.shared.severities, strict=True):
            if severity > 0 and family not in CONTROLS:
                found.setdefault(family, set()).add(float(severity))
        return {family: sorted(steps) for family, steps in found.items()}

    def cut(self, values: xr.DataArray) -> xr.DataArray:
        """A run's (sample, condition) array on what is shared, with family and image as labels alone.

        Of split overlays those that contradict the run's clean choice are kept, not those that repeat it.
        """
        places = order(values.condition.values, self.shared.conditions)
        chosen = values.isel(sample=order(values.sample.values, self.shared.samples), condition=places)
        labels = {
            "sample": list(self.shared.samples),
            "condition": list(self.shared.conditions),
            "family": ("condition", list(self.shared.families)),
            "image": ("sample", self.images),
        }
        data = chosen.transpose("sample", "condition").values
        return xr.DataArray(data, dims=("sample", "condition"), coords=labels)

    def of_samples(self, values: xr.DataArray) -> xr.DataArray:
        """A run's (sample) array on the shared samples."""
        data = values.values[order(values.sample.values, self.shared.samples)]
        labels = {"sample": list(self.shared.samples), "image": ("sample", self.images)}
        return xr.DataArray(data, dims="sample", coords=labels)

    @cached_property
    def correct(self) -> xr.DataArray:
        """(run, sample, condition) how right the answers are, in [0, 1]; overlays not split."""
        return self._own_correct.where(self._own_correct.notnull().all("run"))

    @cached_property
    def _own_correct(self) -> xr.DataArray:
        """(run, sample, condition) as `correct`, also where another run's is undefined."""
        found = [self.cut(member.evidence.unsplit_correct) for member in self.members]
        return xr.concat(found, xr.IndexVariable("run", self.names))

    @property
    def undefined(self) -> int:
        """How many pairs (sample, condition) of samples with a known answer are undefined in one of the runs."""
        known = self._own_correct.notnull().any(("run", "condition"))
        return int(self.correct.isel(run=0).isnull().where(known, False).sum())

    @cached_property
    def right(self) -> xr.DataArray:
        """(run, sample, condition) 1 where the answer counts as right, a score of at least 0.5; overlays not split."""
        found = [self.cut(flips.correct(one.judged, one.right)) for one in (m.evidence for m in self.members)]
        table = xr.concat(found, xr.IndexVariable("run", self.names))
        return table.where(table.notnull().all("run"))

    @cached_property
    def is_of_dataset(self) -> xr.DataArray:
        """(sample, dataset) 1 where the sample is of the dataset, nan elsewhere."""
        member = np.array(self.shared.datasets)[:, None] == np.array(self.datasets)[None, :]
        labels = {"sample": list(self.shared.samples), "dataset": self.datasets}
        return xr.DataArray(np.where(member, 1.0, np.nan), dims=("sample", "dataset"), coords=labels)

    @cached_property
    def errors(self) -> xr.Dataset:
        """estimate (run, dataset, condition) of the error, and its draws: images are drawn for all runs at once."""
        wrong = (1.0 - self.correct) * self.is_of_dataset
        drawn = statistics.resampled(
            statistics.mean, wrong.transpose("sample", "run", "dataset", "condition"), seed=self.seed
        )
        severity = ("condition", np.array(self.shared.severities, np.float64))
        return drawn.drop_vars("resampled_from").assign_coords(severity=severity)

    @property
    def clean_errors(self) -> xr.Dataset:
        """The same of clean images: (run, dataset)."""
        return self.errors.sel(condition=CLEAN).drop_vars(["condition", "family", "severity"])

    @property
    def has_corruption_errors(self) -> bool:
        """Whether there are corruptions, and answers that are right or wrong."""
        return bool(self.corruptions) and bool(self.correct.notnull().any())

    @cached_property
    def corrupted(self) -> dict[str, xr.Dataset]:
        """The same under each corruption: (run, dataset, corruption, severity), with the severities that it has."""
        families, is_severe = self.errors.family.values, self.errors.severity.values > 0
        places = {name: np.flatnonzero((families == name) & is_severe) for name in self.corruptions}
        return {name: self.errors.isel(condition=where).map(corruption.unfold) for name, where in places.items()}

    @property
    def measured_against(self) -> str:
        """What all errors are measured against: a run, else AlexNet where its errors are known, else nothing."""
        return self.reference or (ALEXNET if ratios.is_of_alexnet(self.corruptions) else "")

    @cached_property
    def global_ce(self) -> xr.Dataset | None:
        """(run, dataset, corruption) CE of each run against one reference for all; None without one."""
        if not self.has_corruption_errors or not self.measured_against:
            return None
        if not self.reference:
            return ratios.alexnet_ce(self.corrupted)
        return ratios.ce(*self._against_reference).rename(model="run")

    @cached_property
    def global_relative_ce(self) -> xr.Dataset | None:
        """(run, dataset, corruption) relative CE of each run against the reference run; None without one."""
        if not self.has_corruption_errors or not self.reference:
            return None
        clean = self.clean_errors
        own = (clean.rename(run="model"), clean.sel(run=self.reference, drop=True))
        return ratios.relative_ce(*self._against_reference, *own).rename(model="run")

    @property
    def _against_reference(self) -> tuple[ratios.Tables, ratios.Tables]:
        models = ratios.select(self.corrupted, lambda table: table.rename(run="model"))
        return models, ratios.select(self.corrupted, lambda table: table.sel(run=self.reference, drop=True))

    @cached_property
    def pair_ce(self) -> xr.Dataset:
        """(pair, dataset, corruption) CE of each aligned model against its base."""
        return ratios.ce(*self._pair_tables)

    @cached_property
    def pair_relative_ce(self) -> xr.Dataset:
        """(pair, dataset, corruption) relative CE of each aligned model against its base."""
        return ratios.relative_ce(*self._pair_tables, *self.of_pairs(self.clean_errors))

    @cached_property
    def clean_margins(self) -> xr.DataArray:
        """(run, sample) margin of the clean choice on clean images [nats], defined for all runs or none."""
        found = [self.cut(member.evidence.margin).sel(condition=CLEAN, drop=True) for member in self.members]
        table = xr.concat(found, xr.IndexVariable("run", self.names))
        return table.where(table.notnull().all("run"))

    @cached_property
    def margin_quantiles(self) -> xr.Dataset:
        """(quantile, run) quantiles of these and their mean, estimate and draws."""
        return margin_quantiles.quantiles(self.clean_margins, seed=self.seed)

    @property
    def _pair_tables(self) -> tuple[ratios.Tables, ratios.Tables]:
        both = {name: self.of_pairs(table) for name, table in self.corrupted.items()}
        aligned, base = ({name: tables[role] for name, tables in both.items()} for role in (0, 1))
        return aligned, base

    @cached_property
    def added_wrong(self) -> xr.DataArray:
        """(pair, sample, dataset, condition) what each sample adds to error of the aligned model - of the base."""
        aligned, base = self.of_pairs((1.0 - self.correct).to_dataset(name="wrong"))
        parts = shares_of_sum((aligned.wrong - base.wrong) * self.is_of_dataset)
        return parts.transpose("pair", "sample", "dataset", "condition")

    def of_pairs(self, values: xr.Dataset) -> tuple[xr.Dataset, xr.Dataset]:
        """Values of the runs as those of the aligned and of the base models, along `pair`."""
        index = [pair.name for pair in self.pairs]
        aligned, base = (
            values.sel(run=[getattr(pair, role) for pair in self.pairs]).rename(run="pair").assign_coords(pair=index)
            for role in ("aligned", "base")
        )
        return aligned, base

    def with_macro(self, values: xr.Dataset) -> xr.Dataset:
        """The same with the macro mean below the datasets, where there are several: the mean of their numbers."""
        if len(self.datasets) < 2:
            return values
        mean = values.map(lambda each: corruption.macro(each).drop_vars("undefined"))
        return xr.concat([values, mean.expand_dims(dataset=[MACRO])], "dataset", coords="minimal", compat="override")

    def table(self, **numbers: xr.DataArray) -> xr.Dataset:
        """A result of these numbers, with how many images they are of and what each pair is of."""
        roles = {pair.name: {"base": pair.base, "aligned": pair.aligned} for pair in self.pairs}
        return xr.Dataset(numbers).assign_attrs(
            images=len(set(self.shared.images)),
            samples=len(self.shared.samples),
            by_pair=roles,
            unions=self.unions,
            reference=self.measured_against,
            reference_said=READINGS.format(self.measured_against) if self.measured_against else "",
        )


def compare(
    paths: Sequence[Path], *, pairs: str | None = None, reference: Path | None = None, seed: int = 0
) -> Comparison:
    """Open runs and cut them to the samples and conditions that all share.

    The reference is one of the runs or a further one. Raises ValueError for fewer than two runs, and what
    `open_members`, `shared_by` and `pairs_of` raise.
    """
    if len(paths) < 2:
        raise ValueError(f"{len(paths)} run to compare. Give at least two.")
    places = [real(path) for path in paths]
    further = [] if reference is None or real(reference) in places else [reference]
    opened = open_members([*paths, *further], seed)
    named = "" if reference is None else opened[_place([*places, None], reference)].name
    shared = shared_by(opened)
    members = tuple(_cut(member, shared) for member in opened)
    return Comparison(members, pairs_of(pairs, members[: len(paths)]), named, shared, seed)


def _place(places: Sequence[Path | None], reference: Path) -> int:
    where = real(reference)
    return places.index(where) if where in places else len(places) - 1


def _cut(member: Member, shared: Shared) -> Member:
    run = member.evidence.run
    if run.samples.sizes["sample"] == len(shared.samples):
        return member
    return replace(member, evidence=Evidence(run.select(shared.samples), member.evidence.seed))
