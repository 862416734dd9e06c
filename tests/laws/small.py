"""Smooth games of at most 60 parameters in double precision, and their derivatives by finite differences."""

from functools import partial
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from jgan.networks.layers import Dense, Norm
from jgan.networks.minibatch import MinibatchDiscrimination
from jgan.networks.network import from_linen
from jgan.scene.constants import recording, replaying

DIM, LATENT, CLASSES = 2, 2, 2
KINDS = ("plain", "layer", "spectral", "minibatch", "batch")


class Smooth(nn.Module):
    """A perceptron of one hidden layer with tanh, and heads by name."""

    outputs: tuple[tuple[str, int], ...]
    hidden: int = 3
    kind: str = "plain"

    @nn.compact
    def __call__(self, x, label=None, *, train):
        dense = partial(Dense, spectral=self.kind == "spectral", dtype=jnp.float64)
        if label is not None:
            x = jnp.concatenate([x, jax.nn.one_hot(label, CLASSES, dtype=x.dtype)], axis=1)
        x = dense(self.hidden)(x, train=train)
        x = jnp.tanh(Norm(self.kind if self.kind in ("layer", "batch") else "none")(x, train=train))
        if self.kind == "minibatch":
            x = MinibatchDiscrimination(1, 2)(x)
        answers = {"features": x}
        for name, size in self.outputs:
            answer = dense(size, name=name)(x, train=train)
            answers[name] = answer[:, 0] if name == "logit" else answer
        return answers


class Maker(nn.Module):
    """Latents, and labels if there are any, to points; smooth."""

    size: int = DIM
    kind: str = "plain"

    @nn.compact
    def __call__(self, z, label=None, *, train):
        return Smooth((("out", self.size),), 2, self.kind)(z, label, train=train)["out"]


def generator(size=DIM, kind="plain"):
    return from_linen(Maker(size, kind))


def discriminator(kind="plain", **outputs):
    return from_linen(Smooth(tuple(sorted({"logit": 1, **outputs}.items())), kind=kind))


def double(tree):
    """Floating leaves in double precision, parameters spread so that nothing is symmetric or zero."""
    leaves, structure = jax.tree.flatten(tree)
    keys = jax.random.split(jax.random.key(5), len(leaves))

    def shaken(leaf, key):
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            return leaf
        leaf = leaf.astype(jnp.float64)
        return leaf + 0.3 * jax.random.normal(key, leaf.shape, jnp.float64)

    return jax.tree.unflatten(structure, map(shaken, leaves, keys))


def converged(variables):
    """Variables whose spectral vectors are singular vectors: where sigma's derivative is the paper's."""

    def settle(params, vectors):
        if "u" in vectors:
            kernel = params["kernel"]
            right = np.linalg.svd(np.asarray(kernel).reshape(-1, kernel.shape[-1]))[2][0]
            return {"u": jnp.asarray(right)}
        return {name: settle(params[name], own) for name, own in vectors.items()}

    return {
        player: {**own, "spectral": settle(own["params"], own["spectral"])}
        if "spectral" in own
        else own
        for player, own in variables.items()
    }


class Errors(NamedTuple):
    """Relative differences from central differences, along random directions."""

    forward: float
    reverse: float


def derivative_errors(function, point, directions=2):
    """How far jvp and vjp of a map on pytrees are from finite differences, declared constants held fixed."""
    x, unravel = ravel_pytree(point)
    flat = lambda x: ravel_pytree(function(unravel(x)))[0]
    shape, width = (directions, x.size), 1e-6
    along, back = (jax.random.normal(jax.random.key(seed), shape, x.dtype) for seed in (17, 18))

    # One program: a compilation takes longer than all of its computations.
    @jax.jit
    def derivatives(x, along, back):
        # Without jit, a scan is a loop in Python, whose constants are values of this trace.
        with recording() as constants, jax.disable_jit():
            flat(x)

        def held(x):
            if not constants:
                return flat(x)
            with replaying(constants), jax.disable_jit():
                return flat(x)

        shifts = jnp.stack([times * width * along for times in (1.0, -1.0, 2.0, -2.0)])
        values = jax.lax.map(held, (x + shifts).reshape(-1, x.size)).reshape(4, *shape)
        # Fourth order, so that the error is that of rounding.
        differences = (8 * (values[0] - values[1]) - (values[2] - values[3])) / (12 * width)
        # The product of both directions: a vjp is the transpose of this very jvp.
        tangent_map = jax.linearize(flat, x)[1]
        forward = jax.lax.map(tangent_map, along)
        pullback = jax.linear_transpose(tangent_map, x)
        return differences, forward, jax.lax.map(lambda cotangent: pullback(cotangent)[0], back)

    truth, forward, reverse = map(np.asarray, derivatives(x, along, back))
    gaps = np.abs(np.sum(reverse * along, axis=1) - np.sum(back * truth, axis=1))
    scale = np.linalg.norm(back, axis=1) * np.linalg.norm(truth, axis=1)
    return Errors(
        float(np.max(np.abs(forward - truth)) / np.max(np.abs(truth))), float(np.max(gaps / scale))
    )
