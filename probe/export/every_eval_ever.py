"""Records of Every Eval Ever, schema 0.3.0: one of the whole run, and one of each answer.

    data/DATASET/DEVELOPER/MODEL/UUID.json             accuracy and flip rate under each condition, with 95 % intervals
    data/DATASET/DEVELOPER/MODEL/UUID_samples.jsonl    a line for each answer whose score is known

The UUID follows from the run's plan. Values that the schema wants and no run holds (who the organization is, its
relation to the model) are "unknown" or "other". Source: evaleval/every_eval_ever, `schemas/eval.schema.json` and
`instance_level_eval.schema.json`.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import file_digest, sha256
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from ..results.evidence import Evidence
from .files import file_name
from .rows import Piece

if TYPE_CHECKING:
    import xarray as xr

    from stores import Run

SCHEMA = "0.3.0"
UNKNOWN = "unknown"

METRICS = {
    "accuracy": ("mean score of the answers", False),
    "flip_rate": ("share of the answers that differ from those to the clean pictures", True),
}
"""What each metric is, and whether less of it is better."""


@dataclass(frozen=True)
class Origin:
    """What all records of a run share."""

    dataset: str
    model: str
    created: str
    plan_hash: str
    provenance: dict[str, Any]

    @classmethod
    def of(cls, run: "Run") -> "Origin":
        """That of a run, by its plan and provenance."""
        made = run.provenance
        created = datetime.fromisoformat(made["utc"]).timestamp() if "utc" in made else 0.0
        dataset = run.plan.get("dataset", {}).get("name", UNKNOWN)
        return cls(dataset, run.plan["settings"]["model"], f"{created:.0f}", run.plan["hash"], made)

    @property
    def id(self) -> str:
        """The id of the evaluation."""
        return f"{self.dataset}/{self.model.replace('/', '_')}/{self.created}"

    @property
    def file(self) -> str:
        """The path of the records of single answers, as the collection orders them."""
        developer, _, model = self.model.rpartition("/")
        parts = (self.dataset, developer or UNKNOWN, model)
        name = UUID(bytes=sha256(self.plan_hash.encode()).digest()[:16], version=4)
        return "/".join(("data", *map(file_name, parts), f"{name}_samples.jsonl"))

    def evaluation(self, condition: str) -> str:
        """The name of the evaluation under a condition."""
        return self.dataset if condition == "clean" else f"{self.dataset} under {condition}"

    def result(self, condition: str, metric: str) -> str:
        """The id of a metric under a condition."""
        return f"{self.id}/{condition}/{metric}"


def paths(run: "Run", folder: Path) -> tuple[Path, Path]:
    """Where the records of single answers go, and that of the whole run. Raises ValueError without a known score."""
    if not Evidence(run).unsplit_correct.notnull().any():
        raise ValueError(f"{run.path} has no answer whose score is known, so that there is nothing to record.")
    details = folder / Origin.of(run).file
    return details, details.with_name(details.name.replace("_samples.jsonl", ".json"))


def write_answers(path: Path, pieces: Iterable[Piece], origin: Origin) -> int:
    """Write a line for each answer whose score is known; how many."""
    count = 0
    with path.open("w", encoding="ascii") as file:
        for line in answers(pieces, origin):
            file.write(json.dumps(line) + "\n")
            count += 1
    return count


def answers(pieces: Iterable[Piece], origin: Origin) -> Iterator[dict[str, Any]]:
    """The records of single answers."""
    for piece in pieces:
        for values in zip(*piece.values(), strict=True):
            row = dict(zip(piece, values, strict=True))
            if row["correct"] is not None:
                yield _answer(row, origin)


def _answer(row: dict[str, Any], origin: Origin) -> dict[str, Any]:
    references = row["references"] or ([row["answer"]] if row["answer"] else [])
    given = row["text"] if row["text"] is not None else (row["choice"] or "")
    how = "parsed" if row["log_likelihoods"] is None else "log_likelihood"
    attributed = row["choice"] if row["choice"] is not None else given
    known = {"condition": row["condition"], "family": row["family"], "image": row["image"], "kind": row["kind"]}
    return {
        "schema_version": SCHEMA,
        "evaluation_id": origin.id,
        "model_id": origin.model,
        "evaluation_name": origin.evaluation(row["condition"]),
        "evaluation_result_id": origin.result(row["condition"], "accuracy"),
        "sample_id": row["sample"],
        "sample_hash": sample_hash(row["question"], references),
        "interaction_type": "single_turn",
        "input": {"raw": row["question"], "reference": references, "choices": row["options"] or None},
        "output": {"raw": [given]},
        "messages": None,
        "answer_attribution": [
            {
                "turn_idx": 0,
                "source": "output.raw",
                "extracted_value": attributed,
                "extraction_method": how,
                "is_terminal": True,
            }
        ],
        "evaluation": {"score": row["correct"], "is_correct": row["correct"] >= 0.5},
        "metadata": known | ({} if row["severity"] is None else {"severity": str(row["severity"])}),
    }


def sample_hash(raw: str, references: list[str]) -> str:
    """The hash by which answers of several models to one sample are found."""
    content = json.dumps({"raw": raw, "reference": references}, sort_keys=True, separators=(",", ":"))
    return sha256(content.encode()).hexdigest()


def aggregate(run: "Run", origin: Origin, details: Path, rows: int) -> dict[str, Any]:
    """The record of the whole run; `details` are its records of single answers."""
    with details.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()
    made = origin.provenance
    local = "family" in (made.get("model") or {})
    return {
        "schema_version": SCHEMA,
        "evaluation_id": origin.id,
        "retrieved_timestamp": origin.created,
        "source_metadata": {
            "source_type": "evaluation_run",
            "source_organization_name": UNKNOWN,
            "evaluator_relationship": "other",
        },
        "eval_library": {"name": "vlm-undertow", "version": version("vlm-undertow")},
        "model_info": {
            "name": origin.model,
            "id": origin.model,
            "additional_details": {
                "deployment_type": "self_deployed" if local else UNKNOWN,
                "model_availability": "open_weights" if local else UNKNOWN,
            },
        },
        "evaluation_results": list(_results(Evidence(run), origin)),
        "detailed_evaluation_results": {
            "format": "jsonl",
            "file_path": origin.file,
            "hash_algorithm": "sha256",
            "checksum": digest,
            "total_rows": rows,
        },
    }


def _results(evidence: Evidence, origin: Origin) -> Iterator[dict[str, Any]]:
    measured = {"accuracy": evidence.unsplit_correct, "flip_rate": evidence.unsplit_flipped}
    for metric, values in measured.items():
        rates, counts = evidence.rate(values), values.notnull().sum("sample")
        for place, condition in enumerate(values.condition.values.tolist()):
            bounds = rates.isel(condition=place).values.tolist()
            if np.isfinite(bounds[0]) and not (metric == "flip_rate" and condition == "clean"):
                yield _result(metric, condition, bounds, counts.isel(condition=place), origin)


def _result(metric: str, condition: str, bounds: list[float], count: "xr.DataArray", origin: Origin) -> dict[str, Any]:
    meaning, lower = METRICS[metric]
    estimate, low, high = bounds
    interval = {"lower": low, "upper": high, "confidence_level": 0.95, "method": "Wilson, effective number by image"}
    data = origin.provenance.get("dataset") or {}
    return {
        "evaluation_result_id": origin.result(condition, metric),
        "evaluation_name": origin.evaluation(condition),
        "source_data": {
            "dataset_name": origin.dataset,
            "source_type": "other",
            "additional_details": {name: str(value) for name, value in data.items() if name != "name"},
        },
        "metric_config": {
            "evaluation_description": meaning,
            "metric_id": metric,
            "metric_unit": "proportion",
            "lower_is_better": lower,
            "score_type": "continuous",
            "min_score": 0,
            "max_score": 1,
        },
        "score_details": {
            "score": estimate,
            "details": {"condition": condition},
            "uncertainty": {"num_samples": int(count), "confidence_interval": interval},
        },
    }
