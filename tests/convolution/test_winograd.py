"""Winograd's forms against XLA's convolution and its adjoints."""

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jgan.convolution import forms, winograd
from jgan.convolution.convolution import conv
from jgan.convolution.geometry import Geometry
from tests.convolution.test_convolution import both, close, close_in_double, draw, first, second

PAIRS = {
    "forward": (winograd.forward, forms.xla_forward),
    "input": (winograd.input_adjoint, forms.xla_input_adjoint),
    "kernel": (winograd.kernel_adjoint, forms.xla_kernel_adjoint),
}
DCGAN = Geometry((8, 8), (4, 4), (2, 2), ((1, 1), (1, 1)), 1, None)
RESNET = Geometry((6, 6), (3, 3), (1, 1), ((1, 1), (1, 1)), 1, None)
PAPER = Geometry((7, 7), (5, 5), (2, 2), ((2, 2), (2, 2)), 1, None)


@st.composite
def geometries(draw_):
    window, stride = draw_(
        st.sampled_from([(4, 2), (3, 2), (5, 2), (6, 2), (2, 1), (3, 1), (8, 3)])
    )
    pad = st.integers(-1, 3)
    image = draw_(st.tuples(st.integers(window, 11), st.integers(window, 11)))
    padding = draw_(st.tuples(st.tuples(pad, pad), st.tuples(pad, pad)))
    padded = [side + sum(pads) for side, pads in zip(image, padding, strict=True)]
    if min(padded) < window:
        padding = ((0, 0), (0, 0))
    return Geometry(image, (window, window), (stride, stride), padding, 1, None)


def operands(g, n=2, inputs=3, outputs=2, dtype=np.float32):
    return {
        "x": draw(n, *g.image, inputs, dtype=dtype),
        "k": draw(*g.window, inputs, outputs, seed=1, dtype=dtype),
        "y": draw(n, *g.output, outputs, seed=2, dtype=dtype),
    }


@pytest.mark.parametrize(("name", "of"), [("forward", "xk"), ("input", "yk"), ("kernel", "xy")])
@given(g=geometries())
@example(g=DCGAN)
@example(g=RESNET)
@example(g=PAPER)
@settings(max_examples=6, deadline=None, derandomize=True, database=None)
def test_equal_to_xla(name, of, g):
    with jax.enable_x64(True):
        values = operands(g, dtype=np.float64)
        ours, oracle = (
            functools.partial(jax.jit(f, static_argnums=2), *(values[o] for o in of), g)()
            for f in PAIRS[name]
        )
        close(ours, oracle, tolerance=1e-13)


@pytest.mark.parametrize("g", [DCGAN, RESNET], ids=["dcgan", "resnet"])
@pytest.mark.parametrize(("name", "of"), [("forward", "xk"), ("input", "yk"), ("kernel", "xy")])
def test_rounds_as_a_direct_convolution_does(g, name, of):
    values = operands(g, n=8, inputs=64, outputs=64)
    ours, plain = (jax.jit(f, static_argnums=2)(*(values[o] for o in of), g) for f in PAIRS[name])
    with jax.enable_x64(True):
        wide = [np.asarray(values[o], np.float64) for o in of]
        exact = np.asarray(jax.jit(PAIRS[name][1], static_argnums=2)(*wide, g))
    error = lambda found: np.sqrt(np.mean((np.asarray(found, np.float64) - exact) ** 2))
    assert error(ours) < 3 * error(plain)
    assert error(ours) < 1e-6 * np.abs(exact).max()


def multiplications(f, *args):
    """Of the matrix products in a program."""
    total = 0
    for equation in jax.make_jaxpr(f)(*args).eqns:
        if equation.primitive.name == "dot_general":
            ((contracted,), _), _ = equation.params["dimension_numbers"]
            out = equation.outvars[0].aval
            total += math.prod(out.shape) * equation.invars[0].aval.shape[contracted]
    return total


@pytest.mark.parametrize(("g", "gain"), [(DCGAN, 16 / 9), (RESNET, 9 / 4), (PAPER, 25 / 16)])
@pytest.mark.parametrize(("name", "of"), [("forward", "xk"), ("input", "yk"), ("kernel", "xy")])
def test_saves_the_multiplications_that_it_says(g, gain, name, of):
    assert winograd.gain(g) == pytest.approx(gain)
    values = operands(g)
    direct = 2 * math.prod(g.output) * math.prod(g.window) * 3 * 2
    counted = multiplications(lambda *a: PAIRS[name][0](*a, g), *(values[o] for o in of))
    assert direct / counted == pytest.approx(gain)


@pytest.mark.parametrize(
    "change",
    [{"stride": (2, 1)}, {"window": (4, 3)}, {"groups": 2}, {"window": (7, 7)}, {"window": (2, 2)}],
)
def test_does_not_apply(change):
    assert winograd.gain(DCGAN._replace(**change)) == 0


def convolutions(channels):
    x, k = jnp.zeros((2, 8, 8, channels)), jnp.zeros((4, 4, channels, 64))
    loss = lambda x, k: jnp.sum(conv(x, k, stride=2) ** 2)
    text = jax.jit(jax.grad(loss, (0, 1))).lower(x, k).as_text()
    return text.count("stablehlo.convolution")


def test_taken_on_a_cpu_where_there_are_many_channels():
    assert convolutions(64) == 0
    assert convolutions(32) > 0


@pytest.mark.parametrize(("size", "stride"), [(4, 2), (3, 1)])
def test_derivatives_with_many_channels(size, stride):
    x, k = draw(2, 6, 6, 64), 0.1 * draw(size, size, 64, 64, seed=1)
    close(*both(first, {"stride": stride}, x, k))


@pytest.mark.parametrize(("size", "stride"), [pytest.param(4, 2, marks=pytest.mark.full), (3, 1)])
def test_second_derivatives_with_many_channels(size, stride):
    options = {"stride": stride, "padding": "SAME", "groups": 1}
    close_in_double(second, (1, (4, 4), (size, size), 64, 64, options))
