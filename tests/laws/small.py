"""Smooth games of at most 60 parameters in double precision, and their derivatives by finite differences."""

from functools import partial
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.interpreters.partial_eval import dce_jaxpr

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
    """Relative differences from central differences, along a random direction."""

    forward: float
    reverse: float


def derivative_errors(function, point):
    """How far jvp and vjp of a map on pytrees are from finite differences, declared constants held fixed."""
    x, unravel = ravel_pytree(point)
    flat = lambda x: ravel_pytree(function(unravel(x)))[0]
    along, back = (jax.random.normal(jax.random.key(seed), x.shape, x.dtype) for seed in (17, 18))
    names = []

    def with_constants(x):
        with recording() as constants:
            value = flat(x)
        names[:] = [name for name, _ in constants]
        return value, [constant for _, constant in constants]

    program = equations(with_constants, x)
    constants = list(zip(names, program(x)[1], strict=True))

    def held(x):
        with replaying(constants):
            return flat(x)

    fixed = equations(held, x) if constants else lambda x: program(x)[0]
    width = 1e-6
    # One after the other, at the shapes that the derivatives need too: as a batch, every operation would be
    # compiled once more, which takes longer than all the rest.
    values = [np.asarray(fixed(x + shift * width * along)) for shift in (1.0, -1.0, 2.0, -2.0)]
    # Fourth order, so that the error is that of rounding.
    truth = (8 * (values[0] - values[1]) - (values[2] - values[3])) / (12 * width)
    # The product of both directions: a vjp is the transpose of this very jvp.
    tangent_map = jax.linearize(lambda x: program(x)[0], x)[1]
    forward = tangent_map(along)
    (reverse,) = jax.linear_transpose(tangent_map, x)(back)
    gap = abs(np.dot(reverse, along) - np.dot(back, truth))
    return Errors(
        float(np.max(np.abs(forward - truth)) / np.max(np.abs(truth))),
        float(gap / (np.linalg.norm(back) * np.linalg.norm(truth))),
    )


def equations(function, x):
    """The function as its equations at ``x``, those without use left out, evaluated one by one.

    A compiled program takes ten times as long to compile as its equations take to be evaluated. Loops are
    loops in Python, whose constants are values of the trace.
    """
    with jax.disable_jit():
        traced, shape = jax.make_jaxpr(function, return_shape=True)(x)
    used, _ = dce_jaxpr(traced.jaxpr, [True] * len(traced.out_avals))
    structure = jax.tree.structure(shape)
    return lambda x: jax.tree.unflatten(structure, jax.core.eval_jaxpr(used, traced.consts, x))
