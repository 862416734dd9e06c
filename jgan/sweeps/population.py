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
from jgan.runs.saved import shape_of_state
from jgan.training import devices as local
from jgan.training.compiler import Program
from jgan.training.experiment import Experiment
from jgan.training.feed import check_batch, place
from jgan.training.loop import first_state, run_steps
from jgan.training.resources import check_memory, free_bytes
from jgan.training.stages import Stage, following_state

Values = Mapping[str, jax.Array]
"""Settings that differ between members, each ``(members,)``."""
WAYS = ("vmap", "map")


class Population(NamedTuple):
    """The programs of a population in one stage of its experiment.

    Attributes:
      whole: the experiment of the first member; all share its sources, batch sizes and numbers of steps.
      experiment: the same up to this stage.
      init: the states at the beginning of the stage: ``() -> states`` for the first one,
        ``(states at the end of the stage before) -> states`` for the others. Every leaf has the members on
        its leading axis, but ``step`` and ``began``, which they share: a condition on a mapped step would
        compute both of its branches at every step.
      run: ``(states, count) -> (states, metrics)``, ``count`` updates of every member; each metric is
        ``(members,)``. The given states are consumed.
      shapes: of the states, and how they lie on the devices, for loading them.
    """

    whole: Experiment
    experiment: Experiment
    init: Callable[..., TrainState]
    run: Callable[[TrainState, int], tuple[TrainState, Metrics]]
    shapes: tuple[TrainState, TrainState]


def population(
    build: Callable[..., Experiment],
    arguments: Mapping[str, Any],
    seeds: Sequence[int],
    values: Mapping[str, Sequence[float]] | None = None,
    way: str | None = None,
    stage: int = 0,
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
      stage: index of the stage that is trained.

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
        whole = build(**arguments, **{name: column[0] for name, column in values.items()})
    first = whole.until(whole.ends[stage])
    check_batch(first)
    if way is None:
        way = "map" if jax.default_backend() == "cpu" else "vmap"
    if way not in WAYS:
        raise UserError(f"way is {way!r}, but must be one of {', '.join(WAYS)}.")
    over: Any = jax.vmap if way == "vmap" else _one_by_one
    batch = first.source.first(first.batch_size)
    shapes = shape_of_state(first)
    copies = -(-len(seeds) // len(local.all_devices()))
    members = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct((copies, *leaf.shape), leaf.dtype), shapes
    )
    free = free_bytes(jax.devices()[0], len(local.all_devices()))
    check_memory(members, first.source.nbytes, free, streams=False)
    arrays = place(first)
    columns = {name: jnp.asarray(column, jnp.float32) for name, column in values.items()}
    mesh = _mesh(len(seeds))
    split, copied = PartitionSpec("member"), PartitionSpec()

    def stage_of(own: Values) -> Stage:
        try:
            with remembered(sources):
                return build(**arguments, **own).stages[stage]
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
        return first_state(stage_of(own).rule, batch, seed)

    def follow(past: TrainState, own: Values) -> TrainState:
        return following_state(stage_of(own), past, batch)

    def steps(
        state: TrainState, own: Values, arrays: Any, count: jax.Array
    ) -> tuple[TrainState, Metrics]:
        return run_steps(
            stage_of(own).rule, state, arrays, count, first.batch_size, augment=first.source.augment
        )

    def train(states: TrainState, own: Values, arrays: Any, count: jax.Array) -> Any:
        one = lambda state, own: steps(state, own, arrays, count)
        return over(one, (_axes(0, None), 0), (_axes(0, None), 0))(states, own)

    sharded = functools.partial(jax.shard_map, mesh=mesh, check_vma=False)
    states = _axes(split, copied)
    beginning = over(begin, (0, 0), _axes(0, None))
    following = over(follow, (_axes(0, None), 0), _axes(0, None))
    init = jax.jit(sharded(beginning, in_specs=(split, split), out_specs=states))
    enter = jax.jit(sharded(following, in_specs=(states, split), out_specs=states))
    run = Program(
        sharded(train, in_specs=(states, split, copied, copied), out_specs=(states, split)),
        donate_argnums=0,
    )
    columns = jax.device_put(columns, NamedSharding(mesh, split))
    arrays = jax.device_put(arrays, NamedSharding(mesh, copied))
    placed = NamedSharding(mesh, split)
    return Population(
        whole,
        first,
        (lambda past: enter(past, columns))
        if stage
        else (lambda: init(jax.device_put(np.asarray(seeds), placed), columns)),
        lambda states, count: run(states, columns, arrays, count),
        _shapes(shapes, len(seeds), placed, NamedSharding(mesh, copied)),
    )


def _axes(mapped: Any, shared: Any) -> TrainState:
    """A prefix of states: one value for what every member has of its own, one for what they share."""
    own = dict.fromkeys(("key", "variables", "optimizers", "averages", "memory"), mapped)
    return TrainState(step=shared, began=shared, **own)


def _shapes(
    one: TrainState, count: int, split: NamedSharding, copied: NamedSharding
) -> tuple[TrainState, TrainState]:
    """Shapes of the states of ``count`` members, each like ``one``, and their shardings."""
    wider = lambda leaf: jax.ShapeDtypeStruct((count, *leaf.shape), leaf.dtype)
    shapes = jax.tree.map(wider, one).replace(step=one.step, began=one.began)
    shardings = jax.tree.map(lambda leaf: split, one).replace(step=copied, began=copied)
    return shapes, shardings


def member(states: TrainState, index: int) -> TrainState:
    """One member's state, as it would be alone."""
    own = jax.tree.map(lambda leaf: leaf[index], states.replace(step=(), began=()))
    return own.replace(step=states.step, began=states.began)


def _one_by_one(function: Callable[..., Any], in_axes: Any, out_axes: Any) -> Callable[..., Any]:
    """`jax.vmap` of a function of states by the axes of `_axes`, computed for one member after the other."""
    is_state = lambda node: isinstance(node, TrainState)

    def wide(node: Any) -> Any:
        if not is_state(node):
            return node
        each = lambda leaf: jnp.broadcast_to(leaf, node.key.shape)
        return node.replace(step=each(node.step), began=each(node.began))

    def narrow(node: Any) -> Any:
        return node.replace(step=node.step[0], began=node.began[0]) if is_state(node) else node

    def one_by_one(*arguments: Any) -> Any:
        given = jax.tree.map(wide, arguments, is_leaf=is_state)
        found = jax.lax.map(lambda one: function(*one), given)
        return jax.tree.map(narrow, found, is_leaf=is_state)

    return one_by_one


def _mesh(members: int) -> Mesh:
    """As many devices as divide the number of members."""
    found = local.all_devices()
    count = max(n for n in range(1, len(found) + 1) if members % n == 0)
    return Mesh(np.asarray(found[:count]), ("member",))
