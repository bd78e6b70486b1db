"""DeepSeek-VL with one tower and with two, and DeepSeek-VL2 on a stand-in that brings its own code."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import tiny
import torch
import transformers
from PIL import Image
from readings import grids
from tiny import picture
from tiny.deepseek import deepseek_vl2

import hooks
import probe
from hooks import Question, View, capture, options, sites
from hooks.check import check
from hooks.context import render
from hooks.encoding import process

QUESTIONS = (
    Question("is there a bus?", ("yes", "no")),
    Question("and what else is there, please?", ("a car", "nothing at all", "a bus")),
)
TRUSTED = hooks.LoadOptions(device="cpu", trust_remote_code=True)


def read(model, pixels, *texts):
    return capture.read(model, [View((pixels,))], sites.parse_all(texts, model.towers), batch_size=1, keep_tokens=True)[
        0
    ]


def inputs_of(model, pixels):
    return process(model.blueprint, (pixels,), render(model.blueprint, ""))


@pytest.fixture(params=["deepseek_vl", "deepseek_vl_hybrid"])
def model(request):
    return tiny.load(request.param)


def test_vision_states_are_siglips_own(model):
    pixels = picture(1, 84, 112)
    states = read(model, pixels, "vision.layers[*]:patches").states["vision.layers-patches"].tokens
    with torch.inference_mode():
        tower = model.module.model.vision_model(inputs_of(model, pixels)["pixel_values"], output_hidden_states=True)
    for mine, theirs in zip(states, tower.hidden_states, strict=True):
        np.testing.assert_allclose(mine, theirs[0], atol=1e-5)


def test_image_tokens_are_the_models_own_image_features(model):
    reading = read(model, picture(2, 84, 112), "projector:patches", "language.layers[0]:image")
    seen = {name: value for name, value in inputs_of(model, picture(2, 84, 112)).items() if "pixel_values" in name}
    with torch.inference_mode():
        theirs = model.module.model.get_image_features(**seen).pooler_output[0]
    np.testing.assert_allclose(reading.states["projector-patches"].tokens[0], theirs, atol=1e-5)
    np.testing.assert_allclose(reading.states["language.layers-image"].tokens[0], theirs, atol=1e-5)


def test_the_grid_is_that_of_the_picture_padded_to_a_square(model):
    wide = [read(model, picture(seed, 40, 160), "vision.layers[0]:patches") for seed in (1, 2)]
    first, second = (reading.states["vision.layers-patches"].tokens[0].reshape(4, 4, -1) for reading in wide)
    moved = np.abs(first - second).max((1, 2))
    assert moved[0] == moved[3] == 0
    assert moved[1] > 0.01 < moved[2]


def test_sams_branch_enters_at_the_projector():
    model = tiny.load("deepseek_vl_hybrid")
    module = model.module.model.high_res_vision_proj
    with module.register_forward_hook(lambda module, args, output: -output):
        turned = read(model, picture(3), "vision.layers[*]:patches", "projector:patches")
    plain = read(model, picture(3), "vision.layers[*]:patches", "projector:patches")
    np.testing.assert_array_equal(
        turned.states["vision.layers-patches"].tokens, plain.states["vision.layers-patches"].tokens
    )
    assert np.abs(turned.states["projector-patches"].tokens - plain.states["projector-patches"].tokens).max() > 0.01


@pytest.fixture(scope="module")
def code(tmp_path_factory):
    """A place of our own for copies of checkpoints' code, which transformers keeps in the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        path = str(tmp_path_factory.mktemp("modules"))
        patch.setattr(transformers.dynamic_module_utils, "HF_MODULES_CACHE", path)
        patch.syspath_prepend(path)
        yield


@pytest.fixture(scope="module", params=["head", "tail"])
def standin(request, code, tmp_path_factory):
    path = tmp_path_factory.mktemp("deepseek") / f"vl2_{request.param}"
    deepseek_vl2(path, global_view_pos=request.param)
    return hooks.load(str(path), TRUSTED)


def test_every_check_passes_on_the_stand_in_for_deepseek_vl2(standin):
    assert [finding for finding in check(standin) if not finding.ok] == []


def test_the_code_that_ran_is_part_of_what_a_run_is_compared_by(standin, tmp_path):
    def code_of(folder):
        known = hooks.load(folder, TRUSTED).provenance
        return known["inputs"]["code"], known["code"]

    of_inputs, of_model = standin.provenance["inputs"]["code"], standin.provenance["code"]
    assert len(of_inputs) == len(of_model) == 64
    same, other = (shutil.copytree(standin.source, tmp_path / name) for name in ("same", "other"))
    for file in other.glob("*.py"):
        file.write_text(file.read_text() + "\n# another line\n")
    assert code_of(same) == (of_inputs, of_model)
    assert not {of_inputs, of_model} & set(code_of(other))
    assert tiny.load("deepseek_vl").provenance["code"] is None


def test_code_of_a_checkpoint_is_not_run_unasked(standin):
    with pytest.raises(hooks.ModelError, match="trust_remote_code"):
        hooks.blueprint(standin.source, hooks.LoadOptions(device="cpu"))


@pytest.mark.parametrize(("size", "down", "across"), [((80, 80), 2, 2), ((80, 40), 2, 1), ((40, 120), 1, 3)])
def test_tiles_are_laid_out_as_one_plane_without_newlines_and_global_view(standin, size, down, across):
    module, pixels = standin.module, picture(4, *size)
    reading = read(standin, pixels, "vision.layers[-1]:patches", "projector:patches", "language.layers[0]:image")
    assert reading.states["language.layers-image"].grid == (1, down * 3, across * 3)
    assert reading.states["projector-patches"].grid == (down * across, 3, 3)
    assert reading.states["vision.layers-patches"].grid == (down * across, 5, 5)
    with torch.inference_mode():
        patches = module.vision(inputs_of(standin, pixels)["images"][0])
        projected = module.projector(patches)[1:]
    np.testing.assert_allclose(reading.states["projector-patches"].tokens[0], projected.flatten(0, 1), atol=1e-5)
    plane = reading.states["language.layers-image"].tokens[0].reshape(down * 3, across * 3, -1)
    for row in range(down * 3):
        for col in range(across * 3):
            tile, place = row // 3 * across + col // 3, row % 3 * 3 + col % 3
            np.testing.assert_allclose(plane[row, col], projected[tile, place], atol=1e-5)


def test_pictures_of_different_tilings_share_a_batch_and_score_as_whole_forwards(standin):
    shown = [
        View((picture(k, *size),), QUESTIONS) for k, size in enumerate([(84, 112), (40, 120), (40, 40), (112, 84)])
    ]
    wanted = sites.parse_all(sites.available(standin.towers), standin.towers)
    together = capture.read(standin, [*shown, View((), QUESTIONS)], wanted, batch_size=5, keep_tokens=True)
    for view, mine in zip(shown, together[:-1], strict=True):
        alone = capture.read(standin, [view], wanted, batch_size=1, keep_tokens=True)[0]
        assert grids(mine) == grids(alone)
        for slug, states in mine.states.items():
            if states.tokens is not None:
                np.testing.assert_allclose(states.tokens, alone.states[slug].tokens, atol=1e-4, rtol=1e-4)
    for view, mine in zip([*shown, View((), QUESTIONS)], together, strict=True):
        for answer, exact in zip(mine.answers, options.score_reference(standin, view), strict=True):
            assert np.abs(answer.log_likelihood - exact.log_likelihood).max() <= 1e-4


def test_a_number_of_tokens_leaves_out_larger_tilings(standin):
    for count, tiles in ((25, 1), (36, 2), (55, 4)):
        held = hooks.blueprint(standin.source, replace(TRUSTED, visual_tokens=count))
        most = 0
        for size in ((80, 80), (80, 40), (40, 120), (40, 40)):
            ids = process(held, (picture(0, *size),), render(held, ""))["input_ids"]
            most = max(most, int((ids == held.image_token).sum()))
        assert most <= count
        assert max(hooks.image_grids(held, *size)["vision"][0] for size in ((80, 80), (80, 40), (40, 120))) == tiles
    with pytest.raises(ValueError, match="25 visual tokens for one tile, not 24"):
        hooks.blueprint(standin.source, replace(TRUSTED, visual_tokens=24))


def test_the_stand_in_becomes_a_run(standin, tmp_path):
    Image.fromarray(picture(5, 80, 120)).save(tmp_path / "0.png")
    line = '{"image": "0.png", "question": "is there a bus?", "options": ["yes", "no"], "answer": "yes"}'
    (tmp_path / "data.jsonl").write_text(line)
    probe.extract(
        standin.source,
        str(tmp_path / "data.jsonl"),
        out=tmp_path / "run",
        perturb=["translation:dx=8"],
        execution=probe.Execution(device="cpu", trust_remote_code=True),
    )
    run = probe.open_run(tmp_path / "run")
    assert not run.failed
    assert np.isfinite(run.answers.log_likelihood).all()
