"""VAE-GAN: likeness learned by a discriminator (Larsen et al. 2016, arXiv 1512.09300).

jgan train experiments/vae_gan.py
"""

import jax
import jax.numpy as jnp

from jgan import Architecture, Claim, Dataset, Experiment, Trained, TwoRateAdam, get_loss
from jgan.claims.held_out_measures import held_out_source
from jgan.gans.vae_gan import vae_gan
from jgan.networks.variational import encoder


def share_lost(trained: Trained) -> float:
    """Squared error of reconstructed test images, as a share of their variance."""
    game = trained.experiment.game
    test = jax.tree.map(jnp.asarray, held_out_source(trained).first(500))
    variables = trained.state.averaged_variables()
    rebuilt = jax.jit(game.views["reconstructions"])(variables, test, jax.random.key(0))
    error = jnp.mean(jnp.square(rebuilt - test["image"]))
    return float(error / jnp.mean(jnp.var(test["image"], axis=0)))


CLAIMS = (
    Claim(
        "reconstructions resemble their images (share of the variance lost)",
        share_lost,
        at_most=0.65,
        steps=2000,
        control={"gamma": 0.0},
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    gamma: float = 1.0,
    latent: int = 64,
    loss: str = "non_saturating",
    architecture: Architecture = Architecture(width=24),
    adam: TwoRateAdam = TwoRateAdam(),
) -> Experiment:
    """A GAN whose generator also decodes what an encoder makes of the data.

    Args:
      gamma: Weight of the likeness to the encoded image in the decoder's loss.
      latent: Dimensions of the latent.
      loss: Name of the loss, one of jgan.losses.LOSSES.
      generator_lr: Learning rate of the Adam of encoder and decoder.
    """
    source = data.load()
    game = vae_gan(
        encoder(latent, **architecture.options),
        architecture.generator(source),
        architecture.heads({"logit": 1}),
        get_loss(loss),
        latent,
        gamma=gamma,
    )
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
