"""R1 through an attention discriminator: exact, and the approximate penalty of large models.

    python experiments/figures/attention.py [--draws 20000] [--out attention.png]

Fused attention kernels have no second derivatives, so Lin et al. 2025 (arXiv 2501.08316, Seaweed-APT) replace
R1 by (D(x + sigma eps) - D(x))² with a normal eps for each example; sigma is 0.01 for pictures. Here D is one
head of attention over four tokens of three numbers, and R1 = E‖∇D(x)‖²/2 is the term of jgan.

Left: R1's gradient in the parameters by automatic differentiation, against central differences of an R1 whose
∇D comes from complex steps; the dashed line is what a step of h leaves out. Middle: relative bias of
the approximate penalty over sigma² (dots with twice their standard error), and its closed form to second order,
sigma² (tr(H)²/4 + ‖H‖²/2 + ∇D·∇tr(H)) with D's Hessian H. Right: relative error of the approximate penalty's
gradient over the number of draws; the dashed line is its closed form for small sigma (Isserlis' theorem).
"""

from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from figure_command import run, write
from jax.flatten_util import ravel_pytree

from jgan.commands.dirac_figure import FLOW, INK, PATH, pyplot
from jgan.game import DISCRIMINATOR
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks.network import Network
from jgan.numerics.by_term import fields_by_term
from jgan.terms.penalties import r1

TOKENS, CHANNELS, WIDTH, EXAMPLES = 4, 3, 4, 16
REPEATS = (1, 4, 16, 64, 256)


def attention(params: dict[str, jax.Array], x: jax.Array) -> jax.Array:
    """The logit of one example ``(tokens, channels)``."""
    query, key, value = (x @ params[name] for name in ("query", "key", "value"))
    weights = jnp.exp(query @ key.T / np.sqrt(WIDTH))
    mixed = weights @ value / weights.sum(axis=1, keepdims=True)
    return jnp.mean(jnp.tanh(mixed) @ params["out"])


def discriminator() -> Network:
    """The attention as a network of a batch of examples."""

    def init(key: jax.Array, *_: Any) -> dict[str, Any]:
        keys = dict(zip(("query", "key", "value"), jax.random.split(key, 3), strict=True))
        params = {name: jax.random.normal(one, (CHANNELS, WIDTH)) for name, one in keys.items()}
        return {"params": {**params, "out": jnp.linspace(-1.0, 1.5, WIDTH)}}

    def apply(collections: Any, *inputs: Any, **_: Any) -> tuple[jax.Array, dict[str, Any]]:
        return jax.vmap(lambda one: attention(collections["params"], one))(inputs[0]), {}

    return Network(init, apply)


def still_generator() -> Network:
    """A generator of one point, of which R1 on real examples asks nothing."""

    def init(key: jax.Array, *_: Any) -> dict[str, Any]:
        return {"params": {"point": jnp.zeros((TOKENS, CHANNELS))}}

    def apply(collections: Any, *inputs: Any, **_: Any) -> tuple[jax.Array, dict[str, Any]]:
        shape = (len(inputs[0]), TOKENS, CHANNELS)
        return jnp.broadcast_to(collections["params"]["point"], shape), {}

    return Network(init, apply)


def draw(out: Path, draws: int = 20000) -> list[str]:
    """Draw the three panels into ``out``; returns a line for each."""
    images = jax.random.normal(jax.random.key(1), (EXAMPLES, TOKENS, CHANNELS))
    game = gan(still_generator(), discriminator(), non_saturating(), normal(1)).add(r1(1.0))
    batch = {"image": images}
    variables = game.init(jax.random.key(0), batch)
    own = variables[DISCRIMINATOR]["params"]
    term = fields_by_term(game, variables, batch, jax.random.key(2))["discriminator/r1"]
    exact = -ravel_pytree(jax.jit(term.function)(term.point)[DISCRIMINATOR])[0]
    plt = pyplot()
    figure, panels = plt.subplots(1, 3, figsize=(15.5, 4.8))
    lines = [
        _differences(panels[0], own, images, exact),
        _bias(panels[1], own, images, draws),
        _errors(panels[2], own, images, exact, draws),
    ]
    for panel in panels:
        panel.legend(fontsize=8)
    write(figure, out)
    return lines


def _differences(panel: Any, params: Any, images: jax.Array, exact: jax.Array) -> str:
    """R1's derivative along a direction, by automatic differentiation and by differences."""
    point, unravel = ravel_pytree(params)
    way = jax.random.normal(jax.random.key(3), point.shape)
    way = way / jnp.linalg.norm(way)
    size = TOKENS * CHANNELS
    ways = 1e-20j * jnp.eye(size).reshape(size, TOKENS, CHANNELS)

    @jax.jit
    def by_complex_steps(shift: jax.Array) -> jax.Array:
        moved = unravel(point + shift * way)
        values = jax.vmap(lambda x: jax.vmap(lambda step: attention(moved, x + step))(ways))(images)
        return 0.5 * jnp.mean(jnp.sum((values.imag / 1e-20) ** 2, axis=1))

    def by_gradient(shift: jax.Array) -> jax.Array:
        moved = unravel(point + shift * way)
        slopes = jax.vmap(jax.grad(attention, argnums=1), in_axes=(None, 0))(moved, images)
        return 0.5 * jnp.mean(jnp.sum(slopes**2, axis=(1, 2)))

    along = float(exact @ way)
    steps = np.geomspace(1e-7, 0.3, 25)
    found = [
        float(by_complex_steps(jnp.asarray(h)) - by_complex_steps(jnp.asarray(-h))) / (2 * h)
        for h in steps
    ]
    gaps = np.abs(np.array(found) - along) / abs(along)
    third = float(jax.jit(jax.grad(jax.grad(jax.grad(by_gradient))))(0.0))
    panel.loglog(steps, np.maximum(gaps, 1e-16), "o", ms=4, color=PATH, label="central differences")
    law = steps**2 * abs(third / 6 / along)
    panel.loglog(steps, law, "--", lw=1, color=INK, label="h²/6 of the third derivative")
    rounding = np.finfo(float).eps * float(by_gradient(jnp.asarray(0.0))) / steps / abs(along)
    panel.loglog(steps, rounding, ":", lw=1, color=INK, label="rounding of R1 over h")
    panel.set(
        xlabel="step h",
        ylabel="relative difference from jax.grad",
        title="R1's gradient through attention is exact",
        ylim=(1e-13, 1),
    )
    return f"exact gradient: differences come as near as {gaps.min():.1e}"


def _bias(panel: Any, params: Any, images: jax.Array, draws: int) -> str:
    """The approximate penalty over sigma² beside ‖∇D‖²."""
    value = lambda x: attention(params, x.reshape(TOKENS, CHANNELS))
    flat = images.reshape(EXAMPLES, -1)
    slope, hessian = jax.grad(value), jax.hessian(value)
    trace = lambda x: jnp.trace(hessian(x))

    @jax.jit
    @jax.vmap
    def closed(x: jax.Array) -> tuple[jax.Array, jax.Array]:
        second = trace(x) ** 2 / 4 + jnp.sum(hessian(x) ** 2) / 2 + slope(x) @ jax.grad(trace)(x)
        return jnp.sum(slope(x) ** 2), second

    squares, seconds = closed(flat)
    scale, second = float(squares.mean()), float(seconds.mean())

    @jax.jit
    def sampled(sigma: jax.Array) -> tuple[jax.Array, jax.Array]:
        def one(key: jax.Array) -> jax.Array:
            noise = jax.random.normal(key, flat.shape)

            def excess(x: jax.Array, eps: jax.Array) -> jax.Array:
                # Of both signs, less what (∇D·eps)² has in expectation: most of the variance goes.
                ends = [(value(x + s * sigma * eps) - value(x)) / sigma for s in (1, -1)]
                return 0.5 * (ends[0] ** 2 + ends[1] ** 2) - (slope(x) @ eps) ** 2

            return jnp.mean(jax.vmap(excess)(flat, noise))

        values = jax.lax.map(one, jax.random.split(jax.random.key(4), draws), batch_size=500)
        return values.mean(), values.std() / np.sqrt(draws)

    sigmas = np.geomspace(0.003, 1.0, 16)
    means, errors = np.array([sampled(jnp.asarray(sigma)) for sigma in sigmas]).T / scale
    panel.errorbar(
        sigmas,
        np.abs(means),
        2 * errors,
        fmt="o",
        ms=4,
        color=PATH,
        label=f"mean of {draws:,} draws",
    )
    law = sigmas**2 * abs(second) / scale
    panel.loglog(sigmas, law, "--", lw=1, color=INK, label="closed form to second order")
    panel.axvline(0.01, color=FLOW, lw=1, label="sigma of the paper for pictures")
    panel.set(
        xlabel="sigma", ylabel="relative bias", title="mean of the approximate penalty / sigma²"
    )
    ratio = means[2] / (sigmas[2] ** 2 * second / scale)
    return f"bias at sigma = {sigmas[2]:.3g}: {ratio:.3f} of the closed form"


def _errors(panel: Any, params: Any, images: jax.Array, exact: jax.Array, draws: int) -> str:
    """The approximate penalty's gradient in the parameters, averaged over draws."""
    point, unravel = ravel_pytree(params)
    shape = (EXAMPLES, TOKENS, CHANNELS)

    @jax.jit
    def gradients(sigma: jax.Array) -> jax.Array:
        def one(key: jax.Array) -> jax.Array:
            noise = sigma * jax.random.normal(key, shape)

            def penalty(x: jax.Array) -> jax.Array:
                of = jax.vmap(lambda image: attention(unravel(x), image))
                return 0.5 * jnp.mean(((of(images + noise) - of(images)) / sigma) ** 2)

            return jax.grad(penalty)(point)

        return jax.lax.map(one, jax.random.split(jax.random.key(5), draws), batch_size=500)

    # For small sigma a draw's gradient is G eps epsᵀ g with g = ∇D and G its derivative in the parameters.
    slopes = lambda x, image: jax.grad(attention, argnums=1)(unravel(x), image).ravel()
    g = jax.vmap(lambda image: slopes(point, image))(images)
    turned = jax.vmap(lambda image: jax.jacobian(slopes)(point, image))(images)  # (examples, d, n)
    means = jnp.einsum("edn,ed->en", turned, g)
    variance = jnp.sum(turned**2, axis=(1, 2)) * jnp.sum(g**2, axis=1) + jnp.sum(means**2, axis=1)
    single = float(jnp.sqrt(variance.sum()) / jnp.linalg.norm(means.sum(axis=0)))
    counts = np.array(REPEATS)
    for sigma, colour in ((0.01, PATH), (0.1, FLOW), (1.0, "#15803d")):
        found = np.asarray(gradients(jnp.asarray(sigma)))
        errors = []
        for count in REPEATS:
            rows = (
                found[: len(found) // count * count].reshape(-1, count, found.shape[1]).mean(axis=1)
            )
            squares = np.sum((rows - np.asarray(exact)) ** 2, axis=1)
            errors.append(np.sqrt(squares.mean()) / np.linalg.norm(exact))
        panel.loglog(counts, errors, "o", ms=4, color=colour, label=f"sigma = {sigma:g}")
    panel.loglog(
        counts, single / np.sqrt(counts), "--", lw=1, color=INK, label="closed form, small sigma"
    )
    panel.axhline(1, color=INK, lw=0.5)
    panel.set(
        xlabel="draws for each example",
        ylabel="relative error of the gradient (RMS)",
        title=f"gradient of the approximate penalty, {EXAMPLES} examples",
    )
    return (
        f"one draw for each of {EXAMPLES} examples: relative error {single:.3f} by the closed form"
    )


if __name__ == "__main__":
    run(draw, __doc__)
