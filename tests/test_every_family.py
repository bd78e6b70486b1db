"""What holds for every family of the table, on small random-weight checkpoints loaded as a hub model is."""

import json
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import tiny
import torch
from PIL import Image
from readings import arrays, grids
from tiny import picture

import hooks
import probe
from analyses import drift
from hooks import Question, View, capture, options, sites
from hooks.check import check, states, structure
from hooks.check.finding import found
from hooks.context import render
from hooks.encoding import process, rows, stack

QUESTIONS = (
    Question("is there a bus?", ("yes", "no")),
    Question("and what else is there, please?", ("a car", "nothing at all", "a bus")),
)
CAPTIONS = (Question("", ("a bus", "a small red car")), Question("", ("no",)))
SIZES = [(84, 112), (160, 84), (112, 84), (84, 112), (40, 40)]
FEW = [SIZES[0], SIZES[1], SIZES[4]]
"""Of every shape one, for what is asked view by view."""
NEW_TOKENS = 6
PLAIN = hooks.LoadOptions(device="cpu", plain=True)

CHECKED = frozenset(
    [
        "qianfan_ocr",
        "cohere2_vision",
        "ovis2",
        "granite_docling",
        "molmo2",
        "step3p7",
        "granite4_vision",
        "deepseek_vl",
        "deepseek_vl_hybrid",
        "aria",
        "got_ocr2",
        "lighton_ocr",
        "pp_chart2table",
        "mistral_large4",
        "video_llava",
        "deepseek_ocr2",
        "glm46v",
        "glmga",
        "glm4v_moe",
        "glm_ocr",
        "lfm3_vl",
        "llava_dinov2",
        "llava_next_video",
        "exaone4_5",
        "paddleocr_vl",
        "video_llama_3",
        "ernie4_5_vl_moe",
        "kimi_k25",
        "qwen2_5_omni_thinker",
        "qwen3_omni_moe_thinker",
        "cosmos3_edge",
        "cosmos3_omni",
        "dots3_note",
        "hyperclovax_vision_v2",
        "cohere_compass",
        "muse_glimmer",
        "muse_spark",
        "minimax_m3_vl",
        "qwen3_5_moe",
        "chameleon",
        "emu3",
        "blip_vqa",
        "instructblip_t5",
        "metaclip_2",
        "tipsv2",
        "align",
        "clipseg",
        "nemotron_h_omni",
        "gemma4_unified",
        "perception_lm",
        "hunyuan_vl",
        "llava_layers",
        "llava_full",
        "ministral3",
        "smolvlm2",
        "internvl2_5",
        "qwen3_vl_moe",
        "llava_next_mistral",
        "vipllava",
        "paligemma2",
        "siglip2",
    ]
)
"""Cases that are read as another one is: every check runs on them, and a run is made; the rest is seen at that one."""

GENERATIVE = [case for case in tiny.CASES if case not in tiny.CONTRASTIVE and case not in CHECKED]
every = pytest.mark.parametrize("case", tiny.CASES)
various = pytest.mark.parametrize("case", [case for case in tiny.CASES if case not in CHECKED])
generative = pytest.mark.parametrize("case", GENERATIVE)
continuing = pytest.mark.parametrize("case", [case for case in GENERATIVE if case not in tiny.DECODERS])


def views(model, *, sizes=SIZES, generate=False):
    asked = QUESTIONS if model.kind == "generative" else CAPTIONS
    asked = tuple(replace(question, generate=generate) for question in asked)
    return [View((picture(seed, *size),), asked) for seed, size in enumerate(sizes)]


def everywhere(model):
    return sites.parse_all(sites.available(model.towers), model.towers)


def close(mine, theirs, atol=1e-4):
    assert mine.keys() == theirs.keys()
    for slug in mine:
        np.testing.assert_allclose(mine[slug], theirs[slug], atol=atol, rtol=1e-4, err_msg=slug)


def test_every_family_of_the_table_has_a_checkpoint_here():
    configs = [json.loads((tiny.checkpoint(case) / "config.json").read_text()) for case in tiny.CASES]
    tested = {family.name for family in map(hooks.families.find, configs) if family}
    assert {family.name for family in hooks.families.FAMILIES if family.tested == "random weights"} == tested


@every
def test_every_check_passes(case):
    findings = check(tiny.load(case))
    assert len(findings) >= 7
    assert [finding for finding in findings if not finding.ok] == []
    assert all(finding.detail for finding in findings)


@various
def test_a_wrong_path_is_found(case):
    model = tiny.load(case)
    for tower in model.towers:
        finding = found("module paths", structure.paths, with_path(model, tower))
        assert not finding.ok
        assert "leads nowhere" in finding.detail
    for check_ in (structure.token_counts, states.replacing):
        assert not found("", check_, with_path(model, next(iter(model.towers)))).ok


@pytest.mark.parametrize("case", ["llava", "clip"])
def test_a_wrong_path_fails_in_the_whole_check(case):
    failed = {finding.name for finding in check(with_path(tiny.load(case), "vision")) if not finding.ok}
    assert {"module paths", "token counts equal grids", "replacing a state moves what follows"} <= failed


def with_path(model, tower):
    """The model by an entry whose path of one tower names nothing."""
    owner, _, last = model.family.modules.path(tower).rpartition(".")
    name = "final_norm" if tower == "language.norm" else tower
    modules = replace(model.family.modules, **{name: f"{owner}.not_{last}" if owner else f"not_{last}"})
    family = replace(model.family, modules=modules)
    return replace(model, blueprint=replace(model.blueprint, family=family))


@various
def test_images_of_different_sizes_share_a_batch(case):
    model = tiny.load(case)
    wanted, shown = everywhere(model), views(model)
    together = capture.read(model, shown, wanted, batch_size=len(shown), keep_tokens=True)
    backwards = capture.read(model, shown[::-1], wanted, batch_size=2, keep_tokens=True, padding_side="left")[::-1]
    for view, mine, other in zip(shown, together, backwards, strict=True):
        alone = capture.read(model, [view], wanted, batch_size=1, keep_tokens=True)[0]
        for reading in (mine, other):
            assert grids(reading) == grids(alone)
            close(arrays(reading), arrays(alone))
            for answer, single in zip(reading.answers, alone.answers, strict=True):
                np.testing.assert_allclose(answer.log_likelihood, single.log_likelihood, atol=1e-4)
        assert all(np.isfinite(mine.states[site.slug].pooled).all() for site in wanted if site.per == "image")
        for slug, grid in grids(mine).items():
            assert mine.states[slug].tokens.shape[1] == np.prod(grid)
        expected = hooks.image_grids(model.blueprint, *view.pictures[0].shape[:2])
        assert {site.tower: mine.states[site.slug].grid for site in wanted if site.has_tokens} == expected


@generative
def test_scores_equal_one_whole_forward_per_option(case):
    model = tiny.load(case)
    shown = views(model, sizes=[*FEW, SIZES[2]])
    exact = [options.score_reference(model, view) for view in shown]
    for padding_side, batch_size in product(("left", "right"), (1, 3, len(shown))):
        made = capture.read(model, shown, (), batch_size=batch_size, padding_side=padding_side)
        for reading, theirs in zip(made, exact, strict=True):
            for mine, other in zip(reading.answers, theirs, strict=True):
                assert np.abs(mine.log_likelihood - other.log_likelihood).max() <= 1e-4, (padding_side, batch_size)
                assert np.abs(mine.end_of_turn - other.end_of_turn).max() <= 1e-4
                assert mine.choice == other.choice


@generative
def test_prompts_without_chat_template_are_the_processors_own(case):
    blueprint = hooks.blueprint(str(tiny.checkpoint(case)), PLAIN)
    asked = tuple(Question(text) for text in ("is there a bus?", "a car?", " a bus", "\nyes", "2"))
    for row in rows(blueprint, 0, View((picture(0, 84, 112),), asked)):
        for prompt, tail in zip(row.texts, row.tails, strict=True):
            whole = process(blueprint, (picture(0, 84, 112),), prompt)["input_ids"][0].tolist()
            assert [*row.inputs["input_ids"][0].tolist(), *tail] == whole


@generative
def test_without_an_image_nothing_stands_in_its_place(case):
    blueprint = hooks.blueprint(str(tiny.checkpoint(case)), PLAIN)
    tokenizer = blueprint.processor.tokenizer
    with_image = render(blueprint, "a bus?")
    without = render(blueprint, "a bus?", pictures=0)
    special = {token for token in tokenizer.all_special_tokens if token in without}
    assert "vision" not in without
    assert "image" not in without.lower()
    assert special <= {tokenizer.bos_token}
    assert with_image.endswith(without[-6:])


@generative
def test_what_stands_for_a_picture_is_refused_in_questions_and_options(case):
    model = tiny.load(case)
    token = model.blueprint.image_token  # below 0 where the image is no part of the text
    mark = "<image>" if token < 0 else model.processor.tokenizer.convert_ids_to_tokens(token)
    for question in (Question(f"what is {mark}?", ("yes",)), Question("what?", ("yes", f"a {mark}"))):
        with pytest.raises(ValueError, match="contains the image placeholder"):
            capture.check_question(model, question)


@continuing
def test_context_states_are_those_of_the_whole_prompt(case):
    model = tiny.load(case)
    texts = ["language.layers[*]:context_last", "language.norm:context_last"]
    wanted = sites.parse_all(sites.usual(texts, model.towers), model.towers)
    shown = views(model, sizes=FEW)
    for view, reading in zip(shown, capture.read(model, shown, wanted, batch_size=2), strict=True):
        behind_norm = reading.states[wanted[-1].slug].pooled[:, -1]
        for k, (question, read) in enumerate(zip(view.questions, reading.states[wanted[0].slug].pooled, strict=True)):
            prompt = render(model.blueprint, question.text)
            inputs = stack(model, [process(model.blueprint, view.pictures, prompt)])
            with torch.inference_mode():
                output = model.module(**inputs, output_hidden_states=True)
            theirs = getattr(output, "language_model_outputs", output).hidden_states
            for layer, reported in enumerate(theirs[:-1]):  # the last has the final norm applied
                np.testing.assert_allclose(read[layer], reported[0, -1], atol=1e-4, rtol=1e-4)
            if wanted[-1].final_norm:
                np.testing.assert_allclose(behind_norm[k], theirs[-1][0, -1], atol=1e-4, rtol=1e-4)


@continuing
def test_greedy_answers_equal_the_models_own_generate(case):
    model = tiny.load(case)
    shown = views(model, sizes=FEW, generate=True)
    made = capture.read(model, shown, (), batch_size=2, max_new_tokens=NEW_TOKENS)
    for view, reading in zip(shown, made, strict=True):
        for question, answer in zip(view.questions, reading.answers, strict=True):
            prompt = render(model.blueprint, question.text)
            inputs = stack(model, [process(model.blueprint, view.pictures, prompt)])
            with torch.inference_mode():
                ids = model.module.generate(**inputs, do_sample=False, num_beams=1, max_new_tokens=NEW_TOKENS)
            ids, before = ids[0].tolist(), inputs["input_ids"][0].tolist()
            new = ids[len(before) :] if ids[: len(before)] == before else ids
            kept = [token for token in new if token not in model.stop_ids]
            assert answer.text == model.processor.tokenizer.decode(kept, skip_special_tokens=True).strip()


@generative
def test_a_question_without_an_image_is_asked_of_the_text_alone(case):
    model = tiny.load(case)
    wanted = sites.parse_all(["language.layers[*]:context_last"], model.towers)
    blind = View((), QUESTIONS)
    if not model.family.text_only:
        with pytest.raises(ValueError, match="without an image"):
            capture.read(model, [blind], wanted, batch_size=1)
        return
    seen, made = capture.read(model, [views(model)[0], blind], wanted, batch_size=2)
    assert made.states.keys() == {wanted[0].slug}
    for mine, exact in zip(made.answers, options.score_reference(model, blind), strict=True):
        assert np.abs(mine.log_likelihood - exact.log_likelihood).max() <= 1e-4
    assert np.isfinite(made.states[wanted[0].slug].pooled).all()
    assert np.abs(made.answers[0].log_likelihood - seen.answers[0].log_likelihood).max() > 1e-4


@every
def test_four_images_under_three_conditions_become_a_run_that_can_be_analysed(case, tmp_path, monkeypatch):
    loaded = tiny.load(case)
    monkeypatch.setattr("probe.readers.local.load", lambda blueprint: replace(loaded, blueprint=blueprint))
    lines = []
    for k, size in enumerate(sorted(SIZES)[:4]):  # the smallest first: the store must hold the others too
        Image.fromarray(picture(k, *size)).save(tmp_path / f"{k}.png")
        for question, choices in (("is there a bus?", ["yes", "no"]), ("what is it?", ["a car", "a long bus"])):
            line = {"image": f"{k}.png", "question": question, "options": choices, "answer": choices[0]}
            lines.append(json.dumps(line))
    (tmp_path / "data.jsonl").write_text("\n".join(lines))
    run = probe.extract(
        str(tiny.checkpoint(case)),
        str(tmp_path / "data.jsonl"),
        out=tmp_path / "run",
        perturb=["translation:dx=8", "scale:factor=0.5"],
        execution=probe.Execution(device="cpu"),
    )
    run = probe.open_run(tmp_path / "run")
    assert not run.failed
    assert run.answers.log_likelihood.shape == (8, 3, 2)
    assert np.isfinite(run.answers.log_likelihood).all()
    for site in run.sites:
        states = run.embeddings(site).load()
        moved = drift.cosine(states.sel(condition="clean", drop=True), states)
        assert np.isfinite(moved).all()
        np.testing.assert_allclose(moved.sel(condition="clean"), 0, atol=1e-6)
        assert float(moved.max()) > 0


@various
def test_visual_tokens_are_limited_or_the_family_refuses(case):
    model = tiny.load(case)
    path = str(tiny.checkpoint(case))
    if model.family.limit.apply is None:
        with pytest.raises(hooks.ModelError, match="cannot limit its visual tokens"):
            hooks.blueprint(path, hooks.LoadOptions(device="cpu", visual_tokens=4))
        return
    most = [max(np.prod(grid) for grid in hooks.image_grids(model.blueprint, *size).values()) for size in SIZES]
    limit = int(max(most)) - 1
    limited = hooks.blueprint(path, hooks.LoadOptions(device="cpu", visual_tokens=limit))
    entering = "language" if "language" in hooks.image_grids(limited, *SIZES[0]) else "vision"
    assert all(np.prod(hooks.image_grids(limited, *size)[entering]) <= limit for size in SIZES)
