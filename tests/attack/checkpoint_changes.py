"""Changes to the files of a checkpoint: each takes a generator and a folder, and says what it did."""

import json
import os
import pickle
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

SENTINEL = "code-ran"
"""A file of this name beside the checkpoints appears where any of their code runs."""

JUNK: tuple[Any, ...] = (
    *(None, True, False, "", "junk", "\x1b[31m", "auto", [], {}, [[]], [None], {"a": {}}, "../../etc/passwd"),
    *(-1, 0, 1, 2, 3, 7, 1.5, -0.5, 10**9, 10**12, 10**30, -(10**9), float("inf"), float("nan"), 1e308),
    *([1, 2], [0.5] * 4, ["a"], "x" * 100_000, "[31m", "\ud800", [10**9] * 3, {"height": 10**6, "width": 10**6}),
)

TEMPLATES = (
    "{% for %}",
    "{{ ",
    "{{ undefined.attribute }}",
    "{{ 1 / 0 }}",
    "{{ raise_exception('no') }}",
    "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
    "{% for i in range(10**9) %}x{% endfor %}",
    "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(0) }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(90) }}",
    "{{ 'x' * 10**10 }}",
    "{{ ('x' * 100000) * 100000 }}",
    "{{ 'x'.center(10**10) }}{{ 'x'|center(10**10) }}",
    "{{ '{:>10000000000}'.format(1) }}",
    "{{ '%10000000000d' % 1 }}",
    "{{ ('x' * 100000).replace('x', 'y' * 100000) }}",
    "{{ (range(100000)|map('string'))|join('x' * 100000) }}",
    "{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}",
    "{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
    "{% for i in range(100000) %}{{ 'x' * 100000 }}{% endfor %}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{% for c in cycler.__init__.__globals__.os.popen('touch " + SENTINEL + "') %}{% endfor %}",
    "{% include '/etc/passwd' %}",
    "(" * 10_000,
    "{{ " + "(" * 5_000 + "1" + ")" * 5_000 + " }}",
    "{% for i in messages %}" * 30 + "{% endfor %}" * 30,
    "{{ messages }}" * 15_000,
    "{{ messages[0].content }}" * 10_000,
)


class Runs:
    """Unpickled, it leaves the sentinel."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {self.folder.parent / SENTINEL}",)


def json_file(random: Random, folder: Path) -> Path:
    return random.choice(sorted(folder.glob("*.json")))


def any_file(random: Random, folder: Path) -> Path:
    return random.choice([file for file in sorted(folder.iterdir()) if file.suffix != ".md"])


def replaced(file: Path, make: Callable[[Path], object]) -> None:
    file.unlink()
    make(file)


def another_kind_of_file(random: Random, folder: Path) -> str:
    """A pipe, a folder, a device, a link that leads to itself or nowhere, or nothing in the place of a file."""
    file = any_file(random, folder)
    kinds: dict[str, Callable[[Path], object]] = {
        "a pipe": os.mkfifo,
        "a folder": Path.mkdir,
        "a link to a device": lambda path: path.symlink_to("/dev/zero"),
        "a link to itself": lambda path: path.symlink_to(path),
        "a link to nowhere": lambda path: path.symlink_to("/nowhere"),
        "nothing": lambda path: None,
    }
    kind = random.choice(sorted(kinds))
    replaced(file, kinds[kind])
    return f"{file.name} is {kind}"


def bytes_of_a_file(random: Random, folder: Path) -> str:
    """A file that is empty, cut, or has other bytes."""
    file = any_file(random, folder)
    content = bytearray(file.read_bytes())
    kind = random.choice(("empty", "cut", "noise", "flips", "longer", "latin"))
    if kind == "empty":
        content = bytearray()
    elif kind == "cut":
        content = content[: random.randrange(len(content))]
    elif kind == "noise":
        content = bytearray(random.randbytes(random.randrange(1, 5_000)))
    elif kind == "flips":
        for _ in range(random.randrange(1, 20)):
            content[random.randrange(min(len(content), 20_000))] ^= 1 << random.randrange(8)
    elif kind == "longer":
        content += random.randbytes(random.randrange(1, 100))
    else:
        place = random.randrange(len(content))
        content[place:place] = b"\xe9\xff"
    file.write_bytes(bytes(content))
    return f"{file.name}: {kind}"


def another_json(random: Random, folder: Path) -> str:
    """A JSON file that holds something else than an object, or is nested deep, or writes a name twice."""
    file = json_file(random, folder)
    whole = file.read_text("utf-8")
    made = random.choice(
        (
            *("[]", "[1]", "3", '"text"', "null", "true", "NaN", "{}", "[" * 100_000, "9" * 10_000),
            '{"a":' * 5_000 + "1" + "}" * 5_000,
            whole.replace("{", '{"model_type": "clip", "model_type": "llava", ', 1),
        )
    )
    file.write_text(made, "utf-8")
    return f"{file.name}: {made[:40]}"


def places(value: Any, within: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if within:
        yield within
    if isinstance(value, dict | list):
        named = list(value.items() if isinstance(value, dict) else enumerate(value))
        for key, each in named[:40]:
            yield from places(each, (*within, key))


def a_value(random: Random, folder: Path) -> str:
    """One value somewhere in a JSON file is another, or gone."""
    file = json_file(random, folder)
    read = json.loads(file.read_text("utf-8"))
    place = random.choice(list(places(read)))
    owner = read
    for key in place[:-1]:
        owner = owner[key]
    junk = random.choice(JUNK)
    if random.random() < 0.15:
        del owner[place[-1]]
        done = "gone"
    else:
        near = owner[place[-1]]
        if isinstance(near, int) and not isinstance(near, bool) and random.random() < 0.4:
            junk = random.choice((near + 1, near - 1, near * 2, near // 2, near * 1000, -near, float(near), str(near)))
        owner[place[-1]] = junk
        done = repr(junk)[:60]
    file.write_text(json.dumps(read), "utf-8", errors="surrogatepass")
    return f"{file.name}: {'.'.join(map(str, place))} is {done}"


def a_further_key(random: Random, folder: Path) -> str:
    """A key that libraries know: code, quantisation, other weights, other classes."""
    file = json_file(random, folder)
    read = json.loads(file.read_text("utf-8"))
    more: dict[str, Any] = {
        "auto_map": {"AutoConfig": "code.Config", "AutoProcessor": "code.P", "AutoModelForImageTextToText": "code.M"},
        "quantization_config": random.choice(
            [{"quant_method": "bitsandbytes", "load_in_4bit": True}, {"quant_method": "gptq", "bits": 4}, 3, [], {}]
        ),
        "transformers_weights": random.choice(["../other.safetensors", "/etc/passwd", "none.safetensors", 3, []]),
        "dtype": random.choice(["float7", "junk", 3, [], {}, "float64", "int8", None, "bool"]),
        "torch_dtype": random.choice(["float7", "junk", 3]),
        "processor_class": random.choice(["LlavaProcessor", "Junk", "PreTrainedModel", 3]),
        "tokenizer_class": random.choice(["LlamaTokenizer", "Junk", "PreTrainedModel", 3]),
        "image_processor_type": random.choice(["CLIPImageProcessor", "Junk", 3]),
        "architectures": random.choice([["Junk"], 3, "Junk", [3]]),
        "attn_implementation": random.choice(["junk", "flash_attention_2", "evil/kernels", 3]),
        "_attn_implementation": random.choice(["junk", "flash_attention_2", "evil/kernels"]),
        "num_labels": random.choice([10**6, 10**9, -1, "x"]),
        "id2label": random.choice([{"0": 1}, [], 3, {"a": "b"}]),
    }
    name = random.choice(sorted(more))
    (folder / "code.py").write_text(f"open({str(folder.parent / SENTINEL)!r}, 'w')\nclass Config: pass\n")
    file.write_text(json.dumps({**read, name: more[name]}))
    return f"{file.name} with {name} {more[name]!r}"


def a_template(random: Random, folder: Path) -> str:
    """A chat template that is wrong, endless, or tries to leave."""
    template = random.choice(TEMPLATES)
    (folder / "chat_template.jinja").write_text(template)
    return f"template {template[:70]}"


def split(file: Path) -> tuple[dict[str, Any], bytes]:
    content = file.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def join(file: Path, header: Any, numbers: bytes) -> None:
    written = header if isinstance(header, bytes) else json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(written)) + written + numbers)


def a_header(random: Random, folder: Path) -> str:
    """A header of weights that describes what is not there."""
    file = folder / "model.safetensors"
    header, numbers = split(file)
    names = [name for name in header if name != "__metadata__"]
    name, kind = (
        random.choice(names),
        random.choice(("dtype", "shape", "offsets", "gone", "renamed", "further", "length")),
    )
    entry = header[name]
    if kind == "dtype":
        entry["dtype"] = random.choice(["F16", "F64", "I8", "BF16", "F7", 3, None, "U16"])
    elif kind == "shape":
        entry["shape"] = random.choice(
            [[], [10**9, 10**9], [-1], ["a"], None, 3, [*entry["shape"], 1], entry["shape"][::-1]]
        )
    elif kind == "offsets":
        entry["data_offsets"] = random.choice([[0, 0], [0, 10**15], [5, 1], [-4, 0], None, [0], ["a", "b"]])
    elif kind == "gone":
        del header[name]
    elif kind == "renamed":
        header[random.choice(["junk", name + ".x", "", name.replace("0", "7"), "\x1b[31m"])] = header.pop(name)
    elif kind == "further":
        header["junk.weight"] = {"dtype": "F32", "shape": [1], "data_offsets": [len(numbers), len(numbers) + 4]}
        numbers += b"\0\0\0\0"
    if kind == "length":
        content = bytearray(file.read_bytes())
        content[:8] = struct.pack("<Q", random.choice([0, 1, 10**9, 2**63, 2**64 - 1, len(content)]))
        file.write_bytes(bytes(content))
    else:
        join(file, header, numbers)
    return f"header: {kind} of {name}: {entry}"


def in_halves(folder: Path) -> dict[str, str]:
    """Write the weights once more, in two files; the file of each tensor."""
    header, numbers = split(folder / "model.safetensors")
    header.pop("__metadata__", None)
    half = len(header) // 2
    placed: dict[str, str] = {}
    for part, names in enumerate((list(header)[:half], list(header)[half:])):
        chunk, entries = b"", {}
        for name in names:
            start, stop = header[name]["data_offsets"]
            entries[name] = {**header[name], "data_offsets": [len(chunk), len(chunk) + stop - start]}
            chunk += numbers[start:stop]
            placed[name] = f"model-{part}.safetensors"
        join(folder / f"model-{part}.safetensors", entries, chunk)
    return placed


def an_index(random: Random, folder: Path) -> str:
    """Weights in two files, whose index says something else."""
    placed: dict[str, Any] = dict(in_halves(folder))
    name = random.choice(list(placed))
    kind = random.choice(("right", "both", "outside", "missing", "wrong", "unnamed", "junk", "empty"))
    if kind != "both":
        (folder / "model.safetensors").unlink()
    if kind in ("outside", "missing", "wrong", "junk"):
        others = {
            "outside": random.choice(["../../etc/passwd", "/etc/passwd", "../x.safetensors"]),
            "missing": "model-7.safetensors",
            "wrong": "model-1.safetensors" if placed[name].endswith("0.safetensors") else "model-0.safetensors",
            "junk": random.choice([3, None, [], "", ".", "pytorch_model.bin"]),
        }
        placed[name] = others[kind]
    elif kind == "unnamed":
        del placed[name]
    index = {"metadata": {}, "weight_map": {} if kind == "empty" else placed}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return f"index: {kind}"


def other_weights(random: Random, folder: Path) -> str:
    """Weights that are pickles, beside the others or in their place."""
    for name in ("pytorch_model.bin", "adapter_model.bin", "model.pt", "training_args.bin"):
        (folder / name).write_bytes(pickle.dumps(Runs(folder)))
    if alone := random.random() < 0.5:
        (folder / "model.safetensors").unlink()
    return f"pickles {'alone' if alone else 'beside'}"


CHANGES: tuple[tuple[Callable[[Random, Path], str], int], ...] = (
    (another_kind_of_file, 2),
    (bytes_of_a_file, 3),
    (another_json, 2),
    (a_value, 9),
    (a_further_key, 3),
    (a_template, 2),
    (a_header, 3),
    (an_index, 2),
    (other_weights, 1),
)
"""Each with its share."""
