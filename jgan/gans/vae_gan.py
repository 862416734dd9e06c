"""VAE-GAN: a variational autoencoder whose likelihood is measured in a discriminator's features."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows
from jgan.game import GENERATOR, Batch, Game, of_networks
from jgan.gans.vae import check_code, mean_code, reconstructions
from jgan.gans.versus import versus
from jgan.latents import normal
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.networks.parts import part
from jgan.scene import Inputs, Meeting, Result, Scene, Step, Term, mean
from jgan.terms.adversarial import adversarial
from jgan.terms.kl import kl_divergence


def vae_gan(
    encoder: Network,
    decoder: Network,
    discriminator: Network,
    loss: Loss,
    latent: int,
    *,
    gamma: float = 1.0,
) -> Game:
    """The game of Larsen et al. 2016, algorithm 1.

    The encoder minimises KL(q(z|x) ‖ N(0, I)) + L_f, the decoder γ L_f + L_GAN, the discriminator its own
    loss; L_f = E ½‖f(x) - f(x̃)‖² is minus the log-likelihood of a unit Gaussian in the discriminator's
    features f, up to a constant, and x̃ the reconstruction from a latent drawn from q. The fakes are samples
    and reconstructions in turn: the article sums over both where this is their mean, so that the loss can be
    any loss and batches keep their size. The encoder is not told how real its reconstructions look.

    Args:
      encoder: examples to ``{"mean": (B, latent), "std": (B, latent)}``.
      decoder: latents to examples; any generator.
      discriminator: examples to ``{"logit": (B,), "features": (B, F)}``.
      loss: how logits are judged.
      latent: size of the latents.
      gamma: γ, what likeness counts for the decoder beside looking real.

    The generator owns encoder and decoder, as parts of its collections. Its metrics are ``likeness``, L_f,
    and ``kl``, in nats. A latent is both a sample's and the noise ε of a
    reconstruction's mean + std ε. ``"reconstructions"`` start from the posterior's mean, which the sampler
    encodes.

    Raises:
      ValueError: from ``init``, if networks and data do not fit.
    """

    def meet(make: Any, batch: Batch, noise: jax.Array, step: Step) -> Meeting:
        x = batch["image"]

        def draw(encode: Any) -> tuple[Any, jax.Array]:
            q = encode(x)
            check_code(q["mean"], latent)
            return q, q["mean"] + q["std"] * noise

        q, code = draw(make["encoder"])
        # The encoder's own gradient does not see what the discriminator says.
        _, shown = draw(make.held["encoder"])
        odd = draw_rows(lambda rows: jnp.arange(rows) % 2 == 1, x.shape[0])
        fake = make["decoder"](jnp.where(odd[:, None], shown, noise))
        return Meeting(real=Inputs(x), fake=Inputs(fake), made={"posterior": q, "code": code})

    def likeness(scene: Scene) -> Result:
        own, held = (
            part(of_networks(variables[GENERATOR]), "decoder")
            for variables in (scene.variables, scene.held)
        )
        # The same values, whose gradients in the decoder's parameters are gamma times as large.
        slow = jax.tree.map(lambda x, h: h + gamma * (x - h), own["params"], held["params"])
        rebuilt, _ = decoder.apply(
            {**own, "params": slow}, scene.meeting.made["code"], key=scene.key, train=True
        )
        gaps = scene.answer("real", "features") - scene.ask(Inputs(rebuilt), "fake")["features"]
        weights = scene.meeting["real"].weights
        return 0.5 * mean(jnp.sum(jnp.square(gaps), axis=1), weights), None, {}

    return versus(
        {"encoder": encoder, "decoder": decoder},
        discriminator,
        adversarial(loss),
        Term("likeness", likeness, GENERATOR, ("real",)),
        kl_divergence(),
        latent=normal(latent),
        meet=meet,
        sample=lambda make, z, condition, step: make["decoder"](z),
        encode=mean_code,
        views={"reconstructions": reconstructions},
    )
