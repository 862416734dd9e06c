"""Compiles and times cells in a process that has as many fake devices as it was started with.

Run as ``python -m benchmarks._scaling.worker``; it speaks the lines of `serve`.
"""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jax
import numpy as np
import optax

from benchmarks._scaling.cells import Cell
from benchmarks._scaling.collectives import exchanged
from benchmarks._workers.works import serve
from jgan.data import from_arrays
from jgan.game import PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import dcgan_discriminator, dcgan_generator
from jgan.rules import alternating
from jgan.sweeps.population import population
from jgan.training.devices import Layout, all_devices
from jgan.training.experiment import Experiment
from jgan.training.feed import place
from jgan.training.fit import begin
from jgan.training.flops import count_flops
from jgan.training.loop import compile_steps, first_state

LATENT = 100
Advance = Callable[[Any, int], Any]
"""``(state, count) -> state``: ``count`` steps; the given state is consumed."""


def experiment(cell: Cell) -> Experiment:
    """The training of a cell, as any experiment file would build it."""
    shape = (cell.resolution, cell.resolution, 3)
    pixels = np.random.default_rng(0).integers(0, 256, (max(cell.batch, 512), *shape), np.uint8)
    game = gan(
        dcgan_generator(shape, width=cell.width),
        dcgan_discriminator(width=cell.width),
        non_saturating(),
        normal(LATENT),
    )
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.adam(2e-4, b1=0.5)))
    source = from_arrays(pixels, name="random pixels")
    return Experiment(game, rule, source, steps=10**9, batch_size=cell.batch)


def counted_flops(of: Experiment) -> int:
    """Operations of one step in products and convolutions, by `jgan.training.flops`."""
    batch = of.source.first(of.batch_size)
    state = jax.eval_shape(lambda: first_state(of.rule, batch, 0))
    return count_flops(of.rule.update, state, batch)


def compiled(of: Experiment, layout: Layout) -> Any:
    """The program of `jgan.training.loop`, compiled from shapes alone: nothing is allocated or run."""
    batch = of.source.first(of.batch_size)
    state = jax.eval_shape(lambda: first_state(of.rule, batch, 0))
    several = layout.count > 1
    lies = layout.of_state(state) if several else jax.tree.map(lambda leaf: None, state)
    shapes = jax.tree.map(
        lambda leaf, own: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=own), state, lies
    )
    arrays = {
        name: jax.ShapeDtypeStruct(
            values.shape, values.dtype, sharding=layout.replicated if several else None
        )
        for name, values in of.source.arrays.items()
    }
    program: Any = compile_steps(of.rule, of.batch_size, layout)
    return program.lower(shapes, arrays, 1).compile()


def program_facts(program: Any) -> dict[str, Any]:
    """What the compiler says of one device's program.

    Its operations count the body of each loop once, which is one step here.
    """
    memory = program.memory_analysis()
    return {
        "argument_bytes": int(memory.argument_size_in_bytes),
        "temporary_bytes": int(memory.temp_size_in_bytes),
        "compiler_flops": program.cost_analysis()["flops"],
        "exchanged": exchanged(program.as_text()),
    }


class Cells:
    """The cells of one process by name, and the one that is timed."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[Any, Advance]] = {}
        self._first: dict[Any, Any] = {}
        self._name = ""

    def facts(self) -> dict[str, Any]:
        """Version and devices."""
        return {
            "jax": jax.__version__,
            "device": str(jax.devices()[0]),
            "count": len(jax.devices()),
        }

    def prepare(self, name: str, cell: Mapping[str, Any], timed: bool) -> dict[str, Any]:
        """Compile a cell; if it is to be timed, make its first step too."""
        what = Cell(**cell)
        of = experiment(what)
        found: dict[str, Any] = {"flops": counted_flops(of) * max(what.seeds, 1)}
        if what.seeds:
            made = population(partial(experiment, what), {}, range(what.seeds))
            self._held[name] = made.init(), lambda state, count: made.run(state, count)[0]
        else:
            layout = Layout(tuple(all_devices()[: what.devices]), what.mode)
            program = compiled(of, layout)
            found |= program_facts(program)
            if not timed:
                return found
            arrays = place(of, layout)
            advance = lambda state, count: program(state, arrays, count)[0]
            self._held[name] = self._begin(of, what, layout), advance
        self.choose(name)
        self.time(1)
        return found

    def _begin(self, of: Experiment, what: Cell, layout: Layout) -> Any:
        """A copy of the first state, which does not depend on the batch; each takes seconds to compile."""
        key = what._replace(batch=0)
        if key not in self._first:
            self._first[key] = begin(of, 0, layout)
        return jax.tree.map(lambda leaf: leaf.copy(), self._first[key])

    def choose(self, name: str) -> dict[str, Any]:
        """Which cell is timed from now on."""
        self._name = name
        return {}

    def time(self, count: int) -> dict[str, Any]:
        """Make ``count`` steps of the chosen cell in one dispatch."""
        state, advance = self._held[self._name]
        cpu, began = time.process_time(), time.perf_counter()
        state = jax.block_until_ready(advance(state, count))
        wall = time.perf_counter() - began
        self._held[self._name] = state, advance
        return {
            "seconds_per_step": wall / count,
            "wall_seconds": wall,
            "cpu_seconds": time.process_time() - cpu,
        }


if __name__ == "__main__":
    cells = Cells()
    serve({name: getattr(cells, name) for name in ("facts", "prepare", "choose", "time")})
