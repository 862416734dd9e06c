"""InfoGAN: a part of the latent is to be read back from the examples."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows
from jgan.game import DISCRIMINATOR, GENERATOR, Game, count_of
from jgan.gans.versus import versus
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.scene import Scene
from jgan.terms.adversarial import adversarial
from jgan.terms.information import information

SWEEP = tuple(-2 + 4 * i / 9 for i in range(10))
"""Values of a continuous code along a row of its view."""


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
    categories in ascending order with continuous codes 0. The views ``"code-1"``, ``"code-2"``, ... are
    sheets: a row for each category, along which one continuous code goes from -2 to 2, beyond the values that
    it is trained with, as in the paper's figure 2, while all else stays.
    """
    prior = codes.prior()

    def made(scene: Scene, category: jax.Array, continuous: jax.Array, noise: jax.Array) -> Any:
        one_hot = jax.nn.one_hot(category, codes.categories)
        return scene.make(jnp.concatenate([one_hot, continuous, noise], axis=1))

    def noise_of(scene: Scene) -> jax.Array:
        return scene.latent[:, codes.categories + codes.continuous :]

    def in_order(scene: Scene) -> jax.Array:
        count = count_of(scene.batch)
        category = jnp.arange(count) * codes.categories // count
        return made(scene, category, jnp.zeros((count, codes.continuous)), noise_of(scene))

    def swept(scene: Scene, code: int) -> jax.Array:
        count = codes.categories * len(SWEEP)
        category = jnp.repeat(jnp.arange(codes.categories), len(SWEEP))
        values = jnp.tile(jnp.array(SWEEP), codes.categories)
        continuous = jnp.zeros((count, codes.continuous)).at[:, code].set(values)
        noise = jnp.broadcast_to(noise_of(scene)[:1], (count, codes.noise))
        pictures = made(scene, category, continuous, noise)
        return pictures.reshape(codes.categories, len(SWEEP), *pictures.shape[1:])

    return versus(
        generator,
        discriminator,
        adversarial(loss),
        information(codes.split, DISCRIMINATOR, recognition),
        information(codes.split, GENERATOR, weight),
        latent=prior,
        views={
            "codes": in_order,
            **{f"code-{i + 1}": partial(swept, code=i) for i in range(codes.continuous)},
        },
    )
