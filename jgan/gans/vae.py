"""VAE: an encoder and a decoder that share the evidence lower bound."""

from typing import Any

import jax

from jgan.game import Batch, Game
from jgan.gans.versus import versus
from jgan.latents import normal
from jgan.networks.network import Network
from jgan.scene import Meeting, Scene, Step
from jgan.terms.kl import kl_divergence
from jgan.terms.reconstruction import Likelihood, bernoulli, reconstruction


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

    The latent of a training step is the noise ε of z = mean + std ε. Metrics in nats, means over the batch:
    ``reconstruction``, minus the first term of the bound, and ``kl``, the second times ``beta``. Samples and
    reconstructions are what the decoder says, without the likelihood's noise; ``"reconstructions"`` start
    from the posterior's mean, which is also what the sampler encodes.

    Raises:
      ValueError: from ``init``, if the networks do not fit the data or each other.
    """

    def meet(make: Any, batch: Batch, noise: jax.Array, step: Step) -> Meeting:
        x = batch["image"]
        posterior = make["encoder"](x)
        check_code(posterior["mean"], latent)
        rebuilt = make["decoder"](posterior["mean"] + posterior["std"] * noise)
        check_rebuilt(rebuilt, x)
        return Meeting(made={"posterior": posterior, "rebuilt": rebuilt})

    return versus(
        {"encoder": encoder, "decoder": decoder},
        {},
        reconstruction(lambda x, decoded: -likelihood(x, decoded)),
        kl_divergence(beta),
        latent=normal(latent),
        meet=meet,
        sample=lambda make, z, condition, step: make["decoder"](z),
        encode=mean_code,
        views={"reconstructions": reconstructions},
    )


def mean_code(make: Any, images: jax.Array) -> jax.Array:
    """The posterior's mean."""
    mean: jax.Array = make["encoder"](images)["mean"]
    return mean


def reconstructions(scene: Scene) -> jax.Array:
    """What the decoder makes of the posterior's mean for the batch's examples."""
    rebuilt: jax.Array = scene.make["decoder"](mean_code(scene.make, scene.batch["image"]))
    return rebuilt


def check_code(code: jax.Array, latent: int) -> None:
    """Raise ValueError unless codes have the size of the latents."""
    if code.shape[1:] != (latent,):
        raise ValueError(
            f"the encoder returns codes of shape {code.shape[1:]}, but latent is {latent}; they must agree."
        )


def check_rebuilt(rebuilt: jax.Array, x: jax.Array) -> None:
    """Raise ValueError unless the decoder makes examples like the data."""
    if rebuilt.shape != x.shape:
        raise ValueError(
            f"the decoder makes examples of shape {rebuilt.shape[1:]}, but the data's are {x.shape[1:]}; "
            "build it for the shape of the data."
        )
