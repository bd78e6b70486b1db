"""What families do to the pictures and to the roughness of tokens, over all pairs and where answers stayed or flipped.

Recomputed from the raw store with numpy and scipy, in loops.
"""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import pearsonr
from shared_run import SEED, Analysed

from analyses import statistics
from probe.results import ANALYSES, Evidence, Result, analyze
from stores import Run, open_run

SITE = "vision.layers[*]:patches"
FAMILIES = ("gaussian_noise", "low_light", "low_pass", "text_overlay.empty", "white")


@pytest.fixture(scope="module")
def run(analysed: Analysed) -> Run:
    return open_run(analysed.path)


@pytest.fixture(scope="module")
def pixels(run: Run) -> xr.Dataset:
    return run.result("pixel_spectrum")


@pytest.fixture(scope="module")
def energies(run: Run) -> xr.Dataset:
    return run.result("dirichlet")


class Raw:
    """The store's arrays as numpy arrays, by sample: what the loops below read."""

    def __init__(self, run: Run) -> None:
        answers = run.answers
        rows = [list(run.images.image.values).index(name) for name in answers.image.values]
        self.families = run.conditions.family.values
        self.images = answers.image.values
        scores = np.where(np.isnan(answers.log_likelihood.values), -np.inf, answers.log_likelihood.values)
        choice = scores.argmax(axis=-1)
        self.flipped = choice != choice[:, :1]
        power = run.pictures.band_power.values.astype(float).mean(axis=2)[rows]
        self.band_change = power / power[:, :1] - 1  # (sample, condition, band)
        energy = run.site(SITE).dirichlet.values.astype(float)[rows]
        self.energy_change = energy - energy[:, :1]  # (sample, condition, layer)

    def of(self, family: str, values: np.ndarray, where: np.ndarray | None = None) -> float:
        """Mean over samples of each sample's mean over the family's conditions that count."""
        of_samples = []
        for sample in range(len(values)):
            counted = [
                values[sample, k] for k in np.flatnonzero(self.families == family) if where is None or where[sample, k]
            ]
            if counted:
                of_samples.append(np.mean(counted))
        return float(np.mean(of_samples)) if of_samples else float("nan")


@pytest.fixture(scope="module")
def raw(run: Run) -> Raw:
    return Raw(run)


@pytest.mark.parametrize("family", FAMILIES)
def test_bands_of_pictures_change_as_recomputed_over_all_pairs_and_over_flips(
    family: str, pixels: xr.Dataset, raw: Raw
) -> None:
    for number, band in enumerate(("low", "middle", "high")):
        here = pixels.sel(family=family, band=band)
        change = raw.band_change[..., number]
        assert here.relative_change.sel(bound="estimate").item() == pytest.approx(raw.of(family, change), abs=1e-5)
        assert here.of_flips.sel(bound="estimate").item() == pytest.approx(
            raw.of(family, change, raw.flipped), abs=1e-5, nan_ok=True
        )
        assert here.pairs.item() == (raw.families == family).sum() * len(change)
    assert pixels.flips.sel(family=family).item() == raw.flipped[:, raw.families == family].sum()


def test_some_families_flip_and_where_none_does_the_change_of_flips_is_undefined(pixels: xr.Dataset, raw: Raw) -> None:
    assert raw.flipped.any()
    without = pixels.flips.values == 0
    assert without.any(), "clean never flips"
    assert pixels.of_flips.isel(family=without).isnull().all()
    assert pixels.of_flips.isel(family=~without).sel(bound="estimate").notnull().all()


def test_a_blur_empties_the_high_band_and_noise_fills_it(pixels: xr.Dataset) -> None:
    high = pixels.relative_change.sel(band="high", bound="estimate")
    assert high.sel(family="gaussian_noise") > 0
    assert high.sel(family="white").item() == pytest.approx(-1, abs=1e-3), "a flat picture has nothing but its mean"
    assert pixels.relative_change.sel(family="clean", bound="estimate").values.tolist() == [0, 0, 0]


def test_the_change_of_energy_is_recomputed_where_answers_stayed_and_where_they_flipped(
    energies: xr.Dataset, raw: Raw
) -> None:
    layer = energies.sel(site_layer="vision.layers[0]:patches")
    for family in FAMILIES:
        here, change = layer.sel(family=family), raw.energy_change[..., 0]
        assert here.change.sel(bound="estimate").item() == pytest.approx(raw.of(family, change), rel=1e-4, abs=1e-6)
        for answer, chosen in (("kept", ~raw.flipped), ("flipped", raw.flipped)):
            part = here.sel(answer=answer)
            expected = raw.of(family, change, chosen)
            found = part.change_by_answer.sel(bound="estimate").item()
            assert found == pytest.approx(expected, rel=1e-4, abs=1e-6, nan_ok=True)
            assert part.pairs_by_answer.item() == chosen[:, raw.families == family].sum()
        assert here.pairs_by_answer.sum() == (raw.families == family).sum() * len(change), "no pair is dropped"


def test_correlations_over_pairs_are_scipys(energies: xr.Dataset, raw: Raw, run: Run) -> None:
    evidence = Evidence(run, seed=SEED)
    drift = evidence.primary_drift.sel(condition=run.conditions.condition.values).values
    layer = energies.sel(site_layer="vision.layers[0]:patches")
    for family in ("gaussian_noise", "low_light", "low_pass"):
        own = raw.families == family
        x = raw.energy_change[:, own, 0]
        for covariate, y in (("drift", drift[:, own]), ("pixels_high", raw.band_change[:, own, 2])):
            r = layer.pair_correlation.sel(family=family, covariate=covariate, bound="estimate").item()
            assert r == pytest.approx(pearsonr(x.ravel(), y.ravel()).statistic, abs=1e-4)
            for answer, chosen in (("kept", ~raw.flipped[:, own]), ("flipped", raw.flipped[:, own])):
                part = layer.pair_correlation_by_answer.sel(
                    family=family, covariate=covariate, answer=answer, bound="estimate"
                ).item()
                if chosen.sum() >= 3:
                    assert part == pytest.approx(pearsonr(x[chosen], y[chosen]).statistic, abs=1e-4)
                else:
                    assert np.isnan(part)


def test_controls_have_no_correlation_and_change_none(energies: xr.Dataset) -> None:
    assert energies.pair_correlation.sel(family="white").isnull().all()
    assert "white" not in energies.attrs["unions"][statistics.ALL]
    assert energies.pair_correlation.sel(family=statistics.ALL, bound="estimate").notnull().all()


def test_columns_of_a_band_have_the_mean_of_the_families_below_a_union(pixels: xr.Dataset) -> None:
    result = Result(ANALYSES["pixel_spectrum"], pixels)
    families = pixels.attrs["unions"][statistics.ALL]
    mean = pixels.relative_change.sel(family=families, band="middle", bound="estimate").mean().item()
    cells = dict(result.rows)[f"{statistics.ALL}: mean of families"]
    assert cells[result.headings.index("middle %") - 1].estimate == f"{100 * mean:.1f}"


def test_rounding_of_what_is_stored_is_no_change_and_goes_with_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = Evidence(run, seed=SEED)
    power = run.pictures.band_power.load()
    noise = 1 + 2e-7 * np.random.default_rng(0).uniform(-1, 1, power.shape)
    still = power.copy(data=np.repeat(power.sel(condition="clean").values[:, None], power.sizes["condition"], axis=1))
    rounded = (still * noise).where(power.condition != "clean", power)
    monkeypatch.setitem(vars(run), "pictures", xr.Dataset({"band_power": rounded}))
    found, energy = sorted(analyze(evidence, ["pixel_spectrum", "dirichlet"]), key=lambda result: result.name)[::-1]
    assert (found.data.relative_change.sel(bound="estimate") == 0).all()
    assert (found.data.change.sel(bound="estimate") == 0).all()
    assert energy.data.pair_correlation.sel(covariate="pixels_high").isnull().all()


def test_a_run_without_band_power_says_how_to_get_it_and_is_analysed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = Evidence(run, seed=SEED)
    monkeypatch.setitem(vars(run), "pictures", xr.Dataset())
    with pytest.raises(ValueError, match=r"needs the band power of the pictures.*Extract it again"):
        analyze(evidence, ["pixel_spectrum"])
    (energy,) = analyze(evidence, ["dirichlet"])
    assert energy.data.pair_correlation.sel(covariate="pixels_high").isnull().all()
    assert energy.data.pair_correlation.sel(covariate="drift", family="gaussian_noise").notnull().all()
