"""Settings of an experiment that train the same thing, found without compiling anything."""

import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Literal

from jgan.data.conditions import blank
from jgan.data.registry import remembered
from jgan.errors import UserError
from jgan.game import Batch
from jgan.rules import Rule, TrainState
from jgan.runs.identities import identities
from jgan.runs.saved import shape_after
from jgan.sweeps.axes import Axis, Setting
from jgan.training.experiment import Experiment
from jgan.training.loop import first_state, run_steps

MOST = 8
"""Values of an axis that are compared."""


def refuse_without_effect(
    build: Callable[..., Experiment],
    arguments: Mapping[str, Any],
    axes: Sequence[Axis],
    chosen: Sequence[Setting],
) -> None:
    """Refuse a sweep of which two values of a setting train the same thing, whatever the other settings are.

    The values of a setting that is part of the program are compared, up to `MOST` of them, and two values of
    one that is traced. A comparison traces both programs, a small part of the work of compiling one.

    Args:
      build: the experiment function, sizes included.
      arguments: its settings, of which the axes replace some.
      axes: of the sweep.
      chosen: its settings.

    Raises:
      UserError: naming the setting and both values.
    """
    known: dict[str, str] = {}
    sources: dict[Any, Any] = {}

    def program(setting: Setting) -> str:
        name = json.dumps(setting, sort_keys=True)
        if name not in known:
            with remembered(sources):
                known[name] = fingerprint(build(**{**arguments, **setting}))
        return known[name]

    parts = [axis.name for axis in axes if not axis.traced]
    for axis in axes:
        values = list(dict.fromkeys(setting[axis.name] for setting in chosen))
        values = values[: 2 if axis.traced else MOST]
        # Values that are traced decide on no structure: one of each program is enough.
        others = {
            json.dumps([setting[name] for name in parts if name != axis.name]): setting
            for setting in chosen
        }.values()
        pairs = [(one, two) for n, two in enumerate(values) for one in values[:n]]
        for one, two in pairs:
            same = lambda base, one=one, two=two, name=axis.name: (
                program({**base, name: one}) == program({**base, name: two})
            )
            if all(same(base) for base in others):
                raise UserError(
                    f"--over gives {axis.name} the values {one!r} and {two!r}, but both train the same thing "
                    "here, where the setting makes no difference between them; leave one of them out."
                )


def fingerprint(experiment: Experiment) -> str:
    """A hash of what an experiment trains: its data, its sizes, and the programs of every stage.

    Equal ones are trained alike. Programs are those of the first state, of an update and of all views, with
    every constant in them.
    """
    digest = hashlib.sha256()
    digest.update(json.dumps([experiment.sizes(), identities(experiment)], sort_keys=True).encode())
    state = None
    for stage in experiment.stages:
        source = stage.source
        batch = blank(source, min(stage.batch_size, source.size))
        start = functools.partial(_begun, stage.rule)
        arrays = jax.tree.map(
            lambda values: jax.ShapeDtypeStruct(values.shape, values.dtype), source.stored
        )
        update = functools.partial(
            _updated, stage.rule, size=stage.batch_size, augment=source.augment
        )
        begun, shape = jax.make_jaxpr(start, return_shape=True)(batch)
        _add(digest, begun)
        state = shape_after(stage, state) if state else shape
        _add(digest, jax.make_jaxpr(update)(state, arrays))
        for name, view in stage.game.at(0).views.items():
            digest.update(name.encode())
            _add(digest, jax.make_jaxpr(view)(state.variables, batch, state.key))
    return digest.hexdigest()


def _begun(rule: Rule, batch: Batch) -> TrainState:
    return first_state(rule, batch, 0)


def _updated(rule: Rule, state: TrainState, arrays: Any, size: int, augment: Any) -> Any:
    return run_steps(rule, state, arrays, 1, size, augment=augment)


def _add(digest: Any, program: Any) -> None:
    """Add a program and its constants, those of inner functions included, to a hash."""
    digest.update(re.sub(r"0x[0-9a-f]+", "", str(program)).encode())
    for constant in _constants(program):
        if isinstance(constant, jax.Array) and jnp.issubdtype(constant.dtype, jax.dtypes.prng_key):
            constant = jax.random.key_data(constant)
        values = np.asarray(constant)
        digest.update(f"{values.dtype} {values.shape}".encode() + values.tobytes())


def _constants(program: Any) -> Iterator[Any]:
    yield from getattr(program, "consts", ())
    for equation in getattr(program, "jaxpr", program).eqns:
        for variable in equation.invars:
            # An array within an equation is shown by its shape alone.
            if isinstance(variable, Literal):
                yield variable.val
        for value in equation.params.values():
            for inner in value if isinstance(value, tuple | list) else (value,):
                if hasattr(inner, "eqns") or hasattr(inner, "jaxpr"):
                    yield from _constants(inner)
                elif isinstance(inner, np.ndarray | jax.Array):
                    yield inner
