"""Networks of talking heads: where a style enters, what a discriminator says of a person, and their sizes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY

from jgan.networks import count_parameters
from jgan.networks.resnet import resnet_generator, style_size
from jgan.networks.spade import map_at_input
from jgan.networks.talking_heads import (
    learned_style,
    person_discriminator,
    person_embedder,
)

RNG = np.random.default_rng(2)
POSE = jnp.asarray(RNG.normal(size=(3, 13, 12, 1)), jnp.float32)
IMAGE = jnp.asarray(RNG.normal(size=(3, 13, 12, 2)), jnp.float32)
SIZES = {"width": 2, "blocks": 1, "halvings": 2}
COUNT = style_size(**SIZES)


@pytest.fixture(scope="module")
def generator():
    network = resnet_generator(2, styled=True, **SIZES)
    variables = network.init(KEY, POSE, jnp.zeros((3, COUNT)))
    return jax.jit(lambda style: network.apply(variables, POSE, style)[0]), variables


@pytest.mark.full
def test_every_number_of_a_style_matters_for_its_own_picture(generator):
    make, _ = generator
    assert COUNT == 2 * (2 * 8 + 4 + 2)
    style = 0.2 * jnp.asarray(RNG.normal(size=(3, COUNT)), jnp.float32)
    plain = make(style)
    assert plain.shape == (3, 13, 12, 2)
    gradient = jax.jacobian(lambda own: make(style.at[1].set(own)).mean(axis=(1, 2)))(style[1])
    assert float(jnp.abs(gradient[1]).max(axis=0).min()) > 0
    assert float(jnp.abs(gradient[jnp.asarray([0, 2])]).max()) == 0


def test_scales_and_biases_come_from_the_style(generator):
    """Without a scale the last maps are their biases everywhere, and so is the picture but for its border."""
    make, _ = generator
    flat = make(jnp.ones((3, COUNT)).at[:, -4:-2].set(-1.0))[:, 3:-3, 3:-3]
    np.testing.assert_allclose(flat, jnp.broadcast_to(flat[:, :1, :1], flat.shape), atol=1e-6)
    other = make(jnp.ones((3, COUNT)).at[:, -4:-2].set(-0.5))[:, 3:-3, 3:-3]
    assert float(jnp.ptp(other, axis=(1, 2)).max()) > 1e-4


def test_styles_have_one_size(generator):
    with pytest.raises(
        ValueError, match=rf"^a style has the shape \(3,\), but must have \({COUNT},\)\."
    ):
        resnet_generator(2, styled=True, **SIZES).init(KEY, POSE, jnp.zeros((3, 3)))


def test_plain_instance_normalisation_washes_a_style_out():
    network = map_at_input(resnet_generator(2, **SIZES))
    style = jnp.asarray(RNG.normal(size=(3, 5)), jnp.float32)
    variables = network.init(KEY, POSE, style)
    one, other = (network.apply(variables, POSE, z)[0] for z in (style, 3 - style))
    np.testing.assert_allclose(one, other, atol=2e-5)


def test_a_discriminator_knows_persons_by_number():
    network = person_discriminator(4, 5, width=2, halvings=2)
    person = jnp.asarray([2, 0, 2])
    variables = network.init(KEY, IMAGE, POSE, person)
    own = variables["params"]
    assert own["rows"].shape == (4, 5)
    apply = lambda params, who: network.apply({**variables, "params": params}, IMAGE, POSE, who)[0]
    answers = apply(own, person)
    np.testing.assert_array_equal(answers["row"], own["rows"][person])
    # The logit is linear in w_0, so that its derivative is V.
    vector = jax.jacobian(lambda w: apply({**own, "common": w}, person)["logit"])(own["common"])
    expected = (vector * (own["rows"][person] + own["common"])).sum(axis=1) + own["bias"]
    np.testing.assert_allclose(answers["logit"], expected, rtol=1e-5)
    assert [feature.shape for feature in answers["features"][0]] == [(3, 7, 6, 2), (3, 4, 3, 4)]
    assert bool(jnp.isnan(apply(own, person + 2)["logit"]).any())
    # Of one person it is the same network with w_0 alone.
    alone = person_discriminator(0, 5, width=2, halvings=2)
    rest = {name: values for name, values in own.items() if name != "rows"}
    moved = {**rest, "common": own["common"] + own["rows"][2]}
    logit = alone.apply({**variables, "params": moved}, IMAGE, POSE)[0]["logit"]
    np.testing.assert_allclose(logit[2], answers["logit"][2], rtol=1e-5)


def test_embeddings_are_sums_over_places():
    network = person_embedder(5, width=2, halvings=2)
    variables = network.init(KEY, IMAGE, POSE)
    found, _ = network.apply(variables, IMAGE, POSE)
    assert found.shape == (3, 5)
    assert float(found.min()) >= 0
    conv = lambda size, into, out: size**2 * into * out + out
    expected = conv(4, 3, 2) + conv(4, 2, 4) + conv(1, 4, 5)
    assert count_parameters(variables) == expected


def test_a_learned_style_is_the_same_in_every_row():
    network = learned_style(3)
    variables = network.init(KEY, POSE)
    variables = {"params": variables["params"] + jnp.arange(3.0)}
    np.testing.assert_array_equal(network.apply(variables, POSE)[0], [[0, 1, 2]] * 3)
