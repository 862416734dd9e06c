"""What coupled networks share, found out by gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY

from jgan.networks import mlp_discriminator, mlp_generator
from jgan.networks.coupled import (
    coupled_discriminator,
    coupled_generator,
    separate_discriminators,
    separate_generators,
)
from jgan.networks.joint import joint_discriminator, reparameterized
from jgan.networks.network import Network

SHAPE = (4, 3, 1)
Z = jax.random.normal(KEY, (5, 3))
X = jax.random.uniform(KEY, (6, *SHAPE), minval=-1.0)
DOMAIN = jnp.array([0, 1, 0, 1, 1, 0])


def moved(function, params):
    """For each leaf, by path, the share of its elements that the function depends on."""
    gradient = jax.jit(jax.grad(function))(params)
    leaves = jax.tree_util.tree_leaves_with_path(gradient)
    return {jax.tree_util.keystr(path): np.mean(np.asarray(leaf) != 0) for path, leaf in leaves}


def test_generators_share_all_but_the_last_layer():
    coupled = coupled_generator(mlp_generator((4, 3, 2), (8,), activation="tanh"))
    own = jax.jit(coupled.init)(KEY, Z)
    made, _ = jax.eval_shape(coupled.apply, own, Z)
    assert {name: value.shape for name, value in made.items()} == {
        "image": (5, *SHAPE),
        "other": (5, *SHAPE),
    }
    for name in made:
        found = moved(
            lambda params, name=name: jnp.sum(coupled.apply({"params": params}, Z)[0][name] ** 2),
            own["params"],
        )
        shares = sorted(found.items())
        assert [share for path, share in shares if "Dense_0" in path] == [1.0, 1.0]
        assert [share for path, share in shares if "Dense_1" in path] == [0.5, 0.5]


def test_discriminators_share_all_but_the_first_layer():
    coupled = coupled_discriminator(mlp_discriminator((8,), activation="tanh"))
    own = jax.device_get(jax.jit(coupled.init)(KEY, X, DOMAIN))
    kernel = own["params"]["Dense_0"]["kernel"].reshape(*SHAPE[:2], 2, 8)
    judge = jax.jit(lambda domain: coupled.apply(own, X, domain)[0])
    for domain in (0, 1):
        logits = judge(np.full(6, domain))
        # A perceptron written out, with the first layer's weights of this domain.
        hidden = np.tanh(np.tensordot(np.asarray(X)[..., 0], kernel[:, :, domain], 2))
        last = own["params"]["Dense_1"]["kernel"][:, 0]
        np.testing.assert_allclose(logits, hidden @ last, atol=1e-5)


def test_a_batch_of_both_domains_is_judged_example_by_example():
    for build in (coupled_discriminator, separate_discriminators):
        network = build(mlp_discriminator((8,)))
        own = jax.jit(network.init)(KEY, X, DOMAIN)
        judge = jax.jit(
            lambda x, domain, own=own, network=network: network.apply(own, x, domain)[0]
        )
        images, domains = np.asarray(X), np.asarray(DOMAIN)
        together = judge(images, domains)
        single = [judge(images[i : i + 1], domains[i : i + 1])[0] for i in range(len(domains))]
        np.testing.assert_allclose(together, single, atol=1e-5)
        assert not np.allclose(together, judge(images, 1 - domains))


def test_separate_networks_share_nothing():
    generators = separate_generators(mlp_generator(SHAPE, (8,), activation="tanh"))
    own = jax.jit(generators.init)(KEY, Z)
    for name in ("image", "other"):
        found = moved(
            lambda params, name=name: jnp.sum(
                generators.apply({"params": params}, Z)[0][name] ** 2
            ),
            own["params"],
        )
        assert {path: share for path, share in found.items() if share} == {
            path: 1.0 for path in found if f"'{name}'" in path
        }


@pytest.mark.parametrize("latent", [True, False])
def test_a_judge_of_pairs_looks_at_both(latent):
    judge = joint_discriminator(width=1, unary=True, latent=latent, body="mlp")
    pair = {"image": X, "latent": Z[:1].repeat(6, 0)}
    own = jax.jit(judge.init)(KEY, pair)
    answers, _ = jax.eval_shape(judge.apply, own, pair)
    assert {name: value.shape for name, value in answers.items()} == dict.fromkeys(
        ("logit", "image", "latent"), (6,)
    )
    total = lambda name: lambda pair: jnp.sum(judge.apply(own, pair)[0][name])
    slopes = jax.jit(lambda pair: {name: jax.grad(total(name))(pair) for name in answers})(pair)
    read = {
        name: [field for field in pair if np.any(np.asarray(slopes[name][field]))]
        for name in answers
    }
    both = ["image", "latent"] if latent else ["image"]
    assert read == {"logit": both, "image": ["image"], "latent": ["latent"]}


def test_drawn_codes_have_the_mean_and_deviation_of_the_answer():
    answers = {"mean": jnp.full((20_000, 1), 2.0), "std": jnp.full((20_000, 1), 0.5)}
    network = reparameterized(
        Network(lambda key, x: {}, lambda own, x, key=None, train=False: (answers, {}))
    )
    found, _ = network.apply({}, Z, key=KEY, train=True)
    assert float(found.mean()) == pytest.approx(2.0, abs=0.015)
    assert float(found.std()) == pytest.approx(0.5, abs=0.01)
    np.testing.assert_array_equal(network.apply({}, Z, key=KEY)[0], answers["mean"])
