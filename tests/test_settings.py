"""Settings: Python and the command line refuse the same with the same words; numpy's numbers and paths are taken."""

from pathlib import Path
from typing import Any

import numpy as np
import picture_set
import pytest
import tiny
from click.testing import CliRunner
from tiny.llava import LANGUAGE_LAYERS

import hooks
import probe
from probe.cli import main
from probe.errors import PlanMismatch
from probe.extraction.execution import Execution
from probe.extraction.settings import Settings

WRONG: list[tuple[str, Any, str]] = [
    ("quantize", "4bit", "quantize '4bit' is unknown. Choose one of: nf4, int8."),
    (
        "keep",
        "answer",
        "keep 'answer' is unknown. Did you mean 'answers'? Choose one of: tokens, pooled, answers.",
    ),
    ("dtype", "fp16", "dtype 'fp16' is unknown. Choose one of: auto, float32, bfloat16, float16."),
    ("visual_tokens", 0, "visual tokens 0 is too small. Give 1 or more."),
    ("max_new_tokens", -1, "max new tokens -1 is too small. Give 1 or more."),
    ("limit", 0, "limit 0 is too small. Give 1 or more."),
    ("double_quantization", True, "double quantization applies to nf4, not to quantize=None. Ask for nf4."),
    ("revision", " ", "revision ' ' is no name. Give a text, or leave it out."),
    ("perturb", ["driving", ""], "perturb '' is no name. Give a text, or leave it out."),
    ("sites", [" "], "sites ' ' is no name. Give a text, or leave it out."),
]
WRONG_EXECUTION: list[tuple[str, Any, str]] = [
    ("batch_size", 0, "batch size 0 is too small. Give 1 or more."),
    ("workers", 0, "workers 0 is too small. Give 1 or more."),
    ("device", "gpu", "device 'gpu' is unknown. Choose auto, cpu, cuda, cuda:1, mps, xpu or npu."),
    ("device", "cuda:one", "device 'cuda:one' is unknown. Choose auto, cpu, cuda, cuda:1, mps, xpu or npu."),
]
FLAGS = {"sites": "site", "batch_size": "batch"}


def on_the_command_line(name: str, value: Any) -> list[str]:
    flag = f"--{FLAGS.get(name, name).replace('_', '-')}"
    if value is True:
        return [flag]
    return [part for each in (value if isinstance(value, list) else [value]) for part in (flag, str(each))]


def refused(name: str, value: Any) -> str:
    result = CliRunner().invoke(
        main, ["extract", "pocket-vlm", "streets", "-o", "r", *on_the_command_line(name, value)]
    )
    assert result.exit_code == 2
    return result.output


@pytest.mark.parametrize(("name", "value", "message"), WRONG)
def test_a_wrong_setting_is_refused_with_the_same_words(name: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        probe.extract("pocket-vlm", "streets", out="r", **{name: value})
    assert str(caught.value) == message
    assert refused(name, value) == f"error: {message}\n"


def test_a_wrong_prompt_is_refused_with_the_same_words() -> None:
    with pytest.raises(
        ValueError, match=r"prompt 'mcqq' is unknown\. Did you mean 'mcq'\? Choose one of: mcq, "
    ) as caught:
        probe.extract("pocket-vlm", "streets", out="r", prompt="mcqq")  # type: ignore[arg-type]
    assert refused("prompt", "mcqq") == f"error: {caught.value}\n"


@pytest.mark.parametrize(("name", "value", "message"), WRONG_EXECUTION)
def test_a_wrong_way_to_execute_is_refused_with_the_same_words(name: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        Execution(**{name: value})
    assert str(caught.value) == message
    assert refused(name, value) == f"error: {message}\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name, value, _ in WRONG if hasattr(hooks.LoadOptions(), name)],
)
def test_loading_a_model_refuses_the_same(name: str, value: Any) -> None:
    message = next(message for other, given, message in WRONG if (other, given) == (name, value))
    with pytest.raises(ValueError) as caught:
        hooks.LoadOptions(**{name: value})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", 2.5), ("limit", True), ("limit", "2"), ("seed", None), ("seed", 0.0), ("plain", "no"), ("plain", 1),
        ("perturb", None), ("sites", 3), ("perturb", [1]), ("prompt", 1), ("keep", None), ("model", 7), ("dataset", ""),
        ("quantize", ["nf4"]), ("revision", 3),
    ],
)  # fmt: skip
def test_what_only_python_can_get_wrong_is_named_too(name: str, value: Any) -> None:
    given: dict[str, Any] = {"model": "pocket-vlm", "dataset": "streets", name: value}
    with pytest.raises(ValueError, match=f"^{name} "):
        Settings(**given)


def test_states_of_a_site_cannot_be_kept_with_answers_alone() -> None:
    with pytest.raises(ValueError, match="keep 'answers' stores no states, so not those of projector:patches"):
        Settings("pocket-vlm", "streets", keep="answers", sites=("projector:patches",))


def test_a_scheduler_has_its_own_workers() -> None:
    with pytest.raises(ValueError, match="leave out workers 2"):
        Execution(workers=2, scheduler="tcp://host:1")


def test_numpy_numbers_and_single_texts_become_what_they_stand_for() -> None:
    plain = Settings("m", "d", perturb=("white",), sites=("projector:patches",), limit=3, seed=1, visual_tokens=4)
    given = Settings(
        Path("m"),  # type: ignore[arg-type]
        Path("d"),  # type: ignore[arg-type]
        perturb="white",  # type: ignore[arg-type]
        sites=["projector:patches"],  # type: ignore[arg-type]
        limit=np.int64(3),  # type: ignore[arg-type]
        seed=np.uint8(1),  # type: ignore[arg-type]
        visual_tokens=np.int32(4),  # type: ignore[arg-type]
        plain=np.bool_(False),  # type: ignore[arg-type]
    )
    assert given == plain
    assert {type(getattr(given, name)) for name in ("limit", "seed", "visual_tokens")} == {int}
    assert type(given.plain) is bool


@pytest.mark.slow
def test_a_run_is_one_place_however_its_path_is_spelt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture_set.write(tmp_path / "set", images=2)
    model = tmp_path / "my model"
    model.symlink_to(tiny.checkpoint("llava"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "set" / next(file.name for file in (tmp_path / "set").glob("*.jsonl"))
    asked: dict[str, Any] = {"perturb": "white", "keep": "answers", "execution": Execution(device="cpu")}
    made = probe.extract(model, data, out="~/runs/a::b", limit=np.int64(2), **asked)
    scores = made.answers.log_likelihood.load()
    assert not (tmp_path / "~").exists()
    for path in (Path("runs/a::b"), "runs/a::b/", str(tmp_path / "runs" / "a::b"), "./runs/../runs/a::b"):
        assert probe.open_run(path).answers.log_likelihood.equals(scores)
    for spelt in ("my model", "./my model/", Path("my model")):
        again = probe.extract(spelt, Path("set") / data.name, out="~/runs/a::b/", limit=2, **asked)
        assert again.provenance["utc"] == made.provenance["utc"]  # not made anew
    with pytest.raises(PlanMismatch, match="max_new_tokens"):
        probe.extract("~/my model", data, out="runs/a::b", limit=2, max_new_tokens=8, **asked)
    monkeypatch.chdir("/")
    assert made.failed == {}
    assert probe.open_run("~/runs/a::b").answers.log_likelihood.equals(scores)
    assert made.plan["settings"]["model"] == str(model)


def test_a_url_of_another_kind_is_no_place_for_a_run() -> None:
    with pytest.raises(
        ValueError, match=r"'https://' is no home for a run\. Give the path of a local folder, or s3://"
    ):
        probe.open_run("https://bucket.example/run")


def test_a_model_is_loaded_from_a_path_object() -> None:
    assert hooks.blueprint(tiny.checkpoint("llava")).towers["language"].layers == LANGUAGE_LAYERS
