"""R1 through attention, exact and approximate (Lin et al. 2025, arXiv 2501.08316).

    python experiments/figures/attention_penalty.py [--out attention_penalty.png]

Large models replace R1 by E(D(x) - D(x + σε))², since fused attention has no second derivative; here the
exact one goes through attention like any other operation. For small σ the mean over ε is σ²‖∇D‖², so that R1
with gamma is that penalty times gamma/(2σ²). A discriminator of sets of eight points, two blocks of attention
over the points.

Left: the approximate penalty against σ; dashed is its expansion to the fourth power, σ²‖g‖² + σ⁴(g·∇ΔD +
‖H‖²/2 + (tr H)²/4). Middle: how far the penalty's gradient in the discriminator's parameters, with one draw
of ε for each of B = 64 sets as in training, is from the exact one; dashed is the noise of the draws for a
linear D of d = 16 inputs, sqrt((d + 1)/B). Right: the mean of ‖∇D‖² at the data in 1,000 updates of a GAN of
sets, with each penalty of the same strength and with none.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from figure_command import run, write
from jax.flatten_util import ravel_pytree

from jgan.commands.dirac_figure import FLOW, INK, PATH, pyplot
from jgan.game import DISCRIMINATOR, PLAYERS
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks.mlp import mlp_generator
from jgan.networks.network import Network, from_linen
from jgan.rules import alternating
from jgan.scene import Result, Scene, Term, mean
from jgan.terms.penalties import r1

POINTS, BATCH, EVERY, DRAWS = 8, 64, 50, 256
SIGMAS = np.geomspace(1e-4, 1.0, 13)
KEYS = jax.random.split(jax.random.key(5), DRAWS)
GREEN, VIOLET = "#15803d", "#a21caf"


class Attention(nn.Module):
    """Sets of points ``(B, n, 2)`` to logits ``(B,)``: two blocks of self-attention over the points."""

    width: int = 32
    dtype: Any = None

    @nn.compact
    def __call__(self, points: jax.Array, *, train: bool) -> jax.Array:
        """The logits."""
        x = nn.Dense(self.width, dtype=self.dtype)(points)
        for _ in range(2):
            normed = nn.LayerNorm(dtype=self.dtype)(x)
            x = x + nn.MultiHeadDotProductAttention(num_heads=4, dtype=self.dtype)(normed)
            hidden = nn.gelu(nn.Dense(2 * self.width, dtype=self.dtype)(x))
            x = x + nn.Dense(self.width, dtype=self.dtype)(hidden)
        return nn.Dense(1, dtype=self.dtype)(nn.LayerNorm(dtype=self.dtype)(x).mean(axis=1))[:, 0]


def rings(key: jax.Array, count: int) -> jax.Array:
    """``(count, n, 2)``, eight points at equal distances on circles of unlike radii."""
    phase_key, radius_key, noise_key = jax.random.split(key, 3)
    angle = 2 * jnp.pi * (jax.random.uniform(phase_key, (count, 1)) + jnp.arange(POINTS) / POINTS)
    radius = jax.random.uniform(radius_key, (count, 1, 1), minval=0.5, maxval=1.5)
    noise = 0.05 * jax.random.normal(noise_key, (count, POINTS, 2))
    return radius * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=-1) + noise


def approximate_r1(gamma: float, sigma: float) -> Term:
    """gamma/(2σ²) E(D(x) - D(x + σε))², one draw of ε for each example."""

    def value(scene: Scene) -> Result:
        real = scene.meeting["real"]
        noise = jax.random.normal(scene.key, real.values.shape, real.values.dtype)
        beside = scene.ask(real._replace(values=real.values + sigma * noise), "real")["logit"]
        here = scene.ask(real, "real")["logit"]
        return mean(jnp.square(here - beside), real.weights), None, {}

    return Term("approximate_r1", value, weight=gamma / (2 * sigma**2))


Answers = Callable[[Any, jax.Array], jax.Array]
"""``(params, sets) -> logits``."""


def square(answers: Answers, params: Any, sets: jax.Array) -> jax.Array:
    """E‖∇D‖², the exact penalty."""
    slope = jax.grad(lambda sets: answers(params, sets).sum())(sets)
    return jnp.mean(jnp.sum(slope**2, axis=(1, 2)))


def expansion(answers: Answers, params: Any, sets: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The coefficients of σ² and σ⁴ in E(D(x + σε) - D(x))², means over the sets."""

    def one(points: jax.Array) -> tuple[jax.Array, jax.Array]:
        flat, back = ravel_pytree(points)
        value = lambda x: answers(params, back(x)[None])[0]
        slope, hessian = jax.grad(value)(flat), jax.hessian(value)(flat)
        laplacian = lambda x: jnp.trace(jax.hessian(value)(x))
        third = jax.jvp(laplacian, (flat,), (slope,))[1]
        return slope @ slope, third + jnp.sum(hessian**2) / 2 + jnp.trace(hessian) ** 2 / 4

    second, fourth = jax.lax.map(one, sets)
    return second.mean(), fourth.mean()


def gap(
    answers: Answers, params: Any, sets: jax.Array, sigma: jax.Array, key: jax.Array
) -> jax.Array:
    """(D(x) - D(x + σε))²/σ², the mean over the sets with one draw of ε each."""
    noise = jax.random.normal(key, sets.shape, sets.dtype)
    return jnp.mean((answers(params, sets + sigma * noise) - answers(params, sets)) ** 2) / sigma**2


def trained(terms: tuple[Term, ...], updates: int) -> tuple[np.ndarray, Any]:
    """E‖∇D‖² at the data after every 50 updates of a GAN of sets, and the discriminator in the end."""
    judge: Network = from_linen(Attention())
    game = gan(mlp_generator((POINTS, 2), (128, 128)), judge, non_saturating(), normal(16)).add(
        *terms
    )
    adam = {player: optax.adam(1e-3, b1=0.5) for player in PLAYERS}
    rule = alternating(game, adam)
    batch = lambda key: {"image": rings(key, BATCH)}
    state = rule.init(jax.random.key(0), batch(jax.random.key(1)))
    shown = rings(jax.random.key(2), 512)
    answers = lambda params, sets: judge.apply({"params": params}, sets)[0]

    @jax.jit
    def stretch(state: Any, key: jax.Array) -> tuple[Any, jax.Array]:
        def one(state: Any, key: jax.Array) -> tuple[Any, None]:
            return rule.update(state, batch(key))[0], None

        state, _ = jax.lax.scan(one, state, jax.random.split(key, EVERY))
        return state, square(answers, state.variables[DISCRIMINATOR]["params"], shown)

    lengths = []
    for key in jax.random.split(jax.random.key(3), updates // EVERY):
        state, length = stretch(state, key)
        lengths.append(float(length))
    return np.array(lengths), state.variables[DISCRIMINATOR]["params"]


def answers_in(dtype: Any) -> Answers:
    """The discriminator, computed in a type."""
    judge = from_linen(Attention(dtype=dtype))
    return lambda params, sets: judge.apply({"params": params}, sets)[0].astype(jnp.float32)


def train_all(panel: Any, gamma: float, updates: int) -> tuple[Any, list[str]]:
    """Draw slopes over the trainings; returns the discriminator under exact R1, and lines."""
    params: Any = None
    lines: list[str] = []
    for name, terms, colour in (
        ("no penalty", (), VIOLET),
        ("exact R1", (r1(gamma),), INK),
        ("approximate, σ = 0.01", (approximate_r1(gamma, 0.01),), FLOW),
        ("approximate, σ = 0.1", (approximate_r1(gamma, 0.1),), GREEN),
        ("approximate, σ = 0.5", (approximate_r1(gamma, 0.5),), PATH),
    ):
        lengths, found = trained(terms, updates)
        params = found if name == "exact R1" else params
        places = EVERY * np.arange(1, len(lengths) + 1)
        panel.semilogy(places, lengths, color=colour, lw=1.2, label=name)
        lines.append(f"{name}: mean squared slope {lengths[-10:].mean():.4g} in the end")
    panel.set(xlabel="update", ylabel="mean of ‖∇D‖² at the data")
    panel.set(title=f"training with gamma = {gamma:g}")
    return params, lines


def show_values(panel: Any, params: Any, sets: jax.Array) -> list[str]:
    """Draw the approximate penalty against σ, with its expansion; returns a line for each type."""

    def values(dtype: Any) -> np.ndarray:
        answers = answers_in(dtype)
        one = lambda sigma, key: gap(answers, params, sets, sigma, key)
        several = jax.jit(lambda sigma: jnp.mean(jax.lax.map(lambda key: one(sigma, key), KEYS)))
        return np.array([float(several(jnp.float32(sigma))) for sigma in SIGMAS])

    coefficients = jax.jit(lambda: expansion(answers_in(None), params, sets))()
    second, fourth = (float(x) for x in coefficients)
    wide, narrow = values(jnp.float32), values(jnp.bfloat16)
    panel.loglog(SIGMAS, wide, "o", ms=5, color=PATH, label=f"float32, mean of {DRAWS} draws")
    panel.loglog(SIGMAS, narrow, "x", ms=5, color=FLOW, label=f"bfloat16, mean of {DRAWS} draws")
    panel.axhline(second, color=INK, lw=1, label="exact, ‖∇D‖²")
    fine = np.geomspace(SIGMAS[0], 1.0, 200)
    curve = second + fine**2 * fourth
    panel.loglog(fine[curve > 0], curve[curve > 0], "--", lw=1, color=INK, label="to order σ⁴")
    panel.set(xlabel="σ", ylabel="approximate penalty / σ²", title="value of the penalty")
    near = (SIGMAS > 1e-3) & (SIGMAS < 0.05)
    error = np.abs(wide / (second + SIGMAS**2 * fourth) - 1)[near].max()
    ratio = narrow[np.abs(SIGMAS - 0.01).argmin()] / second
    return [
        f"float32: within {error:.1%} of the expansion for σ from 0.001 to 0.05",
        f"bfloat16, σ = 0.01: {ratio:.3g} times the exact penalty",
    ]


def show_gradients(panel: Any, params: Any, sets: jax.Array) -> list[str]:
    """Draw how far the penalty's gradient is from the exact one; returns a line."""
    answers = answers_in(None)
    flat = lambda tree: ravel_pytree(tree)[0]
    exact = jax.jit(lambda: flat(jax.grad(lambda params: square(answers, params, sets))(params)))()

    @jax.jit
    def distances(sigma: jax.Array) -> jax.Array:
        slope = jax.grad(lambda params, key: gap(answers, params, sets, sigma, key))
        rows = jax.lax.map(lambda key: flat(slope(params, key)), KEYS)
        single = jnp.mean(jnp.linalg.norm(rows - exact, axis=1))
        several = jnp.linalg.norm(rows.mean(axis=0) - exact)
        return jnp.stack([single, several]) / jnp.linalg.norm(exact)

    single, several = np.array([distances(jnp.float32(sigma)) for sigma in SIGMAS]).T
    panel.loglog(SIGMAS, single, "o", ms=5, color=PATH, label="one draw, as in training")
    panel.loglog(SIGMAS, several, "s", ms=5, color=FLOW, label=f"mean of {DRAWS} draws")
    noise = np.sqrt((2 * POINTS + 1) / BATCH)
    panel.axhline(noise, ls="--", lw=1, color=INK, label="one draw, linear D: sqrt((d + 1)/B)")
    panel.set(xlabel="σ", ylabel="distance from the exact gradient / its length")
    panel.set(title="gradient of the penalty in D's parameters")
    return [f"one draw: {single.min():.2f} of the exact gradient away from it, at best"]


def draw(out: Path, gamma: float = 1.0, updates: int = 1000) -> list[str]:
    """Draw the three panels into ``out``; returns lines of what they show."""
    plt = pyplot()
    figure, (values, gradients, training) = plt.subplots(1, 3, figsize=(16, 5))
    params, lines = train_all(training, gamma, updates)
    sets = rings(jax.random.key(4), BATCH)
    lines += show_values(values, params, sets) + show_gradients(gradients, params, sets)
    for panel in (values, gradients, training):
        panel.legend(fontsize=8)
    write(figure, out)
    return lines


if __name__ == "__main__":
    run(draw, __doc__, double=False)
