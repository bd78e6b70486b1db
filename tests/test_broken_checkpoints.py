"""Broken checkpoints: each kind is refused in one line, with the file and what to do."""

import json
import os
import shutil
import struct
from pathlib import Path

import pytest
import tiny
from attack.checkpoint_changes import in_halves
from click.testing import CliRunner

import hooks
from hooks import LoadOptions, ModelError
from probe.cli import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return shutil.copytree(tiny.checkpoint("llava"), tmp_path / "model")


def refused(folder: Path) -> str:
    """What is said of a checkpoint, less its name."""
    with pytest.raises(ModelError) as caught:
        hooks.load(folder, LoadOptions(device="cpu"))
    message = str(caught.value)
    assert "\n" not in message
    return message.replace(f"{folder}/", "").replace(f"model {str(folder)!r}", "it")


def edit(file: Path, **changes: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def text(folder: Path, **changes: object) -> None:
    edit(
        folder / "config.json",
        text_config={**json.loads((folder / "config.json").read_text())["text_config"], **changes},
    )


def header(folder: Path) -> tuple[dict, bytes]:
    content = (folder / "model.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def write(file: Path, entries: dict, numbers: bytes) -> None:
    written = json.dumps(entries).encode()
    file.write_bytes(struct.pack("<Q", len(written)) + written + numbers)


def test_a_config_of_fewer_layers_than_the_weights_is_refused_with_the_field(folder):
    text(folder, num_hidden_layers=tiny.load("llava").config.text_config.num_hidden_layers - 1)
    assert refused(folder) == (
        "it: its files hold weights that its config.json has no place for "
        "(model.language_model.layers.3.input_layernorm.weight, model.language_model.layers.3.mlp.down_proj.weight, "
        "model.language_model.layers.3.mlp.gate_proj.weight, and 6 more), and another model would be measured. "
        "text_config.num_hidden_layers is 3, and model.language_model.layers goes up to 3: mend it."
    )


def test_a_config_of_more_layers_than_the_weights_is_refused_with_the_field(folder):
    text(folder, num_hidden_layers=5)
    assert "text_config.num_hidden_layers is 5, and the files have model.language_model.layers up to 3." in refused(
        folder
    )


@pytest.mark.parametrize("field", ["vocab_size", "intermediate_size"])
def test_weights_of_another_shape_are_named_with_the_field(folder, field):
    text(folder, **{field: 300})
    said = refused(folder)
    assert "weights are missing from its files or misfit" in said
    assert f"compare text_config.{field} 300" in said


def test_weights_that_nothing_reads_are_named(folder):
    entries, numbers = header(folder)
    entries["model.further.weight"] = {"dtype": "F32", "shape": [1], "data_offsets": [len(numbers), len(numbers) + 4]}
    write(folder / "model.safetensors", entries, numbers + b"\0\0\0\0")
    assert "no place for (model.further.weight), and another model would be measured" in refused(folder)


@pytest.mark.parametrize(
    "name",
    ["language_model.layers.0.self_attn.rotary_emb.inv_freq", "vision_tower.embeddings.position_ids", "mtp.fc.weight"],
)
def test_tables_of_older_versions_and_layers_for_faster_writing_are_left_out(folder, name):
    entries, numbers = header(folder)
    entries[name] = {"dtype": "F32", "shape": [1], "data_offsets": [len(numbers), len(numbers) + 4]}
    write(folder / "model.safetensors", entries, numbers + b"\0\0\0\0")
    assert hooks.load(folder, LoadOptions(device="cpu")).module is not None


def test_a_further_layer_is_harmless_only_where_the_config_says_what_it_predicts(folder):
    entries, numbers = header(folder)
    name = "model.language_model.layers.4.eh_proj.weight"
    entries[name] = {"dtype": "F32", "shape": [1], "data_offsets": [len(numbers), len(numbers) + 4]}
    write(folder / "model.safetensors", entries, numbers + b"\0\0\0\0")
    assert name in refused(folder)
    text(folder, num_nextn_predict_layers=1)
    assert hooks.load(folder, LoadOptions(device="cpu")).module is not None


DAMAGED = {
    "cut": (lambda content: content[:-100], "bytes of weights where its header describes"),
    "longer": (lambda content: content + b"x", "bytes of weights where its header describes"),
    "empty": (lambda content: b"", "is no whole safetensors file: it has 0 bytes"),
    "long header": (lambda content: struct.pack("<Q", 2**63) + content[8:], "is no whole safetensors file"),
    "noise": (lambda content: content[:8] + b"x" * (len(content) - 8), "has a header that is no JSON"),
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_damaged_weights_are_named_with_their_file(folder, kind):
    file = folder / "model.safetensors"
    damage, said = DAMAGED[kind]
    file.write_bytes(damage(file.read_bytes()))
    assert refused(folder).startswith("it: model.safetensors ")
    assert said in refused(folder)


@pytest.mark.parametrize(
    "change", [{"dtype": "F7"}, {"shape": [10**9]}, {"shape": [-1]}, {"data_offsets": [0, 10**15]}, {"dtype": None}]
)
def test_a_tensor_that_is_not_as_described_is_named(folder, change):
    entries, numbers = header(folder)
    name = next(name for name in entries if name != "__metadata__")
    write(folder / "model.safetensors", {**entries, name: {**entries[name], **change}}, numbers)
    assert "describes the tensor" in refused(folder)


def sharded(folder: Path, placed: dict[str, str] | None = None) -> dict[str, str]:
    """The weights in two files with their index; where each tensor is."""
    found = in_halves(folder)
    (folder / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {}, "weight_map": {**found, **(placed or {})}})
    )
    return found


def test_weights_in_several_files_must_be_where_their_index_says(folder):
    whole = folder / "model.safetensors"
    found = sharded(folder)
    assert "has two sets of weights, model.safetensors and those of model.safetensors.index.json" in refused(folder)
    content = whole.read_bytes()
    whole.unlink()
    assert hooks.load(folder, LoadOptions(device="cpu")).module is not None
    first = next(iter(found))
    wrong = {
        "../../etc/passwd": "which is no safetensors file beside it",
        "pytorch_model.bin": "which is no safetensors file beside it",
        "model-7.safetensors": "names model-7.safetensors, which is not there",
        "model-1.safetensors": f"holds {first!r}, which model.safetensors.index.json puts in model-1.safetensors",
    }
    for place, said in wrong.items():
        whole.write_bytes(content)
        sharded(folder, {first: place})
        whole.unlink()
        assert said in refused(folder)


FILES = ("config.json", "processor_config.json", "tokenizer_config.json", "tokenizer.json", "generation_config.json")


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_json_object_is_named(folder, name):
    whole = (folder / name).read_text()
    for content in ("", "[]", "3", "null", '"x"', whole[: len(whole) // 2], "[" * 100_000):
        (folder / name).write_text(content)
        assert name in refused(folder)
    (folder / name).write_bytes(b'{"a": "\xff"}')
    assert name in refused(folder)


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "loop", "nowhere"])
def test_only_regular_files_are_opened(folder, kind):
    file = folder / "tokenizer_config.json"
    file.unlink()
    {
        "pipe": lambda: os.mkfifo(file),
        "folder": file.mkdir,
        "device": lambda: file.symlink_to("/dev/zero"),
        "loop": lambda: file.symlink_to(file),
        "nowhere": lambda: file.symlink_to("/nowhere"),
    }[kind]()
    said = "is a link that leads nowhere" if kind in ("loop", "nowhere") else "is no regular file"
    assert refused(folder) == f"it: tokenizer_config.json {said}. Take the checkpoint anew, or mend the file."


@pytest.mark.parametrize(
    ("field", "value"),
    [("hidden_size", 10**12), ("num_hidden_layers", 10**9), ("vocab_size", 10**12), ("num_attention_heads", -2)],
)
def test_sizes_of_no_model_are_refused_before_anything_is_built(folder, field, value):
    text(folder, **{field: value})
    assert f"config.json asks for text_config.{field} {value}" in refused(folder)


def test_a_model_far_larger_than_its_weights_is_not_built(folder):
    text(folder, vocab_size=9_000_000, hidden_size=100_000)
    assert "its config.json describes a model of more than" in refused(folder)
    text(folder, vocab_size=290, hidden_size=32, num_hidden_layers=90_000)
    assert "its config.json describes a model of more than" in refused(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": {"shortest_edge": 10**9}}, "is larger than any model reads"),
        ({"image_mean": [0.5] * 7}, "is no number for each channel of a picture"),
        ({"image_std": [0.0, 1.0, 1.0]}, "divides by 0"),
        ({"rescale_factor": 0}, "leaves nothing of a picture"),
    ],
)
def test_settings_that_leave_no_picture_are_refused(folder, change, said):
    settings = json.loads((folder / "processor_config.json").read_text())
    edit(folder / "processor_config.json", image_processor={**settings["image_processor"], **change})
    assert said in refused(folder)


def test_pictures_of_another_size_than_the_vision_tower_s_are_refused(folder):
    settings = json.loads((folder / "processor_config.json").read_text())
    images = {**settings["image_processor"], "crop_size": {"height": 48, "width": 64}}
    edit(folder / "processor_config.json", image_processor=images)
    assert "makes pictures of 64x48 px, and the image_size of its vision tower is 32" in refused(folder)


def test_a_tokenizer_of_another_model_is_refused(folder):
    read = json.loads((folder / "tokenizer.json").read_text())
    vocabulary = read["model"]["vocab"]
    word = max(vocabulary, key=vocabulary.get)
    for number, said in ((9_999, "the id 9999, and the model has 290 words"), (vocabulary[word] - 1, "one id")):
        edit(folder / "tokenizer.json", model={**read["model"], "vocab": {**vocabulary, word: number}})
        assert said in refused(folder)


def test_a_tokenizer_that_is_not_there_is_said(tmp_path):
    folder = shutil.copytree(tiny.checkpoint("qwen2_vl"), tmp_path / "model")
    (folder / "tokenizer.json").unlink()
    assert "its tokenizer cannot be used" in refused(folder) or "cannot be loaded" in refused(folder)


def test_tokens_that_end_a_text_are_words_of_the_model(folder):
    for ends in (5_000, -1, [1, 9_999]):
        edit(folder / "generation_config.json", eos_token_id=ends)
        assert "generation_config.json" in refused(folder)


def test_full_weights_under_a_config_of_quantised_ones_are_refused(folder):
    pytest.importorskip("bitsandbytes")
    edit(folder / "config.json", quantization_config={"quant_method": "bitsandbytes", "load_in_4bit": True})
    assert "says that its weights are quantised (fp4), and they are not" in refused(folder)


def test_an_unknown_type_of_numbers_is_refused(folder):
    edit(folder / "config.json", dtype="float7")
    assert "its config or processor cannot be loaded" in refused(folder)


def test_a_chat_template_that_writes_no_question_is_refused_with_its_file(folder):
    for template in ("{% for %}", "{{ messages[0].nothing.at_all }}", "{{ 'x' * 10**10 }}"):
        (folder / "chat_template.jinja").write_text(template)
        assert refused(folder).startswith(
            "it: chat_template.jinja: the chat template of the processor cannot be used: "
        )
    assert hooks.load(folder, LoadOptions(device="cpu", plain=True)).module is not None


@pytest.mark.parametrize("verb", [("list", "sites", "-m"), ("check",)])
def test_the_command_line_ends_with_2_and_one_line(folder, verb):
    (folder / "config.json").write_text("[]")
    result = CliRunner().invoke(main, [*verb, str(folder)])
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        f"error: model {str(folder)!r}: {folder}/config.json holds a list where there should be a JSON object. "
        "Take the checkpoint anew, or mend the file."
    ]


def test_a_segmentation_model_is_looked_at_in_the_same_way(tmp_path):
    from tiny import segmenters

    from hooks import segmentation

    segmenters.segformer(tmp_path)
    edit(tmp_path / "config.json", depths=[1, 1, 1, 2])
    with pytest.raises(ModelError, match="weights are missing from its files or misfit"):
        segmentation.load(segmentation.blueprint(tmp_path, LoadOptions(device="cpu")))
    edit(tmp_path / "config.json", depths=[1, 1, 1, 1], num_encoder_blocks=3)
    with pytest.raises(ModelError, match=r"weights are missing|no place for|cannot be loaded"):
        segmentation.load(segmentation.blueprint(tmp_path, LoadOptions(device="cpu")))
