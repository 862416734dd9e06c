"""Convolutions against `lax.conv_general_dilated` and its autodiff, in every mode."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jax import lax

from jgan.convolution import bilinear
from jgan.convolution.convolution import conv, conv_pool, conv_transpose, upsample_conv

LAYOUT = ("NHWC", "HWIO", "NHWC")


def draw(*shape, seed=0, dtype=np.float32):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), dtype)


def close(ours, oracle, tolerance=1e-5):
    """Every leaf within ``tolerance`` of the oracle's largest entry."""
    assert jax.tree.structure(ours) == jax.tree.structure(oracle)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(oracle), strict=True):
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        scale = np.abs(np.asarray(b, np.float64)).max(initial=1e-30)
        error = np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)).max(initial=0)
        assert error <= tolerance * scale


def plain(x, kernel, stride=1, padding="SAME", groups=1):
    """The oracle."""
    strides = (stride, stride) if isinstance(stride, int) else stride
    return lax.conv_general_dilated(
        x, kernel, strides, padding, dimension_numbers=LAYOUT, feature_group_count=groups
    )


def both(derive, options, *operands):
    """The same derivative of our convolution and of the oracle."""
    return tuple(jax.jit(derive(functools.partial(f, **options)))(*operands) for f in (conv, plain))


def operands(case):
    n, image, window, inputs, outputs, options = case
    groups = options["groups"]
    x = draw(n, *image, inputs * groups)
    return x, 0.2 * draw(*window, inputs, outputs * groups, seed=1)


@st.composite
def cases(draw_):
    side = functools.partial(st.integers, max_value=7)
    pad = st.tuples(st.integers(0, 2), st.integers(0, 2))
    image = draw_(st.tuples(side(2), side(2)))
    padding = draw_(st.one_of(st.sampled_from(["SAME", "VALID"]), st.tuples(pad, pad)))
    padded = [
        s + (sum(p) if isinstance(p, tuple) else 0) for s, p in zip(image, padding[:2], strict=True)
    ]
    if padding == "SAME":
        padded = [5, 5]
    window = draw_(st.tuples(*(st.integers(1, min(5, size)) for size in padded)))
    stride = draw_(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    options = {"stride": stride, "padding": padding, "groups": draw_(st.sampled_from([1, 1, 2]))}
    counts = [draw_(st.integers(1, 3)) for _ in range(3)]
    return counts[0], image, window, counts[1], counts[2], options


def case(n, side, size, inputs, outputs, stride, padding="SAME", groups=1):
    options = {"stride": stride, "padding": padding, "groups": groups}
    return n, (side, side), (size, size), inputs, outputs, options


DCGAN = case(2, 8, 4, 3, 2, 2)
NAMED = {
    "dcgan": DCGAN,
    "paper": case(2, 7, 5, 2, 3, 2),
    "resnet": case(2, 5, 3, 2, 3, 1),
    "pointwise": case(3, 5, 1, 2, 3, 2, "VALID"),
    "dense": case(3, 4, 4, 2, 3, 1, "VALID"),
    "grouped": case(2, 6, 4, 2, 1, 2, groups=2),
    "depthwise": case(2, 5, 3, 1, 1, 2, groups=20),
    "joined": case(1, 3, 3, 9, 12, 1, groups=4),
    "apart": case(1, 3, 2, 18, 5, 2, groups=3),
}
named = pytest.mark.parametrize("case", NAMED.values(), ids=NAMED)


def first(f):
    """Value, reverse-mode gradients and the forward-mode derivative of a non-linear function."""

    def derived(x, k):
        y, pull = jax.vjp(f, x, k)
        return y, pull(jnp.sin(y)), jax.jvp(f, (x, k), (jnp.cos(x), jnp.cos(k)))[1]

    return derived


def slope(f):
    """What gradient penalties do: the gradient of a function of the gradients."""
    loss = lambda x, k: jnp.sum(jnp.sin(f(x, k)))

    def penalty(x, k):
        dx, dk = jax.grad(loss, (0, 1))(x, k)
        return jnp.sum(dx**2) + jnp.sum(jnp.cos(dk))

    return penalty


def second(f):
    """Reverse over reverse, forward over reverse, reverse over forward."""
    loss = lambda x, k: jnp.sum(jnp.sin(f(x, k)))
    gradient = jax.grad(loss, (0, 1))

    def derived(x, k):
        along = (jnp.cos(x), jnp.cos(k))
        directional = lambda x, k: jax.jvp(loss, (x, k), along)[1]
        return (
            jax.grad(slope(f), (0, 1))(x, k),
            jax.jvp(gradient, (x, k), along)[1],
            jax.grad(directional, (0, 1))(x, k),
        )

    return derived


def third(f):
    inner = jax.grad(slope(f), (0, 1))
    return jax.grad(lambda x, k: sum(jnp.sum(jnp.sin(v)) for v in inner(x, k)), (0, 1))


@given(cases())
@example(DCGAN)
@example(NAMED["pointwise"])
@example(NAMED["dense"])
@example(NAMED["depthwise"])
@example((1, (2, 9), (1, 2), 1, 1, {"stride": (3, 1), "padding": "SAME", "groups": 1}))
@settings(max_examples=10, deadline=None, derandomize=True, database=None)
def test_first_derivatives_equal_those_of_lax(case):
    close(*both(first, case[-1], *operands(case)))


def close_in_double(derive, case):
    """Higher derivatives of sines amplify rounding, so they are compared in float64."""
    with jax.enable_x64(True):
        wide = [np.asarray(z, np.float64) for z in operands(case)]
        ours, oracle = both(derive, case[-1], *wide)
        assert jax.tree.leaves(ours)[0].dtype == jnp.float64
        close(ours, oracle, tolerance=1e-10)


@given(cases())
@settings(max_examples=3, deadline=None, derandomize=True, database=None)
def test_second_derivatives_equal_those_of_lax(case):
    close_in_double(second, case)


@named
def test_second_derivatives_of_the_special_forms(case):
    close_in_double(second, case)


def test_many_wide_groups_are_looped_over(monkeypatch):
    monkeypatch.setattr(bilinear, "_UNROLL", 2)
    case_of_its_own = case(1, 4, 3, 7, 17, 1, groups=3)
    close(*both(first, case_of_its_own[-1], *operands(case_of_its_own)))


def test_third_derivatives():
    close_in_double(third, DCGAN)


def test_a_kernel_gradient_summed_over_parts_of_the_batch():
    x, k = draw(40, 16, 16, 2), draw(3, 3, 2, 3, seed=1)
    close(*both(first, {}, x, k))


def test_one_number_pads_all_four_sides():
    x, k = draw(1, 5, 6, 2), draw(3, 3, 2, 2, seed=1)
    close(conv(x, k, padding=2), plain(x, k, padding=((2, 2), (2, 2))))


@pytest.mark.parametrize("axes", [(0, None), (None, 0), (0, 0), (2, 3)])
@pytest.mark.parametrize("name", ["forward", "input_adjoint", "kernel_adjoint"])
def test_batching_equals_a_loop(name, axes):
    geometry = bilinear.Geometry((5, 6), (3, 4), (1, 2), ((1, 1), (0, 1)), 2, None)
    x, k = draw(2, 1, 5, 6, 4), draw(2, 3, 4, 2, 6)
    y = draw(2, 1, *geometry.output, 6)
    pair = {"forward": (x, k), "input_adjoint": (y, k), "kernel_adjoint": (x, y)}[name]
    apply = jax.jit(lambda a, b: getattr(bilinear, name)(a, b, geometry))
    stacks = [jnp.stack([z, z[::-1] + 1, 2 * z]) for z in pair]
    pick = lambda i: [
        z if axis is None else s[i] for z, axis, s in zip(pair, axes, stacks, strict=True)
    ]
    batched = [
        z if axis is None else jnp.moveaxis(s, 0, axis)
        for z, axis, s in zip(pair, axes, stacks, strict=True)
    ]
    found = jax.jit(jax.vmap(apply, axes))(*batched)
    close(found, jnp.stack([apply(*pick(i)) for i in range(3)]))


def test_second_derivatives_under_vmap():
    x, k = operands(DCGAN)
    derive = lambda f: jax.vmap(jax.grad(slope(f), (0, 1)))
    close(*both(derive, DCGAN[-1], jnp.stack([x, x + 1]), jnp.stack([k, 2 * k])))


def test_vmap_of_vmap_and_of_many_kernels():
    x, k = operands(DCGAN)
    many = lambda f: jax.vmap(first(f))
    xs, ks = jnp.stack([x] * 18), draw(18, *k.shape)
    close(*both(many, DCGAN[-1], xs, ks))
    nested = lambda f: jax.vmap(jax.vmap(first(f), (0, None)), (None, 0))
    close(*both(nested, DCGAN[-1], xs[:2], ks[:3]))


@functools.cache
def gradient_of_the_slope_of_lax():
    return jax.jit(jax.grad(slope(functools.partial(plain, **DCGAN[-1])), (0, 1)))(*operands(DCGAN))


@pytest.mark.parametrize("wrap", ["scan", "while", "cond", "remat", "linearize", "eager"])
def test_transformations(wrap):
    x, k = operands(DCGAN)
    gradient = jax.grad(slope(functools.partial(conv, **DCGAN[-1])), (0, 1))
    expected = gradient_of_the_slope_of_lax()
    if wrap == "scan":
        found = jax.jit(lambda x, k: lax.scan(lambda c, _: (c, gradient(x, k)), 0, None, 2))(x, k)
        found = jax.tree.map(lambda v: v[1], found[1])
    elif wrap == "while":
        zero = (jnp.zeros_like(x), jnp.zeros_like(k))
        found = lax.fori_loop(0, 2, lambda i, c: gradient(x, k), zero)
    elif wrap == "cond":
        found = lax.cond(x[0, 0, 0, 0] < 9, gradient, lambda x, k: (x, k), x, k)
    elif wrap == "remat":
        inner = jax.checkpoint(functools.partial(conv, **DCGAN[-1]))
        found = jax.jit(jax.grad(slope(inner), (0, 1)))(x, k)
    elif wrap == "linearize":
        f = slope(functools.partial(conv, **DCGAN[-1]))
        _, push = jax.linearize(f, x, k)
        found = jax.linear_transpose(push, x, k)(jnp.ones(()))
    else:
        found = gradient(x, k)
    close(found, expected)


def test_devices_share_a_batch():
    x, k = operands(DCGAN)
    loss = lambda k, x: jnp.sum(jnp.sin(conv(x, k, stride=2)))
    expected = jax.grad(loss)(k, x)
    mesh = jax.make_mesh((1,), ("d",), axis_types=(jax.sharding.AxisType.Auto,))
    spec = jax.sharding.PartitionSpec
    total = lambda k, x: lax.psum(loss(k, x), "d")
    for checked in (True, False):
        split = jax.shard_map(
            jax.grad(total),
            mesh=mesh,
            in_specs=(spec(), spec("d")),
            out_specs=spec(),
            check_vma=checked,
        )
        close(jax.jit(split)(k, x), expected)
    close(jax.pmap(jax.grad(loss), in_axes=(None, 0))(k, x[None])[0], expected)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
@pytest.mark.parametrize("case", [DCGAN, NAMED["dense"]], ids=["dcgan", "dense"])
def test_low_precision(case, dtype):
    x, k = operands(case)
    low = [z.astype(dtype) for z in (x, k)]
    exact = first(functools.partial(plain, **case[-1]))(*(z.astype(jnp.float32) for z in low))
    found = first(functools.partial(conv, **case[-1]))(*low)
    assert {leaf.dtype for leaf in jax.tree.leaves(found)} == {jnp.dtype(dtype)}
    close(jax.tree.map(lambda v: v.astype(jnp.float32), found), exact, tolerance=2e-2)


TRANSPOSED = [(4, 2, "SAME"), (5, 2, "SAME"), (3, 1, "SAME"), (4, 1, "VALID"), (4, 2, 1), (2, 3, 0)]


@pytest.mark.parametrize(("size", "stride", "padding"), TRANSPOSED)
def test_transposed_is_the_adjoint(size, stride, padding):
    y, k = draw(2, 3, 4, 3), draw(size, size, 3, 2, seed=1)
    x = conv_transpose(y, k, stride=stride, padding=padding)
    if padding == "SAME":
        assert x.shape == (2, 3 * stride, 4 * stride, 2)
    probe = draw(*x.shape, seed=2)
    through = conv(probe, k.swapaxes(2, 3), stride=stride, padding=padding)
    np.testing.assert_allclose(jnp.vdot(x, probe), jnp.vdot(y, through), rtol=1e-4, atol=1e-4)


def test_transposed_in_groups_is_the_adjoint():
    y, k = draw(2, 3, 3, 4), draw(4, 4, 4, 3, seed=1)
    x = conv_transpose(y, k, stride=2, groups=2)
    probe = draw(2, 6, 6, 6, seed=2)
    through = conv(probe, k.swapaxes(2, 3), stride=2, groups=2)
    np.testing.assert_allclose(jnp.vdot(x, probe), jnp.vdot(y, through), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(7, 8), (8, 7)])
def test_output_size_chooses_among_the_images(size):
    y, k = draw(2, 4, 4, 3), draw(4, 4, 3, 2, seed=1)
    x = conv_transpose(y, k, stride=2, output_size=size)
    probe = draw(2, *size, 2, seed=2)
    through = plain(probe, k.swapaxes(2, 3), stride=2)
    np.testing.assert_allclose(jnp.vdot(x, probe), jnp.vdot(y, through), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [3, 4, 5])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_transposed_equals_linen(size, padding):
    x, k = draw(2, 4, 3, 3), draw(size, size, 3, 2, seed=1)
    options = {"strides": (2, 2), "padding": padding, "use_bias": False}
    layer = functools.partial(nn.ConvTranspose, 2, (size, size), **options)
    ours = conv_transpose(x, k, stride=2, padding=padding)
    close(ours, layer().apply({"params": {"kernel": k[::-1, ::-1]}}, x))
    swapped = layer(transpose_kernel=True).apply({"params": {"kernel": k.swapaxes(2, 3)}}, x)
    close(ours, swapped)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("side", [6, 7])
def test_conv_pool_is_a_convolution_and_a_pool(size, side):
    x, k = draw(2, side, side, 3), draw(size, size, 3, 2, seed=1)
    close(conv_pool(x, k), nn.avg_pool(plain(x, k), (2, 2), (2, 2)))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_upsample_conv_repeats_pixels_and_convolves(size):
    x, k = draw(2, 4, 3, 3), draw(size, size, 3, 2, seed=1)
    close(upsample_conv(x, k), plain(x.repeat(2, 1).repeat(2, 2), k))


def lowered(f, platform, *args):
    return jax.jit(f).trace(*args).lower(lowering_platforms=(platform,)).as_text()


def test_a_cpu_gets_only_forms_that_are_fast_in_loops():
    x, k = operands(NAMED["paper"])
    text = lowered(jax.grad(slope(functools.partial(conv, stride=2)), (0, 1)), "cpu", x, k)
    convolutions = [line for line in text.splitlines() if "stablehlo.convolution" in line]
    assert convolutions
    for line in convolutions:
        assert "[b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f]" in line
        assert "lhs_dilate = [1, 1]" in line
        assert "reverse = [false, false]" in line


@pytest.mark.parametrize("platform", ["cuda", "tpu"])
def test_an_accelerator_gets_the_forms_of_xla(platform):
    x, k = operands(DCGAN)
    derive = lambda f: lowered(first(functools.partial(f, stride=2)), platform, x, k)
    count = lambda text: sorted(
        line.split("dim_numbers")[1].split(" : ")[0]
        for line in text.splitlines()
        if "stablehlo.convolution" in line
    )
    assert count(derive(conv)) == count(derive(plain))


def test_the_fallback_equals_the_primitives():
    x, k = operands(DCGAN)
    geometry = bilinear.Geometry((8, 8), (4, 4), (2, 2), ((1, 1), (1, 1)), 1, None)
    xs, ks, ys = draw(3, *x.shape), draw(3, *k.shape), draw(3, 2, 4, 4, 2)
    names = ("forward", "input_adjoint", "kernel_adjoint")
    for name, plain_rule in zip(names, bilinear._xla_only(), strict=True):
        pair = {"forward": (xs, ks), "input_adjoint": (ys, ks), "kernel_adjoint": (xs, ys)}[name]
        close(getattr(bilinear, name)(*pair, geometry), plain_rule(*pair, geometry))


def test_the_ambient_precision_reaches_the_derivatives():
    x, k = operands(DCGAN)
    with jax.default_matmul_precision("highest"):
        traced = jax.jit(first(functools.partial(conv, stride=2))).trace(x, k)
    text = traced.lower(lowering_platforms=("cuda",)).as_text()
    convolutions = [line for line in text.splitlines() if "stablehlo.convolution" in line]
    assert convolutions
    assert all("HIGHEST" in line for line in convolutions)


X, K = np.ones((2, 6, 6, 4), np.float32), np.ones((3, 3, 4, 6), np.float32)
MISTAKES = {
    "x has shape": (conv, X[0], K, {}),
    "kernel has shape": (conv, X, K[0], {}),
    "kernel has dtype": (conv, X, K.astype(np.float16), {}),
    "kernel has 4 input channels": (conv, X[..., :3], K, {}),
    "groups is 4": (conv, X, K[:, :, :1], {"groups": 4}),
    "groups is 0": (conv, X, K, {"groups": 0}),
    "stride is 0": (conv, X, K, {"stride": 0}),
    "stride is .1, 2, 3.": (conv, X, K, {"stride": (1, 2, 3)}),
    "padding is 'FULL'": (conv, X, K, {"padding": "FULL"}),
    "padding is .1, 1.": (conv, X, K, {"padding": (1, 1)}),
    "does not fit": (conv, X[:, :2], K, {"padding": "VALID"}),
    "and x has 3;": (conv_transpose, X[..., :3], K, {}),
    "groups is 3": (conv_transpose, X, K, {"groups": 3}),
    "output_size is .14, 14.": (conv_transpose, X, K, {"stride": 2, "output_size": 14}),
    "output_size is 0": (conv_transpose, X, K, {"output_size": 0}),
    "padding 4 leaves": (conv_transpose, X, K, {"padding": 4}),
    "to be pooled": (conv_pool, X[:, :1], K, {}),
    "kernel has shape .3,": (upsample_conv, X, K[:, 0, 0, 0], {}),
}


@pytest.mark.parametrize("message", MISTAKES)
def test_mistakes_are_named(message):
    function, x, kernel, options = MISTAKES[message]
    with pytest.raises(ValueError, match=message):
        function(x, kernel, **options)
