"""Networks of a Laplacian pyramid's levels: details from a low-pass image and noise, and who judges them."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.networks.combined import with_inputs
from jgan.networks.layers import Conv, Norm, check_norm
from jgan.networks.network import Network, from_linen


class _Details(nn.Module):
    width: int
    size: int
    layers: int
    norm: str
    conditional: bool

    @nn.compact
    def __call__(self, noise: jax.Array, low: jax.Array, *, train: bool) -> jax.Array:
        x = jnp.concatenate([low if self.conditional else jnp.zeros_like(low), noise], axis=-1)
        common: dict[str, Any] = {"size": self.size, "spectral": self.norm == "spectral"}
        for _ in range(self.layers - 1):
            x = Conv(self.width, kernel_init=nn.initializers.he_normal(), **common)(x, train=train)
            x = nn.relu(Norm(self.norm)(x, train=train))
        last = nn.initializers.normal(0.02)
        return Conv(low.shape[-1], kernel_init=last, **common)(x, train=train).astype(jnp.float32)


def detail_generator(
    *,
    width: int = 32,
    size: int = 5,
    layers: int = 3,
    norm: str = "batch",
    conditional: bool = True,
) -> Network:
    """``(noise (B, H, W, n), low-pass image (B, H, W, C))`` to details ``(B, H, W, C)``, not bounded.

    LAPGAN's: convolutions that keep the size, on the image with the noise as further channels, ReLU between
    them. The authors' have three of 7x7 with 64 or 128 planes; weights of the last start at N(0, 0.02), so
    that details start small.

    Args:
      width: planes.
      size: of the kernels.
      layers: number of convolutions.
      norm: behind all of them but the last: "batch", "layer", "spectral" or "none".
      conditional: whether it is shown the low-pass image.
    """
    check_norm(norm)
    return from_linen(_Details(width, size, layers, norm, conditional))


def beside(network: Network) -> Network:
    """``(image (B, H, W, C), low (B, H, W, C))`` to what ``network`` says of the 2C channels of both."""
    return with_inputs(network, lambda *images: (jnp.concatenate(images, axis=-1),))
