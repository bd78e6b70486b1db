"""Two published logs through `probe import`: BLINK's answers by four models, and line crossings at three sizes.

    python benchmarks/imported_logs.py blink PATH        a checkout of github.com/zeyofu/BLINK_Benchmark, at 2d6a779b
    python benchmarks/imported_logs.py lines PATH        of github.com/anguyen8/vision-llms-are-blind, at dd2a28d9, or a
                                                         file with its paths (git ls-tree -r --name-only)

Prints the tables of results/logs.md. Nothing of the data is kept. Each takes a minute or two on one core.
"""

import argparse
import json
import re
import warnings
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from published_multiple_choice import BLINK_PUBLISHED, blink_asked, head, row, said

from probe.comparison import compare, studies
from probe.logs.imported import import_logs
from probe.results import Evidence, analyze
from stores import Run, open_run

MODELS = ("GPT4o", "GPT4V", "llava-v1.6-34b", "llava_v1.5_13b")
"""Of BLINK's, the last of each pair that is compared being the weaker."""

LINES_PUBLISHED = {"gpt-4o": 0.416, "gemini-1.5": 0.669, "sonnet3": 0.434, "sonnet3.5": 0.754}
"""Accuracy over both prompts and all sizes, of the folders of correct and incorrect pictures."""

PICTURE = re.compile(
    r"images/(?P<prompt>\w+)-prompt/(?P<model>[^/]+)/(?P<verdict>correct|incorrect)/"
    r".*_gt_(?P<crossings>\d+)_image_(?P<image>\d+)_thickness_(?P<thickness>\d+)_resolution_(?P<size>\d+)\.png$"
)
"""What the name of a logged picture says; what was answered is not there, only whether it was right."""


def written(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """A plain log."""
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return path


TEXTS = {
    "recorded letters": "prediction",  # GPT-3.5's where the authors' rule finds none, "" where it found none either
    "the rule alone": "full_prediction",
}
"""What of BLINK's logs is imported as the answer, and where that stands."""


def blink_rows(folder: Path, key: str) -> Iterator[dict[str, Any]]:
    """A model's answers under one of the keys."""
    entries = [one for file in sorted(folder.glob("*.json")) for one in json.loads(file.read_text("utf-8"))["val"]]
    asked = blink_asked({one["idx"]: one["answer"] for one in entries})
    for one in entries:
        of = asked[one["idx"]]
        yield {
            "sample": one["idx"],
            "options": list(of.options),
            "answer": of.answer,
            "text": said(one, key),
            "dataset": "blink",
            "task": of.metadata["task"],
        }


def clean(run: Run, name: str, variable: str, **place: Any) -> float:
    """A number of an analysis on what was not perturbed, in percent."""
    (found,) = analyze(Evidence(run), [name])
    return 100 * float(found.data[variable].sel(family="clean", bound="estimate", **place))


def blink_tables(folder: Path, work: Path) -> None:
    """Each model beside what was published, then the pairs of neighbours with permutation tests by image."""
    head("model", "published", *TEXTS, "samples", "without a recorded letter")
    for model in MODELS:
        shown: list[str] = []
        for key in TEXTS.values():
            log = written(work / f"{key}.jsonl", blink_rows(folder / "eval" / "saved_outputs" / model, key))
            run = import_logs(log, out=work / key / model, model=model)
            shown.append(f"{clean(run, 'benchmark', 'value', reading='text', measure='mean of tasks'):.1f}")
        letters = Evidence(open_run(work / TEXTS["recorded letters"] / model)).choice.values
        row(model, f"{BLINK_PUBLISHED[model]:.1f}", *shown, f"{len(letters):,}", int((letters < 0).sum()))
    print()
    head("first", "second", "accuracy, %", "accuracy, %", "difference, points", "95 % interval", "p", "adjusted p")
    pairs = list(pairwise(MODELS))
    compared = compare(
        [work / TEXTS["recorded letters"] / model for model in MODELS], pairs=",".join(map("=".join, pairs))
    )
    table = next(study.data for study in studies(compared) if study.analysis.name == "clean_accuracy")
    for place, (first, second) in enumerate(pairs):
        of_pair = table.isel(pair=place, dataset=-1)
        base, aligned, apart = (100 * of_pair[name].values for name in ("base", "aligned", "difference"))
        p, adjusted = (float(of_pair[name]) for name in ("difference_p", "difference_adjusted_p"))
        interval = f"[{apart[1]:.1f}, {apart[2]:.1f}]"
        told = (f"{base[0]:.1f}", f"{aligned[0]:.1f}", f"{apart[0]:.1f}", interval, f"{p:.4f}", f"{adjusted:.4f}")
        row(first, second, *told)
    print(f"\nLeft out of the second table: {compared.undefined} questions that not all four answer with a letter.")


def line_rows(names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
    """The verdicts by model: a choice between correct and incorrect, under the size as the condition."""
    found: dict[str, list[dict[str, Any]]] = {}
    for each in filter(None, map(PICTURE.search, names)):
        item = f"{each['image']}-{each['thickness']}"
        found.setdefault(each["model"], []).append(
            {
                "sample": f"{item}-{each['prompt']}",
                "condition": f"resolution:{each['size']}",
                "choice": each["verdict"],
                "answer": "correct",
                "image": each["image"],
                "prompt_name": each["prompt"],
                "crossings": int(each["crossings"]),
            }
        )
    return found


def paths_of(source: Path) -> list[str]:
    """The paths of a checkout's pictures, or the lines of a file."""
    if source.is_dir():
        return [path.as_posix() for path in (source / "src" / "LineIntersection").rglob("*.png")]
    return source.read_text("utf-8").splitlines()


def lines_tables(source: Path, work: Path) -> None:
    """Accuracy of each model at each size, and how many questions change between right and wrong with the size."""
    head("model", "published", "imported", "384", "768", "1152", "questions that change, %", "95 % interval")
    for model, rows in sorted(line_rows(paths_of(source)).items()):
        log = written(work / f"{model}.jsonl", rows)
        evidence = Evidence(import_logs(log, out=work / model, model=model, clean="resolution:384"))
        (overview,) = analyze(evidence, ["overview"])
        ever, low, high = 100 * overview.data.iv.sel(family="resolution").values
        correct = evidence.correct.values  # (sample, condition), sizes in their order
        by_size = dict(zip(evidence.correct.severity.values.tolist(), 100 * correct.mean(axis=0), strict=True))
        assert np.isclose(ever, 100 * (correct.max(axis=1) != correct.min(axis=1)).mean())
        at = (f"{by_size[size]:.1f}" for size in (-1, 768, 1152))
        row(model, LINES_PUBLISHED[model], f"{correct.mean():.3f}", *at, f"{ever:.1f}", f"[{low:.1f}, {high:.1f}]")


def main() -> None:
    """Print the tables of one of the two."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("which", choices=["blink", "lines"])
    options.add_argument("path", type=Path)
    given = options.parse_args()
    warnings.simplefilter("ignore")
    with TemporaryDirectory() as work:
        {"blink": blink_tables, "lines": lines_tables}[given.which](given.path, Path(work))


if __name__ == "__main__":
    np.set_printoptions(precision=3)
    main()
