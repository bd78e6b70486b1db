"""To the hub and back, through huggingface_hub, which takes the user's token from where `hf auth login` left it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hooks import cache_folder
from stores import DamagedRun, open_run, presence

from ..errors import PlanError
from ..export import rows, tables
from . import FOLDER, TABLE, croissant
from .card import card

REPOSITORY = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}")
PLACE = re.compile(r"hf://(?P<repository>[\w.-]+/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")

UNFINISHED = ("*.partial", "_ledger/writers/*", "_ledger/claims/*")
"""Files of a run that belong to a process that writes into it."""


def push(path: Path, repository: str, *, private: bool = False) -> str:
    """Upload a run as a dataset of the hub, with its card and its table; its address.

    The same call again uploads what has changed. Raises DamagedRun for a run that lost files, PlanError for a name that
    is none and where the hub refuses or cannot be reached.
    """
    from huggingface_hub import HfApi

    if not REPOSITORY.fullmatch(repository):
        raise PlanError(f"{repository!r} is no name of a repository. Write OWNER/NAME.")
    run = open_run(path)
    if run.damaged:
        raise DamagedRun(presence.describe(run.path, run.damaged))
    with TemporaryDirectory() as made, _in_words(repository):
        folder = Path(made)
        (folder / "README.md").write_text(card(run, repository), encoding="utf-8")
        tables.write_parquet(folder / TABLE, rows.pieces(run))
        name = repository.rpartition("/")[2]
        (folder / croissant.FILE).write_text(croissant.written(run, name, folder / TABLE), encoding="utf-8")
        api = HfApi()
        # without `private` one that exists stays as it is, and one that is made follows the user's own settings
        api.create_repo(repository, repo_type="dataset", private=private or None, exist_ok=True)
        api.upload_folder(
            repo_id=repository,
            repo_type="dataset",
            folder_path=run.path,
            path_in_repo=FOLDER,
            ignore_patterns=list(UNFINISHED),
            commit_message="The run",
        )
        told = "Its card, its answers as a table, and what the columns are"
        api.upload_folder(repo_id=repository, repo_type="dataset", folder_path=folder, commit_message=told)
    return f"hf://{repository}"


def fetched(place: str) -> Path:
    """The run of `hf://OWNER/NAME[@REVISION]` on this machine, fetched into the cache folder where it is not there.

    Raises PlanError for a place that is none, for a repository without a run, and where it cannot be reached.
    """
    from huggingface_hub import snapshot_download

    found = PLACE.fullmatch(place)
    if found is None:
        raise PlanError(f"{place!r} is no run on the hub. Write hf://OWNER/NAME or hf://OWNER/NAME@REVISION.")
    repository, revision = found["repository"], found["revision"]
    named = f"{repository.replace('/', '--')}@{(revision or 'main').replace('/', '--')}"
    folder = cache_folder.folder() / "runs" / named
    with _in_words(repository):
        # into a folder of its own: a run's files are no links
        snapshot_download(
            repository, repo_type="dataset", revision=revision, local_dir=folder, allow_patterns=[f"{FOLDER}/*"]
        )
    if not (folder / FOLDER).is_dir():
        raise PlanError(f"{place} holds no run: there is no folder {FOLDER}/ in it. Was it pushed by `probe push`?")
    return folder / FOLDER


@contextmanager
def _in_words(repository: str) -> Iterator[None]:
    """Errors of the hub in one line: what was wrong and what to do."""
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    try:
        yield
    except RepositoryNotFoundError:
        raise PlanError(
            f"the hub has no dataset {repository!r}, or it is private: check the name, or log in (`hf auth login`)."
        ) from None
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else 0
        cure = "Log in with a token that may write (`hf auth login`)." if status in (401, 403) else "Try again later."
        raise PlanError(f"the hub refused {repository!r} ({status}). {cure}") from None
    except (ConnectionError, TimeoutError) as error:
        raise PlanError(f"the hub cannot be reached ({type(error).__name__}). Try again with a connection.") from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("httpx", "httpcore", "requests", "huggingface_hub"):
            raise
        raise PlanError(f"the hub cannot be reached ({type(error).__name__}). Try again with a connection.") from None
