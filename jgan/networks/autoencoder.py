"""Autoencoders, which EBGAN and BEGAN have in the discriminator's place."""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.dcgan import WEIGHTS, check_sides, image_sizes
from jgan.networks.heads import Trunk, check_body
from jgan.networks.layers import ENLARGING, Dense, Norm, check_norm, check_resampling
from jgan.networks.network import Network, from_linen


class _Autoencoder(nn.Module):
    code: int
    width: int
    body: str
    norm: str
    resampling: str

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> dict[str, jax.Array]:
        shape = x.shape[1:]
        h = Trunk(self.width, self.body, self.norm, self.resampling)(x, train=train)
        code = Dense(self.code, name="code")(h, train=train)
        norm = lambda y: nn.relu(Norm(self.norm)(y, train=train))
        if self.body == "dcgan" and len(shape) == 3:
            check_sides(shape)
            sizes = image_sizes(*shape[:2])
            smallest, features = sizes.pop(), self.width * 2 ** (len(sizes) - 1)
            common: dict[str, Any] = {"kernel_init": WEIGHTS}
            y = norm(Dense(math.prod(smallest) * features, **common)(code, train=train))
            y = y.reshape(-1, *smallest, features)
            while sizes:
                features = shape[2] if len(sizes) == 1 else features // 2
                layer = ENLARGING[self.resampling](features, output_size=sizes.pop(), **common)
                y = layer(y, train=train)
                y = norm(y) if sizes else y
        else:
            y = norm(
                Dense(8 * self.width, kernel_init=nn.initializers.he_normal())(code, train=train)
            )
            y = Dense(math.prod(shape))(y, train=train).reshape(-1, *shape)
        rebuilt = jnp.tanh(y) if len(shape) == 3 else y
        return {"features": code, "reconstruction": rebuilt.astype(jnp.float32)}


def autoencoder(
    *,
    code: int = 64,
    width: int = 32,
    body: str = "dcgan",
    norm: str = "none",
    resampling: str = "strided",
) -> Network:
    """Examples ``(B, ...)`` to ``{"features": (B, code), "reconstruction": (B, ...)}``.

    The encoder is `jgan.networks.heads.Trunk` and a dense layer; the decoder mirrors the convolutions, or
    has one hidden layer of ``8 width``. Reconstructions of images end in tanh.

    Args:
      code: size of the code.
      width: channels of the first convolution.
      body: "dcgan" or "mlp"; points always get the perceptron.
      norm: "batch", "layer" or "none"; "spectral" would leave the decoder free and is for trunks.
      resampling: of the convolutions, "strided" or "smooth", see `jgan.networks.dcgan_generator`.

    Raises:
      ValueError: for an unknown name; and when it is applied, if the body is "dcgan" and images have sides of
        fewer than 5 pixels.
    """
    check_norm(norm)
    check_body(body)
    check_resampling(resampling)
    return from_linen(_Autoencoder(code, width, body, norm, resampling))
