"""Networks of games over pairs of an example and a latent: a judge of pairs, and an encoder that draws."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.batch_axis import normal_like
from jgan.networks.dcgan import WEIGHTS
from jgan.networks.heads import Trunk, check_body
from jgan.networks.layers import Dense, Norm, check_norm, check_resampling, leaky_relu
from jgan.networks.network import Network, from_linen
from jgan.players import Collections


class _Judge(nn.Module):
    width: int
    body: str
    norm: str
    resampling: str
    unary: bool
    latent: bool

    @nn.compact
    def __call__(self, pair: dict[str, jax.Array], *, train: bool) -> dict[str, jax.Array]:
        spectral = self.norm == "spectral"

        def hidden(x: jax.Array) -> jax.Array:
            init = nn.initializers.he_normal()
            layer = Dense(8 * self.width, spectral=spectral, kernel_init=init)
            return leaky_relu(Norm(self.norm)(layer(x, train=train), train=train))

        def head(x: jax.Array, name: str) -> jax.Array:
            layer = Dense(1, spectral=spectral, kernel_init=WEIGHTS, name=name)
            return layer(x, train=train)[:, 0].astype(jnp.float32)

        features = {
            "image": Trunk(self.width, self.body, self.norm, self.resampling)(
                pair["image"], train=train
            ),
            "latent": hidden(hidden(pair["latent"])),
        }
        code = features["latent"] if self.latent else jnp.zeros_like(features["latent"])
        both = hidden(jnp.concatenate([features["image"], code], axis=1))
        answers = {"logit": head(both, "logit")}
        if self.unary:
            answers |= {name: head(own, name) for name, own in features.items()}
        return answers


def joint_discriminator(
    *,
    width: int = 32,
    body: str = "dcgan",
    norm: str = "none",
    resampling: str = "strided",
    unary: bool = False,
    latent: bool = True,
) -> Network:
    """``{"image": (B, ...), "latent": (B, d)}`` to ``{"logit": (B,)}``: whether the two belong together.

    The image goes through `jgan.networks.heads.Trunk`, the latent through two dense layers, both together
    through a third.

    Args:
      width: channels of the first convolution; dense layers are eight times as wide.
      body: "dcgan" or "mlp", of the trunk.
      norm: "batch", "layer", "spectral" or "none".
      resampling: of the trunk, "strided" or "smooth", see `jgan.networks.heads`.
      unary: give also the scores ``"image"`` and ``"latent"``, each ``(B,)``, of the one without the other
        (BigBiGAN's s_x and s_z).
      latent: whether the joint score looks at the latent; without, nothing ties it to the image.
    """
    check_norm(norm)
    check_body(body)
    check_resampling(resampling)
    return from_linen(_Judge(width, body, norm, resampling, unary, latent))


def reparameterized(network: Network) -> Network:
    """Latents mean + std ε, ε ~ N(0, I), of a network that answers ``{"mean": (B, d), "std": (B, d)}``.

    Only in training; outside of it the mean (ALI's encoder, of which BiGAN's is the deterministic case).
    """

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        inner_key, noise_key = (None, None) if key is None else jax.random.split(key)
        answers, state = network.apply(collections, *inputs, key=inner_key, train=train)
        mean = answers["mean"]
        if train and noise_key is not None:
            mean = mean + answers["std"] * normal_like(noise_key, mean)
        return mean, state

    return Network(network.init, apply)
