"""Published scores recomputed from their authors' logs: CHAIR and POPE of LLaVA-1.5, mCE of ImageNet classifiers.

Nothing is downloaded, and nothing of the data is written. The arguments are folders and files of checkouts of
Areebol/vlm-decoding-hal (65602c27), nickjiang2378/vl-interp (5cd5a3c5), RobustBench/robustbench (78fcc9e4),
haotian-liu/LLaVA (32cebc38, the evaluation files in a pull request) and AoiDragon/POPE (e3e39262):

    python benchmarks/published_scores.py chair vlm-decoding-hal/re_log/llava-1.5 vl-interp/metric/chair.pkl
    python benchmarks/published_scores.py pope LLaVA/playground/data/eval/pope POPE/output/coco
    python benchmarks/published_scores.py mce robustbench/model_info/imagenet/corruptions
"""

import argparse
import csv
import json
import pickle
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from analyses import corruption
from analyses.scoring import Asked, Reading, Scorer, chair, pope

LOGS = ("regular_chair", "vcd_chair", "deco_chair")
CLASSIFIERS = ("Standard_R50", "Hendrycks2020AugMix", "Tian2022Deeper_DeiT-B")


class Evaluator:
    """What stands in for the pickled evaluator: its attributes, none of its code."""

    imid_to_objects: Mapping[int, set[str]]


ALLOWED = {("collections", "defaultdict"): defaultdict, ("builtins", "list"): list}


class Restricted(pickle.Unpickler):
    """Reads a pickled CHAIR evaluator; every other class or function is refused, so that no code of the file runs."""

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in for the evaluator, a dictionary or a list; UnpicklingError for anything else."""
        if name == "CHAIR":
            return Evaluator
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} in the pickle: only a CHAIR evaluator is read.")
        return ALLOWED[module, name]


def objects_of(path: Path) -> Mapping[int, set[str]]:
    """The objects of every COCO picture, from a pickled evaluator."""
    with path.open("rb") as file:
        return Restricted(file).load().imid_to_objects


def sums(
    scorer: Scorer, reading: Reading, parsed: Sequence[str | None], asked: Sequence[Asked]
) -> dict[str, list[float]]:
    """Numerator and denominator of the mean score and of each of a scorer's measures."""
    texts = np.array(parsed, object).reshape(-1, 1)
    correct = np.array([[reading.correct(text, one)] for text, one in zip(parsed, asked, strict=True)])
    terms = {measure.name: measure.terms(texts, correct, asked) for measure in scorer.measures}
    terms["accuracy"] = (correct, np.ones_like(correct))
    return {name: [float(term.sum()) for term in both] for name, both in terms.items()}


def chair_of(parsed: Sequence[str], objects: Iterable[Iterable[str]]) -> str:
    """CHAIRs and CHAIRi of captions by their mentions, as text."""
    asked = [Asked(str(row), metadata={"objects": "; ".join(sorted(names))}) for row, names in enumerate(objects)]
    found = sums(chair.SCORER, chair.SCORER.readings[0], parsed, asked)
    (captions, of), (invented, said) = found["chair_s"], found["chair_i"]
    return f"CHAIRs {captions / of:.3f}  CHAIRi {invented / said:.5f} = {invented:.0f}/{said:.0f}"


def chair_scores(logs: Path, truth: Path) -> None:
    """Print what each log reports, and what the scorer makes of its lemmas and of its captions, by both truths."""
    objects = objects_of(truth)
    for name in LOGS:
        log = json.loads((logs / f"{name}.jsonl").read_text(encoding="utf-8"))
        sentences, reported = log["sentences"], log["overall_metrics"]
        by_log = [one["mscoco_gt_words"] for one in sentences]
        by_truth = [objects[one["image_id"]] for one in sentences]
        # the log keeps the words after pairs were joined: taken apart again, they are joined by our own rules
        lemmas = [[part for word in one["words"] for part in word.split(" ")] for one in sentences]
        readings = {
            "its lemmas": [chair.SEPARATOR.join(chair.mentions_among(words)) for words in lemmas],
            "its captions": [chair.parse(one["caption"], Asked("")) for one in sentences],
        }
        print(f"{name}, {len(sentences)} captions")
        print(f"  reported                 CHAIRs {reported['CHAIRs']:.3f}  CHAIRi {reported['CHAIRi']:.5f}")
        print(f"  pictures whose objects differ by the two truths: {differing(map(set, by_log), map(set, by_truth))}")
        for reading, parsed in readings.items():
            official = (chair.SEPARATOR.join(one["mscoco_generated_words"]) for one in sentences)
            apart = differing(parsed, official)
            print(f"  {reading}: mentions differ from the log's in {apart} of {len(parsed)} captions")
            print(f"    objects of the log     {chair_of(parsed, by_log)}")
            print(f"    objects of the pickle  {chair_of(parsed, by_truth)}")


def differing(first: Iterable[object], second: Iterable[object]) -> int:
    """In how many places two sequences differ."""
    return sum(one != other for one, other in zip(first, second, strict=True))


def pope_scores(folder: Path, labels: Path) -> None:
    """Print accuracy, precision, recall, F1 and yes ratio of the answers in each of POPE's three settings."""
    setting = {one["question_id"]: one["category"] for one in lines(folder / "llava_pope_test.jsonl")}
    answers = lines(folder / "answers" / "llava-v1.5-13b.jsonl")
    for name in ("random", "popular", "adversarial"):
        asked = [
            Asked(str(one["question_id"]), answer=one["label"]) for one in lines(labels / f"coco_pope_{name}.json")
        ]
        texts = [one["text"] for one in answers if setting[one["question_id"]] == name]
        for reading in pope.SCORER.readings:
            parsed = [reading.parse(text, one) for text, one in zip(texts, asked, strict=True)]
            found = {key: above / below for key, (above, below) in sums(pope.SCORER, reading, parsed, asked).items()}
            print(
                f"{name:12}{len(texts):5}  {reading.name:9}"
                + "".join(f"  {key} {value:.3f}" for key, value in found.items())
            )


def lines(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def error_table(path: Path) -> xr.DataArray:
    """Errors (model, corruption, severity) from RobustBench's table of accuracies."""
    names, severities, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
    cells = {
        (row[0], name, int(severity)): 1 - float(value)
        for row in rows
        for name, severity, value in zip(names[1:], severities[1:], row[1:], strict=True)
    }
    axes = {
        dim: list(dict.fromkeys(key[place] for key in cells))
        for place, dim in enumerate(("model", "corruption", "severity"))
    }
    shape = [len(labels) for labels in axes.values()]
    return xr.DataArray(np.array(list(cells.values())).reshape(shape), coords=axes)


def mce_scores(folder: Path) -> None:
    """Print the reported mCE of each classifier, and ours against both AlexNets, in percent."""
    error = error_table(folder / "unaggregated_results.csv")
    reference = error.sel(model="AlexNet", drop=True)
    print(f"{'':24}reported  AlexNet of the table  AlexNet as published")
    for name in CLASSIFIERS:
        reported = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))["corruptions_mce"]
        one = error.sel(model=name, drop=True)
        ours = [corruption.mce(table).item() for table in (corruption.ce(one, reference), corruption.alexnet_ce(one))]
        print(f"{name:24}{float(reported):8.2f}{100 * ours[0]:22.2f}{100 * ours[1]:22.2f}")


def main() -> None:
    """Read the command line and print one of the comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    of_captions = commands.add_parser("chair", help="CHAIR of captions")
    of_captions.add_argument("logs", type=Path, help="the folder re_log/llava-1.5 of vlm-decoding-hal")
    of_captions.add_argument("truth", type=Path, help="the file metric/chair.pkl of vl-interp")
    of_answers = commands.add_parser("pope", help="POPE of answers")
    of_answers.add_argument("folder", type=Path, help="the folder playground/data/eval/pope of LLaVA")
    of_answers.add_argument("labels", type=Path, help="the folder output/coco of POPE")
    of_classifiers = commands.add_parser("mce", help="mCE of classifiers")
    of_classifiers.add_argument("folder", type=Path, help="the folder model_info/imagenet/corruptions of robustbench")
    given = parser.parse_args()
    if given.command == "chair":
        chair_scores(given.logs, given.truth)
    elif given.command == "pope":
        pope_scores(given.folder, given.labels)
    else:
        mce_scores(given.folder)


if __name__ == "__main__":
    main()
