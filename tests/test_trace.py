"""What is written into a forward is what a plain torch hook at the same module would have put there."""

from contextlib import ExitStack
from operator import attrgetter

import pytest
import tiny
import torch
from tiny import picture

from hooks import trace
from hooks.check.forwards import inputs_of, method

PIXELS = picture(0, 48, 64)
FORWARDS = [
    "llava",
    "clip",
    "siglip",
    "blip_itm",
    "qwen2_5_vl",
    "qwen3_vl",
    "internvl3",
    "mllama",
    "paligemma",
    "instructblip",
]
every = pytest.mark.parametrize("case", FORWARDS)


def scaled(state):
    return state * 0.5 + 0.25


def state_of(value):
    return value[0] if isinstance(value, tuple) else value


def with_state(value, state):
    return (state, *value[1:]) if isinstance(value, tuple) else state


def module_at(model, point):
    tower, layer = point
    module = attrgetter(model.family.modules.path(tower))(model.module)
    return module[max(layer - 1, 0)] if tower != "encoder" and model.towers[tower].layers else module


def hook(model, point, change):
    """A plain torch hook that hands the state at a point to `change`, and puts there what it returns, if anything.

    It is put before all others: the library's own, which hand a vision layer's state to the projector, must see it.
    """
    module, (tower, layer) = module_at(model, point), point
    if layer or tower == "encoder" or not model.towers[tower].layers:
        return module.register_forward_hook(
            lambda module, args, value: None if (new := change(state_of(value))) is None else with_state(value, new),
            prepend=True,
        )

    def before(module, args, kwargs):
        name = None if args else next(iter(kwargs))
        new = change(args[0] if args else kwargs[name])
        if new is None:
            return None
        return ((new, *args[1:]), kwargs) if args else (args, {**kwargs, name: new})

    return module.register_forward_pre_hook(before, with_kwargs=True, prepend=True)


def by_torch(model, inputs, changes, points):
    """The output and the states at points of a forward under plain hooks, nnsight having no part in it."""
    states = {}
    with ExitStack() as stack, torch.inference_mode():
        for point in points:
            record = lambda state, point=point: states.update({point: state.clone()})  # noqa: E731
            stack.callback(hook(model, point, record).remove)
        for point, change in changes.items():
            stack.callback(hook(model, point, change).remove)
        output = getattr(model.module, method(model))(**inputs)
    return result(model, output), states


def result(model, output):
    return output.logits if model.kind == "generative" else model.family.contrast.embedding(model.module, output)


def all_points(model):
    return [(name, layer) for name, tower in model.towers.items() for layer in range(tower.layers + 1)]


def run(model, inputs, **settings):
    output, states = trace.run(model, inputs, method=method(model), **settings)
    return result(model, output), states


def equal(mine, theirs):
    assert mine[1].keys() == theirs[1].keys()
    for point, state in mine[1].items():
        assert torch.equal(state, theirs[1][point]), point
    assert torch.equal(mine[0], theirs[0])


@every
def test_a_function_of_a_state_acts_as_a_torch_hook_at_every_point(case):
    model = tiny.load(case)
    inputs, points = inputs_of(model, PIXELS), all_points(model)
    clean = by_torch(model, inputs, {}, points)
    equal(run(model, inputs, reads=points), clean)
    for point in points:
        made = run(model, inputs, reads=points, writes={point: scaled})
        equal(made, by_torch(model, inputs, {point: scaled}, points))
        assert torch.equal(made[1][point], scaled(clean[1][point]))


@every
def test_a_replacement_acts_as_a_torch_hook_that_returns_it(case):
    model = tiny.load(case)
    inputs, points = inputs_of(model, PIXELS), all_points(model)
    other = run(model, inputs_of(model, picture(1, 48, 64)), reads=points)[1]
    at = [("vision", 0), ("vision", 1), *[("projector", 0)] * ("projector" in model.towers)]
    for point in at:
        made = run(model, inputs, reads=points, writes={point: other[point]})
        equal(made, by_torch(model, inputs, {point: lambda state, point=point: other[point]}, points))
        assert not torch.equal(made[0], run(model, inputs)[0])


def test_what_is_written_reaches_what_follows_and_nothing_before():
    model = tiny.load("llava")
    inputs, points = inputs_of(model, PIXELS), all_points(model)
    clean, changed = (run(model, inputs, reads=points, writes=w)[1] for w in ({}, {("language", 2): scaled}))
    moved = [point for point in points if not torch.equal(clean[point], changed[point])]
    assert moved == [("language", 2), ("language", 3), ("language", 4), ("language.norm", 0)]


def test_states_are_written_at_several_points_of_one_forward_and_in_any_order():
    model = tiny.load("llava")
    inputs, points = inputs_of(model, PIXELS), all_points(model)
    changes = {("language", 4): torch.tanh, ("projector", 0): scaled, ("vision", 1): torch.neg, ("language", 0): scaled}
    equal(run(model, inputs, reads=points[::-1], writes=changes), by_torch(model, inputs, changes, points))


def test_one_position_of_one_state_is_changed_in_place_and_the_model_stays_as_it_was():
    model = tiny.load("llava")
    inputs = inputs_of(model, PIXELS)

    def silence(state):
        state[:, 3] = 0
        return state

    before, _ = run(model, inputs)
    made = run(model, inputs, reads=[("language", 3)], writes={("language", 2): silence})
    equal(made, by_torch(model, inputs, {("language", 2): lambda state: silence(state.clone())}, [("language", 3)]))
    assert not torch.equal(made[0], before)
    assert torch.equal(run(model, inputs)[0], before)


def test_a_replacement_takes_the_models_own_dtype():
    model = tiny.load("llava")
    inputs = inputs_of(model, PIXELS)
    state = run(model, inputs, reads=[("language", 1)])[1]["language", 1]
    made = run(model, inputs, reads=[("language", 2)], writes={("language", 1): state.double()})
    equal(made, by_torch(model, inputs, {}, [("language", 2)]))


def test_a_state_of_another_shape_is_refused_with_both_shapes():
    model = tiny.load("llava")
    inputs = inputs_of(model, PIXELS)
    with pytest.raises(ValueError, match=r"written at \('language', 1\) is \(1, 2\), .* replaces \(1, \d+, \d+\)"):
        run(model, inputs, writes={("language", 1): torch.zeros(1, 2)})
    equal(run(model, inputs), by_torch(model, inputs, {}, []))


@pytest.mark.parametrize(
    ("case", "point", "message"),
    [
        ("llava", ("vision", 9), r"no point \('vision', 9\); its towers and layers are vision 0-3, projector 0-0"),
        ("llava", ("tail", 0), r"no point \('tail', 0\)"),
        ("llava", trace.ENCODER, "family 'llava' has no encoder"),
        ("paligemma", ("vision", 1), "inside the encoder, which does not run"),
    ],
)
def test_a_point_that_is_not_there_is_named(case, point, message):
    model = tiny.load(case)
    writes = {trace.ENCODER: None} if case == "paligemma" else {}
    with pytest.raises(ValueError, match=message):
        run(model, inputs_of(model, PIXELS), reads=[point], writes=writes)


@pytest.mark.parametrize("case", ["paligemma", "instructblip"])
def test_a_written_encoder_does_not_run_and_the_rest_sees_what_it_returned(case):
    model = tiny.load(case)
    inputs, other = (inputs_of(model, picture(seed, 48, 64)) for seed in (0, 1))
    reads = [point for point in all_points(model) if point[0] != "vision"]
    seen = trace.run(model, other, reads=[trace.ENCODER])[1][trace.ENCODER]
    calls = []
    counted = module_at(model, ("vision", 1)).register_forward_hook(lambda *args: calls.append(1))
    try:
        made = run(model, inputs, reads=reads, writes={trace.ENCODER: seen})
    finally:
        counted.remove()
    assert calls == []
    equal(made, by_torch(model, {**inputs, "pixel_values": other["pixel_values"]}, {}, reads))


def test_a_state_behind_a_skipped_block_is_read_and_written_before_it():
    model = tiny.load("mllama")
    layers = model.towers["language"].layers
    inputs = {name: inputs_of(model, PIXELS)[name] for name in ("input_ids", "attention_mask")}
    inputs["input_ids"] = inputs["input_ids"].clamp(max=20)  # no image
    skipped = sorted(model.family.reuse.skipped_blocks(model.config, inputs))
    assert skipped
    points = [("language", layer) for layer in range(layers + 1) if layer - 1 not in skipped]
    behind, before = ("language", skipped[0] + 1), ("language", skipped[0])
    made = run(model, inputs, reads=[*points, behind], writes={behind: scaled})
    assert torch.equal(made[1].pop(behind), made[1][before])
    equal(made, by_torch(model, inputs, {before: scaled}, points))
