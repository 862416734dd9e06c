"""InfoGAN: a part of the latent is to be read back from the examples."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows
from jgan.game import (
    DISCRIMINATOR,
    GENERATOR,
    Batch,
    Collections,
    Game,
    Metrics,
    Variables,
)
from jgan.gans.answers import answer, asked, with_answers
from jgan.gans.gan import gan
from jgan.gans.views import with_views
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.penalties import Penalty, Scene, with_penalty


class Codes(NamedTuple):
    """The latent of InfoGAN: ``(one-hot category, continuous codes, noise)``, side by side.

    Attributes:
      categories: K; one categorical code, uniform over K.
      continuous: number of codes U(-1, 1).
      noise: dimensions of the incompressible noise U(-1, 1).
    """

    categories: int = 10
    continuous: int = 2
    noise: int = 62

    def prior(self) -> Prior:
        """``(key, count) -> (count, categories + continuous + noise)``."""

        def draw(key: jax.Array, rows: int) -> jax.Array:
            category_key, rest_key = jax.random.split(key)
            category = jax.random.randint(category_key, (rows,), 0, self.categories)
            rest = (rows, self.continuous + self.noise)
            return jnp.concatenate(
                [
                    jax.nn.one_hot(category, self.categories),
                    jax.random.uniform(rest_key, rest, minval=-1.0, maxval=1.0),
                ],
                axis=1,
            )

        return lambda key, count: draw_rows(lambda rows: draw(key, rows), count)

    def split(self, values: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The categorical and the continuous part of a latent, or of the logits and means of Q."""
        return values[:, : self.categories], values[:, self.categories :][:, : self.continuous]


def infogan(
    generator: Network,
    discriminator: Network,
    loss: Loss,
    codes: Codes,
    *,
    weight: float = 1.0,
    recognition: float = 1.0,
) -> Game:
    """The game of Chen et al. 2016 (eq. 6): min over G, Q max over D of V(D, G) - λ L_I(G, Q).

    L_I = E log Q(c|G(z, c)) + H(c) bounds the mutual information of c and G(z, c) from below. Q shares the
    discriminator's trunk and moves with it, as in the authors' code: its loss joins both players'.
    Continuous codes have Gaussian Q of standard deviation 1, up to constants (c - μ)²/2.

    Args:
      generator: latents ``(B, codes' size)`` to examples.
      discriminator: examples to ``{"logit": (B,), "code": (B, categories + continuous)}``.
      loss: how logits are judged.
      codes: what the latent consists of.
      weight: λ of the generator; with 0 Q reads codes that nothing asks the generator to show.
      recognition: λ of Q.

    Metrics of both players: ``bound``, L_I of the categorical code in nats (at most log K), and
    ``code_error``, the mean of (c - μ)² (1/3 for the best constant). The view ``"codes"`` shows the
    categories in ascending order with continuous codes 0.
    """
    prior = codes.prior()
    game = with_answers(gan(generator, answer(discriminator, "logit"), loss, prior), discriminator)

    def information(scene: Scene, share: float) -> tuple[jax.Array, Collections, Metrics]:
        category, continuous = codes.split(scene.asked.latent)
        logits, means = codes.split(asked(scene, scene.asked.fake, "code"))
        likelihood = jnp.mean(jnp.sum(category * jax.nn.log_softmax(logits), axis=1))
        errors = jnp.square(continuous - means)
        metrics = {"bound": jnp.log(float(codes.categories)) + likelihood}
        if codes.continuous:
            metrics["code_error"] = jnp.mean(errors)
        return share * (0.5 * jnp.mean(jnp.sum(errors, axis=1)) - likelihood), {}, metrics

    def in_order(variables: Variables, batch: Batch, key: jax.Array) -> jax.Array:
        count = batch["image"].shape[0]
        category = jnp.arange(count) * codes.categories // count
        noise = prior(key, count)[:, codes.categories + codes.continuous :]
        parts = [
            jax.nn.one_hot(category, codes.categories),
            jnp.zeros((count, codes.continuous)),
            noise,
        ]
        return generator.apply(variables[GENERATOR], jnp.concatenate(parts, axis=1))[0]

    return with_penalty(
        with_views(game, {"codes": in_order}),
        Penalty("information", lambda scene: information(scene, recognition), DISCRIMINATOR),
        Penalty("information", lambda scene: information(scene, weight), GENERATOR),
    )
