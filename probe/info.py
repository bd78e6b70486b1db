"""What `probe info` shows of a run: from its ledger alone, so that it needs neither Zarr nor xarray."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

import stores

from . import foreign_text, kept_comparison
from .terminal import SafeTable, say, show, table, write_fields, write_json

SHOWN_FAILURES = 20

LONGEST_NAME, LONGEST_QUESTION = 200, 1_000
"""Characters of an id beside what is wrong with it, and of a question or reason; `--json` has all."""


def info(run: Path, *, verify: bool, as_json: bool, console: Console) -> int:
    """`probe info`: 1 when a file is missing or short, or `--verify` finds another; 0 otherwise."""
    problems = stores.verify(run) if verify else []
    try:
        found = stores.summary(run)
    except stores.DamagedRun:
        if not problems:
            raise
        # what it is of cannot be shown, but which files have changed can
        write_json(console, {"problems": problems}) if as_json else say(console, "\n".join(problems), wrap=True)
        return 1
    if as_json:
        write_json(console, found | ({"problems": problems} if verify else {}))
        return 1 if problems or found["damaged"] else 0
    show(console, facts(str(run), in_short(found)))
    if verify:
        whole = "Every committed file has the size and checksum that it was written with."
        say(console, "\n".join(problems) if problems else whole, wrap=True)
    return 1 if problems or found["damaged"] else 0


def list_samples(path: Path, *, as_json: bool, console: Console) -> int:
    """`probe info --samples`: which samples and images a run is of, and how they were chosen; always 0."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", stores.IncompleteRun)  # the list is whole in any run
        run = stores.open_run(path)
    kept_comparison.refuse(run.plan, path)
    dataset, chosen = run.plan["dataset"], run.plan["settings"]
    if "sample" not in run.samples.dims:
        raise ValueError(f"{path} has no samples: it is of pictures and label maps alone. Leave out --samples.")
    samples = run.samples
    rows = [
        {
            "sample": str(sample),
            "image": str(image),
            "kind": str(kind),
            "question": str(question),
            "answer": str(answer),
        }
        for sample, image, kind, question, answer in zip(
            *(samples[name].values.tolist() for name in ("sample", "image", "kind", "question", "answer")), strict=True
        )
    ]
    if as_json:
        write_json(console, {"dataset": dataset, "chosen": how_chosen(dataset["name"], chosen), "samples": rows})
        return 0
    images = len({row["image"] for row in rows})
    say(
        console,
        f"{len(rows):,} samples about {images:,} images of {dataset['name']} ({dataset['fingerprint']}): "
        f"{how_chosen(dataset['name'], chosen)}.",
    )
    for row in rows:
        write_fields(console, [row[name] for name in ("sample", "image", "question")], longest=LONGEST_QUESTION)
    return 0


def how_chosen(dataset: str, settings: Mapping[str, Any]) -> str:
    """Which images of its dataset a run has.

    >>> how_chosen("pope", {"limit": 500, "seed": 42}), how_chosen("pope", {"limit": None, "first": 10})
    ('500 images at random under seed 42', 'the first 10 images')
    """
    from .datasets.registry import DATASETS

    if dataset in DATASETS and DATASETS[dataset].draw is not None:
        return "all that were drawn"
    if (limit := settings.get("limit")) is not None:
        return f"{limit} images at random under seed {settings.get('seed', 0)}"
    if (first := settings.get("first")) is not None:
        return f"the first {first} images"
    return "all images"


def in_short(found: Mapping[str, Any]) -> dict[str, str]:
    """A run's summary as a person reads it; `--json` has the whole plan and provenance."""
    plan, provenance = found["plan"], found["provenance"]
    if kept_comparison.COMPARISON in plan:
        return comparison_in_short(found)
    dataset = plan.get("dataset")
    rows = {
        **of_model(plan["settings"]["model"], provenance["model"]),
        **({"dataset": f"{dataset['name']} ({dataset['fingerprint']})"} if dataset else {}),
        **({"logs": logs_in_short(logs)} if (logs := (provenance["model"] or {}).get("logs")) else {}),
        "images, samples": f"{found['images']:,}, {found['samples']:,}",
        "conditions": ", ".join(f"{name} {count}" if count > 1 else name for name, count in found["families"].items()),
        "sites": "\n".join(site["site"] for site in found["sites"]) or "none",
        "units": f"{found['committed']:,} of {found['units']:,}" + ("" if found["complete"] else ": incomplete"),
        **({"missing": missing(found["damaged"])} if found["damaged"] else {}),
        **({"segmentations": "\n".join(segmented(found))} if found["segmentations"] else {}),
        "disk": f"{found['bytes'] / 1e6:,.1f} MB in {found['files']:,} files",
        "failed samples": "\n".join(named(*each).strip() for each in found["failed"].items()) or "none",
        **origin(provenance),
    }
    return {name: str(value) for name, value in rows.items()}


def logs_in_short(logs: Mapping[str, Mapping[str, Any]]) -> str:
    """The logs that a run was made from, each with what it is; the first few of many."""
    lines = [f"{name} ({log['format']})" for name, log in list(logs.items())[:SHOWN_FAILURES]]
    return "\n".join(lines + ([f"… {len(logs):,} in all"] if len(logs) > len(lines) else []))


def origin(provenance: Mapping[str, Any]) -> dict[str, str]:
    """The code, time and command of a run; nothing of one that was made by hand."""
    if "code" not in provenance:
        return {}
    commit = provenance["code"]["commit"]
    return {
        "code": f"commit {commit}" if commit else "an installed package",
        "made": f"{provenance['utc']} by {provenance['command']}",
    }


def comparison_in_short(found: Mapping[str, Any]) -> dict[str, str]:
    """A kept comparison as a person reads it."""
    compared, provenance = found["plan"][kept_comparison.COMPARISON], found["provenance"]
    models = {name: run["provenance"].get("model", {}).get("source") for name, run in provenance["compared"].items()}
    return {
        "compared": "\n".join(f"{name} ({model})" if model else name for name, model in models.items()),
        "pairs": "\n".join(f"base {base}, aligned {aligned}" for base, aligned in compared["pairs"]) or "none",
        "reference": compared["reference"] or "none of the runs",
        "datasets": ", ".join(compared["datasets"]),
        "images, samples": f"{found['images']:,}, {len(compared['samples']):,}",
        "conditions": ", ".join(f"{name} {count}" if count > 1 else name for name, count in found["families"].items()),
        **origin(provenance),
    }


def of_model(name: str, model: Mapping[str, Any] | None) -> dict[str, str]:
    """The model of a run and its weights; of a run of pictures and label maps alone that there is none."""
    if model is None:
        return {"model": "none: pictures and label maps alone"}
    how = f" ({', '.join(loaded_as(model))})" if "family" in model else ""  # of a run made by hand it is not told
    weights = model.get("weights_sha256")
    return {"model": f"{name}{how}", **({"weights": f"sha256 {weights[:16]}"} if weights else {})}


def segmented(found: Mapping[str, Any]) -> list[str]:
    """The segmentation models of a run, with how much of those that were added is there."""
    added = found["segmented"]
    lines: list[str] = []
    for slug in found["segmentations"]:
        state = added.get(slug, {"units": found["units"], "committed": found["committed"], "failed": {}})
        failed = f"; {len(state['failed'])} images failed" if state["failed"] else ""
        lines.append(f"{slug}: {state['committed']:,} of {state['units']:,} units{failed}")
    return lines


def loaded_as(model: Mapping[str, Any]) -> list[str]:
    """How a model was loaded: family, dtype, device, and fewer bits or an adapter where there were."""
    quantised, adapter = model.get("quantization"), model.get("adapter")
    more = [quantised["method"]] if quantised else []
    more += [f"adapter {adapter['source']}"] if adapter else []
    return [model["family"], model["dtype"], model["device"], *more]


def missing(damaged: Mapping[str, Sequence[str]]) -> str:
    """Which files of committed units are not whole, and what to do."""
    files = [said for unit in damaged.values() for said in unit]
    shown = "\n".join(files[:SHOWN_FAILURES]) + (f"\n… {len(files):,} in all" if len(files) > SHOWN_FAILURES else "")
    return f"{shown}\nCopy the run again, or rerun its command: these {len(damaged):,} units are then done again."


def named(what: str, why: str) -> str:
    """A sample or an image with what is wrong with it, on one line of bounded length."""
    return f"  {foreign_text.line(what, longest=LONGEST_NAME)}: {foreign_text.line(why, longest=LONGEST_QUESTION)}"


def facts(title: str, rows: Mapping[str, str]) -> SafeTable:
    """A table of names and what they are."""
    drawn = table(title, lines=True, header=False)
    drawn.add_column(style="bold")
    drawn.add_column()
    for name, value in rows.items():
        drawn.add_row(name, value)
    return drawn
