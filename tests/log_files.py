"""Small logs in the forms that other systems write, made by hand."""

import json
import zipfile
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

Rows = Sequence[Mapping[str, Any]]


def json_lines(path: Path, rows: Rows) -> Path:
    """An object a line."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def lm_eval(number: int, *, text: str | None = None, scores: Sequence[float] = (), **more: Any) -> dict[str, Any]:
    """A line of lm-eval: a free answer, or the log-likelihoods of options a, b, c, …; as it writes them, in texts."""
    options = [f" option {'abcdef'[k]}" for k in range(len(scores))]
    pairs = [[str(score), str(score == max(scores))] for score in scores]
    sent = [{"arg_0": "Which?", "arg_1": option} for option in options] or [{"arg_0": "Which?", "arg_1": "{}"}]
    return {
        "doc_id": number,
        "doc": {"question": "Which?", "question_id": f"q{number}", "topic": "cars", "score": float("nan")},
        "target": "1" if scores else "red",
        "arguments": {f"gen_args_{k}": each for k, each in enumerate(sent)},
        "resps": [[pair] for pair in pairs] or [[text]],
        "filtered_resps": pairs or [str(text).strip().lower()],
        "filter": "none",
        "metrics": ["acc"],
        "acc": 1.0,
    } | more


def lmms_eval(number: int, text: str, **more: Any) -> dict[str, Any]:
    """A line of lmms-eval, which leaves out the question and keeps its benchmark's id beside the score."""
    score = {"question_id": f"q{number}", "score": 1.0, "prediction": text}
    return {"doc_id": number, "target": "yes", "filtered_resps": text, "input": "Is it?", "pope_accuracy": score} | more


def inspect_sample(name: str | int, said: Any, **more: Any) -> dict[str, Any]:
    """A sample of Inspect."""
    message = {"role": "assistant", "content": said}
    output = {"model": "m", "choices": [] if said is None else [{"message": message, "stop_reason": "stop"}]}
    asked = {"input": "Which?", "choices": ["a bus", "a car"], "target": "B", "metadata": {}}
    return {"id": name, "epoch": 1, "output": output} | asked | more


def inspect_eval(path: Path, samples: Rows, *, zstandard: bool = True) -> Path:
    """An archive of Inspect, compressed by Zstandard as it is now, or as it was before."""
    files = {f"samples/{each['id']}_epoch_{each['epoch']}.json": json.dumps(each).encode() for each in samples}
    files |= {"header.json": b'{"version": 2}'}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    if zstandard:
        _repack(path, files)
    return path


def _repack(path: Path, files: Mapping[str, bytes]) -> None:
    """The archive again, its members compressed by method 93, written by the format's own rules."""
    import struct
    import zlib

    from zstandard import ZstdCompressor

    body, directory = b"", b""
    for name, content in files.items():
        packed, title = ZstdCompressor().compress(content), name.encode()
        common = struct.pack("<HHHHHIII", 63, 0, 93, 0, 0x5A21, zlib.crc32(content), len(packed), len(content))
        extra = b"\x99\x99\x02\x00hi"  # in the local header alone
        place = len(body)
        body += b"PK\x03\x04" + common + struct.pack("<HH", len(title), len(extra)) + title + extra + packed
        directory += b"PK\x01\x02" + struct.pack("<H", 63) + common
        directory += struct.pack("<HHHHHII", len(title), 0, 0, 0, 0, 0, place) + title
    end = struct.pack("<HHHHIIH", 0, 0, len(files), len(files), len(directory), len(body), 0)
    path.write_bytes(body + directory + b"PK\x05\x06" + end)


def workbook(path: Path, rows: Sequence[Sequence[Any]]) -> Path:
    """An Excel workbook as spreadsheets write it: texts in a table of their own, empty cells left out."""
    texts: list[str] = []
    lines = []
    for number, row in enumerate(rows, 1):
        cells = "".join(_cell(f"{'ABCDEFGHIJKL'[k]}{number}", value, texts) for k, value in enumerate(row))
        lines.append(f'<row r="{number}">{cells}</row>')
    name = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", f'<workbook xmlns="{name}"/>')
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{name}">{shared}</sst>')
        sheet = f'<worksheet xmlns="{name}"><sheetData>{"".join(lines)}</sheetData></worksheet>'
        archive.writestr("xl/worksheets/sheet1.xml", sheet)
    return path


def _cell(place: str, value: Any, texts: list[str]) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        texts.append(value)
        return f'<c r="{place}" t="s"><v>{len(texts) - 1}</v></c>'
    return f'<c r="{place}"><v>{value}</v></c>'
