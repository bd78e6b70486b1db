"""`probe compare` on runs made from Mireku et al.'s tables: its relative mCE is that of Table 4, its CE of Table 5.

Table 4 holds ratios of mCEs that were rounded to three digits in Table 3. TOTALS are whole numbers of wrong answers
whose mCEs round to Table 3 and whose ratios round to Table 4, both to the printed digit, in all 16 cells: the smallest
for which there are such (found by trying every total of the reference that four corruptions divide).
"""

from pathlib import Path

import error_runs
import pytest
import xarray as xr
from transcribed import table

from probe import comparison
from probe.comparison import mce_by_model, mean_corruption_errors, severity_crossovers

DATASETS = ("GQA", "VQAv2", "TextVQA", "MMBench")
PAIRS = {
    "P0": ("IVL-SFT", "IVL-MPO"),
    "P1": ("QW-base", "QW-inst"),
    "P2": ("G4B-pt", "G4B-it"),
    "P3": ("G7B-pt", "G7B-it"),
}
CORRUPTIONS = ("gaussian_noise", "defocus_blur", "brightness", "jpeg_compression")
SEVERITIES = (1, 3, 5)
SIZE = 150
TOTALS = {
    "IVL-SFT": {"GQA": 928, "VQAv2": 816, "TextVQA": 664, "MMBench": 632},
    "IVL-MPO": {"GQA": 770, "VQAv2": 938, "TextVQA": 667, "MMBench": 894},
    "QW-base": {"GQA": 1456, "VQAv2": 1573, "TextVQA": 793, "MMBench": 1534},
    "QW-inst": {"GQA": 785, "VQAv2": 981, "TextVQA": 712, "MMBench": 763},
    "G4B-pt": {"GQA": 1147, "VQAv2": 1680, "TextVQA": 931, "MMBench": 521},
    "G4B-it": {"GQA": 873, "VQAv2": 1571, "TextVQA": 660, "MMBench": 618},
    "G7B-pt": {"GQA": 965, "VQAv2": 1095, "TextVQA": 938, "MMBench": 897},
    "G7B-it": {"GQA": 1126, "VQAv2": 1533, "TextVQA": 750, "MMBench": 1256},
}
"""Wrong answers of each model under the four corruptions at three severities, of 12 x 150."""
HALF = 0.0005


def spread(total: int, parts: int, tilt: int = 0) -> list[int]:
    """Whole numbers that add up to the total, even but for `tilt` moved from the last to the first."""
    each = [total // parts + (k < total % parts) for k in range(parts)]
    each[0], each[-1] = each[0] + tilt, each[-1] - tilt
    return each


def wrong(model: str, dataset: str) -> dict[str, int]:
    """How many answers are wrong under each condition: the reference errs evenly, the others more under some."""
    tilt = 0 if model == "IVL-SFT" else 20
    of_corruptions = spread(TOTALS[model][dataset], 4, tilt)
    counts = {"clean": 30}
    for name, total in zip(CORRUPTIONS, of_corruptions, strict=True):
        counts |= {f"{name}:{s}": count for s, count in zip(SEVERITIES, spread(total, 3), strict=True)}
    return counts


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> comparison.Comparison:
    folder = tmp_path_factory.mktemp("runs")
    paths = [
        error_runs.make(folder / model, {name: wrong(model, name) for name in DATASETS}, size=SIZE, samples_of_image=5)
        for model in TOTALS
    ]
    pairs = ",".join("=".join(pair) for pair in PAIRS.values())
    return comparison.compare(paths, pairs=pairs, reference=folder / "IVL-SFT")


def by_pair(data: xr.Dataset, name: str) -> xr.DataArray:
    found = data[name].sel(bound="estimate", pair=[f"{base} → {aligned}" for base, aligned in PAIRS.values()])
    return found.assign_coords(pair=list(PAIRS))


def test_the_mce_of_the_runs_rounds_to_table_3(compared: comparison.Comparison) -> None:
    made = mce_by_model.compute(compared)
    assert made is not None
    printed = table("ac_3_mce", "model", "dataset", value="mce").sel(dataset=list(DATASETS), model=list(TOTALS))
    ours = made.mce.sel(bound="estimate", dataset=list(DATASETS)).rename(run="model").sel(model=list(TOTALS))
    assert ours.size == 32
    assert float(abs(ours - printed).max()) < HALF


def test_relative_mce_is_that_of_table_4_in_sixteen_of_sixteen_cells(compared: comparison.Comparison) -> None:
    made = mean_corruption_errors.compute(compared)
    assert made is not None
    ours = by_pair(made, "relative_mce_global")
    printed = table("ac_4_relative_mce", "pair", "dataset", value="rel_mce")
    cells = abs(ours.sel(dataset=list(DATASETS)) - printed.sel(dataset=list(DATASETS))) < HALF
    assert cells.size == 16
    assert cells.all()
    # its macro is the mean of the four ratios: of rounded ones up to half a digit off
    assert (abs(ours.sel(dataset="macro") - printed.sel(dataset="Macro")) < 2 * HALF).all()


def test_within_the_pair_the_relative_mce_is_another_number(compared: comparison.Comparison) -> None:
    made = mean_corruption_errors.compute(compared)
    assert made is not None
    ours = by_pair(made, "relative_mce_within_pair")
    # P1 on GQA: four corruptions of QW-inst over QW-base. 785 = 197 + 196 + 196 + 196, 1456 = 4 * 364, 20 moved
    expected = (217 / 384 + 196 / 364 + 196 / 364 + 176 / 344) / 4
    assert ours.sel(pair="P1", dataset="GQA").item() == pytest.approx(expected)
    # the reference errs evenly: P0's two readings are one number
    both = by_pair(made, "relative_mce_global").sel(pair="P0", dataset="GQA").item()
    assert ours.sel(pair="P0", dataset="GQA").item() == pytest.approx(both)
    assert abs(ours - by_pair(made, "relative_mce_global")).sel(pair="P1", dataset="GQA").item() > 1e-4


def test_accuracies_of_table_6_give_the_ce_of_table_5_and_its_reversal(tmp_path: Path) -> None:
    accuracy = table("ac_6_accuracy_by_severity", "corruption", "severity", "role", value="accuracy")
    paths = []
    for role in ("B", "A"):
        counts = {"clean": 4}
        for name in CORRUPTIONS:
            for step in SEVERITIES:
                counts[f"{name}:{step}"] = round(
                    10 * (1 - accuracy.sel(corruption=name, severity=step, role=role).item())
                )
        paths.append(error_runs.make(tmp_path / role, {"GQA": counts}, size=10))
    compared = comparison.compare(paths)
    printed = table("ac_5_ce_gqa", "row", "role", value="ce", pair="P0").sel(role="A")
    ours = compared.pair_ce.estimate.squeeze(("pair", "dataset"), drop=True)
    for name in CORRUPTIONS:
        assert abs(ours.sel(corruption=name).item() - printed.sel(row=name).item()) <= HALF
    curves = severity_crossovers.compute(compared)
    assert curves is not None
    crossover = curves.crossover.squeeze(("pair", "dataset"), drop=True)
    # defocus blur: the aligned model is 30 points better at severity 1 and 20 worse at 5
    assert crossover.sel(corruption="defocus_blur").item() == 5
    assert crossover.drop_sel(corruption="defocus_blur").isnull().all()
