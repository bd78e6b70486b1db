"""Runs to a stand-in of the hub and back: the library's own interface, kept in a folder. The real one is not
reached.
"""

import json
import shutil
from collections.abc import Sequence
from fnmatch import fnmatch
from hashlib import sha256
from pathlib import Path

import extracted_run
import huggingface_hub
import made_run
import pyarrow
import pyarrow.parquet
import pytest
import yaml
from click.testing import CliRunner, Result
from huggingface_hub.errors import RepositoryNotFoundError

import stores
from probe.cli import main
from probe.hub_runs import transfer


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which the stand-in keeps repositories."""
    root = tmp_path / "hub"

    class Api:
        def create_repo(self, repo_id: str, *, repo_type: str, private: bool | None, exist_ok: bool) -> None:
            assert (repo_type, exist_ok) == ("dataset", True)
            (root / repo_id).mkdir(parents=True, exist_ok=True)

        def upload_folder(
            self, *, repo_id: str, folder_path: Path, repo_type: str, path_in_repo: str = "",
            ignore_patterns: Sequence[str] = (), commit_message: str,
        ) -> None:  # fmt: skip
            for file in folder_path.rglob("*"):
                name = file.relative_to(folder_path).as_posix()
                if file.is_file() and not any(fnmatch(name, pattern) for pattern in ignore_patterns):
                    target = root / repo_id / path_in_repo / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy(file, target)

    def snapshot_download(
        repo_id: str, *, repo_type: str, revision: str | None, local_dir: Path, allow_patterns: list[str]
    ) -> None:
        if not (root / repo_id).is_dir():
            raise RepositoryNotFoundError.__new__(RepositoryNotFoundError)
        for file in (root / repo_id).rglob("*"):
            name = file.relative_to(root / repo_id).as_posix()
            if file.is_file() and any(fnmatch(name, pattern) for pattern in allow_patterns):
                (local_dir / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, local_dir / name)

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    monkeypatch.setenv("VLM_UNDERTOW_CACHE", str(tmp_path / "cache"))
    return root


def test_a_run_goes_to_the_hub_and_comes_back_whole(hub: Path, tmp_path: Path) -> None:
    made_run.write(tmp_path / "run", made_run.world(2))
    pushed = run("push", tmp_path / "run", "me/my-run")
    assert pushed.exit_code == 0, pushed.output
    assert "hf://me/my-run" in pushed.output
    table = pyarrow.parquet.read_table(hub / "me" / "my-run" / "answers.parquet")
    stored = stores.open_run(tmp_path / "run")
    assert len(table) == stored.samples.sizes["sample"] * stored.conditions.sizes["condition"]
    back = transfer.fetched("hf://me/my-run")
    assert extracted_run.contents(back) == extracted_run.contents(tmp_path / "run")
    assert run("info", "hf://me/my-run", "--verify").exit_code == 0
    assert run("analyze", "hf://me/my-run@main", "flips", "--json").exit_code == 0


def test_croissant_says_what_every_column_of_the_table_is(hub: Path, tmp_path: Path) -> None:
    made_run.write(tmp_path / "run", made_run.world(2))
    assert run("push", tmp_path / "run", "me/my-run").exit_code == 0
    pushed = hub / "me" / "my-run"
    said = json.loads((pushed / "croissant.json").read_text())
    assert said["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    assert {"@type", "name", "description", "distribution", "recordSet"} <= said.keys()
    (file,), (records,) = said["distribution"], said["recordSet"]
    assert file["contentUrl"] == "answers.parquet"
    assert file["sha256"] == sha256((pushed / "answers.parquet").read_bytes()).hexdigest()
    schema = pyarrow.parquet.read_schema(pushed / "answers.parquet")
    assert [each["source"]["extract"]["column"] for each in records["field"]] == schema.names
    for each, column in zip(records["field"], schema, strict=True):
        assert each.get("repeated", False) == pyarrow.types.is_list(column.type)
        assert each["source"]["fileObject"]["@id"] == file["@id"]
        assert each["description"]


def test_what_a_writer_leaves_of_itself_is_not_uploaded(hub: Path, tmp_path: Path) -> None:
    made_run.write(tmp_path / "run", made_run.world(1))
    (tmp_path / "run" / "_ledger" / "writers").mkdir(exist_ok=True)
    (tmp_path / "run" / "_ledger" / "writers" / "somebody").write_text("here")
    (tmp_path / "run" / "answers" / "text" / "x.partial").write_text("begun")
    pushed = run("push", tmp_path / "run", "me/my-run")
    assert pushed.exit_code == 0, pushed.output
    names = [file.name for file in (hub / "me" / "my-run").rglob("*")]
    assert "plan.json" in names
    assert not {"somebody", "x.partial"} & set(names)


def test_a_card_says_where_a_run_comes_from_and_shows_its_table(hub: Path, tmp_path: Path) -> None:
    made_run.write(tmp_path / "run", made_run.world(2))
    run("push", tmp_path / "run", "me/my-run")
    text = (hub / "me" / "my-run" / "README.md").read_text()
    _, front, body = text.split("---\n", 2)
    assert yaml.safe_load(front)["configs"] == [{"config_name": "answers", "data_files": "answers.parquet"}]
    for part in ("| model | `made` |", "| samples, images | `10, 2` |", "probe analyze hf://me/my-run"):
        assert part in body


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("push", "RUN", "no-owner"), "is no name of a repository. Write OWNER/NAME"),
        (("info", "hf://me"), "is no run on the hub. Write hf://OWNER/NAME"),
        (("info", "hf://me/nothing"), "the hub has no dataset 'me/nothing', or it is private"),
        (("info", "hf://me/empty"), "holds no run: there is no folder run/ in it"),
    ],
)
def test_what_is_no_run_on_the_hub_is_said(hub: Path, tmp_path: Path, arguments: tuple[str, ...], reason: str) -> None:
    made_run.write(tmp_path / "run", made_run.world(1))
    (hub / "me" / "empty").mkdir(parents=True)
    result = run(*(tmp_path / "run" if each == "RUN" else each for each in arguments))
    assert result.exit_code == 2
    assert reason in result.output


def test_a_hub_that_cannot_be_reached_is_said_in_a_line(
    hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(*given: object, **more: object) -> None:
        raise ConnectionError("no route")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", unreachable)
    result = run("info", "hf://me/my-run")
    assert result.exit_code == 2
    assert "the hub cannot be reached (ConnectionError)" in result.output
