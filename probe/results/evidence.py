"""What the analyses of a run share, worked out once and only where it is asked for.

Arrays over (sample, condition) carry `family` along `condition` and `image` along `sample`; semantic overlays are split
into those that contradict the clean choice and those that repeat it (HI).
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import drift, flips, margins, statistics
from stores import Run

from .. import measures

MEDIAN_RESAMPLES = 500
"""Fewer than for means: a median is no function of sums, so that each resample is computed by itself."""


def median(values: NDArray[np.float64]) -> float:
    """Median of the defined values; nan where there is none."""
    defined = values[~np.isnan(values)]
    return float(np.median(defined)) if len(defined) else float("nan")


@dataclass(frozen=True)
class Evidence:
    """A run, the seed of everything random, and what follows from them."""

    run: Run
    seed: int = 0
    _states: dict[str, xr.DataArray] = field(default_factory=dict[str, xr.DataArray], init=False, repr=False)
    _moved: dict[str, xr.DataArray] = field(default_factory=dict[str, xr.DataArray], init=False, repr=False)

    @cached_property
    def asked(self) -> bool:
        """Whether the run has answers to choose from."""
        return bool((self.run.samples.option_text != "").any())

    @cached_property
    def scores(self) -> xr.DataArray:
        """(sample, condition, option) log-likelihood sums [nats]; nan for options that a sample does not have."""
        return margins.complete(
            margins.score(self.run.answers.log_likelihood), self.run.samples.option_text != ""
        ).load()

    @cached_property
    def choice(self) -> xr.DataArray:
        """(sample, condition) index of the chosen option, nan where there is none; overlays not split."""
        return margins.choice(self.scores)

    @cached_property
    def clean_choice(self) -> xr.DataArray:
        """(sample) the choice on the clean image."""
        return self.choice.sel(condition="clean", drop=True)

    @cached_property
    def answer(self) -> xr.DataArray:
        """(sample) index of the right option, nan where the dataset gives none."""
        return flips.answer_index(self.run.samples.option_text, self.run.samples.answer)

    @cached_property
    def margin(self) -> xr.DataArray:
        """(sample, condition) lead of the clean choice [nats]; overlays not split."""
        return margins.margin(self.scores, self.clean_choice)

    @cached_property
    def flipped(self) -> xr.DataArray:
        """(sample, condition) 1 where the choice differs from the clean one."""
        return self.split(flips.flipped(self.choice, self.clean_choice))

    @cached_property
    def correct(self) -> xr.DataArray:
        """(sample, condition) 1 where the choice is right, nan where that is unknown."""
        return self.split(flips.correct(self.choice, self.answer))

    @cached_property
    def erosion(self) -> xr.DataArray:
        """(sample, condition) how much of the clean choice's lead is lost [nats]."""
        return self.split(self.margin.sel(condition="clean", drop=True) - self.margin)

    def split(self, pairs: xr.DataArray) -> xr.DataArray:
        """(sample, condition, ...) with HI's selection of semantic overlays made."""
        if measures.SEMANTIC not in self.run.conditions.family.values or not self.asked:
            return pairs
        return measures.split_overlays(pairs, self.run.conditions.parameters.values, self._selection)

    @cached_property
    def _selection(self) -> xr.Dataset:
        return measures.contradicting(self.run, self.clean_choice)

    @cached_property
    def any_of(self) -> list[str]:
        """The families that count as "any": all but clean and the overlays that repeat the answer."""
        names = dict.fromkeys(self.run.conditions.family.values.tolist())
        return [name for name in names if name != "clean"]

    @cached_property
    def site(self) -> str:
        """The place that speaks for the model, as in `places`; "" where the run kept answers only."""
        return measures.default_site(self.run)

    def states(self, site: str) -> xr.DataArray:
        """(sample, condition, layer, feature) pooled states of a stored site, all its layers, in memory.

        A site per image gives each sample its image's state; every sample carries its image and question.
        """
        if site not in self._states:
            self._states[site] = self._read(site)
        return self._states[site]

    def moved(self, site: str) -> xr.DataArray:
        """(sample, condition, layer) cosine drift at a stored site, overlays split."""
        if site not in self._moved:
            states = self.states(site)
            self._moved[site] = self.split(drift.cosine(states.sel(condition="clean", drop=True), states))
        return self._moved[site]

    def _read(self, site: str) -> xr.DataArray:
        states = self._with_layers(self.run.pooled(site).load())
        answers = self.run.answers
        if "image" in states.dims:
            rows = xr.DataArray(answers.image.values, dims="sample")
            states = states.sel(image=rows).drop_vars("image").assign_coords(sample=answers.sample)
        question = self.run.samples.question.values.astype(object)
        states = states.assign_coords(image=("sample", answers.image.values), question=("sample", question))
        return states.transpose("sample", "condition", "layer", "feature")

    @cached_property
    def speaking_drift(self) -> xr.DataArray:
        """(sample, condition) cosine drift of the states that speak for the model."""
        return self.split(drift.cosine(self.speaking.sel(condition="clean", drop=True), self.speaking))

    def stored(self, site: str) -> xr.Dataset:
        """Everything stored of a site, lazily, always with a `layer` axis."""
        return self._with_layers(self.run.site(site))

    @staticmethod
    def _with_layers(data: Any) -> Any:
        # the reader drops the axis where a site names one layer
        return data if "layer" in data.dims else data.expand_dims(layer=[int(data.layer)])

    @cached_property
    def speaking(self) -> xr.DataArray:
        """(sample, condition, feature) the states that speak for the model."""
        stored = next(site for site in self.run.sites if self.site in self.places(site))
        return self.states(stored).isel(layer=self.places(stored).index(self.site), drop=True)

    def per_sample(self, pairs: xr.DataArray) -> xr.DataArray:
        """(image, condition, ...) told for each sample of the image: (sample, condition, ...)."""
        answers = self.run.answers
        rows = xr.DataArray(answers.image.values, dims="sample")
        told = pairs.sel(image=rows).drop_vars("image").assign_coords(sample=answers.sample)
        return told.assign_coords(image=("sample", answers.image.values))

    def places(self, site: str) -> list[str]:
        """The site at each of its stored layers, as a user would ask for it: `language.layers[4]:context_last`."""
        where, _, tokens = site.partition(":")
        layers = self.stored(site).layer.values.tolist()
        return [f"{where.partition('[')[0]}[{layer}]:{tokens}" if "[" in where else site for layer in layers]

    def by_place(self, data: xr.Dataset, site: str) -> xr.Dataset:
        """(place, family, ...) of what a site's result tells per layer."""
        labels = {"place": self.places(site), "site": [site] * data.sizes["layer"], "number": data.layer.values}
        data = data.drop_vars("layer").assign_coords({name: ("layer", values) for name, values in labels.items()})
        return data.swap_dims(layer="place").transpose("place", "family", ...)

    def interval(self, values: xr.DataArray) -> xr.DataArray:
        """(..., bound) mean over samples with its interval by image."""
        values = values.transpose("sample", ...)
        bounds = statistics.bootstrap(
            statistics.mean, values.values, cluster=self.run.answers.image.values, seed=self.seed
        )
        kept = values.isel(sample=0, drop=True)
        parts = [kept.copy(data=bound) for bound in bounds]
        return xr.concat(parts, xr.IndexVariable("bound", list(statistics.BOUNDS))).transpose(..., "bound")

    def means(self, pairs: xr.DataArray) -> xr.Dataset:
        """The mean of a quantity under each family, with intervals and counts (`summary.family_means`)."""
        known = set(pairs.family.values.tolist())
        any_of = [name for name in self.any_of if name in known]
        return statistics.family_means(pairs, any_of=any_of, seed=self.seed)

    def medians(self, pairs: xr.DataArray) -> xr.DataArray:
        """(family, bound) median over the defined pairs of each family, with intervals by image."""
        groups = {name: pairs.family == name for name in dict.fromkeys(pairs.family.values.tolist())}
        groups["any"] = pairs.family.isin(self.any_of)
        images = pairs.image.values
        bounds = [
            statistics.bootstrap(
                median, pairs.values[:, chosen.values], cluster=images, resamples=MEDIAN_RESAMPLES, seed=self.seed
            )
            for chosen in groups.values()
        ]
        coords = {"family": list(groups), "bound": list(statistics.BOUNDS)}
        return xr.DataArray(np.asarray(bounds, np.float64), dims=("family", "bound"), coords=coords)

    def shares(self, cases: xr.DataArray, trials: xr.DataArray) -> xr.DataArray:
        """(family, bound) of sum(cases) / sum(trials) over the pairs of each family (`summary.family_shares`)."""
        return statistics.family_shares(cases, trials, any_of=self.any_of, seed=self.seed).value

    def rate(self, happened: xr.DataArray) -> xr.DataArray:
        """(family, bound) share of the defined pairs in which something happened (0/1, nan where undefined)."""
        return self.shares(happened, happened.notnull().astype(float))
