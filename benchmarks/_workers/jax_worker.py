"""The jgan side: the real training path on an in-memory data set.

Run as ``python -m benchmarks._workers.jax_worker``; it speaks the lines of `serve`.
"""

import resource
import time
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from benchmarks._workers.works import (
    AVERAGE_DECAY,
    LEARNING_RATE,
    PATH_DECAY,
    PATH_SHARE,
    PATH_WEIGHT,
    PENALTY_WEIGHT,
    Work,
    changed,
    peak_size,
    serve,
)
from jgan.data import Source, gather
from jgan.data.loader import Reading
from jgan.game import DISCRIMINATOR, PLAYERS, Batch, Game, Metrics
from jgan.gans.gan import gan
from jgan.gans.r3gan import r3gan
from jgan.gans.stylegan import stylegan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import (
    Network,
    count_parameters,
    dcgan_discriminator,
    dcgan_generator,
    sngan_discriminator,
    sngan_generator,
)
from jgan.networks.mlp import mlp_discriminator, mlp_generator
from jgan.networks.r3gan import r3gan_discriminator, r3gan_generator
from jgan.networks.stylegan2 import (
    style_count,
    style_mapping,
    stylegan2_discriminator,
    stylegan2_synthesis,
)
from jgan.rules import Rule, TrainState, alternating, averaged, start
from jgan.rules.rule import Optimizers, move
from jgan.sweeps.population import population
from jgan.terms.path_regularizer import path_regularizer
from jgan.terms.penalties import lazy, r1, r1_r2, wgan_gp
from jgan.training.devices import Layout, one_device_a_core
from jgan.training.experiment import Experiment
from jgan.training.feed import streamed
from jgan.training.fit import begin
from jgan.training.loop import Arrays, compile_steps, first_state


class Prepared(NamedTuple):
    """A compiled work: its program and its data.

    Attributes:
      run: ``(state, arrays, count) -> (state, metrics)``.
      arrays: the data set.
      a_call: steps in one call, or None for all of them.
      trainings: how many seeds it trains at once.
    """

    run: Any
    arrays: Arrays
    a_call: int | None
    trainings: int


MAPPING_LAYERS = 4
PENALTIES: dict[str, Any] = {"r1": r1, "r1_r2": r1_r2, "wgan_gp": wgan_gp}


def networks(work: Work) -> tuple[Network, Network]:
    """Generator and discriminator of the work; StyleGAN2's generator without its mapping network."""
    sizes: dict[str, Any] = {"width": work.width, "most": work.most}
    if work.family == "stylegan2":
        return stylegan2_synthesis(work.shape, **sizes), stylegan2_discriminator(**sizes)
    if work.family == "r3gan":
        return r3gan_generator(work.shape, **sizes), r3gan_discriminator(**sizes)
    if work.family == "mlp":
        widths = (work.width, work.width)
        return mlp_generator(work.shape, widths), mlp_discriminator(widths)
    if work.family == "dcgan":
        options: dict[str, Any] = {"width": work.width, "size": 4, "dtype": work.dtype}
        return dcgan_generator(work.shape, **options), dcgan_discriminator(**options)
    if work.family == "sngan":
        options = {"dtype": work.dtype}
        return sngan_generator(work.shape, **options), sngan_discriminator(work.shape, **options)
    critic = sngan_discriminator(work.shape, norm="none", dtype=work.dtype)
    return mlp_generator(work.shape, ()), critic


def discriminator_only(game: Game, optimizers: Optimizers) -> Rule:
    """The rule of one discriminator step an update."""

    def update(state: TrainState, batch: Batch) -> tuple[TrainState, Metrics]:
        key = jax.random.fold_in(state.key, state.step)
        state, metrics = move(game, DISCRIMINATOR, optimizers[DISCRIMINATOR], state, batch, key)
        return state.replace(step=state.step + 1), metrics

    return Rule(partial(start, game, optimizers), update)


def game_of(work: Work) -> Game:
    """The work as a game."""
    loss = get_loss(work.loss)
    if work.family == "stylegan2":
        inputs = style_count(work.shape)
        mapping = style_mapping(inputs, features=work.latent, layers=MAPPING_LAYERS)
        game = stylegan(mapping, *networks(work), loss, work.latent)
    elif work.family == "r3gan":
        game = r3gan(*networks(work), loss, work.latent)
    else:
        game = gan(*networks(work), loss, normal(work.latent))
    if work.penalty:
        penalty = PENALTIES[work.penalty](PENALTY_WEIGHT)
        game = game.add(lazy(penalty, work.penalty_every) if work.penalty_every > 1 else penalty)
    if work.path_every:
        path = path_regularizer(PATH_WEIGHT, decay=PATH_DECAY, shrink=PATH_SHARE)
        game = game.add(lazy(path, work.path_every))
    return game


def rule(work: Work) -> Rule:
    """The work as a rule."""
    game = game_of(work)
    adam = optax.adam(LEARNING_RATE, b1=work.betas[0], b2=work.betas[1])
    optimizers = dict.fromkeys(PLAYERS, adam)
    if work.generator_steps == 0:
        return discriminator_only(game, optimizers)
    plain = alternating(game, optimizers, discriminator_steps=work.discriminator_steps)
    return averaged(plain, AVERAGE_DECAY) if work.average else plain


def data(work: Work) -> Arrays:
    """Random pixels, or random points."""
    draw, shape = np.random.default_rng(0), (work.examples, *work.shape)
    if work.family == "mlp":
        return {"image": jnp.asarray(draw.standard_normal(shape, np.float32))}
    return {"image": jnp.asarray(draw.integers(0, 256, shape, np.uint8))}


def experiment(work: Work, arrays: Arrays) -> Experiment:
    """The work as an experiment, whose members a population trains."""
    return Experiment(game_of(work), rule(work), Source(arrays), steps=1, batch_size=work.batch)


def streaming(made: Experiment, state: TrainState) -> Any:
    """A program of the same form whose examples are read on the host, without end."""
    host = {name: np.asarray(values) for name, values in made.source.arrays.items()}
    endless = replace(made, source=Source(host), steps=2**31 - 1)
    feed = streamed(endless, state, Layout((jax.devices()[0],)), Reading(threads=2))
    return lambda state, arrays, count: feed(state, count)


def _flops(program: Any) -> float:
    """XLA's count for a lowered or compiled program."""
    return (program.cost_analysis() or {}).get("flops", 0.0)


def _not_played(work: Work, arrays: Arrays) -> float:
    """What a step's count has of terms that are played at some updates only, beyond their share of all."""
    plain = work._replace(penalty="", penalty_every=1, path_every=0)
    first = gather(arrays, jnp.arange(work.batch))

    def counted(some: Work) -> float:
        how = rule(some)
        shapes = jax.eval_shape(lambda: first_state(how, first, 0))
        program: Any = compile_steps(how, some.batch)
        return _flops(program.lower(shapes, arrays, 1))

    found = 0.0
    for every, dense in (
        (work.penalty_every, plain._replace(penalty=work.penalty)),
        (work.path_every, plain._replace(path_every=1)),
    ):
        if every > 1:
            found += (1 - 1 / every) * (counted(dense) - counted(plain))
    return found


def _peak_bytes() -> int:
    """Most memory of the device so far, or of the process where that is the device."""
    stats = jax.devices()[0].memory_stats() or {}
    resident = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return stats.get("peak_bytes_in_use", resident)


class Worker:
    """Holds the newest prepared work and its state."""

    prepared: Prepared
    state: TrainState

    def facts(self) -> dict[str, Any]:
        """Versions and device."""
        return {"jax": jax.__version__, "device": str(jax.devices()[0])}

    def prepare(
        self, work: str, variant: str, changes: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Build and compile a work and make its first step."""
        what = changed(work, changes)
        trainings = int(variant.removeprefix("seeds")) if variant.startswith("seeds") else 1
        if trainings > 1:
            one_device_a_core()  # as `jgan sweep` does, which takes the same population
        how, arrays = rule(what), data(what)
        single: Any = compile_steps(how, what.batch)
        run: Any = single
        first = gather(arrays, jnp.arange(what.batch))
        shapes = jax.eval_shape(lambda: first_state(how, first, 0))
        if trainings == 1:
            one = experiment(what, arrays)
            self.state = begin(one, 0)
            if variant == "stream":
                run = streaming(one, self.state)
        else:
            made = population(partial(experiment, what, arrays), {}, list(range(trainings)))
            self.state = made.init()
            run = lambda states, arrays, count: made.run(states, count)
        jax.block_until_ready(self.state)
        sizes = {
            player: count_parameters(own) // trainings
            for player, own in self.state.variables.items()
        }
        self.prepared = Prepared(run, arrays, 1 if variant == "stepwise" else None, trainings)
        cold = self.time(1)
        # The same program again. Bodies of loops are counted once: the steps, and within a step the
        # discriminator's moves, of which the others are added.
        flops = _flops(single.lower(shapes, arrays, 1).compile()) - _not_played(what, arrays)
        if what.discriminator_steps > 1:
            critic: Any = compile_steps(rule(what._replace(generator_steps=0)), what.batch)
            moves = what.discriminator_steps - 1
            flops += moves * _flops(critic.lower(shapes, arrays, 1))
        return {
            "parameters": sizes,
            "flops": flops or None,
            "compile_seconds": cold["wall_seconds"],
        }

    def time(self, count: int) -> dict[str, Any]:
        """Make ``count`` steps."""
        run, arrays, a_call, trainings = self.prepared
        state, cpu = self.state, time.process_time()
        began = time.perf_counter()
        for _ in range(count if a_call else 1):
            state, metrics = run(state, arrays, a_call or count)
        jax.block_until_ready((state, metrics))
        wall = time.perf_counter() - began
        self.state = state
        return {
            "seconds_per_step": wall / count / trainings,
            "wall_seconds": wall,
            "cpu_seconds": time.process_time() - cpu,
            "peak_bytes": _peak_bytes(),
        }

    def peak(self, repeats: int = 30) -> dict[str, Any]:
        """Best rate of float32 matrix products, FLOP/s."""
        size = peak_size(jax.default_backend() != "cpu")
        x = jnp.ones((size, size), jnp.float32) / size
        product = jax.jit(jnp.matmul)
        jax.block_until_ready(product(x, x))
        times = []
        for _ in range(repeats):
            began = time.perf_counter()
            jax.block_until_ready(product(x, x))
            times.append(time.perf_counter() - began)
        return {"flops_per_second": 2 * size**3 / min(times)}


if __name__ == "__main__":
    worker = Worker()
    serve({name: getattr(worker, name) for name in ("facts", "prepare", "time", "peak")})
