"""Hidden instability: what moves although the answer stays, and what goes with a flip."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from analyses import instability, statistics
from analyses.instability.neighbours import Yardstick

from .analysis import Analysis, Chart, percent
from .evidence import Evidence
from .sentences import Number, Sentence, highest, said, say, share

QUANTILES = instability.QUANTILES
ANSWERS = ("any", "same", "other")
"""Which unrelated pairs make the yardstick: all, those with the same clean answer, those with another."""

Verdicts = dict[str, xr.DataArray]
"""By site, (sample, condition, layer) a small number for each pair, which `CODES` explains."""

UNKNOWN = -1
CODES = {"nearer": (1, 2), "harmless": (1,), "dangerous": (2,)}
"""0: nearer to its own clean state; 1, 2: to that of another image with the same answer, with another."""


def compute(evidence: Evidence) -> xr.Dataset | None:
    """(site_layer, family, bound) what hides behind answers that stay, and how well drift and margins go with flips.

    nearer: nearer to another image's clean state than to its own, harmless or dangerous by that image's answer; hidden
    (answers, quantile): beyond the nearest unrelated pairs.
    """
    if not evidence.flipped.notnull().any():
        return None
    verdicts = {site: verdicts_at(evidence, site) for site in evidence.run.sites}
    parts = [at_site(evidence, site, verdict) for site, verdict in verdicts.items()]
    data = xr.concat(parts, "site_layer", join="outer")
    eroded = evidence.by_family(statistics.SHARE, instability.eroded_pairs(evidence.erosion, evidence.flipped))
    data = data.assign(eroded=eroded.value, eroded_kept=eroded.defined).merge(predictors(evidence))
    return data.assign(compared_sites(evidence, verdicts, data)).assign_attrs(
        site_layer=evidence.primary, scale=evidence.scale, others=f"{others(evidence):.0f}"
    )


def others(evidence: Evidence) -> float:
    """How many other samples, of other images, are asked the same as a sample, on average."""
    asked, images = evidence.asked.tolist(), evidence.run.answers.image.values.tolist()
    of_question, of_both = Counter(asked), Counter(zip(asked, images, strict=True))
    counts = [of_question[one] - of_both[one, image] for one, image in zip(asked, images, strict=True)]
    return float(np.mean(counts))


def at_site(evidence: Evidence, site: str, verdict: xr.DataArray) -> xr.Dataset:
    """What hides behind answers that stay, and how well drift and the change of energy go with flips, of one site."""
    moved, control, stored = evidence.drift(site), evidence.control_pairs(site), evidence.stored(site)
    energy = stored.dirichlet.load() if "dirichlet" in stored else None
    parts: list[xr.Dataset] = []
    for place in range(moved.sizes["layer"]):  # one layer after another: what is made of it is some times as large
        here = {"layer": [place]}
        of_energy = None if energy is None else energy.isel(here)
        parts.append(at_layer(evidence, moved.isel(here), control.isel(here), of_energy))
    data = xr.concat(parts, "layer", coords="minimal", compat="override").assign(nearer(evidence, verdict))
    return evidence.by_site_layer(data.reset_coords(drop=True), site)


def at_layer(evidence: Evidence, moved: xr.DataArray, control: xr.DataArray, energy: xr.DataArray | None) -> xr.Dataset:
    """(layer, ...) what lies beyond control, and how well drift and the change of energy go with flips."""
    beyond = [
        instability.beyond_nearest(
            moved,
            control.where(own),
            evidence.flipped,
            unions=evidence.unions,
            seed=evidence.seed,
        )
        for own in by_answer(evidence, control)
    ]
    data = xr.concat(beyond, xr.IndexVariable("answers", list(ANSWERS)))
    data = data.assign(_goes_with(evidence, "drift", moved))
    data = data.assign(out_of_family(evidence, moved))
    if energy is not None:
        change = evidence.split(evidence.to_samples(energy - energy.sel(condition="clean", drop=True)))
        data = data.assign(_goes_with(evidence, "energy_change", change))
        data = data.assign(_goes_with(evidence, "energy_change_size", abs(change)))
    return data.reset_coords(drop=True)


def nearer(evidence: Evidence, codes: xr.DataArray) -> dict[str, xr.DataArray]:
    """(family, layer, bound) shares of the kept answers whose state is nearer to another image's than to its own."""
    parts = [_nearer_at(evidence, codes.isel(layer=place)) for place in range(codes.sizes["layer"])]
    data = xr.concat(parts, codes.layer)
    return {str(name): values.transpose("family", "layer", ...) for name, values in data.data_vars.items()}


def _nearer_at(evidence: Evidence, codes: xr.DataArray) -> xr.Dataset:
    """(family, bound) of one layer."""
    pairs = decoded(evidence, codes.drop_vars("layer"))
    tables = {name: evidence.by_family(statistics.SHARE, each) for name, each in pairs.items()}
    made = {str(name): table.value for name, table in tables.items()}
    beside = {f"{name}_mean_of_families": table["mean_of_families"] for name, table in tables.items()}
    return xr.Dataset(made | beside | {"nearer_kept": tables["nearer"].defined})


def verdicts_at(
    evidence: Evidence, site: str, layers: list[int] | None = None, *, of: NDArray[np.bool_] | None = None
) -> xr.DataArray:
    """(sample, condition, layer) whether a kept answer's state is nearer to another image's: a place in `CODES`.

    At these layers alone where some are given, and of these samples, set against all; the others stay unknown.
    """
    clean_text = evidence.given_text.sel(condition="clean", drop=True)
    answer = xr.DataArray(clean_text.values.astype(str), dims="sample", coords={"sample": clean_text.sample.values})
    groups = evidence.layer_groups(site) if layers is None else [layers]
    wanted = np.ones(answer.sizes["sample"], np.bool_) if of is None else of
    parts = [_codes(evidence, site, group, answer, wanted) for group in groups]
    return xr.concat(parts, "layer", coords="minimal", compat="override")


def _codes(
    evidence: Evidence, site: str, layers: list[int], answer: xr.DataArray, wanted: NDArray[np.bool_]
) -> xr.DataArray:
    flipped, clean = evidence.unsplit_flipped, evidence.clean_states(site, layers)
    yardstick = Yardstick.of(clean, answer)
    found = np.full((*flipped.shape, len(layers)), UNKNOWN, np.int8)
    for samples, conditions, piece in evidence.sample_pieces(site, layers, of=wanted):
        verdict = yardstick.verdicts(piece, flipped[samples, conditions])
        code = verdict.nearer + verdict.dangerous
        found[samples, conditions] = code.transpose("sample", "condition", "layer").fillna(UNKNOWN)
    like = flipped.expand_dims(layer=layers).transpose("sample", "condition", "layer")
    return like.copy(deep=False, data=found)


def decoded(evidence: Evidence, codes: xr.DataArray) -> dict[str, xr.DataArray]:
    """(sample, condition, ...) of 0 and 1 from places in `CODES`; overlays split."""
    known = codes != UNKNOWN
    return {name: evidence.split(codes.isin(held).astype(np.float64).where(known)) for name, held in CODES.items()}


def by_answer(evidence: Evidence, control: xr.DataArray) -> tuple[xr.DataArray, ...]:
    """(sample, pair) which control pairs count: all, those with the same clean answer, those with another."""
    texts = dict(
        zip(
            evidence.run.answers.sample.values.tolist(),
            evidence.given_text.sel(condition="clean").values.tolist(),
            strict=True,
        )
    )
    own = np.array([texts[name] for name in control.sample.values.tolist()], object)
    other = np.array([[texts.get(name, "") for name in row] for row in control.other.values.tolist()], object)
    same = xr.DataArray(own[:, None] == other, dims=("sample", "pair"), coords={"sample": control.sample.values})
    return same | True, same, ~same


def predictors(evidence: Evidence) -> xr.Dataset:
    """(predictor) AUROC and average precision of margin erosion and of a small clean margin."""
    scores = {
        "margin_erosion": evidence.perturbed(evidence.erosion),
        "small_clean_margin": -evidence.margin.sel(condition="clean", drop=True),
    }
    flipped = evidence.perturbed(evidence.flipped)
    tables = [
        instability.predicts_flip(score, flipped, cluster="image", seed=evidence.seed) for score in scores.values()
    ]
    return xr.concat(tables, xr.IndexVariable("predictor", list(scores)))


def out_of_family(evidence: Evidence, moved: xr.DataArray) -> dict[str, xr.DataArray]:
    """(layer, bound) how well a sample's drift under all other families tells its flips within one, on average."""
    elsewhere = instability.out_of_family(evidence.perturbed(moved))
    table = instability.predicts_flip_within(elsewhere, evidence.perturbed(evidence.flipped), seed=evidence.seed)
    return {"out_of_family_auroc": table.mean_auroc, "out_of_family_auroc_by_family": _all_families(evidence, table)}


def _all_families(evidence: Evidence, table: xr.Dataset) -> xr.DataArray:
    # clean, controls and unions have none: they take part in no ranking
    families = [*dict.fromkeys(evidence.flipped.family.values.tolist()), *evidence.unions]
    return table.auroc.reindex(family=families)


def _goes_with(evidence: Evidence, name: str, score: xr.DataArray) -> dict[str, xr.DataArray]:
    table = instability.predicts_flip(
        evidence.perturbed(score), evidence.perturbed(evidence.flipped), cluster="image", seed=evidence.seed
    )
    return {f"{name}_{quantity}": values for quantity, values in table.data_vars.items()}


def compared_sites(evidence: Evidence, verdicts: Verdicts, data: xr.Dataset) -> dict[str, xr.DataArray]:
    """(site_layer, bound) nearer to another image, over all perturbations, sites and layers compared."""
    counted: dict[str, list[xr.DataArray]] = {"cases": [], "trials": []}
    for site, codes in verdicts.items():
        layers = [_counts(evidence, codes.isel(layer=place)) for place in range(codes.sizes["layer"])]
        for name, each in zip(counted, zip(*layers, strict=True), strict=True):
            counted[name].append(
                evidence.along_site_layers(xr.concat(each, codes.layer).transpose("sample", ...), site)
            )
    sums = [xr.concat(each, "site_layer") for each in counted.values()]
    lead = statistics.leads(evidence.resampled(statistics.ratio, *sums), "site_layer")
    overall = data.nearer.sel(family=statistics.ALL, drop=True)
    return {"overall": overall} | {f"overall_{side}": lead[side] for side in statistics.SIDES}


def _counts(evidence: Evidence, codes: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """(sample) of one layer: pairs under perturbations that are nearer to another image's, and all kept ones."""
    nearer = evidence.perturbed(decoded(evidence, codes.drop_vars("layer"))["nearer"])
    cases, trials = (pairs.sum("condition").astype(np.float64) for pairs in (nearer, nearer.notnull()))
    return cases, trials


def bounds(data: xr.Dataset, name: str) -> xr.DataArray:
    """(..., bound) of a quantity that lies in three variables."""
    parts = [data[name], data[f"{name}_low"], data[f"{name}_high"]]
    return xr.concat(parts, xr.IndexVariable("bound", list(statistics.BOUNDS))).transpose(..., "bound")


def finding(data: xr.Dataset) -> Sequence[Sentence]:
    """Where most is hidden, whether margins shrink behind answers that stay, and what goes with a flip."""
    return said(*hidden(data), eroded(data), *readout(data))


def hidden(data: xr.Dataset) -> Sequence[Sentence | None]:
    """Where states go over to another image's behind answers that stay; without a recurring question, beyond which."""
    most = highest(data, "overall", "site_layer")
    if most is None:
        here = data.sel(
            family=statistics.ALL, site_layer=data.attrs["site_layer"], answers="any", quantile=QUANTILES[0]
        )
        return (
            say(
                data,
                "Hidden: of {kept} answers that stayed under perturbations, {beyond} have a state at {site} "
                "that moved farther than the nearest {q} % of unrelated pairs lie apart.",
                kept=f"{int(here.kept):,}",
                beyond=share(here.hidden, here.kept),
                site=data.attrs["site_layer"],
                q=f"{100 * QUANTILES[0]:.0f}",
            ),
        )
    here = data.sel(family=statistics.ALL, site_layer=most.label)
    return (
        say(
            data,
            "Hidden: of {kept} answers that stayed under perturbations, to questions asked of several images, {nearer} "
            "have a state at {site} that is nearer to some other image's clean state under the same question than to "
            "its own, {word} of all sites and layers{standing}: {harmless} to one with the same answer, {dangerous} to "
            "one with another. For reference, an unmoved state gives 0{ceiling}.",
            kept=f"{int(here.nearer_kept):,}",
            nearer=share(most.values, here.nearer_kept),
            site=most.label,
            word=most.named("the most", "the highest share"),
            standing=most.standing,
            harmless=share(here.harmless),
            dangerous=share(here.dangerous),
            ceiling=ceiling(data, most.label),
        ),
    )


def ceiling(data: xr.Dataset, site_layer: str) -> str:
    """What another image gives, where the run has it."""
    if "another_image" not in data.family.values:
        return ""
    other = share(data.nearer.sel(site_layer=site_layer, family="another_image"))
    return f", another image {other}" if other.is_said else ""


def eroded(data: xr.Dataset) -> Sentence | None:
    """Whether margins shrink behind answers that stay, more often than they grow."""
    here = data.sel(family=statistics.ALL)
    return say(
        data,
        "Of {kept} answers that stayed under perturbations, {eroded} have a smaller margin than on the clean image; by "
        "chance half would.",
        kept=f"{int(here.eroded_kept):,}",
        eroded=share(here.eroded, here.eroded_kept),
    )


def readout(data: xr.Dataset) -> Sequence[Sentence | None]:
    """How well drift goes with flips, read from the same forward; and what tells them beforehand."""
    area = bounds(data, "drift_auroc")
    middle = area.sel(bound="estimate")
    if not np.isfinite(middle).any():
        return ()
    best = area.isel(site_layer=int(middle.argmax("site_layer", skipna=True)))
    flips = int(data.drift_flips.sel(site_layer=best.site_layer))
    return (
        say(
            data,
            "Readout, not prediction: drift at {site}, the highest of all sites and layers, separates {flips} flips "
            "from the answers that stayed in the same forwards with AUROC {area}. A sample's drift under all other "
            "families separates its flips within one family with {elsewhere} (mean over families), a small margin "
            "on the clean image those of all pairs with {margin}.",
            site=str(best.site_layer.item()),
            flips=f"{flips:,}",
            area=Number(best, cases=flips),
            elsewhere=Number(data.out_of_family_auroc.sel(site_layer=best.site_layer)),
            margin=Number(bounds(data, "auroc").sel(predictor="small_clean_margin")),
        ),
    )


def figure(data: xr.Dataset) -> "Chart | None":
    """What is nearer to another image behind answers that stay: by family, and where in the model."""
    from ..figures import heat_maps, intervals, stacked

    here = data.sel(site_layer=data.attrs["site_layer"])
    by_family = intervals.chart(
        {"harmless": here.harmless, "dangerous": here.dangerous},
        along="family",
        axis="answers that stayed, state nearer to another image [%]",
        about="Shares of unchanged answers whose state is nearer to another image, with the same answer (harmless) or "
        "another (dangerous), by family, with 95 % intervals.",
        scale=100,
        unions=data.attrs["unions"],
        without=("clean",),
    )
    if data.sizes["site_layer"] < 2:
        return by_family
    by_site = heat_maps.chart(
        data.nearer,
        legend="nearer to another image [%]",
        about="The same share, harmless and dangerous together, by site, layer and family.",
        scale=100,
        without=("clean",),
    )
    return stacked.chart(by_family, by_site)


ANALYSIS = Analysis(
    name="instability",
    title="Hidden instability at {site_layer}",
    meaning="Of the answers that stayed: nearer to another image's clean state, one of {others} under the same "
    "question on average, than to its own (an unmoved state: 0), harmless where that image has the same answer, "
    f"dangerous where another; beyond the nearest {100 * QUANTILES[0]:.0f} % of unrelated pairs with another "
    f"answer; eroded, whose margin shrank (50 % by chance).",
    needs=("given", "states"),
    compute=compute,
    columns=(
        percent("nearer", "nearer to another"),
        percent("harmless", "harmless"),
        percent("dangerous", "dangerous"),
        percent("hidden", "beyond", at={"quantile": QUANTILES[0], "answers": "other"}),
        percent("eroded", "eroded"),
    ),
    finding=finding,
    figure=figure,
    hidden_rows=("clean",),
)
