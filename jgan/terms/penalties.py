"""Gradient penalties: each is a term that one player pays.

``game.add(r1(10.0))`` is a game. Gradients in the input are those of the *sum* of the answers over the
batch, as in the reference codes, so a discriminator that couples examples (minibatch standard
deviation) is treated exactly as StyleGAN treats it. An answer of many patches counts by its mean; of a tree
of answers each leaf is penalised by itself. Norms run over all elements of one example.

Convention for zero-centred penalties: ``gamma/2 · E‖∇D‖²`` (Mescheder et al. 2018, StyleGAN, R3GAN).
Codes that write ``w · E‖∇D‖²`` (GAN_stability) correspond to ``gamma = 2 w``: their default of 10 is
gamma = 20 here. A penalty averaged over the pixels is smaller by the number of elements H·W·C, and one of
the sum over P patches (StarGAN's) larger by P².
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_count, check_number, check_weight
from jgan.batch_axis import draw_rows, normal_like, whole_mean
from jgan.players import Metrics, PyTree, map_with_keys
from jgan.scene import Inputs, Result, Scene, Schedule, Term, mean, per_example
from jgan.schedules import Changing


def lazy(term: Term, every: int) -> Term:
    """The term at every ``every``-th update only, ``every`` times as strong (StyleGAN2, section 3.1).

    The gradient averaged over ``every`` updates at fixed parameters equals that of the dense term.
    Adam's betas are left alone; StyleGAN2 also raises them to the power ``every/(every + 1)``. Updates are
    counted from the beginning of a stage, discriminator steps of one update all together. Metrics of the
    term, its own value among them, are those of the dense term, averaged over the updates at which it is
    played. A game's field has the dense term (`jgan.numerics.field.vector_field`).

    Raises:
      ValueError: if ``every`` is not a whole number of at least 1.
    """
    check_count("every", every)

    return term._replace(every=term.every * every)


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


PATCHES: dict[str, Callable[[jax.Array], jax.Array]] = {"mean": per_example, "sum": lambda x: x}
"""How the logits of an example's patches count before they are summed over the batch."""


def input_gradients(
    scene: Scene, inputs: Inputs, group: str, patches: str = "mean"
) -> list[PyTree]:
    """Gradients of the sum over the batch of each leaf of the logits, pytrees like ``inputs.values``.

    Of an example's patches the mean counts, or the sum.
    """

    def answers(values: PyTree) -> list[jax.Array]:
        logits = scene.ask(inputs._replace(values=values), group)["logit"]
        return [jnp.sum(PATCHES[patches](leaf)) for leaf in jax.tree.leaves(logits)]

    sums, pullback = jax.vjp(answers, inputs.values)
    along = lambda number: [
        jnp.ones_like(total) if index == number else jnp.zeros_like(total)
        for index, total in enumerate(sums)
    ]
    return [pullback(along(number))[0] for number in range(len(sums))]


Measure = Callable[[PyTree, jax.Array | None], tuple[jax.Array, Metrics]]
"""From the gradients of one leaf and the examples' weights to the penalty and metrics."""


def _gradient_penalty(
    name: str,
    where: Callable[[Scene], Inputs],
    group: str,
    measure: Measure,
    weight: Any,
    patches: str = "mean",
) -> Term:
    def value(scene: Scene) -> Result:
        inputs = where(scene)
        gradients = input_gradients(scene, inputs, group, patches)
        found = [measure(each, inputs.weights) for each in gradients]
        values = [value for value, _ in found]
        metrics = {key: jnp.mean(jnp.stack([own[key] for _, own in found])) for key in found[0][1]}
        return sum(values[1:], values[0]), None, metrics

    return Term(name, value, weight=weight, differentiates_inputs=True)


def _zero_centred(gradient: PyTree, weights: jax.Array | None) -> tuple[jax.Array, Metrics]:
    return mean(squared_norms(gradient), weights), {}


def r1(gamma: float | Changing, *, group: str = "real", name: str = "r1") -> Term:
    """R1 = (gamma/2) E‖∇D(x)‖² on real examples (Mescheder et al. 2018, eq. 9).

    For D(x) = w·x it is (gamma/2)‖w‖². ``group`` is the group of examples, as for all penalties. ``gamma`` may
    be a function of the stage's step, such as `jgan.schedules.cosine_schedule`.

    Raises:
      ValueError: if ``gamma`` is neither a finite number of at least 0 nor a function.
    """
    if callable(gamma):
        strength = gamma
        weight: Any = Schedule(lambda step: 0.5 * strength(step))
    else:
        check_number("gamma", gamma, least=0)
        weight = 0.5 * gamma
    return _gradient_penalty(name, lambda scene: scene.meeting[group], group, _zero_centred, weight)


def r2(gamma: float | Changing, *, group: str = "fake", name: str = "r2") -> Term:
    """R2 = (gamma/2) E‖∇D(x̂)‖² on generated examples (Mescheder et al. 2018, eq. 10)."""
    return r1(gamma, group=group, name=name)


def r1_r2(gamma: float | Changing) -> tuple[Term, Term]:
    """R1 and R2 with the same gamma, as R3GAN uses them: ``game.add(r1_r2(gamma))``."""
    return r1(gamma), r2(gamma)


def _target_centred(name: str, target: float) -> Measure:
    def measure(gradient: PyTree, weights: jax.Array | None) -> tuple[jax.Array, Metrics]:
        lengths = norms(gradient)
        value = mean(jnp.square(lengths - target), weights)
        return value, {f"{name}_norm": mean(lengths, weights)}

    return measure


def _check_target_centred(weight: Any, target: Any) -> None:
    check_weight("weight", weight)
    check_number("target", target, least=0)


def wgan_gp(
    weight: float = 10.0,
    target: float = 1.0,
    *,
    real: str = "real",
    fake: str = "fake",
    patches: str = "mean",
    name: str = "wgan_gp",
) -> Term:
    """weight · E(‖∇D(x̃)‖ - target)² between real and fake (Gulrajani et al. 2017, eq. 3).

    x̃ = x + α (x̂ - x) with one α ~ U[0, 1) for each example. ``target=0`` is the zero-centred form.
    Conditions and weights are those of the real examples. Logs the mean norm as ``wgan_gp_norm``. Of an
    answer of many patches D(x̃) is their mean, or, with ``patches="sum"``, their sum, as StarGAN's code has it
    (Choi et al. 2018).

    Raises:
      ValueError: if ``weight`` or ``target`` is not a finite number of at least 0, or ``patches`` neither
        "mean" nor "sum".
    """
    _check_target_centred(weight, target)
    if patches not in PATCHES:
        raise ValueError(f"patches is {patches!r}, but must be one of {', '.join(PATCHES)}.")

    def between(scene: Scene) -> Inputs:
        reals, fakes = scene.meeting[real], scene.meeting[fake]
        count = jax.tree.leaves(reals.values)[0].shape[0]
        share = draw_rows(lambda rows: jax.random.uniform(scene.key, (rows,)), count)

        def mix(x: jax.Array, y: jax.Array) -> jax.Array:
            return x + share.reshape(-1, *[1] * (x.ndim - 1)).astype(x.dtype) * (y - x)

        return reals._replace(values=jax.tree.map(mix, reals.values, fakes.values))

    measure = _target_centred(name, target)
    return _gradient_penalty(name, between, real, measure, weight, patches)


def one_centred(weight: float = 10.0, target: float = 1.0, *, group: str = "real") -> Term:
    """weight · E(‖∇D(x)‖ - target)² at the real examples themselves.

    The one-centred counterpart of R1, which Mescheder et al. 2018 (section 3) show not to converge.

    Raises:
      ValueError: if ``weight`` or ``target`` is not a finite number of at least 0.
    """
    _check_target_centred(weight, target)
    return _gradient_penalty(
        "one_centred",
        lambda scene: scene.meeting[group],
        group,
        _target_centred("one_centred", target),
        weight,
    )


def dragan(
    weight: float = 10.0,
    sigma: float | None = None,
    target: float = 1.0,
    *,
    group: str = "real",
    name: str = "dragan",
) -> Term:
    """weight · E(‖∇D(x')‖ - target)² around the real examples (Kodali et al. 2017).

    Args:
      weight: the paper's lambda.
      sigma: standard deviation of the paper's Gaussian perturbation x' = x + sigma · N(0, I). With
        None the authors' code is followed: x' = x + α δ with α ~ U[0, 1) for each example and
        δ = std(X)/2 · U[0, 1) for each element, std(X) being that of the whole batch.
      target: the norm asked for.
      group: of the real examples.
      name: of the term.

    Raises:
      ValueError: if ``weight``, ``sigma`` or ``target`` is not a finite number of at least 0.
    """
    _check_target_centred(weight, target)
    if sigma is not None:
        check_number("sigma", sigma, least=0)

    def around(scene: Scene) -> Inputs:
        real = scene.meeting[group]

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

    return _gradient_penalty(name, around, group, _target_centred(name, target), weight)
