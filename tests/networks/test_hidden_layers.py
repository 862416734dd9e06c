import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.networks import dcgan_discriminator, dcgan_generator, mlp_generator, sngan_generator
from jgan.networks.hidden_layers import changing, evaluating, layers, reading

KEY = jax.random.key(0)
Z = jax.random.normal(KEY, (3, 4))


def generator(shape=(16, 12, 1)):
    network = dcgan_generator(shape, width=4)
    collections = jax.jit(network.init)(KEY, Z)
    params = jax.tree.map(lambda w: 5 * np.asarray(w), collections["params"])
    return lambda params, z: network.apply({**collections, "params": params}, z)[0], params


def run(function, *arguments):
    """As one program, where each operation would be one."""
    return jax.jit(lambda *arguments: function(*arguments))(*arguments)


def test_the_layers_of_a_dcgan():
    generate, params = generator()
    assert layers(generate, params, Z) == {
        "Norm_0": (3, 4, 3, 8),
        "ConvTranspose_0": (3, 8, 6, 4),
        "Norm_1": (3, 8, 6, 4),
        "ConvTranspose_1": (3, 16, 12, 1),
    }


def test_the_layers_of_residual_blocks_have_paths():
    network = sngan_generator((16, 16, 3), width=4)
    collections = jax.eval_shape(network.init, KEY, Z)
    found = layers(lambda own, z: network.apply(own, z)[0], collections, Z)
    assert found["_Up_0"] == (3, 4, 4, 4)
    assert found["_Up_2/Conv_1"] == (3, 16, 16, 4)
    assert "" not in found


def test_a_perceptron_has_no_feature_maps():
    network = mlp_generator((8, 8, 1), (4,))
    collections = jax.eval_shape(network.init, KEY, Z)
    assert layers(lambda own, z: network.apply(own, z)[0], collections, Z) == {}


def test_what_is_read_is_what_the_next_layer_gets():
    """The last convolution, written here, makes the picture from the activations that were read."""
    generate, params = generator()
    image, hidden = jax.jit(reading(generate, "Norm_1"))(params, Z)
    np.testing.assert_allclose(image, run(generate, params, Z), atol=1e-6)
    before = run(reading(generate, "ConvTranspose_1"), params, Z)[1]
    np.testing.assert_allclose(np.tanh(before), image, atol=1e-6)
    from jgan.convolution.convolution import conv_transpose

    own = params["ConvTranspose_1"]
    last = lambda x: conv_transpose(x, own["kernel"], stride=2, output_size=(16, 12))
    made = run(last, np.maximum(hidden, 0))
    np.testing.assert_allclose(made + own["bias"], before, atol=1e-4)


def test_changing_replaces_the_activations():
    generate, params = generator()
    zero = jax.jit(changing(generate, "ConvTranspose_1", lambda a: 0 * a + 0.3))(params, Z)
    np.testing.assert_allclose(zero, np.tanh(0.3), rtol=1e-5)
    same = run(changing(generate, "Norm_0", lambda a: a), params, Z)
    made = run(generate, params, Z)
    np.testing.assert_allclose(same, made, atol=1e-6)
    # With all units of the first layer off, pictures no longer depend on the latent.
    off = run(changing(generate, "Norm_0", lambda a: 0 * a), params, Z)
    assert np.std(made, axis=0).max() > 0.1
    np.testing.assert_allclose(off, np.broadcast_to(off[:1], off.shape), atol=1e-6)


def test_a_network_that_is_asked_twice():
    generate, params = generator()
    twice = lambda params, z: generate(params, z) + generate(params, -z)
    found = layers(twice, params, Z)
    assert "Norm_1:2" in found
    assert len(found) == 8
    second = run(changing(twice, "Norm_0:2", lambda a: 0 * a), params, Z)
    plain = run(changing(generate, "Norm_0", lambda a: 0 * a), params, -Z)
    np.testing.assert_allclose(second, run(generate, params, Z) + plain, atol=1e-5)


def test_gradients_go_through_a_change():
    generate, params = generator()
    shift = lambda amount: jnp.sum(
        changing(generate, "Norm_1", lambda a: a.at[..., 2].add(amount))(params, Z)
    )
    slope = run(jax.grad(shift), 0.1)
    shifted = jax.jit(shift)
    np.testing.assert_allclose(slope, (shifted(0.11) - shifted(0.09)) / 0.02, rtol=0.02)


def test_an_unknown_layer():
    generate, params = generator()
    for function in (reading(generate, "Norm_9"), changing(generate, "Norm_9", lambda a: a)):
        with pytest.raises(ValueError, match="layer is 'Norm_9', but must be one of Norm_0, Conv"):
            function(params, Z)


def test_evaluation_mode_uses_running_statistics():
    network = dcgan_discriminator(width=4)
    x = jax.random.normal(KEY, (4, 16, 16, 1))
    collections = jax.jit(network.init)(KEY, x)
    ask = lambda x: network.apply(collections, x, key=KEY, train=True)
    with evaluating():
        inside, state = run(ask, x)
        single = run(ask, x[:1])[0]
    expected = run(lambda x: network.apply(collections, x)[0], x)
    np.testing.assert_allclose(inside, expected, atol=1e-6)
    np.testing.assert_allclose(single, expected[:1], atol=1e-6)
    assert np.abs(run(ask, x)[0] - expected).max() > 1e-3
    same = jax.tree.map(
        np.array_equal, state, {k: v for k, v in collections.items() if k != "params"}
    )
    assert all(jax.tree.leaves(same))


def test_layers_inside_a_loop_cannot_be_read():
    generate, params = generator()

    def looped(params, z):
        return jax.lax.scan(
            lambda x, _: (x + generate(params, z), None), 0.0 * generate(params, z), None, 3
        )[0]

    assert "Norm_0" in layers(looped, params, Z)
    assert "Norm_0:2" not in layers(looped, params, Z)
    with pytest.raises(ValueError, match="layer is 'Norm_0:2', but must be one of Norm_0"):
        jax.jit(reading(looped, "Norm_0:2"))(params, Z)
