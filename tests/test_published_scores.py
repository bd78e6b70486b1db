"""The script that recomputes scores of CHAIR, POPE and ImageNet-C, on logs of the authors' layout made here."""

import json
import pickle
import runpy
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "published_scores.py"


class CHAIR:
    """A pickled evaluator's class, known to the script by its name alone."""

    def __init__(self, objects: dict[int, set[str]]) -> None:
        self.imid_to_objects = defaultdict(list, objects)


class Calling:
    """What a pickle can be as well: a call of anything."""

    def __reduce__(self) -> tuple[Any, ...]:
        return sys.setrecursionlimit, (1,)


def printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object) -> list[str]:
    monkeypatch.setattr(sys, "argv", [SCRIPT.name, *map(str, arguments)])
    runpy.run_path(str(SCRIPT), run_name="__main__")
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def lines(path: Path, *rows: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


def test_chair_is_counted_on_a_logs_lemmas_and_captions_by_both_truths(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sentences = [
        {
            "image_id": 7,
            "caption": "A man on a bus with a wine glass.",
            "words": ["a", "man", "on", "a", "bus", "with", "a", "wine glass", "."],
            "mscoco_generated_words": ["person", "bus", "wine glass"],
            "mscoco_gt_words": ["person", "bus"],
        },
        {
            "image_id": 9,
            "caption": "Two dogs.",
            "words": ["two", "dog", "."],
            "mscoco_generated_words": ["dog"],
            "mscoco_gt_words": ["dog"],
        },
    ]
    for name in ("regular_chair", "vcd_chair", "deco_chair"):
        log = {"sentences": sentences, "overall_metrics": {"CHAIRs": 0.5, "CHAIRi": 0.25}}
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(log, indent=2), encoding="utf-8")
    (tmp_path / "chair.pkl").write_bytes(pickle.dumps(CHAIR({7: {"person", "bus", "wine glass"}, 9: {"dog"}})))
    found = printed(capsys, monkeypatch, "chair", tmp_path, tmp_path / "chair.pkl")
    assert found[:9] == [
        "regular_chair, 2 captions",
        "reported CHAIRs 0.500 CHAIRi 0.25000",
        "pictures whose objects differ by the two truths: 1",
        "its lemmas: mentions differ from the log's in 0 of 2 captions",
        "objects of the log CHAIRs 0.500 CHAIRi 0.25000 = 1/4",
        "objects of the pickle CHAIRs 0.000 CHAIRi 0.00000 = 0/4",
        "its captions: mentions differ from the log's in 1 of 2 captions",  # the official script never finds a bus
        "objects of the log CHAIRs 0.500 CHAIRi 0.33333 = 1/3",
        "objects of the pickle CHAIRs 0.000 CHAIRi 0.00000 = 0/3",
    ]
    assert [line.partition(",")[0] for line in found[::9]] == ["regular_chair", "vcd_chair", "deco_chair"]


def test_a_pickle_that_calls_anything_is_refused(tmp_path: Path) -> None:
    path, limit = tmp_path / "chair.pkl", sys.getrecursionlimit()
    path.write_bytes(pickle.dumps({7: Calling()}))
    with pytest.raises(pickle.UnpicklingError, match=r"sys\.setrecursionlimit in the pickle: only a CHAIR evaluator"):
        runpy.run_path(str(SCRIPT))["objects_of"](path)
    assert sys.getrecursionlimit() == limit


def test_pope_is_scored_by_setting(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ("random", "popular", "adversarial")
    asked = [{"question_id": number, "category": setting} for number, setting in enumerate([*settings, *settings])]
    lines(tmp_path / "pope" / "llava_pope_test.jsonl", *asked)
    texts = ["Yes", "NO", "No", "No", "yes", "Yes"]
    answers = [{"question_id": number, "text": text} for number, text in enumerate(texts)]
    lines(tmp_path / "pope" / "answers" / "llava-v1.5-13b.jsonl", *answers)
    for setting in settings:
        labels = [{"question_id": 1, "label": "yes"}, {"question_id": 2, "label": "no"}]
        lines(tmp_path / "labels" / f"coco_pope_{setting}.json", *labels)
    # random: all right. popular: "NO" is yes officially and no strictly, then a wrong yes
    found = printed(capsys, monkeypatch, "pope", tmp_path / "pope", tmp_path / "labels")
    assert found[:4] == [
        "random 2 official precision 1.000 recall 1.000 f1 1.000 yes_ratio 0.500 accuracy 1.000",
        "random 2 strict precision 1.000 recall 1.000 f1 1.000 yes_ratio 0.500 accuracy 1.000",
        "popular 2 official precision 0.500 recall 1.000 f1 0.667 yes_ratio 1.000 accuracy 0.500",
        "popular 2 strict precision 0.000 recall 0.000 f1 0.000 yes_ratio 0.500 accuracy 0.000",
    ]


def test_mce_is_the_mean_of_errors_over_alexnets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    names = runpy.run_path(str(SCRIPT))["CLASSIFIERS"]
    alexnet = runpy.run_path(str(SCRIPT))["corruption"].ALEXNET_MEAN_ERROR
    corruptions = [name for name in alexnet for _ in range(5)]
    accuracy = {"AlexNet": 0.2, **dict.fromkeys(names, 0.6)}  # errors 0.8 and 0.4: half of AlexNet's everywhere
    rows = [["", *corruptions], ["", *("12345" * len(alexnet))]]
    rows += [[name, *[str(value)] * len(corruptions)] for name, value in accuracy.items()]
    (tmp_path / "unaggregated_results.csv").write_text("\n".join(map(",".join, rows)), encoding="utf-8")
    for name in names:
        (tmp_path / f"{name}.json").write_text(json.dumps({"corruptions_mce": "50.0"}), encoding="utf-8")
    published = 100 * sum(0.4 / error for error in alexnet.values()) / len(alexnet)
    found = printed(capsys, monkeypatch, "mce", tmp_path)
    assert found[1:] == [f"{name} 50.00 50.00 {published:.2f}" for name in names]
