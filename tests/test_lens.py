"""The lens: what the head reads in every layer, against plain transformers."""

import json
import re
from dataclasses import replace
from operator import attrgetter

import numpy as np
import picture_set
import pytest
import test_family_decoder
import tiny
import torch
import xarray as xr
from tiny import picture

import hooks
import probe
from hooks import Question, View, capture, lens, sites
from hooks.context import option_ids, render
from hooks.encoding import process, stack
from probe.results import failure_features
from probe.results import lens as result
from probe.results.evidence import Evidence

ASKED = Question("is there a bus?", ("yes", "no"), lens=True)
LONGER = Question("and what else is there, please?", ("a car", "nothing at all", "two"), lens=True)
SIZES = ((84, 112), (160, 84), (40, 40))

FAMILIES = ("llava", "qwen2_vl", "gemma3", "mllama", "cohere2_vision", "granite4_vision", "nemotron_h_omni")
"""Two with a prefix that is encoded once, one without, one that attends to pictures from within, and three whose heads
are scaled or lie elsewhere."""


def views(*questions):
    return [View((picture(seed, *size),), questions) for seed, size in enumerate(SIZES)]


def read(model, shown, **settings):
    return [reading.answers for reading in capture.read(model, shown, (), **{"batch_size": 2, **settings})]


def plain(model, view, question):
    """The hidden states of the last token and the logits, by the model's own forward over the whole prompt."""
    text = render(model.blueprint, question.text)
    inputs = stack(model, [process(model.blueprint, view.pictures, text)])
    with torch.inference_mode():
        output = model.module(**inputs, output_hidden_states=True)
    states = getattr(output, "language_model_outputs", output).hidden_states
    return (
        [state[0, -1] for state in states],
        output.logits[0, -1].float(),
        option_ids(model.blueprint, text, question.options),
    )


@pytest.mark.parametrize("case", FAMILIES)
def test_every_layer_is_read_as_the_models_own_head_would(case):
    model = tiny.load(case)
    view = views(ASKED)[0]
    made = read(model, [view])[0][0].lens
    states, logits, ids = plain(model, view, ASKED)
    first = [option[0] for option in ids]
    np.testing.assert_allclose(made.scores[-1], logits[first], atol=1e-4)
    norm, head = attrgetter(model.family.modules.final_norm)(model.module), lens._head(model)
    scale = float(made.scores[-1, 0]) / float(head(states[-1])[first[0]])  # the last state is behind the norm
    with torch.inference_mode():
        for layer, state in enumerate(states[:-1]):
            np.testing.assert_allclose(made.scores[layer], scale * head(norm(state))[first], atol=1e-4)


def test_a_soft_cap_comes_after_what_the_lens_reads():
    model = tiny.load("muse_glimmer")
    view, cap = views(ASKED)[0], model.config.get_text_config().final_logit_softcapping
    made = read(model, [view])[0][0].lens
    _, logits, ids = plain(model, view, ASKED)
    np.testing.assert_allclose(cap * np.tanh(made.scores[-1] / cap), logits[[option[0] for option in ids]], atol=1e-4)


@pytest.mark.parametrize("case", ["llava", "qwen2_vl"])
def test_batches_padding_and_other_questions_change_no_lens(case):
    model = tiny.load(case)
    alone = [read(model, [view], batch_size=1)[0][0].lens.scores for view in views(ASKED)]
    for settings in ({"batch_size": 3}, {"batch_size": 2, "padding_side": "left"}):
        together = read(model, views(ASKED, LONGER), **settings)
        for mine, answers in zip(alone, together, strict=True):
            np.testing.assert_allclose(answers[0].lens.scores, mine, atol=1e-4)
            assert answers[1].lens.scores.shape == (mine.shape[0], 3)


def test_the_lens_changes_no_answer_and_is_read_only_where_it_is_asked_for():
    model = tiny.load("llava")
    with_lens, without = (read(model, views(one)) for one in (ASKED, replace(ASKED, lens=False)))
    for (one,), (other,) in zip(with_lens, without, strict=True):
        np.testing.assert_array_equal(one.log_likelihood, other.log_likelihood)
        assert other.lens is None


def test_products_are_those_of_the_heads_rows():
    model = tiny.load("llava")
    made = read(model, views(ASKED)[:1])[0][0].lens
    _, _, ids = plain(model, views(ASKED)[0], ASKED)
    rows = model.module.lm_head.weight[[option[0] for option in ids]].detach().float()
    np.testing.assert_allclose(made.products, rows @ rows.T, atol=1e-5)


def test_options_that_begin_with_the_same_token_are_not_told_apart():
    model = tiny.load("llava")
    made = read(model, views(replace(ASKED, options=("a car", "a bus", "no")))[:1])[0][0].lens
    assert np.isnan(made.scores[:, :2]).all()
    assert np.isfinite(made.scores[:, 2]).all()
    assert np.isfinite(made.products).sum() == 1


HEADS = {
    "florence2": lambda module: module.lm_head,
    "blip_caption": lambda module: module.text_decoder.cls,
    "blip_vqa": lambda module: module.text_decoder.cls,
    "git": lambda module: module.output,
}
"""The whole heads of models that have no final norm: blocks that end in norms of their own, a norm within the head."""


@pytest.mark.parametrize("case", HEADS)
def test_where_there_is_no_final_norm_layers_are_read_by_the_whole_head(case):
    model, view = tiny.load(case), views(ASKED)[0]
    reading = capture.read(
        model, [view], [sites.parse("language.norm:context_last", model.towers)], batch_size=1, end_of_turn=False
    )[0]
    made = reading.answers[0].lens
    text = render(model.blueprint, ASKED.text)
    first = [option[0] for option in option_ids(model.blueprint, text, ASKED.options)]
    head = HEADS[case](model.module)
    with torch.inference_mode():
        if case == "git":
            states = plain(model, view, ASKED)[0]
        else:
            decoder = test_family_decoder.LABELLED[case]
            inputs = test_family_decoder.inputs_of(model, ASKED, view.pictures[0])
            given = torch.tensor([decoder.before(model, ASKED)])
            states = [state[0, -1] for state in decoder.states(model.module, inputs, given)]
        expected = torch.stack([head(state)[first] for state in states])
        whole = head(states[-1]).log_softmax(-1)
    np.testing.assert_allclose(made.scores, expected, atol=1e-4)
    single = reading.answers[0].token_count == 1
    np.testing.assert_allclose(reading.answers[0].log_likelihood[single], whole[first][single], atol=1e-4)
    rows = lens.rows_of(model)[0][first].float()
    read = torch.from_numpy(reading.states["language.norm-context_last"].pooled[0, 0])
    apart = made.scores[-1, 0] - made.scores[-1, 1]
    biases = [0.0, 0.0] if lens.rows_of(model)[1] is None else lens.rows_of(model)[1][first]
    np.testing.assert_allclose((read @ rows.T)[0] + biases[0] - (read @ rows.T)[1] - biases[1], apart, atol=1e-4)


def test_t5_scales_what_its_tied_head_reads():
    model, view = hooks.load(str(tiny.checkpoint("blip-2_t5")), tiny.ON_CPU), views(ASKED)[0]
    for config in (model.config.get_text_config(), model.module.config.get_text_config()):
        config.scale_decoder_outputs = True
    decoder = test_family_decoder.LABELLED["blip-2_t5"]
    inputs = test_family_decoder.inputs_of(model, ASKED, view.pictures[0])
    with torch.inference_mode():
        given = torch.tensor([decoder.before(model, ASKED)])
        logits = model.module(**inputs, decoder_input_ids=given).logits[0, -1]
    ids = option_ids(model.blueprint, render(model.blueprint, ASKED.text), ASKED.options)
    np.testing.assert_allclose(read(model, [view])[0][0].lens.scores[-1], logits[[o[0] for o in ids]], atol=1e-4)


def test_a_model_without_a_head_behind_its_layers_says_so():
    with pytest.raises(ValueError, match=r"no head is known.*lens=False"):
        lens.read(tiny.load("clip"), {}, {0: [(1,), (2,)]})


def test_without_options_there_is_nothing_to_read():
    open_question = Question("what is there?", generate=True, lens=True)
    answers = read(tiny.load("llava"), [View((picture(0, *SIZES[0]),), (open_question,))], max_new_tokens=2)
    assert answers[0][0].lens is None


def test_a_run_holds_the_lens_beside_its_scores_and_the_state_that_the_head_reads(tmp_path):
    data = picture_set.write(tmp_path / "set", images=3)
    settings = {"perturb": "low_light:3", "readouts": "lens", "execution": probe.Execution(device="cpu", batch_size=2)}
    run = probe.extract(str(tiny.checkpoint("llava")), str(data), out=tmp_path / "run", **settings)
    assert "language.norm:context_last" in run.sites
    answers = run.answers
    assert answers.lens.dims == ("sample", "condition", "layer", "option")
    top, scores = answers.lens.isel(layer=-1), answers.log_likelihood
    single = (answers.token_count == 1) & top.notnull()
    several = single.sum("option") > 1
    assert several.any()
    apart = (top - scores).where(single)  # log-likelihoods of single tokens are logits less one number a question
    assert float((apart.max("option") - apart.min("option")).where(several).max()) < 1e-4


def test_a_model_without_a_head_behind_a_norm_is_refused_before_it_is_loaded(tmp_path):
    data = picture_set.write(tmp_path / "set", images=1)
    with pytest.raises(ValueError, match="Leave out --readouts"):
        probe.extract(str(tiny.checkpoint("clip")), str(data), out=tmp_path / "run", readouts="lens")
    with pytest.raises(ValueError, match="readouts"):
        probe.extract(str(tiny.checkpoint("llava")), str(data), out=tmp_path / "run", readouts="telescope")


def test_flips_are_foretold_from_silent_drift_and_agreement_too_where_the_run_has_the_lens(tmp_path):
    data = picture_set.write(tmp_path / "set", images=3)
    settings = {"perturb": ["low_light:3", "pixelate:5"], "readouts": "lens"}
    run = probe.extract(
        str(tiny.checkpoint("llava")),
        str(data),
        out=tmp_path / "run",
        execution=probe.Execution(device="cpu"),
        **settings,
    )
    evidence = Evidence(run)
    found = failure_features.features(evidence)
    assert found.feature.values.tolist()[-2:] == ["silent drift", "lens agreement"]
    states = run.embeddings("language.norm:context_last").squeeze("layer").values
    model = tiny.load("llava")
    head = model.module.lm_head.weight.detach().float().numpy()
    compared = 0
    for k, row in enumerate(run.samples.option_text.values):
        ids = [ids[0] for ids in option_ids(model.blueprint, run.samples.prompt_text.values[k], [t for t in row if t])]
        if len(set(ids)) < len(ids) or len(ids) < 2:
            continue
        basis, _ = np.linalg.qr((head[ids[1:]] - head[ids[0]]).T)
        for c in range(states.shape[1]):
            move = states[k, c] - states[k, 0]
            rest = np.linalg.norm(move - basis @ (basis.T @ move))
            np.testing.assert_allclose(found.values[k, c, -2], rest, atol=1e-3 * max(1.0, rest))
            compared += 1
    assert compared > 3


def test_the_figure_has_a_column_for_every_layer():
    layers, families = np.arange(5), ["clean", "low_light"]
    agreement = xr.DataArray(
        np.linspace(0, 1, 30).reshape(2, 5, 3), dims=("family", "layer", "bound"),
        coords={"family": families, "layer": layers, "bound": ["estimate", "low", "high"]},
    )  # fmt: skip
    drawn = result.figure(xr.Dataset({"agreement": agreement}))
    assert drawn is not None
    text = json.dumps(drawn.to_dict())
    assert {f"0.{layer}" for layer in layers} <= set(re.findall(r'"column": "([^"]+)"', text))
