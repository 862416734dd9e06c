"""Networks of few-shot talking heads beside `jgan.networks.resnet`: an embedder of persons, a discriminator."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.arguments import check_count
from jgan.networks.conditional import rows_of
from jgan.networks.dcgan import WEIGHTS
from jgan.networks.layers import Conv, leaky_relu
from jgan.networks.network import Network, from_linen
from jgan.networks.parameter import parameter
from jgan.players import Collections


class _Trunk(nn.Module):
    """Pictures to vectors ``(B, size)``, sums over all places, and the layers before."""

    size: int
    width: int
    halvings: int

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> tuple[jax.Array, tuple[jax.Array, ...]]:
        found = []
        for level in range(self.halvings):
            layer = Conv(self.width * 2**level, size=4, stride=2, spectral=True)
            x = leaky_relu(layer(x, train=train))
            found.append(x)
        x = Conv(self.size, size=1, spectral=True)(x, train=train)
        return nn.relu(jnp.sum(x, axis=(1, 2))), tuple(found)


class _Embedder(nn.Module):
    size: int
    width: int
    halvings: int

    @nn.compact
    def __call__(self, picture: jax.Array, pose: jax.Array, *, train: bool) -> jax.Array:
        x = jnp.concatenate([picture, pose], axis=-1)
        return _Trunk(self.size, self.width, self.halvings)(x, train=train)[0]


def person_embedder(size: int = 512, *, width: int = 64, halvings: int = 6) -> Network:
    """Pictures ``(B, H, W, C)`` and their landmarks ``(B, H, W, P)`` to embeddings ``(B, size)`` >= 0.

    The embedder of Zakharov et al. 2019 (section 3.1 and appendix): spectrally normalised convolutions that
    halve the picture, sums over the places, ReLU. Theirs are residual blocks; these are 4x4 convolutions with
    leaky ReLU behind each.

    Args:
      size: N.
      width: channels behind the first layer; they double with every halving.
      halvings: how often the picture is halved.

    Raises:
      ValueError: if a number is below 1.
    """
    _check(size=size, width=width, halvings=halvings)
    return from_linen(_Embedder(size, width, halvings))


class _Discriminator(nn.Module):
    persons: int
    size: int
    width: int
    halvings: int

    @nn.compact
    def __call__(
        self, picture: jax.Array, pose: jax.Array, person: jax.Array | None = None, *, train: bool
    ) -> dict[str, Any]:
        x = jnp.concatenate([picture, pose], axis=-1)
        vector, features = _Trunk(self.size, self.width, self.halvings)(x, train=train)
        common = parameter(self, "common", WEIGHTS, (self.size,))
        bias = parameter(self, "bias", nn.initializers.zeros_init(), ())
        answers: dict[str, Any] = {"features": (features,)}
        row = jnp.zeros((), jnp.float32)
        if self.persons:
            assert person is not None
            table = parameter(self, "rows", WEIGHTS, (self.persons, self.size))
            row = answers["row"] = rows_of(table, person)
        return {"logit": jnp.sum(vector * (row + common), axis=1) + bias, **answers}


def person_discriminator(
    persons: int, size: int = 512, *, width: int = 64, halvings: int = 6
) -> Network:
    """``(pictures, landmarks, person (B,))`` to ``{"logit": V·(W_i + w₀) + b, "features": ..., "row": W_i}``.

    The projection discriminator of Zakharov et al. 2019 (equation 7). V has the layers of `person_embedder`, of
    which ``"features"`` are all but the last, as one scale (`jgan.terms.paired_feature_matching`). W has a row
    for each person, which the embedding of the person is to be; it is ``"rows"`` of the parameters, and w₀
    ``"common"``.

    Args:
      persons: number of rows; 0 for a discriminator of one person, ``(pictures, landmarks)`` to V·w₀ + b, as
        it is fine-tuned.
      size: of V and of the rows.
      width: as for `person_embedder`.
      halvings: likewise.

    Raises:
      ValueError: if a number is too small.
    """
    _check(size=size, width=width, halvings=halvings)
    check_count("persons", persons, 0)
    return from_linen(_Discriminator(persons, size, width, halvings))


def learned_style(size: int) -> Network:
    """Anything with B rows to ``(B, size)``, the same parameters in every row, which begin with zeros."""

    def init(key: jax.Array, rows: jax.Array) -> Collections:
        return {"params": jnp.zeros(size)}

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        return jnp.broadcast_to(collections["params"], (len(inputs[0]), size)), {}

    return Network(init, apply)


def _check(**numbers: int) -> None:
    for name, value in numbers.items():
        check_count(name, value)
