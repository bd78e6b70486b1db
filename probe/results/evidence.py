"""What the analyses of a run share: its answers (`answers`), its states, and what drift is measured against."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import drift, labels, statistics
from analyses.control_sampling import SAMPLINGS, draw_for
from hooks.settings import whole
from hooks.state_kinds import PRIMARY
from stores import DamagedRun, presence

from .. import prompts
from .answers import Answers
from .states import States, with_layers
from .unions import unions_of

Arrays = dict[str, xr.DataArray]

SCALES = {
    "other_sample": "the distance between unrelated samples (another image and question)",
    "other_image_same_prompt": "the distance to another image under the same question",
    "same_image_other_prompt": "the distance to another question about the same image",
}
"""What 100 % of each control is."""

PAIRS = 25
"""Unrelated samples that each sample is set against."""


@dataclass(frozen=True)
class Evidence(Answers):
    """A run, the seed of everything random, and what follows from them, each array made once and only where asked for.

    Raises DamagedRun where files of the run are missing: what is lost would read as undefined.
    """

    seed: int = 0
    _states: dict[str, States] = field(default_factory=dict[str, States], init=False, repr=False)
    _drift: Arrays = field(default_factory=Arrays, init=False, repr=False)
    _lengths: Arrays = field(default_factory=Arrays, init=False, repr=False)
    _controls: Arrays = field(default_factory=Arrays, init=False, repr=False)
    _drawn: dict[str, NDArray[np.int64]] = field(default_factory=dict[str, NDArray[np.int64]], init=False, repr=False)
    _clean: dict[tuple[str, tuple[int, ...]], xr.DataArray] = field(
        default_factory=dict[tuple[str, tuple[int, ...]], xr.DataArray], init=False, repr=False
    )
    _stored: dict[str, xr.Dataset] = field(default_factory=dict[str, xr.Dataset], init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "seed", whole("seed", self.seed, least=0))
        if self.run.damaged:
            raise DamagedRun(presence.describe(self.run.path, self.run.damaged))
        for damaged in self.run.segmentation_damage.values():
            raise DamagedRun(presence.describe(self.run.path, damaged))

    @cached_property
    def primary(self) -> str:
        """The site and layer whose states stand for the model, as in `site_layers`; "" for answers only."""
        for kind in PRIMARY:
            for site in self.run.sites:
                if site.partition(":")[2] == kind:
                    return self.site_layers(site)[-1]
        return ""

    def is_per_image(self, site_layer: str) -> bool:
        """Whether a site, at one of its layers, has a state for each image rather than for each sample."""
        specs = self.run.record["layout"]["sites"]
        return next(spec["per"] == "image" for spec in specs if site_layer in self.site_layers(spec["site"]))

    @cached_property
    def primary_site(self) -> str:
        """The stored site that `primary` is a layer of."""
        return next(site for site in self.run.sites if self.primary in self.site_layers(site))

    @cached_property
    def primary_layer(self) -> int:
        """The number of the layer of `primary`."""
        states = self.states(self.primary_site)
        return states.layers[states.names.index(self.primary)]

    @cached_property
    def primary_states(self) -> xr.DataArray:
        """(sample, condition, feature) the states that stand for the model, not read yet."""
        states = self.states(self.primary_site).lazy([self.primary_layer])
        return self.of_samples(states).isel(layer=0, drop=True)

    @cached_property
    def primary_drift(self) -> xr.DataArray:
        """(sample, condition) cosine drift of the states that stand for the model, overlays split."""
        if self.primary_site in self._drift or len(self.states(self.primary_site).layers) == 1:
            return self.drift(self.primary_site).sel(layer=self.primary_layer, drop=True)
        moved = self.states(self.primary_site).measured(_cosine, [self.primary_layer])["cosine"]
        return self.split(self.of_samples(moved).isel(layer=0, drop=True))

    def states(self, site: str) -> States:
        """The states of a stored site, all its layers, which are read in pieces."""
        if site not in self._states:
            self._states[site] = States(self.run, site)
        return self._states[site]

    def clean_states(self, site: str, layers: Sequence[int] | None = None) -> xr.DataArray:
        """(sample, layer, feature) of the clean images, in memory, at some of the layers or all; the last are kept."""
        wanted = site, tuple(layers or ())
        if wanted not in self._clean:
            self._clean.clear()
            self._clean[wanted] = self.of_samples(self.states(site).under("clean", layers))
        return self._clean[wanted]

    def layer_groups(self, site: str, *, beside: int = 0) -> list[list[int]]:
        """The layers of a site in groups whose clean states are held at once, or as many `beside` numbers a sample."""
        return self.states(site).groups(self.run.samples.sizes["sample"], beside)

    def drift(self, site: str) -> xr.DataArray:
        """(sample, condition, layer) cosine drift at a stored site, overlays split; the euclidean is made with it."""
        if site not in self._drift:
            both = self.states(site).measured(lambda *states: _cosine(*states) | _euclidean(*states))
            self._drift[site], self._lengths[site] = (
                self.split(self.of_samples(both[name])) for name in ("cosine", "euclidean")
            )
        return self._drift[site]

    def length(self, site: str) -> xr.DataArray:
        """(sample, condition, layer) euclidean drift at a stored site, overlays split; it is kept until it is given."""
        self.drift(site)
        if site in self._lengths:
            return self._lengths.pop(site)
        return self.split(self.of_samples(self.states(site).measured(_euclidean)["euclidean"]))

    def sample_pieces(
        self,
        site: str,
        layers: Sequence[int],
        *,
        of: NDArray[np.bool_] | None = None,
        conditions: slice = slice(None),
    ) -> Iterator[tuple[NDArray[np.intp], slice, xr.DataArray]]:
        """Places of samples and conditions, and the states of these, (sample, condition, layer, feature).

        Piece by piece; a site per image gives each sample its image's. `of` (sample) are those that are wanted.
        """
        answers, states = self.run.answers, self.states(site).lazy(layers)
        ids, images = answers.sample.values, answers.image.values
        row, own_row = str(states.dims[0]), images if states.dims[0] == "image" else ids
        row_of = states.indexes[row].get_indexer(own_row)
        wanted = np.ones(len(ids), np.bool_) if of is None else of
        for rows, columns, _, piece in self.states(site).pieces(layers, conditions=conditions):
            inside = np.flatnonzero(wanted & (row_of >= rows.start) & (row_of < rows.stop))
            for some in np.array_split(inside, max(1, -(-len(inside) // piece.shape[0]))):  # a state is many samples'
                of_some = piece.isel({row: xr.DataArray(row_of[some] - rows.start, dims="sample")})
                labelled = of_some.drop_vars(row, errors="ignore").assign_coords(sample=ids[some])
                yield some, columns, labelled.assign_coords(image=("sample", images[some]))

    def by_conditions(self, site: str, layer: int, rows: NDArray[np.intp]) -> Iterator[xr.DataArray]:
        """(condition, sample, feature) the states of some samples, in ascending order, under some conditions at a time.

        They are read once for as many conditions as are held together.
        """
        states, answers = self.states(site).lazy([layer]), self.run.answers
        features, count = states.sizes["feature"], states.sizes["condition"]
        of = np.zeros(len(answers.sample), np.bool_)
        of[rows] = True
        along = {"sample": answers.sample.values[rows], "image": ("sample", answers.image.values[rows])}
        for start in range(0, count, step := self.states(site).together(len(rows))):
            here = slice(start, min(start + step, count))
            held = np.full((here.stop - here.start, len(rows), features), np.nan, states.dtype)
            for samples, columns, piece in self.sample_pieces(site, [layer], of=of, conditions=here):
                held[columns, np.searchsorted(rows, samples)] = piece.isel(layer=0).transpose("condition", ...).values
            yield xr.DataArray(held, dims=("condition", "sample", "feature"), coords=along)

    def of_samples(self, states: xr.DataArray) -> xr.DataArray:
        """A site per image gives each sample its image's; every sample carries its image and what it was asked."""
        values = self.to_samples(states)
        values = values.assign_coords(question=("sample", self.asked), kind=("sample", self.kinds))
        return values.transpose("sample", ...)

    # what drift is measured against

    @cached_property
    def kinds(self) -> NDArray[Any]:
        """(sample) the kind of each question."""
        return self.run.samples.kind.values.astype(object)

    @cached_property
    def asked(self) -> NDArray[Any]:
        """(sample) what was asked, alike for samples that differ in their image (and in their options) alone."""
        fixed = self.run.plan.get("settings", {}).get("prompt")
        if isinstance(fixed, str) and fixed in prompts.FIXED:
            return np.full(self.run.samples.sizes["sample"], fixed, object)
        questions = self.run.samples.question.values
        under = [
            entries.get(prompts.ASKED_AS, "") for entries in self.run.sample_metadata
        ]  # where a run has several prompts
        asked = [f"{kind}: {text} {name}" for kind, text, name in zip(self.kinds, questions, under, strict=True)]
        return np.array([text.rstrip() for text in asked], object)

    @cached_property
    def recurring(self) -> NDArray[np.bool_]:
        """(sample) whether another image is asked the same."""
        images = self.run.answers.image.values.astype(str)
        by_question: dict[str, set[str]] = {}
        for question, image in zip(self.asked.tolist(), images.tolist(), strict=True):
            by_question.setdefault(question, set()).add(image)
        return np.array([len(by_question[question]) > 1 for question in self.asked.tolist()], np.bool_)

    @cached_property
    def sampling(self) -> str:
        """The control of the run, one for all sites and layers: another image under the same question.

        Where fewer than half of the samples have such a one, another image and question (HI's). Definitions, section 5.
        """
        _, same_prompt, _ = SAMPLINGS
        return same_prompt if self.recurring.mean() >= 0.5 else SAMPLINGS[0]

    @property
    def scale(self) -> str:
        """The distance that is 100 %, in words."""
        return SCALES[self.sampling]

    def control(self, site: str, *, sampling: str | None = None, metric: str = "cosine") -> xr.DataArray:
        """(sample, layer) mean distance of each clean state to unrelated ones; by default of the run's control."""
        return labels.mean(self.control_pairs(site, sampling=sampling, metric=metric), "pair")

    def control_pairs(self, site: str, *, sampling: str | None = None, metric: str = "cosine") -> xr.DataArray:
        """(sample, layer, pair) the same distances, unaveraged."""
        sampling = sampling or self.sampling
        key = f"{site} {sampling} {metric}"
        if key not in self._controls:
            parts = [self._control_pairs(site, layers, sampling, metric) for layers in self.layer_groups(site)]
            self._controls[key] = xr.concat(
                parts, "layer", coords="minimal", compat="override", combine_attrs="override"
            )
        return self._controls[key]

    def _control_pairs(self, site: str, layers: Sequence[int], sampling: str, metric: str) -> xr.DataArray:
        clean = self.clean_states(site, layers)
        if sampling not in self._drawn:
            self._drawn[sampling] = draw_for(clean, sampling=sampling, pairs=PAIRS, seed=self.seed, sample_dim="sample")
        return drift.control_pairs(
            clean, sampling=sampling, metric=metric, pairs=PAIRS, seed=self.seed, drawn=self._drawn[sampling]
        )

    @cached_property
    def primary_control(self) -> xr.DataArray:
        """(sample) the control of the states that stand for the model."""
        pairs = self._control_pairs(self.primary_site, [self.primary_layer], self.sampling, "cosine")
        return labels.mean(pairs, "pair").assign_attrs(pairs.attrs).isel(layer=0, drop=True)

    def is_perturbed(self, pairs: xr.DataArray) -> NDArray[np.bool_]:
        """(condition) whether a condition belongs to a perturbation: neither clean nor a control."""
        return np.isin(pairs.family.values.astype(str), self.unions[statistics.ALL])

    def perturbed(self, pairs: xr.DataArray) -> xr.DataArray:
        """The conditions of all perturbations, without controls."""
        return pairs.isel(condition=np.flatnonzero(self.is_perturbed(pairs)))

    def over_all(self, pairs: xr.DataArray) -> xr.DataArray:
        """(sample, ...) each sample's mean over all perturbations."""
        return statistics.per_sample(pairs, unions=self.unions).sel(family=statistics.ALL, drop=True)

    def stored(self, site: str) -> xr.Dataset:
        """Everything stored of a site, lazily, always with a `layer` axis."""
        if site not in self._stored:
            self._stored[site] = with_layers(self.run.site(site))
        return self._stored[site]

    def site_layers(self, site: str) -> list[str]:
        """The site at each of its stored layers, as a user would ask for it: `language.layers[4]:context_last`."""
        return self.states(site).names

    def by_site_layer(self, data: xr.Dataset, site: str) -> xr.Dataset:
        """(site_layer, ...) of what was computed for each layer of a site."""
        labels = {"site_layer": self.site_layers(site), "site": [site] * data.sizes["layer"]}
        numbers = {"layer_number": ("layer", data.layer.values)}
        data = data.drop_vars("layer").assign_coords({name: ("layer", each) for name, each in labels.items()} | numbers)
        return data.swap_dims(layer="site_layer").transpose("site_layer", ...)

    def along_site_layers(self, values: xr.DataArray, site: str) -> xr.DataArray:
        """(sample, site_layer) of (sample, layer) values at a site."""
        named = values.reset_coords(drop=True).assign_coords(layer=self.site_layers(site)).rename(layer="site_layer")
        answers = self.run.answers
        return named.assign_coords(sample=answers.sample.values, image=("sample", answers.image.values))

    # samples and conditions

    def with_kind(self, pairs: xr.DataArray) -> xr.DataArray:
        """The same, with the kind of each question along the samples."""
        return pairs.assign_coords(kind=("sample", self.kinds))

    def to_samples(self, values: xr.DataArray) -> xr.DataArray:
        """(image, ...) repeated for each sample of the image: (sample, ...); what is per sample stays as it is."""
        answers = self.run.answers
        if "image" in values.dims:
            rows = xr.DataArray(answers.image.values, dims="sample")
            values = values.sel(image=rows).drop_vars("image").assign_coords(sample=answers.sample)
        return values.assign_coords(image=("sample", answers.image.values))

    @cached_property
    def unions(self) -> Mapping[str, list[str]]:
        """The named unions of the run's families of perturbations."""
        return unions_of(self.run.conditions.family.values.tolist())

    # the one way to a number

    def by_family(self, reduction: statistics.Reduction, *pairs: xr.DataArray, within: str | None = None) -> xr.Dataset:
        """(family, ...) value with its interval, and counts: `statistics.by_family` with this run's unions and seed."""
        return statistics.by_family(reduction, *pairs, unions=self.unions, seed=self.seed, within=within)

    def values(self, reduction: statistics.Reduction, *pairs: xr.DataArray) -> xr.DataArray:
        """(family, ..., bound) of `by_family`, without the counts."""
        return self.by_family(reduction, *pairs).value

    def compared(self, name: str, reduction: statistics.Reduction, *pairs: xr.DataArray) -> dict[str, xr.DataArray]:
        """(family, ..., bound) of `by_family` under a name, with what `sentences.highest` needs beside it."""
        table = self.by_family(reduction, *pairs)
        beside = ("mean_of_families", *statistics.SIDES, "defined", "undefined")
        return {name: table.value} | {f"{name}_{each}": table[each] for each in beside}

    def interval(self, values: xr.DataArray) -> xr.DataArray:
        """(..., bound) mean over samples with its interval by image; of shares, see `rate`."""
        return self._bounded(values, lambda each, images: statistics.bootstrap(
            statistics.mean, each, cluster=images, seed=self.seed
        ))  # fmt: skip

    def rate(self, happened: xr.DataArray) -> xr.DataArray:
        """(..., bound) share over samples, of 0 and 1 and nan, with Wilson's interval on its effective number."""
        return self._bounded(happened, lambda each, images: statistics.rate(each, cluster=images))

    def resampled(self, statistic: statistics.Statistic, *arrays: xr.DataArray) -> xr.Dataset:
        """A statistic over samples, estimate (...) and draws (draw, ...) by image: what `statistics.leads` compares."""
        return statistics.resampled(statistic, *arrays, seed=self.seed)

    def _bounded(self, values: xr.DataArray, bounds: Callable[..., Any]) -> xr.DataArray:
        values = values.transpose("sample", ...)
        found = bounds(values.values, self.run.answers.image.values)
        kept = values.isel(sample=0, drop=True)
        index = xr.IndexVariable("bound", list(statistics.BOUNDS))
        return xr.concat([kept.copy(deep=False, data=np.asarray(bound)) for bound in found], index).transpose(
            ..., "bound"
        )


def _cosine(clean: xr.DataArray, states: xr.DataArray) -> Arrays:
    return {"cosine": drift.cosine(clean, states)}


def _euclidean(clean: xr.DataArray, states: xr.DataArray) -> Arrays:
    return {"euclidean": drift.euclidean(clean, states)}
