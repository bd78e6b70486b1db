"""What the disk and the system refuse is said in words, each cause with its own cure."""

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

import hooks
from probe.cli import main
from probe.errors import in_words
from probe.extraction.run import of_writing
from stores import DiskFull, WriteFailed
from stores.files import write_failed

SAFE = "All committed units are safe; rerun the same command to resume."


@pytest.mark.parametrize(
    ("code", "kind", "said"),
    [
        (errno.EDQUOT, DiskFull, "the quota is used up: 1,234 bytes needed for unit 3"),
        (errno.EFBIG, WriteFailed, "its 1,234 bytes are more than one file may have here. Raise the limit (ulimit -f)"),
        (errno.EROFS, WriteFailed, "the disk is read-only"),
        (errno.EACCES, WriteFailed, "this user may not write there"),
        (errno.EPERM, WriteFailed, "this user may not write there"),
        (errno.EIO, WriteFailed, "input/output error"),
        (errno.ESTALE, WriteFailed, "the network disk has lost the folder"),
        (errno.ENAMETOOLONG, WriteFailed, "too long for this disk"),
        (errno.EMFILE, WriteFailed, "too many files open. Raise the limit (ulimit -n)"),
        (errno.ENOENT, WriteFailed, "the folder of the run is gone"),
        (errno.EBUSY, WriteFailed, os.strerror(errno.EBUSY)),
    ],
)
def test_every_failed_write_has_its_cause_and_keeps_what_is_there(
    code: int, kind: type[WriteFailed], said: str, tmp_path: Path
) -> None:
    error = write_failed(OSError(code, os.strerror(code)), tmp_path / "run", "unit 3", 1234)
    assert type(error) is kind
    assert error.errno == code
    words = in_words(error)
    assert words.startswith(f"{tmp_path / 'run'}: ")
    assert said in words
    assert words.endswith(f". {SAFE}")
    assert "\n" not in words


def disk(*, free: int, files: int = 1000, free_files: int = 500) -> SimpleNamespace:
    return SimpleNamespace(f_frsize=1, f_bavail=free, f_files=files, f_favail=free_files)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (disk(free=10), "no space left for unit 3: 1,234 bytes needed, 10 free. Free some space."),
        (disk(free=9999, free_files=0), "9,999 bytes are free, but all 1,000 inodes are taken. Remove some files."),
        (disk(free=10, free_files=0), "no space left for unit 3"),
        (disk(free=9999, files=0, free_files=0), "no space left for unit 3"),  # a disk that does not count inodes
    ],
)
def test_a_disk_without_inodes_is_not_called_full(found: SimpleNamespace, said: str, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(os, "statvfs", lambda _: found)
    error = write_failed(OSError(errno.ENOSPC, "No space left on device"), tmp_path / "run", "unit 3", 1234)
    assert type(error) is DiskFull
    assert said in in_words(error)
    assert in_words(error).endswith(SAFE)


def test_a_disk_that_says_nothing_of_itself_is_full(monkeypatch, tmp_path) -> None:
    def gone(_: object) -> None:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(os, "statvfs", gone)
    error = write_failed(OSError(errno.ENOSPC, "No space left on device"), tmp_path / "run", "unit 3", 1234)
    assert "no space left for unit 3: 1,234 bytes needed. Free some space." in in_words(error)


def test_a_file_in_the_way_of_a_run_is_named_before_the_model_is_loaded(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(hooks, "load", None, raising=False)
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        told = CliRunner().invoke(main, ["extract", "pocket-vlm", "streets", "-n", "1", "-p", "white", "-o", str(out)])
        assert told.exit_code == 2
        file = tmp_path / "file"
        assert told.stderr == f"error: {file} is a file, where the folder of a run is needed. Choose another path.\n"


def test_what_the_folder_of_a_run_refuses_is_a_failed_write(tmp_path) -> None:
    mine = PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "run" / "_ledger" / "lock"))
    other = PermissionError(errno.EACCES, "Permission denied", "/weights/model.safetensors")
    told = in_words(of_writing(mine, tmp_path / "run"))
    assert told == f"{tmp_path / 'run'}: writing lock failed: this user may not write there. Give the right to. {SAFE}"
    assert of_writing(other, tmp_path / "run") is other


@pytest.mark.parametrize(
    ("code", "cure"),
    [
        (errno.EACCES, "permission denied. Give this user the right to it"),
        (errno.ENOENT, "no such file or directory. Check how it is spelt."),
        (errno.ENOTDIR, "not a directory. A part of the path is a file"),
        (errno.EROFS, "read-only file system. Choose a place that can be written."),
        (errno.EMFILE, "too many open files. Raise the limit of open files (ulimit -n)."),
    ],
)
def test_a_file_that_cannot_be_read_is_said_with_the_cure(code: int, cure: str) -> None:
    assert in_words(OSError(code, os.strerror(code), "runs/one/zarr.json")).startswith(f"runs/one/zarr.json: {cure}")
    assert len(in_words(OSError(code, os.strerror(code), "x" * 9999))) < 500
