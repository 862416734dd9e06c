"""StarGAN's discriminator: are these patches real, and which domain is the picture from?"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.networks.layers import Conv, Dense, compute_dtype
from jgan.networks.network import Network, from_linen
from jgan.networks.resnet import FAN_IN


class _Judge(nn.Module):
    domains: int
    layers: int
    width: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> dict[str, jax.Array]:
        least = 2**self.layers
        if min(x.shape[1:3]) < least:
            raise ValueError(
                f"the pictures are {x.shape[1]}x{x.shape[2]}, but a discriminator of {self.layers} halvings "
                f"needs sides of at least {least} pixels."
            )
        common: dict[str, Any] = {"kernel_init": FAN_IN, "dtype": self.dtype}
        for layer in range(self.layers):
            features = self.width * 2**layer
            x = Conv(features, size=4, stride=2, padding=1, **common)(x, train=train)
            x = jax.nn.leaky_relu(x, 0.01)
        last: dict[str, Any] = {**common, "bias": False, "dtype": jnp.float32}
        logit = Conv(1, size=3, padding=1, name="logit", **last)(x, train=train)[..., 0]
        flat = x.reshape(x.shape[0], -1)
        # A convolution with a kernel of the map's size, as the reference has it, is a dense layer.
        return {
            "logit": logit,
            "class": Dense(self.domains, name="class", **last)(flat, train=train),
        }


def domain_discriminator(
    domains: int, *, layers: int = 6, width: int = 64, dtype: Any = "float32"
) -> Network:
    """Pictures ``(B, H, W, C)`` to ``{"logit": (B, h, w), "class": (B, domains)}`` (Choi et al. 2018, table 5).

    4x4 convolutions of stride 2 whose channels double, leaky ReLU of slope 0.01, no normalisation; then one 3x3
    convolution for the patches, and one over the whole map for the domains. With 6 layers, 5 domains and 128
    pixels it has 44,762,048 parameters.

    Args:
      domains: number of domains, or of attributes.
      layers: of stride 2; 6 in the paper.
      width: channels behind the first layer.
      dtype: of the computation, "float32" or "bfloat16"; the last layers are float32.

    Raises:
      ValueError: if a number is below 1; and when it is applied, if pictures are too small.
    """
    for name, value in (("domains", domains), ("layers", layers), ("width", width)):
        check_count(name, value)
    return from_linen(_Judge(domains, layers, width, compute_dtype(dtype)))
