"""What the first state of a stage takes over from the one before it."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import assert_same

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.rules import TrainState
from jgan.training.carries import as_part, compose, describe_inheritance, freeze, inherit
from jgan.training.resources import Estimate

ADAM = optax.adam(0.1)


def state(value, layers=("a", "b"), *, step=0, size=2, memory=(), averaged=True, **more):
    """A state whose every float is ``value``; ``more`` are collections of the generator."""
    params = {
        name: {"kernel": jnp.full(size, value), "bias": jnp.full(1, value)} for name in layers
    }
    variables = {player: {"params": params} for player in PLAYERS}
    variables[GENERATOR] |= more
    moments = jax.tree.map(
        lambda leaf: jnp.full_like(leaf, step or value), {p: ADAM.init(params) for p in PLAYERS}
    )
    averages = jax.tree.map(lambda leaf: leaf + 100, {GENERATOR: variables[GENERATOR]})
    return TrainState(
        jnp.int32(step),
        jax.random.key(step),
        variables,
        moments,
        averages if averaged else {},
        memory,
    )


def numbers(tree):
    return sorted({float(value) for leaf in jax.tree.leaves(tree) for value in np.ravel(leaf)})


def test_equal_networks_inherit_everything():
    fresh, past = state(0.0), state(1.0, step=9)
    found = inherit()(fresh, past, None)
    assert_same(found.variables, past.variables)
    assert_same(found.optimizers, past.optimizers)
    assert_same(found.averages, past.averages)
    assert describe_inheritance(fresh, past) == (
        "all 8 arrays of its variables and its optimizers are taken over."
    )


def test_what_has_grown_is_new_and_its_optimizer_too():
    fresh, past = state(0.0, ("a", "b", "c")), state(1.0, step=9)
    fresh = fresh.replace(
        optimizers={**fresh.optimizers, DISCRIMINATOR: state(0.0).optimizers[DISCRIMINATOR]}
    )
    found = inherit()(fresh, past, None)
    own = found.variables[GENERATOR]["params"]
    assert (numbers(own["a"]), numbers(own["b"]), numbers(own["c"])) == ([1], [1], [0])
    assert numbers(found.optimizers[GENERATOR]) == [0]
    assert numbers(found.optimizers[DISCRIMINATOR]) == [9]
    average = found.averages[GENERATOR]["params"]
    assert (numbers(average["a"]), numbers(average["c"])) == ([101], [0])
    assert describe_inheritance(fresh, past) == (
        "8 of 12 arrays of its variables are taken over, new are discriminator/params/c/bias, "
        "discriminator/params/c/kernel, generator/params/c/bias and 1 more, and the optimizer of the "
        "generator starts anew."
    )


@pytest.mark.parametrize("change", ["shape", "dtype"])
def test_other_shapes_and_types_are_new(change):
    fresh, past = state(0.0), state(1.0, size=3 if change == "shape" else 2)
    if change == "dtype":
        half = jax.tree.map(lambda leaf: leaf.astype(jnp.bfloat16), past.variables)
        past = past.replace(variables=half)
    found = inherit()(fresh, past, None)
    assert numbers(found.variables[GENERATOR]["params"]["a"]["kernel"]) == [0]
    assert numbers(found.averages[GENERATOR]["params"]["a"]["kernel"]) == [
        0 if change == "shape" else 101
    ]


def test_an_average_that_is_new_starts_at_the_inherited_parameters():
    found = inherit()(state(0.0), state(1.0, averaged=False), None)
    assert numbers(found.averages) == [1]


def test_optimizers_start_anew_if_asked():
    found = inherit(optimizers=False)(state(0.0), state(1.0, step=9), None)
    assert numbers(found.variables) == [1]
    assert numbers(found.optimizers) == [0]


def test_memories_of_terms_and_of_the_rule_are_inherited():
    fresh = state(
        0.0, terms={"k": jnp.zeros(()), "pool": jnp.zeros(3)}, memory={"slow": jnp.zeros(2)}
    )
    past = state(1.0, terms={"k": jnp.ones(()), "pool": jnp.ones(4)}, memory={"slow": jnp.ones(2)})
    found = inherit()(fresh, past, None)
    assert numbers(found.variables[GENERATOR]["terms"]["k"]) == [1]
    assert numbers(found.variables[GENERATOR]["terms"]["pool"]) == [0]
    assert numbers(found.memory) == [1]


ORDERS = {
    "inherit, freeze": compose(inherit(), freeze("generator/a")),
    "freeze, inherit": compose(freeze(["generator/a"]), inherit()),
}


@pytest.mark.parametrize("order", ORDERS)
def test_frozen_parameters_move_and_leave_no_trace(order):
    slow = {"slow": {player: state(0.0).variables[player]["params"] for player in PLAYERS}}
    fresh, past = state(0.0, memory=slow), state(1.0, step=9, memory=slow)
    found = ORDERS[order](fresh, past, None)
    own = found.variables[GENERATOR]
    assert set(own["params"]) == {"b"}
    assert set(own["frozen"]) == {"a"}
    assert numbers(own) == [1]
    assert set(found.averages[GENERATOR]["params"]) == {"b"}
    assert set(found.memory["slow"][GENERATOR]) == {"b"}
    assert set(found.memory["slow"][DISCRIMINATOR]) == {"a", "b"}
    trained = ADAM.init(own["params"])
    assert jax.tree.structure(found.optimizers[GENERATOR]) == jax.tree.structure(trained)
    assert numbers(found.optimizers[GENERATOR]) == [9]
    ADAM.update(own["params"], found.optimizers[GENERATOR], own["params"])
    assert_same(found.variables[DISCRIMINATOR], past.variables[DISCRIMINATOR])


def test_a_whole_player_can_be_frozen_and_thawed():
    past = freeze("generator")(state(0.0), state(1.0, step=9), None)
    assert past.variables[GENERATOR]["params"] == {}
    assert numbers(past.variables[GENERATOR]["frozen"]) == [1]
    again = freeze("generator/a/kernel")(state(0.0), past, None)
    assert set(again.variables[GENERATOR]["params"]["a"]) == {"bias"}
    thawed = inherit()(state(0.0), past, None)
    assert set(thawed.variables[GENERATOR]) == {"params"}
    assert numbers(thawed.variables[GENERATOR]) == [1]
    assert numbers(thawed.optimizers[GENERATOR]) == [0]
    assert numbers(thawed.averages) == [1]


@pytest.mark.parametrize("averaged", [True, False])
def test_a_generator_becomes_a_part(averaged):
    fresh, past = state(0.0), state(1.0, step=9, averaged=averaged)
    own = {"params": {"maker": fresh.variables[GENERATOR]["params"], "coder": jnp.zeros(2)}}
    fresh = fresh.replace(
        variables={**fresh.variables, GENERATOR: own},
        optimizers={**fresh.optimizers, GENERATOR: ADAM.init(own["params"])},
        averages={GENERATOR: own},
    )
    found = as_part("maker", compose(inherit(), freeze("generator/maker")))(fresh, past, None)
    held = found.variables[GENERATOR]["frozen"]
    # As its average has it, if there is one.
    assert numbers(held) == ([101.0] if averaged else [1.0])
    assert set(held) == {"maker"}
    assert set(found.variables[GENERATOR]["params"]) == {"coder"}
    assert numbers(found.averages[GENERATOR]) == [0.0]
    assert numbers(found.variables[DISCRIMINATOR]) == [1.0]


@pytest.mark.parametrize(
    ("path", "size", "message"),
    [
        ("generator/z", 2, r"^freeze has the path 'generator/z', but there are no such parameters"),
        (
            "encoder/a",
            2,
            r"^freeze has the path 'encoder/a', but it must begin with one of generator",
        ),
        ("generator/a", 3, r"^freeze has the path 'generator/a', but the stage's networks have"),
    ],
)
def test_paths_that_cannot_be_frozen(path, size, message):
    with pytest.raises(ValueError, match=message):
        freeze(path)(state(0.0, size=size), state(1.0), None)


def test_frozen_parameters_are_counted_apart():
    made = Estimate({"generator": 3, "discriminator": 5}, 0, 0, 0, None, 1, 1, {"generator": 2})
    assert made.lines()[0] == "parameters: generator 3 (and 2 frozen), discriminator 5"
