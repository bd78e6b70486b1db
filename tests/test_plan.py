"""The plan: what a run will do, known before any weights are read."""

import json
from dataclasses import replace
from pathlib import Path

import picture_set
import pytest
import tiny
from tiny.llava import GRID, IMAGE_TOKENS, LANGUAGE_LAYERS

from probe.extraction.execution import Execution
from probe.extraction.plan import Plan, differences
from probe.extraction.run import prepare
from probe.extraction.settings import Settings


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    dataset = picture_set.write(tmp_path_factory.mktemp("set"), images=5)
    return Settings(model=str(tiny.checkpoint("llava")), dataset=str(dataset), perturb=("driving",), dtype="float32")


def plan(settings: Settings) -> Plan:
    return prepare(settings, Execution(device="cpu"))[0]


def test_a_plan_counts_images_samples_conditions_and_forwards(settings: Settings) -> None:
    made = plan(settings)
    assert (len(made.dataset.images), len(made.dataset.samples), len(made.conditions)) == (5, 10, 10)
    assert made.vision_forwards == 5 * 10
    assert made.naive_forwards == (5 * 3 + 5 * 2) * 10  # three options, and two, an image


def test_default_sites_are_vision_projector_and_the_last_context_state(settings: Settings) -> None:
    assert [site.slug for site in plan(settings).sites] == [
        "vision.layers-patches",
        "projector-patches",
        "language.layers-context_last",
    ]
    assert plan(settings).layout.sites[0].tokens == IMAGE_TOKENS == GRID[1] * GRID[2]
    assert plan(settings).layout.sites[2].layers == (LANGUAGE_LAYERS,)


def test_a_contrastive_model_has_sites_of_its_own(settings: Settings) -> None:
    made = plan(replace(settings, model=str(tiny.checkpoint("clip"))))
    assert [site.canonical for site in made.sites] == ["vision.layers[3]:patches", "vision:pooled"]


def test_answers_alone_keep_no_sites(settings: Settings) -> None:
    assert plan(replace(settings, keep="answers")).sites == ()


def test_keeping_tokens_costs_what_the_layout_says(settings: Settings) -> None:
    pooled, tokens = plan(settings), plan(replace(settings, keep="tokens"))
    raw = sum(5 * 10 * IMAGE_TOKENS * site.features * 4 for site in tokens.sites if site.has_tokens)
    assert tokens.layout.bytes_on_disk() - pooled.layout.bytes_on_disk() >= raw


def test_the_same_settings_give_the_same_plan(settings: Settings) -> None:
    assert plan(settings).record == plan(settings).record
    assert json.loads(json.dumps(plan(settings).record)) == plan(settings).record


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"perturb": ("motion_blur.horizontal",)},
        {"limit": 3},
        {"keep": "tokens"},
        {"prompt": "open"},
        {"sites": ("projector:mean",)},
        {"max_new_tokens": 8},
    ],
)
def test_every_setting_that_changes_numbers_changes_the_plan(settings: Settings, change: dict[str, object]) -> None:
    assert plan(settings).hash != plan(replace(settings, **change)).hash


def test_a_changed_picture_or_question_changes_the_plan(settings: Settings, tmp_path: Path) -> None:
    lines = picture_set.lines(5)
    lines[0]["question"] = "What is this?"
    other = picture_set.write(tmp_path, images=5, samples=lines)
    assert plan(replace(settings, dataset=str(other))).dataset.fingerprint != plan(settings).dataset.fingerprint


def test_differences_name_the_setting_and_both_values(settings: Settings) -> None:
    lines = differences(plan(settings).record, plan(replace(settings, seed=7)).record)
    assert lines == ["settings.seed: the run has 0, you asked for 7"]


def test_blocks_shrink_where_activations_are_large(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.extraction.plan.BLOCK_BYTES", 15_000)
    assert plan(settings).layout.block_size == 2  # 16 tokens x (32 + 64) features x 4 bytes and one vector: 6.4 kB
    monkeypatch.setattr("probe.extraction.plan.BLOCK_BYTES", 1)
    assert plan(settings).layout.block_size == 1


def test_planning_reads_no_weights(settings: Settings, tmp_path: Path) -> None:
    import shutil

    bare = tmp_path / "bare"
    shutil.copytree(tiny.checkpoint("llava"), bare, ignore=shutil.ignore_patterns("*.safetensors"))
    assert plan(replace(settings, model=str(bare))).vision_forwards == 50
