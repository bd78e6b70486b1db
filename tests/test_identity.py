"""A run goes on only with what it was made with: processor, tokenizer, template, backend, kernel, remote code."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import picture_set
import pytest
import shared
import tiny

import hooks
import probe
from hooks import identity
from probe.errors import ModelMismatch
from probe.readers import local
from stores import ledger, provenance, sealed
from stores.files import checksum_file

Edit = Callable[[Path], None]


def make(folder: Path) -> None:
    shutil.copytree(tiny.checkpoint("llava"), folder / "model")
    picture_set.write(folder / "set", images=1)
    extract(folder)


def extract(folder: Path, **more: Any) -> Any:
    execution = probe.Execution(device="cpu")
    dataset = folder / "set" / "set.jsonl"
    return probe.extract(
        folder / "model", dataset, out=folder / "run", perturb="white", keep="answers", execution=execution, **more
    )


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished run with its model and dataset, all by relative paths."""
    folder = shutil.copytree(shared.folder("identity", made_relative), tmp_path / "made")
    monkeypatch.chdir(folder)
    return Path()


def made_relative(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        make(Path())


def edit(name: str, change: Callable[[dict[str, Any]], object]) -> Edit:
    def apply(model: Path) -> None:
        content = json.loads((model / name).read_text())
        change(content)
        (model / name).write_text(json.dumps(content))

    return apply


def of_tokenizer(**parts: Any) -> Edit:
    return edit("tokenizer.json", lambda content: content.update(parts))


TRUNCATION = {"direction": "Right", "max_length": 7, "strategy": "LongestFirst", "stride": 0}
PADDING = {
    "strategy": {"Fixed": 9},
    "direction": "Left",
    "pad_to_multiple_of": None,
    "pad_id": 0,
    "pad_type_id": 0,
    "pad_token": "<pad>",
}

EDITS: dict[str, tuple[Edit, str]] = {
    "mean": (
        edit("processor_config.json", lambda c: c["image_processor"].update(image_mean=[0.4, 0.4, 0.4])),
        "inputs.image_processor.image_mean: the run has [0.5, 0.5, 0.5], now [0.4, 0.4, 0.4]",
    ),
    "resampling": (
        edit("processor_config.json", lambda c: c["image_processor"].update(resample=2)),
        "inputs.image_processor.resample: the run has 3, now 2",
    ),
    "placeholders": (
        edit("processor_config.json", lambda c: c.update(num_additional_image_tokens=0)),
        "inputs.processor.num_additional_image_tokens: the run has 1, now 0",
    ),
    "truncation": (
        of_tokenizer(truncation=TRUNCATION),
        'inputs.saved_tokenizer.truncation: the run has "null", now ',
    ),
    "padding": (of_tokenizer(padding=PADDING), 'inputs.saved_tokenizer.padding: the run has "null", now '),
    "post-processor": (
        of_tokenizer(post_processor={"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True}),
        "inputs.saved_tokenizer.post_processor: the run has ",
    ),
    "normaliser": (
        of_tokenizer(normalizer={"type": "Lowercase"}),
        'inputs.tokenizer.normalizer: the run has "null", now "{\\"type\\": \\"Lowercase\\"}"',
    ),
    "vocabulary": (
        edit("tokenizer.json", lambda c: c["model"]["vocab"].update(zebra=max(c["model"]["vocab"].values()) + 1)),
        'inputs.tokenizer.model: the run has "sha256 ',
    ),
    "template": (
        lambda model: (model / "chat_template.jinja").write_text(
            (model / "chat_template.jinja").read_text().replace("USER:", "HUMAN:")
        ),
        'inputs.chat_template: the run has "sha256 ',
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_a_finished_run_is_not_taken_for_that_of_other_inputs(made: Path, name: str) -> None:
    apply, message = EDITS[name]
    apply(made / "model")
    with pytest.raises(ModelMismatch) as caught:
        extract(made)
    assert message in str(caught.value)
    assert len(caught.value.differences) <= 3


def test_pictures_through_another_backend_are_other_inputs(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from transformers.models.auto import image_processing_auto

    monkeypatch.setattr(image_processing_auto, "is_torchvision_available", lambda: False)
    with pytest.raises(ModelMismatch) as caught:
        extract(made)
    assert 'inputs.image_processor.backend: the run has "torchvision", now "pil"' in str(caught.value)


def test_the_same_checkpoint_goes_on(made: Path) -> None:
    ledger.marker(made / "run", max(ledger.done(made / "run"))).unlink()
    assert extract(made).complete


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("attention", "eager", 'attention: the run has "sdpa", now "eager"'),
        ("code", "abc", 'code: the run has null, now "abc"'),
        ("generation", {"stop_ids": [7], "repetition_penalty": 1.0}, "generation.stop_ids: the run has ["),
    ],
)
def test_what_is_known_once_a_model_is_loaded_is_compared_before_it_goes_on(
    made: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: Any, message: str
) -> None:
    load = local.load

    def other(blueprint: hooks.Blueprint) -> hooks.Model:
        model = load(blueprint)
        model.provenance[name] = value
        return model

    monkeypatch.setattr(local, "load", other)
    left = max(ledger.done(made / "run"))
    ledger.marker(made / "run", left).unlink()
    with pytest.raises(ModelMismatch) as caught:
        extract(made)
    assert message in str(caught.value)
    assert left not in ledger.done(made / "run")


def test_another_generation_config_is_another_model(made: Path) -> None:
    ledger.marker(made / "run", max(ledger.done(made / "run"))).unlink()
    edit("generation_config.json", lambda content: content.update(repetition_penalty=1.5))(made / "model")
    with pytest.raises(ModelMismatch, match=r"generation\.repetition_penalty: the run has 1\.0, now 1\.5"):
        extract(made)


def test_a_run_that_recorded_less_is_compared_by_what_it_recorded(made: Path) -> None:
    group = made / "run" / "zarr.json"
    content = json.loads(group.read_text())
    for name in ("inputs", "attention", "code", "generation"):
        del content["attributes"]["provenance"]["model"][name]
    group.write_text(json.dumps(content))
    record = ledger.plan_file(made / "run")
    written = sealed.read(record)
    written["files"]["zarr.json"] = vars(checksum_file(group))
    record.write_bytes(sealed.seal(written))
    EDITS["mean"][0](made / "model")
    assert extract(made).complete


def test_the_identity_of_inputs_does_not_change_with_use() -> None:
    for case in ("llava", "clip", "qwen2_vl"):
        plan = hooks.blueprint(tiny.checkpoint(case), hooks.LoadOptions(device="cpu"))
        before = identity.inputs_of(plan)
        plan.processor.tokenizer(["one", "one two three"], padding=True, truncation=True, max_length=2)
        assert identity.inputs_of(plan) == before
        assert json.loads(json.dumps(before)) == before


def test_a_model_records_its_dtypes_device_and_kernels_as_they_ended_up() -> None:
    model = tiny.load("llava", hooks.LoadOptions(device="cpu", dtype="bfloat16"))
    counted = sum(parameter.numel() for parameter in model.module.parameters())
    assert model.provenance["parameters"] == {"bfloat16": counted}
    assert (model.provenance["dtype"], model.provenance["device"]) == ("bfloat16", "cpu")
    assert model.provenance["attention"] == model.module.config.get_text_config()._attn_implementation == "sdpa"


def test_a_run_tells_its_inputs(made: Path) -> None:
    inputs = provenance(made / "run")["model"]["inputs"]
    assert inputs["image_processor"]["class"] == "CLIPImageProcessor"
    assert inputs["processor"]["class"] == "LlavaProcessor"
