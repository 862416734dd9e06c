"""VAE: an encoder and a decoder that share the evidence lower bound."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from jgan.batch_axis import normal_like
from jgan.game import GENERATOR, Aux, Batch, Collections, Game, Variables, state_of
from jgan.gans.alone import alone
from jgan.gans.coding import coding_sampler, first_parts, mean_of, reconstructions
from jgan.latents import normal
from jgan.networks.network import Network
from jgan.networks.parts import join, part

Likelihood = Callable[[jax.Array, jax.Array], jax.Array]
"""``(x, decoded) -> log p(x|z)``, ``(B,)`` in nats, summed over the elements of an example."""

SMALLEST_PROBABILITY = 1e-6


def bernoulli(x: jax.Array, decoded: jax.Array) -> jax.Array:
    """Σ x log p + (1 - x) log(1 - p) with pixels and probabilities in [-1, 1] read as in [0, 1].

    For gray pixels this is the usual cross-entropy, not the logarithm of a density; probabilities are kept
    1e-6 away from 0 and 1.

    >>> log_p = bernoulli(jnp.array([[1.0, -1.0]]), jnp.array([[0.0, 0.5]]))  # 0.5 and 1 - 0.75
    >>> round(float(log_p[0]), 4)  # log(1/8)
    -2.0794
    """
    log = lambda y: jnp.log(jnp.maximum((1 + y) / 2, SMALLEST_PROBABILITY))
    return _total((1 + x) / 2 * log(decoded) + (1 - x) / 2 * log(-decoded))


def gaussian(std: float = 1.0) -> Likelihood:
    """log N(x; decoded, std² I).

    >>> round(float(gaussian(1.0)(jnp.zeros((1, 2)), jnp.zeros((1, 2)))[0]), 4)  # -log(2π)
    -1.8379
    """
    if isinstance(std, int | float) and std <= 0:
        raise ValueError(f"std is {std}, but must be positive.")

    def log_p(x: jax.Array, decoded: jax.Array) -> jax.Array:
        scaled = jnp.square((x - decoded) / std)
        return -0.5 * _total(scaled + jnp.log(2 * jnp.pi * std**2))

    return log_p


def _total(values: jax.Array) -> jax.Array:
    return jnp.sum(values.reshape(values.shape[0], -1), axis=1)


def divergence(mean: jax.Array, std: jax.Array) -> jax.Array:
    """KL(N(mean, std²) ‖ N(0, I)) in nats, ``(B,)``, for arrays ``(B, d)`` (Kingma & Welling 2014, appendix B).

    >>> float(divergence(jnp.array([[2.0, 0.0]]), jnp.ones((1, 2)))[0])
    2.0
    """
    return 0.5 * _total(jnp.square(std) + jnp.square(mean) - 1 - 2 * jnp.log(std))


def vae(
    encoder: Network,
    decoder: Network,
    latent: int,
    *,
    likelihood: Likelihood = bernoulli,
    beta: float = 1.0,
) -> Game:
    """The one-player game of Kingma & Welling 2014: maximise E_q log p(x|z) - KL(q(z|x) ‖ N(0, I)).

    The generator owns both networks, as the parts ``"encoder"`` and ``"decoder"`` of each of its
    collections; one latent is drawn for each example (eq. 10, L = 1).

    Args:
      encoder: examples to ``{"mean": (B, latent), "std": (B, latent)}`` (`jgan.networks.variational`).
      decoder: latents to examples shaped like ``batch["image"]``, images in [-1, 1]: any generator.
      latent: d.
      likelihood: `bernoulli` or `gaussian` (of a std).
      beta: weight of KL; 1 for the bound (Higgins et al. 2017 for others).

    Metrics in nats, means over the batch: ``log_likelihood`` (the first term), ``kl`` and their difference
    ``elbo``. Samples and reconstructions are what the decoder says, without the likelihood's noise;
    ``"reconstructions"`` start from the posterior's mean, which is also what the sampler encodes.

    Raises:
      ValueError: from ``init``, if the networks do not fit the data or each other.
    """

    def init(key: jax.Array, batch: Batch) -> Collections:
        keys = jax.random.split(key)
        return first_parts(encoder, decoder, latent, batch["image"][:2], keys, mean_of)[0]

    def loss(
        variables: Variables, batch: Batch, key: jax.Array, step: jax.Array
    ) -> tuple[jax.Array, Aux]:
        own, x = variables[GENERATOR], batch["image"]
        noise_key, encoder_key, decoder_key = jax.random.split(key, 3)
        q, encoder_state = encoder.apply(part(own, "encoder"), x, key=encoder_key, train=True)
        z = q["mean"] + q["std"] * normal_like(noise_key, q["mean"])
        decoded, decoder_state = decoder.apply(part(own, "decoder"), z, key=decoder_key, train=True)
        log_p = jnp.mean(likelihood(x, decoded))
        kl = jnp.mean(divergence(q["mean"], q["std"]))
        state = join({"encoder": state_of(encoder_state), "decoder": state_of(decoder_state)})
        metrics = {"elbo": log_p - kl, "log_likelihood": log_p, "kl": kl}
        return beta * kl - log_p, Aux(state, metrics)

    sampler = coding_sampler(encoder, decoder, normal(latent), mean_of)
    views = {"reconstructions": reconstructions(sampler)}
    return alone(init, loss, views=views, sampler=sampler)
