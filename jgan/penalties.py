"""Gradient penalties: each is a value that one player adds to its loss.

``with_penalty(game, r1(10.0))`` is a game. Gradients in the input are those of the *sum* of the
logits, as in the reference codes, so a discriminator that couples examples (minibatch standard
deviation) is treated exactly as StyleGAN treats it. Norms run over all elements of one example.

Convention for zero-centred penalties: ``gamma/2 · E‖∇D‖²`` (Mescheder et al. 2018, StyleGAN, R3GAN).
Codes that write ``w · E‖∇D‖²`` (GAN_stability) correspond to ``gamma = 2 w``: their default of 10 is
gamma = 20 here. A penalty averaged over the pixels is smaller by the number of elements H·W·C.
"""

import zlib
from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows, normal_like, whole_mean
from jgan.detach import detach
from jgan.game import (
    DISCRIMINATOR,
    Aux,
    Batch,
    Collections,
    Critic,
    Game,
    Inputs,
    LossFunction,
    Metrics,
    PyTree,
    SharedLosses,
    Variables,
    check_player,
    map_with_keys,
    state_of,
)


class Scene(NamedTuple):
    """What a penalty may look at, at one point of training.

    Attributes:
      variables: of both players.
      critic: how the discriminator is asked; None in a game without one.
      memory: the penalty's own state, `Penalty.memory` to begin with.
      key: a PRNG key of its own.
      score_key: the key with which the loss asked about the real examples.
      step: the number of updates so far.
    """

    variables: Variables
    critic: Critic | None
    memory: Collections
    key: jax.Array
    score_key: jax.Array
    step: jax.Array

    def score(self, inputs: Inputs) -> jax.Array:
        """Logits ``(B,)`` with the discriminator's state frozen: penalties never advance it."""
        return self.asked.score(inputs, state_of(self.variables[DISCRIMINATOR]), self.score_key)[0]

    @property
    def asked(self) -> Critic:
        """The critic, for penalties that need one."""
        if self.critic is None:
            raise ValueError(
                "this penalty needs a game with a discriminator, but game.critic is None."
            )
        return self.critic


class Penalty(NamedTuple):
    """A term added to one player's loss.

    Attributes:
      name: its name in the metrics, ``player/name``.
      value: ``Scene -> (scalar, new memory, metrics)``.
      player: whose loss it joins.
      memory: the state it starts with, kept among that player's collections under its name.
      differentiates_inputs: whether it takes gradients in the discriminator's inputs, which batch
        normalisation in the discriminator would make meaningless.
    """

    name: str
    value: Callable[[Scene], tuple[jax.Array, Collections, Metrics]]
    player: str = DISCRIMINATOR
    memory: Collections = {}
    differentiates_inputs: bool = False


def with_penalty(game: Game, *penalties: Penalty) -> Game:
    """The game in which each penalty is added to its player's loss.

    Raises:
      ValueError: from ``init``, if a penalty differentiates in the inputs of a discriminator that has
        batch normalisation (on batches of one such a gradient is exactly zero, on larger ones it mixes
        examples).
    """
    for penalty in penalties:
        game = _with_one(game, penalty)
    return game


def _with_one(game: Game, penalty: Penalty) -> Game:
    check_player(penalty.player)
    base = game.losses[penalty.player]

    def init(key: jax.Array, batch: Batch) -> Variables:
        variables = game.init(key, batch)
        if penalty.differentiates_inputs and "batch_stats" in variables[DISCRIMINATOR]:
            raise ValueError(
                f"the discriminator has batch normalisation, under which the penalty {penalty.name!r} "
                "mixes examples; use a discriminator with norm='layer', 'spectral' or 'none'."
            )
        if penalty.memory:
            # A copy: a run may donate its state, and the penalty serves other runs too.
            memory = jax.tree.map(jnp.copy, penalty.memory)
            own = {**variables[penalty.player], penalty.name: memory}
            variables = {**variables, penalty.player: own}
        return variables

    def penalised(
        result: tuple[jax.Array, Aux],
        variables: Variables,
        batch: Batch,
        key: jax.Array,
        step: jax.Array,
    ) -> tuple[jax.Array, Aux]:
        base_value, aux = result
        if penalty.name in aux.metrics:
            raise ValueError(
                f"the {penalty.player} already has a penalty or metric called {penalty.name!r}; "
                "give the second one another name with _replace(name=...)."
            )
        # The same keys as the adversarial loss has, so that fakes and logits are computed once.
        scene_key, ask_key, own_key = jax.random.split(key, 3)
        scene = Scene(
            variables=variables,
            critic=game.critic and game.critic(variables, batch, scene_key, step),
            memory=variables[penalty.player].get(penalty.name, {}),
            key=jax.random.fold_in(own_key, zlib.crc32(penalty.name.encode())),
            score_key=jax.random.split(ask_key)[0],
            step=step,
        )
        value, memory, metrics = penalty.value(scene)
        state = {**aux.state, penalty.name: memory} if penalty.memory else aux.state
        return base_value + value, Aux(state, {**aux.metrics, penalty.name: value, **metrics})

    def loss(
        variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, Aux]:
        return penalised(base(variables, batch, key, step), variables, batch, key, step)

    losses: dict[str, LossFunction] = {**game.losses, penalty.player: loss}
    if isinstance(game.losses, SharedLosses):
        shared = game.losses.both

        def both(
            variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
        ) -> dict[str, tuple[jax.Array, Aux]]:
            results = shared(variables, batch, key, step)
            # Only its own player follows a penalty's gradient; the other's pullback must not pay for it.
            seen = {
                player: own if player == penalty.player else detach(own)
                for player, own in variables.items()
            }
            own_result = penalised(results[penalty.player], seen, batch, key, step)
            return {**results, penalty.player: own_result}

        losses = SharedLosses(losses, both)
    rebuild = game.rebuild
    return game._replace(
        init=init,
        losses=losses,
        rebuild=rebuild and (lambda critic: _with_one(rebuild(critic), penalty)),
    )


def lazy(penalty: Penalty, every: int) -> Penalty:
    """The penalty at every ``every``-th update only, ``every`` times as strong (StyleGAN2, section 3.1).

    The gradient averaged over ``every`` updates at fixed parameters equals that of the dense penalty.
    Adam's betas are left alone; StyleGAN2 also raises them to the power ``every/(every + 1)``.
    """
    if every < 1:
        raise ValueError(f"every is {every}, but a lazy interval must be at least 1.")

    def value(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        def due() -> tuple[jax.Array, Collections, Metrics]:
            inner, memory, metrics = penalty.value(scene)
            return every * inner, memory, metrics

        shapes = jax.eval_shape(due)

        def not_due() -> tuple[jax.Array, Collections, Metrics]:
            zero, _, metrics = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
            return zero, scene.memory, metrics

        return jax.lax.cond(scene.step % every == 0, due, not_due)

    return penalty._replace(value=value)


def squared_norms(values: PyTree) -> jax.Array:
    """Squared Euclidean norm of each example over all its elements: leaves ``(B, ...)`` -> ``(B,)``."""
    return sum(
        (jnp.sum(jnp.square(leaf), axis=range(1, leaf.ndim)) for leaf in jax.tree.leaves(values)),
        start=jnp.zeros(()),
    )


def norms(values: PyTree) -> jax.Array:
    """Euclidean norm of each example, ``(B,)``, with gradient zero where the norm is zero."""
    squares = squared_norms(values)
    positive = squares > 0
    return jnp.where(positive, jnp.sqrt(jnp.where(positive, squares, 1.0)), 0.0)


def input_gradient(score: Callable[[Inputs], jax.Array], inputs: Inputs) -> PyTree:
    """Gradient of the sum of the logits in ``inputs.values``, a pytree like it."""
    return jax.grad(lambda values: jnp.sum(score(inputs._replace(values=values))))(inputs.values)


def _gradient_penalty(
    name: str,
    where: Callable[[Scene], Inputs],
    measure: Callable[[PyTree], tuple[jax.Array, Metrics]],
) -> Penalty:
    def value(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        result, metrics = measure(input_gradient(scene.score, where(scene)))
        return result, {}, metrics

    return Penalty(name, value, differentiates_inputs=True)


def _zero_centred(gamma: float) -> Callable[[PyTree], tuple[jax.Array, Metrics]]:
    return lambda gradient: (0.5 * gamma * jnp.mean(squared_norms(gradient)), {})


def r1(gamma: float) -> Penalty:
    """R1 = (gamma/2) E‖∇D(x)‖² on real examples (Mescheder et al. 2018, eq. 9).

    For D(x) = w·x it is (gamma/2)‖w‖².
    """
    return _gradient_penalty("r1", lambda scene: scene.asked.real, _zero_centred(gamma))


def r2(gamma: float) -> Penalty:
    """R2 = (gamma/2) E‖∇D(x̂)‖² on generated examples (Mescheder et al. 2018, eq. 10)."""
    return _gradient_penalty("r2", lambda scene: scene.asked.fake, _zero_centred(gamma))


def r1_r2(gamma: float) -> tuple[Penalty, Penalty]:
    """R1 and R2 with the same gamma, as R3GAN uses them: ``with_penalty(game, *r1_r2(gamma))``."""
    return r1(gamma), r2(gamma)


def _target_centred(
    name: str, weight: float, target: float
) -> Callable[[PyTree], tuple[jax.Array, Metrics]]:
    def measure(gradient: PyTree) -> tuple[jax.Array, Metrics]:
        lengths = norms(gradient)
        value = weight * jnp.mean(jnp.square(lengths - target))
        return value, {f"{name}_norm": jnp.mean(lengths)}

    return measure


def wgan_gp(weight: float = 10.0, target: float = 1.0) -> Penalty:
    """weight · E(‖∇D(x̃)‖ - target)² between real and fake (Gulrajani et al. 2017, eq. 3).

    x̃ = x + α (x̂ - x) with one α ~ U[0, 1) for each example. ``target=0`` is the zero-centred form.
    Conditions are those of the real examples. Logs the mean norm as ``wgan_gp_norm``.
    """

    def between(scene: Scene) -> Inputs:
        real, fake = scene.asked.real, scene.asked.fake
        count = jax.tree.leaves(real.values)[0].shape[0]
        share = draw_rows(lambda rows: jax.random.uniform(scene.key, (rows,)), count)

        def mix(x: jax.Array, y: jax.Array) -> jax.Array:
            return x + share.reshape(-1, *[1] * (x.ndim - 1)).astype(x.dtype) * (y - x)

        return real._replace(values=jax.tree.map(mix, real.values, fake.values))

    return _gradient_penalty("wgan_gp", between, _target_centred("wgan_gp", weight, target))


def one_centred(weight: float = 10.0, target: float = 1.0) -> Penalty:
    """weight · E(‖∇D(x)‖ - target)² at the real examples themselves.

    The one-centred counterpart of R1, which Mescheder et al. 2018 (section 3) show not to converge.
    """
    return _gradient_penalty(
        "one_centred",
        lambda scene: scene.asked.real,
        _target_centred("one_centred", weight, target),
    )


def dragan(weight: float = 10.0, sigma: float | None = None, target: float = 1.0) -> Penalty:
    """weight · E(‖∇D(x')‖ - target)² around the real examples (Kodali et al. 2017).

    Args:
      weight: the paper's lambda.
      sigma: standard deviation of the paper's Gaussian perturbation x' = x + sigma · N(0, I). With
        None the authors' code is followed: x' = x + α δ with α ~ U[0, 1) for each example and
        δ = std(X)/2 · U[0, 1) for each element, std(X) being that of the whole batch.
      target: the norm asked for.
    """

    def around(scene: Scene) -> Inputs:
        real = scene.asked.real

        def perturb(x: jax.Array, key: jax.Array) -> jax.Array:
            if sigma is not None:
                return x + sigma * normal_like(key, x)
            share_key, noise_key = jax.random.split(key)
            uniform = lambda key, shape: draw_rows(
                lambda rows: jax.random.uniform(key, (rows, *shape), x.dtype), x.shape[0]
            )
            variance = whole_mean(jnp.mean(jnp.square(x - whole_mean(jnp.mean(x)))))
            noise = 0.5 * jnp.sqrt(variance) * uniform(noise_key, x.shape[1:])
            return x + uniform(share_key, [1] * (x.ndim - 1)) * noise

        return real._replace(values=map_with_keys(perturb, real.values, scene.key))

    return _gradient_penalty("dragan", around, _target_centred("dragan", weight, target))
