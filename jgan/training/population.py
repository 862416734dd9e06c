"""Many trainings as one program: seeds and numeric settings are an axis that is mapped and sharded.

A member is the run that its seed and its settings make alone. One that diverges disturbs no other.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from jgan.data.registry import remembered
from jgan.errors import UserError
from jgan.game import Metrics
from jgan.rules import TrainState
from jgan.training import devices as local
from jgan.training.compiler import Program
from jgan.training.experiment import Experiment
from jgan.training.feed import check_batch, place
from jgan.training.loop import first_state, run_steps

Values = Mapping[str, jax.Array]
"""Settings that differ between members, each ``(members,)``."""
WAYS = ("vmap", "map")


class Population(NamedTuple):
    """The programs of a population.

    Attributes:
      experiment: of the first member; all share its source, batch size and number of steps.
      init: ``() -> states``, every leaf with the members on its leading axis.
      run: ``(states, count) -> (states, metrics)``, ``count`` updates of every member; each metric is
        ``(members,)``. The given states are consumed.
    """

    experiment: Experiment
    init: Callable[[], TrainState]
    run: Callable[[TrainState, int], tuple[TrainState, Metrics]]


def population(
    build: Callable[..., Experiment],
    arguments: Mapping[str, Any],
    seeds: Sequence[int],
    values: Mapping[str, Sequence[float]] | None = None,
    way: str | None = None,
) -> Population:
    """Members in one compiled program, spread over the devices where their number allows it.

    Args:
      build: the experiment function. It is called with tracers for ``values``, so the settings named
        there must be numbers that no Python branch looks at (learning rates, weights of penalties).
      arguments: its other settings.
      seeds: of each member.
      values: settings of each member, in the order of the seeds.
      way: "vmap" computes a device's members at once, "map" one after the other within the program, with
        the operations of a single run. By default a CPU maps: members equal single runs even after many
        steps of Adam, which amplifies the rounding of batched products. On 2 cores as one device that costs
        0.39 against 0.25 ms a step for perceptrons, and nothing for a small DCGAN (14.3 against 14.9), whose
        vmapped convolutions are grouped ones; with a device a core, as `jgan sweep` has it, both ways
        take 0.18 ms (``python -m benchmarks.population``). Other devices, which one small network leaves
        idle, vmap.

    Raises:
      UserError: if there is no member, lengths differ, or a setting cannot be traced.
    """
    values = {name: list(column) for name, column in (values or {}).items()}
    if not seeds:
        raise UserError("a population has 0 seeds, but must have at least 1.")
    for name, column in values.items():
        if len(column) != len(seeds):
            raise UserError(f"{name} has {len(column)} values, but there are {len(seeds)} members.")
    sources: dict[Any, Any] = {}  # building anew for each trace must not read the data anew
    with remembered(sources):
        first = build(**arguments, **{name: column[0] for name, column in values.items()})
    check_batch(first)
    if way is None:
        way = "map" if jax.default_backend() == "cpu" else "vmap"
    if way not in WAYS:
        raise UserError(f"way is {way!r}, but must be one of {', '.join(WAYS)}.")
    over = jax.vmap if way == "vmap" else _one_by_one
    batch = first.source.first(first.batch_size)
    arrays = place(first)
    columns = {name: jnp.asarray(column, jnp.float32) for name, column in values.items()}
    mesh = _mesh(len(seeds))
    split, whole = PartitionSpec("member"), PartitionSpec()

    def rule(own: Values) -> Any:
        try:
            with remembered(sources):
                return build(**arguments, **own).rule
        except (jax.errors.ConcretizationTypeError, UserError) as error:
            # An experiment file's errors come as sentences already.
            if not isinstance(error.__cause__ or error, jax.errors.ConcretizationTypeError):
                raise
            names = ", ".join(values)
            raise UserError(
                f"the settings {names} cannot differ within one program, because the experiment decides "
                "by their values; train them as groups."
            ) from error

    def begin(seed: jax.Array, own: Values) -> TrainState:
        return first_state(rule(own), batch, seed)

    def steps(
        state: TrainState, own: Values, arrays: Any, count: jax.Array
    ) -> tuple[TrainState, Metrics]:
        return run_steps(
            rule(own), state, arrays, count, first.batch_size, augment=first.source.augment
        )

    def train(states: TrainState, own: Values, arrays: Any, count: jax.Array) -> Any:
        return over(lambda state, own: steps(state, own, arrays, count))(states, own)

    spread = functools.partial(jax.shard_map, mesh=mesh, out_specs=split, check_vma=False)
    init = jax.jit(spread(over(begin), in_specs=split))
    run = Program(spread(train, in_specs=(split, split, whole, whole)), donate_argnums=0)
    columns = jax.device_put(columns, NamedSharding(mesh, split))
    arrays = jax.device_put(arrays, NamedSharding(mesh, whole))
    return Population(
        first,
        lambda: init(jax.device_put(np.asarray(seeds), NamedSharding(mesh, split)), columns),
        lambda states, count: run(states, columns, arrays, count),
    )


def member(states: TrainState, index: int) -> TrainState:
    """One member's state, as it would be alone."""
    return jax.tree.map(lambda leaf: leaf[index], states)


def _one_by_one(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: jax.lax.map(lambda one: function(*one), arguments)


def _mesh(members: int) -> Mesh:
    """As many devices as divide the number of members."""
    found = local.all_devices()
    count = max(n for n in range(1, len(found) + 1) if members % n == 0)
    return Mesh(np.asarray(found[:count]), ("member",))
