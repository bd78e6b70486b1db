"""The embedded checkpoints and the script that makes them."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoModelForImageTextToText, AutoProcessor, CLIPModel

from probe.pocket import NAMES, contrast, dpo, evaluate, gallery, path, segformer, tokenizer, vlm, world
from probe.pocket.cards import Card
from probe.pocket.evaluate import Loaded
from probe.pocket.figures import precision, share
from probe.pocket.packing import Packer, Reader
from probe.pocket.questions import ask, facts
from probe.pocket.schedule import Schedule
from probe.prompts import render

SCENES = 24


@pytest.fixture(scope="module")
def held_out() -> tuple:
    return evaluate.evaluation_set(SCENES)


@pytest.fixture(scope="module")
def base() -> Loaded:
    return Loaded.from_folder(path("pocket-vlm"))


def test_an_unknown_model_is_named_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="pocket-clip, pocket-vlm"):
        path("pocket-gpt")


def test_weights_are_small_and_hold_no_pickles() -> None:
    files = [file for name in NAMES for file in path(name).rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) <= 25e6
    assert {file.suffix for file in files} <= {".json", ".safetensors", ".jinja", ".md"}
    for name in NAMES:
        assert (path(name) / "README.md").read_text().startswith("---\nlicense: apache-2.0")


def test_the_chat_template_writes_the_trained_context(base: Loaded) -> None:
    content = [{"type": "text", "text": "What?"}, {"type": "image"}]
    chat = [{"role": "user", "content": content}]
    text = base.processor.apply_chat_template(chat, add_generation_prompt=True)
    assert text == "USER: <image>\nWhat?\nASSISTANT:" == tokenizer.PREFIX + "<image>" + tokenizer.context("What?")


@pytest.mark.parametrize("text", ["Is there a bus?", "Übergröße — 信号機 🚦\n", "print('hello')  "])
def test_any_text_survives_the_tokenizer(base: Loaded, text: str) -> None:
    words = base.processor.tokenizer
    assert words.decode(words(text)["input_ids"]) == text


def test_an_option_is_tokenised_alike_behind_its_context(base: Loaded) -> None:
    words = base.processor.tokenizer
    context = tokenizer.PREFIX + tokenizer.context("Which of these is in the image?")
    for option in (" car", " yes", " traffic light"):
        assert words(context + option)["input_ids"] == words(context)["input_ids"] + words(option)["input_ids"]


@torch.inference_mode()
def test_packed_answers_score_as_they_would_alone(base: Loaded) -> None:
    packer, reader = Packer(base.processor.tokenizer.backend_tokenizer), Reader(base.model)
    pixels = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    rows = [[packer.segment("Is there a bus?", "yes", ends=False), packer.segment("What?", "a car", ends=False)]]
    packed = reader.segments(reader.patches(pixels), packer.pack(rows), 2)[0]
    for question, answer, score in (("Is there a bus?", " yes", packed[0]), ("What?", " a car", packed[1])):
        text = tokenizer.PREFIX + "<image>" * 196 + tokenizer.context(question)
        ids, tail = (base.processor.tokenizer(part, return_tensors="pt")["input_ids"] for part in (text, answer))
        logits = base.model(input_ids=torch.cat([ids, tail], 1), pixel_values=pixels).logits.log_softmax(-1)
        alone = logits[0, ids.shape[1] - 1 : -1].gather(1, tail[0][:, None]).sum()
        assert score == pytest.approx(alone.item(), abs=1e-3)


@pytest.mark.parametrize("name", NAMES)
def test_checkpoints_load_as_hub_models_do(name: str) -> None:
    processor = AutoProcessor.from_pretrained(path(name))
    load = AutoModelForImageTextToText if "vlm" in name else AutoModel
    model, loading = load.from_pretrained(path(name), dtype=torch.float32, output_loading_info=True)
    assert not loading["missing_keys"]
    assert processor is not None
    assert all(torch.isfinite(parameter).all() for parameter in model.parameters())


@pytest.mark.parametrize("name", ["pocket-vlm", "pocket-vlm-aligned"])
def test_language_models_answer_right(name: str, held_out: tuple) -> None:
    dataset, _, pixels, _ = held_out
    chosen = evaluate.choices(Loaded.from_folder(path(name)), dataset, pixels)
    for kind in ("mcq", "yesno", "safety"):
        assert evaluate.accuracy(dataset, chosen, kind).value >= 0.8


def test_a_description_names_what_is_there(base: Loaded, held_out: tuple) -> None:
    _, describe, pixels, labels = held_out
    recalled, invented = evaluate.mentions(labels[:8], evaluate.descriptions(base, describe, pixels[:8]))
    assert recalled.value >= 0.8
    assert invented.value <= 0.15


def test_clip_ranks_scenes_by_class(held_out: tuple) -> None:
    _, _, pixels, labels = held_out
    assert np.nanmean(list(evaluate.class_precision(path("pocket-clip"), pixels, labels).values())) >= 0.75


def test_segformer_finds_the_classes(held_out: tuple) -> None:
    _, _, pixels, labels = held_out
    found = evaluate.overlaps(path("pocket-segformer"), pixels[:12], labels[:12])
    assert np.nanmean(list(found.values())) >= 0.7


def test_every_stage_runs_from_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)  # compiling would take longer than the steps
    scenes = gallery.gallery(tmp_path / "cache", 1, 4)
    words, brief = tokenizer.learn(4), Schedule(1, 2, 1e-3)
    how = {"schedule": brief, "seed": 0, "device": torch.device("cpu"), "log": tmp_path / "log.jsonl"}
    contrast.begin(scenes, words, tmp_path / "clip", **how)
    vlm.begin(scenes, words, tmp_path / "clip", tmp_path / "vlm", **how)
    contrast.go_on(scenes, words, tmp_path / "vlm", tmp_path / "clip", **how)
    contrast.finish(scenes, words, tmp_path / "clip", **how)
    vlm.finish(scenes, words, tmp_path / "clip", tmp_path / "vlm", **how)
    dpo.train(scenes, words, tmp_path / "vlm", tmp_path / "aligned", **how)
    segformer.train(scenes, tmp_path / "segformer", **how)
    assert (tmp_path / "segformer" / "model.safetensors").exists()
    first = CLIPModel.from_pretrained(tmp_path / "clip", dtype=torch.float32).vision_model.state_dict()
    aligned = Loaded.from_folder(tmp_path / "aligned").model.model.vision_tower.state_dict()
    trained = Loaded.from_folder(tmp_path / "vlm").model.model.vision_tower.state_dict()
    assert all(torch.equal(trained[name], aligned[name]) for name in trained)
    assert not all(torch.equal(trained[name], first[name]) for name in trained)


def test_preference_loss_starts_at_log_two_and_falls_with_the_margin() -> None:
    # Both equal: -log sigmoid(0) = ln 2. Chosen gains 10 nats, rejected loses 10: -log sigmoid(0.1 * 20) = 0.1269.
    reference = torch.tensor([[-3.0, -5.0, 0.0, 0.0]])
    assert dpo.preference_loss(reference, reference).item() == pytest.approx(np.log(2))
    better = reference + torch.tensor([[10.0, -10.0, 0.0, 0.0]])
    assert dpo.preference_loss(better, reference).item() == pytest.approx(0.1269, abs=1e-4)


def test_untrue_descriptions_say_something_else() -> None:
    known = facts(world.render(1, 0))
    rng = np.random.default_rng(0)
    assert all(dpo.untrue(known, rng).present != known.present for _ in range(20))


def test_average_precision_of_a_perfect_and_of_a_wrong_ranking() -> None:
    assert precision([3, 2, 1], [True, True, False]) == 1.0
    assert precision([3, 2, 1], [False, False, True]) == pytest.approx(1 / 3)
    assert np.isnan(precision([1, 2], [False, False]))


def test_a_share_counts_things_and_not_scenes() -> None:
    figure = share([1, 3], [2, 4])
    assert (figure.value, figure.count) == (4 / 6, 6)
    assert np.isnan(share([0], [0]).value)


def test_mentions_know_plurals_but_no_parts_of_words() -> None:
    assert evaluate.mentioned("The image shows buildings, a car and traffic signs.") == {
        "building",
        "car",
        "traffic sign",
    }
    assert not evaluate.mentioned("a carpet")


def test_cards_tell_what_was_measured() -> None:
    text = Card("pocket-clip", 5, 7, {"precision": {"bus": "0.900"}}).text()
    assert "On 5 scenes of a world (seed 7)" in text
    assert "| bus | 0.900 |" in text


def test_lessons_use_the_packages_own_wordings() -> None:
    packer = Packer(tokenizer.learn(2))
    known = facts(world.render(1, 1))
    rng = np.random.default_rng(0)
    taught = {packer.words.decode(list(s.question)) for _ in range(40) for s in vlm.lesson(known, packer, rng)}
    for sample in (sample for sample in ask(known, rng, "") if sample.kind != "mcq"):
        assert tokenizer.context(render(sample)) in taught
