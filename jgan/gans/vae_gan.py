"""VAE-GAN: a variational autoencoder whose likelihood is measured in a discriminator's features."""

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows, normal_like
from jgan.detach import detach
from jgan.game import (
    DISCRIMINATOR,
    GENERATOR,
    Batch,
    Collections,
    Critic,
    Game,
    Inputs,
    Metrics,
    PyTree,
    Variables,
    adversarial,
    state_of,
)
from jgan.gans.answers import answer, asked, with_answers
from jgan.gans.coding import coding_sampler, first_parts, mean_of, reconstructions
from jgan.gans.gan import check_shapes
from jgan.gans.vae import divergence
from jgan.gans.views import with_views
from jgan.latents import normal
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.networks.parts import join, part
from jgan.penalties import Penalty, Scene, with_penalty


def slowed(values: PyTree, share: float) -> PyTree:
    """The same values, whose gradients are ``share`` times as large.

    >>> function = lambda x: slowed(x, 0.25) ** 2
    >>> float(function(3.0)), float(jax.grad(function)(3.0))
    (9.0, 1.5)
    """
    return jax.tree.map(lambda x: detach(x) + share * (x - detach(x)), values)


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
    and ``kl``, in nats. ``"reconstructions"`` start from the posterior's mean, which the sampler encodes.

    Raises:
      ValueError: from ``init``, if networks and data do not fit.
    """
    prior = normal(latent)

    def init(key: jax.Array, batch: Batch) -> Variables:
        keys = jax.random.split(key, 3)
        x = batch["image"][:2]
        own, made = first_parts(encoder, decoder, latent, x, keys, mean_of)
        judge = discriminator.init(keys[2], x)
        check_shapes(answer(discriminator, "logit"), judge, x, made)
        return {GENERATOR: own, DISCRIMINATOR: judge}

    def critic(variables: Variables, batch: Batch, key: jax.Array, step: jax.Array) -> Critic:
        own, x = variables[GENERATOR], batch["image"]
        prior_key, noise_key, encoder_key, decoder_key = jax.random.split(key, 4)
        q, encoded = encoder.apply(part(own, "encoder"), x, key=encoder_key, train=True)
        code = q["mean"] + q["std"] * normal_like(noise_key, q["mean"])
        odd = draw_rows(lambda rows: jnp.arange(rows) % 2 == 1, x.shape[0])
        z = jnp.where(odd[:, None], detach(code), prior(prior_key, x.shape[0]))

        def decode(z: jax.Array) -> tuple[jax.Array, Collections]:
            return decoder.apply(part(own, "decoder"), z, key=decoder_key, train=True)

        def score(
            inputs: Inputs, state: Collections, key: jax.Array
        ) -> tuple[jax.Array, Collections]:
            collections = {"params": variables[DISCRIMINATOR]["params"], **state}
            answers, state = discriminator.apply(collections, inputs.values, key=key, train=True)
            return answers["logit"], state

        fake, decoded = decode(z)
        return Critic(
            real=Inputs(x),
            fake=Inputs(fake),
            score=score,
            generator_state=join({"encoder": state_of(encoded), "decoder": state_of(decoded)}),
            latent={"shown": z, "code": code, **q},
            generate=lambda latent: Inputs(decode(latent["shown"])[0]),
        )

    def variational(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        q, real = scene.asked.latent, scene.asked.real
        own = part(scene.variables[GENERATOR], "decoder")
        slow = {**own, "params": slowed(own["params"], gamma)}
        rebuilt, _ = decoder.apply(slow, q["code"], key=scene.key, train=True)
        gaps = asked(scene, real, "features") - asked(scene, Inputs(rebuilt), "features")
        likeness = 0.5 * jnp.mean(jnp.sum(jnp.square(gaps), axis=1))
        kl = jnp.mean(divergence(q["mean"], q["std"]))
        return kl + likeness, {}, {"kl": kl, "likeness": likeness}

    sampler = coding_sampler(encoder, decoder, prior, mean_of)
    game = with_answers(adversarial(init, critic, loss, sampler=sampler), discriminator)
    game = with_views(game, {"reconstructions": reconstructions(sampler)})
    return with_penalty(game, Penalty("variational", variational, GENERATOR))
