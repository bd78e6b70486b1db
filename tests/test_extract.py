"""From a plan to a run, and back from an interruption."""

import json
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import picture_set
import pytest
import tiny
from dask.distributed import LocalCluster

import hooks
import probe
from analyses import drift, kernels
from probe import Execution
from probe.datasets.registry import open_dataset
from probe.errors import Interrupted, PlanError, PlanMismatch
from probe.perturbations import Others, catalogue, suites
from probe.prompts import render
from stores import IncompleteRun, Run, Writer, ledger

CPU = Execution(device="cpu", batch_size=2)
SITES = ("vision.layers[-1]:patches", "language.layers[*]:context_last")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("probe.extraction.plan.LARGEST_BLOCK", 2)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(picture_set.write(tmp_path_factory.mktemp("set"), images=5))


Extract = Callable[..., Run]


@pytest.fixture
def extract(dataset: str, tmp_path: Path) -> Extract:
    def call(out: str = "run", *, model: str = "", dataset: str = dataset, **changes: Any) -> Run:
        settings: dict[str, Any] = {
            "perturb": ["motion_blur.horizontal"],
            "sites": SITES,
            "dtype": "float32",
            "execution": CPU,
        }
        return probe.extract(
            model or str(tiny.checkpoint("llava")), dataset, out=tmp_path / out, **(settings | changes)
        )

    return call


def files(path: Path) -> dict[str, bytes]:
    """Every file whose bytes must not depend on how the work was done: all but the ledger and the provenance."""
    kept = (file for file in path.rglob("*") if file.is_file())
    names = {str(file.relative_to(path)): file for file in kept}
    return {name: file.read_bytes() for name, file in names.items() if name != "zarr.json" and "_ledger" not in name}


def test_a_run_holds_what_the_model_says_of_each_view(extract: Extract, dataset: str) -> None:
    run = extract(keep="tokens", end_of_turn=True)
    data, model = open_dataset(dataset).dataset, tiny.load("llava")
    for condition in suites.parse(["motion_blur.horizontal"]):
        for image in data.pictures[1::3]:
            pixels = catalogue.apply(condition, image.read(), image_id=image.id, seed=0)
            for sample in data.samples_of(image.id):
                question = hooks.Question(render(sample), sample.options)
                (exact,) = hooks.options.score_reference(model, hooks.View((pixels,), (question,)))
                stored = run.answers.sel(sample=sample.id, condition=condition.id)
                width = len(sample.options)
                np.testing.assert_allclose(stored.log_likelihood[:width], exact.log_likelihood, atol=1e-4)
                np.testing.assert_allclose(stored.end_of_turn[:width], exact.end_of_turn, atol=1e-4)
                assert np.isnan(stored.log_likelihood[width:]).all()
                assert stored.token_count[:width].values.tolist() == exact.token_count.tolist()


def test_reduced_numbers_are_those_of_the_kept_tokens(extract: Extract) -> None:
    site = "vision.layers[-1]:patches"
    run = extract(keep="tokens")
    tokens, reduced = run.embeddings(site), run.site(site)
    rows, columns = reduced.grid.values[0, 0, 1:]
    shaped = tokens.values.reshape(*tokens.shape[:-2], 1, rows, columns, tokens.shape[-1])
    np.testing.assert_allclose(reduced.dirichlet, kernels.dirichlet_energy(shaped), rtol=1e-5)
    moved = drift.cosine(tokens.sel(condition="clean", drop=True), tokens)
    np.testing.assert_allclose(reduced.token_drift, moved, atol=1e-3)
    np.testing.assert_allclose(run.pooled(site), tokens.mean("token"), atol=1e-5)


def test_a_finished_run_opens_without_loading_the_model(extract: Extract, monkeypatch: pytest.MonkeyPatch) -> None:
    extract()
    monkeypatch.setattr(hooks, "load", None, raising=False)
    assert extract().complete


def test_another_plan_on_the_same_path_is_refused_with_the_differences(extract: Extract) -> None:
    extract()
    with pytest.raises(PlanMismatch, match=r"settings\.seed: the run has 0, you asked for 3"):
        extract(seed=3)


def test_a_folder_that_is_no_run_is_refused(extract: Extract, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("precious")
    with pytest.raises(OSError, match="no run"):
        extract()
    assert (tmp_path / "run" / "thesis.tex").read_text() == "precious"


def test_other_weights_under_the_same_name_are_refused(
    extract: Extract, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(Interrupted):
        interrupted_after(monkeypatch, 2, extract)
    model = tiny.load("llava", hooks.LoadOptions(dtype="float32", device="cpu"))
    monkeypatch.setitem(model.provenance, "weights_sha256", "0" * 64)
    monkeypatch.setattr(hooks, "load", lambda *_: model, raising=False)
    with pytest.raises(PlanError, match="other weights"):
        extract()


def interrupted_after(monkeypatch: pytest.MonkeyPatch, units: int, extract: Extract) -> None:
    """Press Ctrl-C after so many commits."""
    with monkeypatch.context() as patch:
        commit = Writer.commit
        counted: Iterator[int] = iter(range(1, 1000))

        def stop(self: Any, *arguments: Any, **named: Any) -> None:
            commit(self, *arguments, **named)
            if next(counted) == units:
                raise KeyboardInterrupt

        patch.setattr(Writer, "commit", stop)
        extract()


def test_an_interrupted_run_says_how_far_it_is_and_is_finished_bit_for_bit(
    extract: Extract, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    extract("whole")
    with pytest.raises(Interrupted, match="5 of 12 units are safe"):
        interrupted_after(monkeypatch, 5, lambda: extract("parts"))
    before = {file.name: file.read_bytes() for file in (tmp_path / "parts/_ledger/done").iterdir()}
    with pytest.warns(IncompleteRun, match="7 of 12"):
        probe.open_run(tmp_path / "parts")
    extract("parts")
    assert all((tmp_path / "parts/_ledger/done" / name).read_bytes() == text for name, text in before.items())
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def test_batch_size_changes_no_choice(extract: Extract) -> None:
    runs = [extract(f"b{size}", execution=Execution(device="cpu", batch_size=size)) for size in (1, 3, 8)]
    scores = [run.answers.log_likelihood.values for run in runs]
    for other in scores[1:]:
        np.testing.assert_allclose(other, scores[0], atol=1e-4)
        assert (np.nan_to_num(other, nan=-np.inf).argmax(-1) == np.nan_to_num(scores[0], nan=-np.inf).argmax(-1)).all()


@pytest.mark.slow
def test_workers_and_a_scheduler_write_the_same_bytes_as_one_process(extract: Extract, tmp_path: Path) -> None:
    asked = {"perturb": ["low_light"], "readouts": "attention"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the cluster's own shutdown
        extract("one", **asked)
        extract("two", **asked, execution=Execution(device="cpu", batch_size=2, workers=2))
        # over TCP as if it were another machine's, though its worker is a thread that has loaded everything
        with LocalCluster(1, threads_per_worker=1, processes=False, protocol="tcp", dashboard_address=None) as there:
            remote = Execution(device="cpu", batch_size=2, scheduler=there.scheduler_address)
            extract("remote", **asked, execution=remote)
    assert files(tmp_path / "one") == files(tmp_path / "two") == files(tmp_path / "remote")


def test_the_vision_tower_runs_once_per_view(extract: Extract, monkeypatch: pytest.MonkeyPatch) -> None:
    model = hooks.load(str(tiny.checkpoint("llava")), hooks.LoadOptions(dtype="float32", device="cpu"))
    seen: list[int] = []
    model.module.model.vision_tower.register_forward_hook(
        lambda module, arguments, named, output: seen.append(named.get("pixel_values", *arguments[:1]).shape[0]),
        with_kwargs=True,
    )
    monkeypatch.setattr(hooks, "load", lambda *_: model, raising=False)
    run = extract(sites=("language.layers[-1]:context_last",))
    assert sum(seen) == 5 * 4  # images x conditions; 10 samples with 25 options hang on them
    assert run.complete


def test_a_run_keeps_what_the_dataset_knows_of_a_sample(extract: Extract, tmp_path: Path) -> None:
    lines = picture_set.lines(2)
    lines[1] |= {"references": ["yes", "yes", "no"], "question_id": 7, "dataset": "vqa"}
    path = picture_set.write(tmp_path / "own", images=2, samples=lines)
    samples = extract(dataset=str(path)).samples
    one, other = samples.sel(sample="yes-0"), samples.sel(sample="mcq-0")
    assert one.reference_text.values.tolist() == ["yes", "yes", "no"]
    assert json.loads(one.metadata.item()) == {"question_id": 7}
    assert (one.dataset.item(), other.dataset.item()) == ("vqa", "set")
    assert other.reference_text.values.tolist() == ["yes", "", ""]


def test_an_image_of_several_pictures_fails_its_samples_where_the_model_takes_one(
    extract: Extract, tmp_path: Path
) -> None:
    lines = picture_set.lines(2)
    lines[2] |= {"images": ["000.png", "001.png"]}
    del lines[2]["image"]
    run = extract(dataset=str(picture_set.write(tmp_path / "own", images=2, samples=lines)))
    assert run.images.image.values.tolist() == ["000.png", "000.png + 001.png", "001.png"]
    assert list(run.failed) == ["mcq-1"]
    assert "not 2" in run.failed["mcq-1"]
    assert run.answers.log_likelihood.sel(sample="yes-1").isel(option=0).notnull().all()


def test_several_pictures_are_perturbed_each_by_its_own_id_and_read_together(extract: Extract, tmp_path: Path) -> None:
    lines = picture_set.lines(3)[:3]
    lines[2] |= {"images": ["001.png", "002.png"]}
    del lines[2]["image"]
    path = str(picture_set.write(tmp_path / "own", images=3, samples=lines))
    site, model = "vision.layers[-1]:patches", tiny.load("qwen2_vl")
    run = extract(
        model=model.source, dataset=path, perturb=["gaussian_noise:3", "another_image"], sites=(site,), keep="tokens"
    )
    assert run.failed == {}
    data = open_dataset(path).dataset
    image, (sample,) = data.images[1], data.samples_of("001.png + 002.png")
    for condition in suites.parse(["gaussian_noise:3", "another_image"]):
        shown = tuple(
            catalogue.apply(
                condition, each.read(), image_id=each.id, seed=0, others=Others(data.pictures, ("001.png", "002.png"))
            )
            for each in image.pictures
        )
        view = hooks.View(shown, (hooks.Question(render(sample), sample.options),))
        (exact,) = hooks.options.score_reference(model, view)
        stored = run.answers.sel(sample="mcq-1", condition=condition.id)
        np.testing.assert_allclose(stored.log_likelihood[:3], exact.log_likelihood, atol=1e-4)
        if condition.family == "another_image":  # the only other picture, twice
            assert (shown[0] == data.images[0].pictures[0].read()).all()
            assert (shown[1] == shown[0]).all()
    tokens = run.site(site).n_tokens.sel(condition="clean")
    assert tokens.sel(image="001.png + 002.png") == 2 * tokens.sel(image="000.png")
    assert run.images.width.values.tolist() == [48, 48]


def test_questions_are_rendered_once_for_all_conditions(extract: Extract, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []

    def counting(sample: Any, name: Any = None) -> str:
        rendered.append(sample.id)
        return render(sample, name)

    monkeypatch.setattr("probe.prompts.render", counting)
    run = extract()
    assert run.answers.sizes["condition"] == 4
    assert sorted(rendered) == sorted([*run.samples.sample.values] * 2)  # for the run's table, and to be asked


def test_the_blueprint_is_made_once(extract: Extract, monkeypatch: pytest.MonkeyPatch) -> None:
    from hooks import loading

    made: list[str] = []
    blueprint = loading.blueprint

    def counting(source: str, *options: Any) -> hooks.Blueprint:
        made.append(source)
        return blueprint(source, *options)

    monkeypatch.setattr(loading, "blueprint", counting)
    extract()
    assert len(made) == 1


def test_resuming_reads_no_marker_of_a_committed_unit(extract: Extract, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Interrupted):
        interrupted_after(monkeypatch, 5, extract)
    monkeypatch.setattr(ledger, "entry", None)
    assert extract().complete


def test_the_authors_five_sites_are_read_under_their_prompts(extract: Extract) -> None:
    names = ("ctx_open", "ctx_mcq", "ans_open", "ans_mcq", "ans_mcq_free", "ans_clean")
    run = extract(sites=names, max_new_tokens=4)
    aliases = hooks.sites.ALIASES
    states = {name: run.embeddings(aliases[name]) for name in names}
    assert all(np.isfinite(states[name]).all() for name in ("ctx_open", "ctx_mcq", "ans_mcq"))
    for name in ("ans_open", "ans_mcq_free", "ans_clean"):  # undefined where the model ends its turn at once
        defined = np.isfinite(states[name]).all("feature")
        assert (defined | states[name].isnull().all("feature")).all()
        assert defined.mean() > 0.5
    assert not np.allclose(states["ctx_open"], states["ctx_mcq"])


def test_a_site_under_a_prompt_does_not_change_the_answers(extract: Extract) -> None:
    plain, prompted = extract("plain"), extract("prompted", sites=("ctx_open",))
    np.testing.assert_allclose(plain.answers.log_likelihood, prompted.answers.log_likelihood, atol=1e-5)


def test_ledger_and_store_name_where_the_run_comes_from(extract: Extract, tmp_path: Path) -> None:
    run = extract()
    provenance = run.provenance
    assert provenance["model"]["weights_sha256"]
    assert provenance["packages"]["torch"]
    assert {"commit", "dirty"} <= set(provenance["code"])
    assert {"seed", "dataset", "command", "utc", "batch_size"} <= set(provenance)
    entry = ledger.entry(tmp_path / "run", next(iter(ledger.done(tmp_path / "run"))))
    assert entry["report"]["weights"] == provenance["model"]["weights_sha256"]
