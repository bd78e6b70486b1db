"""OpenGVLab's own format becomes that of transformers, tensor by tensor."""

import json
import shutil

import pytest
import tiny
import torch
from safetensors.torch import save_file

import hooks
from hooks.internvl_chat import convert

HEADS, GROUPS, HEAD = 2, 2, 16  # key-value heads of `tiny.parts.text`, queries to each, features


def packed(query, key, value):
    """InternLM2's wqkv, row by row: for each key-value head its queries' rows, then the key's, then the value's."""
    rows = []
    for head in range(HEADS):
        rows += [query[(head * GROUPS + group) * HEAD :][:HEAD] for group in range(GROUPS)]
        rows += [key[head * HEAD :][:HEAD], value[head * HEAD :][:HEAD]]
    return torch.cat(rows)


def internvl_chat(tensors, layers):
    """A tiny checkpoint by the names that OpenGVLab's files have."""
    vision, projector, language = "model.vision_tower.", "model.multi_modal_projector.", "model.language_model."
    made = {
        "vision_model.embeddings.class_embedding": tensors[f"{vision}embeddings.cls_token"],
        "vision_model.embeddings.position_embedding": tensors[f"{vision}embeddings.position_embeddings"],
        "language_model.model.tok_embeddings.weight": tensors[f"{language}embed_tokens.weight"],
        "language_model.model.norm.weight": tensors[f"{language}norm.weight"],
        "language_model.output.weight": tensors["lm_head.weight"],
    }
    for kind in ("weight", "bias"):
        patches = tensors[f"{vision}embeddings.patch_embeddings.projection.{kind}"]
        made[f"vision_model.embeddings.patch_embedding.{kind}"] = patches
        for place, name in ((0, "layer_norm"), (1, "linear_1"), (3, "linear_2")):
            made[f"mlp1.{place}.{kind}"] = tensors[f"{projector}{name}.{kind}"]
    for layer in range(layers):
        old, new = f"{vision}encoder.layer.{layer}.", f"vision_model.encoder.layers.{layer}."
        made[f"{new}attn.qkv.weight"] = torch.cat([tensors[f"{old}attention.{k}_proj.weight"] for k in "qkv"])
        for name, theirs in (
            ("attn.q_norm.weight", "attention.q_norm.weight"),
            ("attn.k_norm.weight", "attention.k_norm.weight"),
            ("attn.proj.weight", "attention.projection_layer.weight"),
            ("attn.proj.bias", "attention.projection_layer.bias"),
            ("norm1.weight", "layernorm_before.weight"),
            ("norm2.weight", "layernorm_after.weight"),
            ("ls1", "lambda_1"),
            ("ls2", "lambda_2"),
            *((f"mlp.fc{n}.{kind}", f"mlp.fc{n}.{kind}") for n in (1, 2) for kind in ("weight", "bias")),
        ):
            made[new + name] = tensors[old + theirs]
        old, new = f"{language}layers.{layer}.", f"language_model.model.layers.{layer}."
        made[f"{new}attention.wqkv.weight"] = packed(*(tensors[f"{old}self_attn.{k}_proj.weight"] for k in "qkv"))
        for name, theirs in (
            ("attention.wo", "self_attn.o_proj"),
            ("feed_forward.w1", "mlp.gate_proj"),
            ("feed_forward.w2", "mlp.down_proj"),
            ("feed_forward.w3", "mlp.up_proj"),
            ("attention_norm", "input_layernorm"),
            ("ffn_norm", "post_attention_layernorm"),
        ):
            made[f"{new}{name}.weight"] = tensors[f"{old}{theirs}.weight"]
    return made


@pytest.fixture
def original(tmp_path):
    tensors = tiny.load("internvl2_5").module.state_dict()
    path = tmp_path / "original"
    path.mkdir()
    weights = {name: value.contiguous() for name, value in internvl_chat(tensors, 3).items()}
    assert sum(value.numel() for value in weights.values()) == sum(value.numel() for value in tensors.values())
    halves = list(weights.items())[::2], list(weights.items())[1::2]
    for part, some in enumerate(halves):
        save_file(dict(some), path / f"model-{part}.safetensors")
    (path / "config.json").write_text(json.dumps({"model_type": "internvl_chat"}))
    return path


def test_every_tensor_is_that_of_the_checkpoint_which_transformers_reads(original, tmp_path):
    convert(str(original), str(tiny.checkpoint("internvl2_5")), tmp_path / "out")
    made, theirs = (hooks.load(str(path), tiny.ON_CPU) for path in (tmp_path / "out", tiny.checkpoint("internvl2_5")))
    mine, expected = made.module.state_dict(), theirs.module.state_dict()
    assert mine.keys() == expected.keys()
    assert all(torch.equal(mine[name], expected[name]) for name in mine)
    assert made.provenance["processor_sha256"] == theirs.provenance["processor_sha256"]


def test_a_sibling_of_another_architecture_is_refused(original, tmp_path):
    with pytest.raises(hooks.ModelError, match="differ in architecture"):
        convert(str(original), str(tiny.checkpoint("internvl3")), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_weights_that_are_not_there_are_not_made_up(original, tmp_path):
    shutil.move(original / "model-1.safetensors", tmp_path)
    with pytest.raises(hooks.ModelError, match="differ in architecture"):
        convert(str(original), str(tiny.checkpoint("internvl2_5")), tmp_path / "out")
