"""Verification finds every kind of damage, and `summary` tells a run's state without reading it."""

import json
import zlib

import pytest
import small_run

import stores
from stores import Unit, files, ledger, sealed

TOKENS = "sites/vision.layers-patches/tokens/c.1.2.0.0.0"
TEXT = "answers/text/c.0.1"


@pytest.fixture
def run(tmp_path):
    small_run.make(tmp_path / "run", small_run.layout())
    return tmp_path / "run"


def flip(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    ("name", "damage", "finding"),
    [
        (TOKENS, flip, "has CRC-32"),
        (TOKENS, lambda data: data[:-7], "bytes instead of"),
        (TEXT, flip, "has CRC-32"),
        ("answers/text/zarr.json", lambda data: data + b" ", "bytes instead of"),
        ("samples/question/c.0", flip, "has CRC-32"),
    ],
)
def test_verify_names_the_damaged_file(run, name, damage, finding):
    assert stores.verify(run) == []
    (run / name).write_bytes(damage((run / name).read_bytes()))
    (problem,) = stores.verify(run)
    assert problem.startswith(name)
    assert finding in problem


def test_a_run_of_an_early_version_is_read_and_verified_by_its_crc_32(run):
    def as_before(content):
        kept = {name: value for name, value in content.items() if name != "crc32"}
        data = {name: (run / name).read_bytes() for name in kept["files"]}
        written = {name: {"size": len(each), "crc32": zlib.crc32(each)} for name, each in data.items()}
        return sealed.seal({**kept, "files": written})

    for file in [*(run / "_ledger/done").iterdir(), run / "_ledger/plan.json"]:
        file.write_bytes(as_before(json.loads(file.read_text())))
    assert stores.verify(run) == []
    assert stores.open_run(run).complete
    (run / TOKENS).write_bytes(flip((run / TOKENS).read_bytes()))
    (problem,) = stores.verify(run)
    assert f"{TOKENS} has CRC-32 {zlib.crc32((run / TOKENS).read_bytes()):08x} instead of" in problem
    ledger.marker(run, Unit(1, 2)).unlink()
    plan = small_run.layout()
    stores.Writer(run, plan).commit(Unit(1, 2), small_run.payload(plan, Unit(1, 2)), report={})
    assert stores.verify(run) == []
    assert stores.mend(run, plan, plan=small_run.PLAN, provenance=dict) == ()
    (run / "samples/kind/zarr.json").unlink()
    assert stores.mend(run, plan, plan=small_run.PLAN, provenance=dict) == ("samples/kind/zarr.json",)


def test_checksums_are_those_of_the_standard(tmp_path):
    (tmp_path / "file").write_bytes(b"123456789")
    assert files.checksum([b"1234", memoryview(b""), memoryview(b"56789")]) == files.Written(9, 0xE3069283)
    assert vars(files.checksum_file(tmp_path / "file")) == {"size": 9, "crc32c": 0xE3069283}
    assert files.checksum_as(tmp_path / "file", {"size": 9, "crc32": 0}) == {"size": 9, "crc32": 0xCBF43926}


def test_verify_names_a_missing_file_and_the_cure_works(run):
    (run / TOKENS).unlink()
    (problem,) = stores.verify(run)
    assert problem.startswith(f"{TOKENS} is missing. Rerun the command that made the run with --repair: ")
    assert "unit b00001-c0002 is then done again" in problem
    ledger.marker(run, Unit(1, 2)).unlink()
    plan = small_run.layout()
    stores.Writer(run, plan).commit(Unit(1, 2), small_run.payload(plan, Unit(1, 2)), report={})
    assert stores.verify(run) == []


def test_summary_counts_units_bytes_failures_and_nonfinite_values(tmp_path):
    plan = small_run.layout()
    writer = small_run.make(tmp_path / "run", plan, leave=frozenset({Unit(0, 1), Unit(0, 2)}))
    values = small_run.payload(plan, Unit(0, 1))
    values["sites/vision-pooled/pooled"][0, 0, :2] = float("inf")
    writer.commit(Unit(0, 1), values, report={"failed": {"s2": "unreadable image"}})
    summary = json.loads(json.dumps(stores.summary(tmp_path / "run")))
    assert summary["provenance"] == stores.provenance(tmp_path / "run") == small_run.PROVENANCE
    assert summary["complete"] is False
    assert (summary["units"], summary["committed"]) == (9, 8)
    assert (summary["images"], summary["samples"], summary["conditions"]) == (5, 5, 3)
    assert summary["families"] == {"clean": 1, "translation": 1, "gaussian_noise": 1}
    assert summary["failed"] == {"s2": "unreadable image"}
    assert summary["nonfinite"] == {"sites/vision-pooled/pooled": {"nan": 0, "inf": 2}}
    assert summary["bytes"] == sum(
        (tmp_path / "run" / name).stat().st_size
        for _, entry in ledger.entries(tmp_path / "run")
        for name in entry["files"]
    )


def test_there_is_nothing_to_verify_or_summarize_without_a_run(tmp_path):
    for look in (stores.verify, stores.summary):
        with pytest.raises(FileNotFoundError, match="contains no run"):
            look(tmp_path)
