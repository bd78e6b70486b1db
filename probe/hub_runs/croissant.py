"""Croissant metadata of a run's table: what each column is, for tools that read datasets by it.

Croissant 1.0 is JSON-LD; its context and the recommended properties are those of the specification of MLCommons.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..export.rows import COLUMNS
from ..foreign_text import line

if TYPE_CHECKING:
    from stores import Run

FILE = "croissant.json"

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

TYPES = {
    "text": "sc:Text",
    "texts": "sc:Text",
    "number": "sc:Float",
    "numbers": "sc:Float",
    "whole": "sc:Integer",
    "wholes": "sc:Integer",
    "switch": "sc:Boolean",
}
"""The type of a column's values, or of the entries of its lists."""

SET = "answers"


def written(run: "Run", name: str, table: Path) -> str:
    """The metadata of a run's table as JSON-LD; `name` is what the dataset is called, `table` the Parquet file."""
    content = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": line(name, longest=100),
        "description": _description(run),
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "datePublished": str(run.provenance.get("utc", ""))[:10],
        "version": "1.0.0",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": table.name,
                "name": table.name,
                "contentUrl": table.name,
                "encodingFormat": "application/x-parquet",
                "sha256": sha256(table.read_bytes()).hexdigest(),
            }
        ],
        "recordSet": [
            {"@type": "cr:RecordSet", "@id": SET, "name": SET, "field": [_field(each, table) for each in COLUMNS]}
        ],
    }
    return json.dumps(content, indent=1, ensure_ascii=True) + "\n"


def _field(column: Any, table: Path) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{SET}/{column.name}",
        "name": column.name,
        "description": column.meaning,
        "dataType": TYPES[column.kind],
        **({"repeated": True} if column.kind.endswith("s") else {}),
        "source": {"fileObject": {"@id": table.name}, "extract": {"column": column.name}},
    }


def _description(run: "Run") -> str:
    dataset = run.plan.get("dataset", {}).get("name", "a dataset")
    model = run.plan.get("settings", {}).get("model", "a model")
    count = run.conditions.sizes["condition"]
    return line(f"Answers of {model} to {dataset} under {count} conditions of its pictures.", longest=500)
