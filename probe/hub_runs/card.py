"""The card of a run on the hub: what it is of and where it comes from, by its own provenance."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..foreign_text import line
from . import FOLDER, TABLE

if TYPE_CHECKING:
    from stores import Run

LONGEST = 300
"""Characters of a value."""

SHOWN = 20
"""Families that are listed."""


def card(run: "Run", repository: str) -> str:
    """The text of README.md: front matter that shows the table, then what the run is and how it is read.

    What others wrote (names of models, commands) stands as code, on one line each. No licence is named: that of the
    questions is their dataset's.
    """
    facts = "\n".join(f"| {name} | {_code(value)} |" for name, value in _facts(run).items())
    state = "" if run.complete else f"\nThe run is incomplete: {len(run.missing):,} of its units are missing.\n"
    return f"""---
pretty_name: {json.dumps(line(repository.rpartition("/")[2], longest=LONGEST))}
tags:
- vlm-undertow
- robustness
- vision-language-models
configs:
- config_name: answers
  data_files: {TABLE}
---

# {_code(repository)}

Answers, and states where they were kept, of a vision-language model on pictures under perturbations: a run of
vlm-undertow.
{state}
| | |
| --- | --- |
{facts}

`{TABLE}` has a row for each sample under each condition. The run itself is in `{FOLDER}/`:

```sh
probe analyze hf://{repository}
```
"""


def _facts(run: "Run") -> dict[str, str]:
    made: Mapping[str, Any] = run.provenance
    dataset, model = run.plan.get("dataset", {}), made.get("model") or {}
    samples, images = run.samples.sizes.get("sample", 0), run.images.sizes["image"]
    families = list(run.record["layout"]["families"])
    more = f", … {len(families)} in all" if len(families) > SHOWN else ""
    known = {
        "model": run.plan.get("settings", {}).get("model"),
        "weights": model.get("weights_sha256"),
        "dataset": f"{dataset.get('name')} ({dataset.get('fingerprint')})" if dataset else None,
        "samples, images": f"{samples:,}, {images:,}",
        "conditions": f"{run.conditions.sizes['condition']:,}: {', '.join(families[:SHOWN])}{more}",
        "sites": ", ".join(run.sites) or "none",
        "seed": made.get("seed"),
        "code": (made.get("code") or {}).get("commit"),
        "made": made.get("utc"),
    }
    return {name: str(value) for name, value in known.items() if value not in (None, "")}


def _code(text: str) -> str:
    """A text as code in a table's cell: nothing in it is markup."""
    shown = line(text, longest=LONGEST).replace("`", "'").replace("|", "¦")
    return f"`{shown}`"
