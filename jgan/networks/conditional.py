"""Networks that take a label: joined to the input, through normalisation, or by projection.

A label is a class, an integer ``(B,)``, or a vector of attributes ``(B, A)``, integers, floats or bools.
Wherever a class stands for the row of a table, a vector stands for the same combination of its rows, so
that a one-hot vector means its class. A class that is not in the table, below 0 or beyond its end, is an error
where the label is known, and NaN in a compiled program, which cannot raise: it never means another class.
"""

import math
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jgan.networks.dcgan import WEIGHTS, check_sides, image_sizes
from jgan.networks.heads import Trunk, check_body
from jgan.networks.layers import (
    ENLARGING,
    Dense,
    check_norm,
    check_resampling,
    standardized,
)
from jgan.networks.network import Network, from_linen
from jgan.networks.parameter import parameter
from jgan.players import Collections


def check_label(label: jax.Array, classes: int) -> None:
    """Refuse labels that are neither classes nor vectors of the right length.

    The values of classes are looked at unless they are traced.

    Raises:
      ValueError: if the label is not ``(B,)`` integers or ``(B, classes)``, or a class is not 0 to classes - 1.
    """
    integers = jnp.issubdtype(label.dtype, jnp.integer)
    if not (label.ndim == 1 and integers) and label.shape[1:] != (classes,):
        raise ValueError(
            f"label has shape {label.shape} and dtype {label.dtype}; it must be (batch,) integers, or "
            f"(batch, {classes}) for vectors of {classes} attributes."
        )
    if label.ndim == 1 and label.size and not isinstance(label, jax.core.Tracer):
        values = np.asarray(label)  # a constant is known within a trace, too
        low, high = int(values.min()), int(values.max())
        if low < 0 or high >= classes:
            raise ValueError(
                f"label holds {low if low < 0 else high}; a class must be 0 to {classes - 1}."
            )


def rows_of(table: jax.Array, label: jax.Array) -> jax.Array:
    """The rows of a table ``(K, n)`` for labels ``(B,)``, NaN for labels that are not 0 to K - 1.

    >>> print(rows_of(jnp.asarray([[5.0], [7.0]]), jnp.asarray([1, -1, 2]))[:, 0])
    [ 7. nan nan]
    """
    # A negative index counts from the end, whatever the mode; one beyond the end is filled with NaN.
    inside = jnp.where(label < 0, len(table), label)
    return table.at[inside].get(mode="fill", fill_value=jnp.nan)


def one_hot(label: jax.Array, classes: int) -> jax.Array:
    """One-hot vectors ``(..., classes)`` of labels ``(...)``, NaN for labels that are not 0 to classes - 1."""
    inside = (label >= 0) & (label < classes)
    return jnp.where(inside[..., None], jax.nn.one_hot(label, classes), jnp.nan)


def label_vectors(label: jax.Array | None, classes: int) -> jax.Array:
    """Labels ``(B,)`` as one-hot vectors, attributes ``(B, classes)`` as they are, in float32.

    Raises:
      ValueError: if there are none, or as `check_label`.
    """
    if label is None:
        raise ValueError("this network needs labels, but was given none.")
    check_label(label, classes)
    vectors = one_hot(label, classes) if label.ndim == 1 else label
    return vectors.astype(jnp.float32)


def labelled(network: Network, classes: int, embedding: int = 0) -> Network:
    """The network of ``(inputs, label)`` that sees inputs with their label joined to the last axis.

    Points and latents ``(B, d)`` become ``(B, d + n)``; images get n constant planes.

    Args:
      network: of one input; it must take the longer one.
      classes: number K of labels 0 to K - 1, or of the attributes of labels ``(B, K)``.
      embedding: n, size of a learned vector for each class (rows N(0, 1), in ``"embedding"`` of the
        parameters), whose combination a vector is; 0 for one-hot vectors or the attributes as they are,
        n = K (Mirza & Osindero 2014).

    Raises:
      ValueError: when it is applied, if the label is neither ``(B,)`` integers nor ``(B, K)``, or known and
        not 0 to K - 1.
    """

    def joined(table: jax.Array | None, x: jax.Array, label: jax.Array) -> jax.Array:
        check_label(label, classes)
        if label.ndim == 1:
            found = one_hot(label, classes) if table is None else rows_of(table, label)
            vectors = found.astype(x.dtype)
        else:
            vectors = label.astype(x.dtype)
            vectors = vectors if table is None else vectors @ table.astype(x.dtype)
        planes = vectors.reshape(x.shape[0], *[1] * (x.ndim - 2), -1)
        return jnp.concatenate(
            [x, jnp.broadcast_to(planes, (*x.shape[:-1], planes.shape[-1]))], axis=-1
        )

    def init(key: jax.Array, *inputs: Any) -> Collections:
        own_key, table_key = jax.random.split(key)
        if not embedding:
            return network.init(own_key, joined(None, *inputs))
        table = jax.random.normal(table_key, (classes, embedding))
        inner = network.init(own_key, joined(table, *inputs))
        return {**inner, "params": {"network": inner["params"], "embedding": table}}

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        table, params = None, collections["params"]
        if embedding:
            table, params = params["embedding"], params["network"]
        inner = {**collections, "params": params}
        return network.apply(inner, joined(table, *inputs), key=key, train=train)

    return Network(init, apply)


def unlabelled(network: Network) -> Network:
    """The network of ``(inputs, label)`` that does not look at the label."""

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        return network.apply(collections, inputs[0], key=key, train=train)

    return Network(lambda key, *inputs: network.init(key, inputs[0]), apply)


class ConditionalNorm(nn.Module):
    """Batch normalisation with a gain and a bias for each class (Dumoulin et al. 2017; de Vries et al. 2017).

    Of a vector v the gain is 1 + v·(gains - 1) and the bias v·biases.

    Attributes:
      classes: number of classes or of attributes; gains start at 1, biases at 0.
      momentum: of the running statistics.
      epsilon: added to the variance.
    """

    classes: int
    momentum: float = 0.9
    epsilon: float = 1e-5

    @nn.compact
    def __call__(self, x: jax.Array, label: jax.Array, *, train: bool) -> jax.Array:
        """Normalise ``x`` ``(B, ..., C)`` under ``label`` ``(B,)`` or ``(B, classes)``."""
        check_label(label, self.classes)
        x = standardized(x, train=train, momentum=self.momentum, epsilon=self.epsilon)
        size = (self.classes, x.shape[-1])
        gains = parameter(self, "gain", nn.initializers.ones_init(), size)
        biases = parameter(self, "bias", nn.initializers.zeros_init(), size)
        shape = (x.shape[0], *[1] * (x.ndim - 2), x.shape[-1])
        if label.ndim == 1:
            gain, bias = rows_of(gains, label), rows_of(biases, label)
        else:
            vectors = label.astype(jnp.float32)
            gain, bias = 1 + vectors @ (gains - 1), vectors @ biases
        return x * gain.reshape(shape) + bias.reshape(shape)


class _Generator(nn.Module):
    shape: tuple[int, ...]
    classes: int
    width: int
    body: str
    resampling: str

    @nn.compact
    def __call__(self, z: jax.Array, label: jax.Array, *, train: bool) -> jax.Array:
        norm = lambda x: nn.relu(ConditionalNorm(self.classes)(x, label, train=train))
        if self.body == "mlp" or len(self.shape) != 3:
            for _ in range(2):
                layer = Dense(8 * self.width, kernel_init=nn.initializers.he_normal())
                z = norm(layer(z, train=train))
            x = Dense(math.prod(self.shape))(z, train=train).reshape(-1, *self.shape)
            return jnp.tanh(x) if len(self.shape) == 3 else x
        sizes = image_sizes(*self.shape[:2])
        smallest, features = sizes.pop(), self.width * 2 ** (len(sizes) - 1)
        x = Dense(math.prod(smallest) * features, bias=False, kernel_init=WEIGHTS)(z, train=train)
        x = x.reshape(-1, *smallest, features)
        while sizes:
            features = self.shape[2] if len(sizes) == 1 else features // 2
            enlarge = ENLARGING[self.resampling]
            layer = enlarge(features, output_size=sizes.pop(), kernel_init=WEIGHTS)
            x = layer(norm(x), train=train)
        return jnp.tanh(x)


class _Projection(nn.Module):
    classes: int
    width: int
    body: str
    norm: str
    resampling: str

    @nn.compact
    def __call__(self, x: jax.Array, label: jax.Array, *, train: bool) -> jax.Array:
        spectral = self.norm == "spectral"
        features = Trunk(self.width, self.body, self.norm, self.resampling)(x, train=train)
        logit = Dense(1, spectral=spectral, kernel_init=WEIGHTS)(features, train=train)[:, 0]
        # A dense layer on one-hot vectors is an embedding, spectrally normalised where the others are.
        embed = Dense(features.shape[-1], bias=False, spectral=spectral, kernel_init=WEIGHTS)
        check_label(label, self.classes)
        label_weights = (
            one_hot(label, self.classes) if label.ndim == 1 else label.astype(jnp.float32)
        )
        return logit + jnp.sum(embed(label_weights, train=train) * features, axis=1)


def conditional_generator(
    shape: tuple[int, ...],
    classes: int,
    *,
    width: int = 32,
    body: str = "dcgan",
    resampling: str = "strided",
) -> Network:
    """``(latents (B, d), label)`` to ``(B, *shape)``, the label entering by `ConditionalNorm`.

    DCGAN's layers or, for points and ``body="mlp"``, two dense layers of ``8 width``. The label is
    ``(B,)`` integers or ``(B, classes)``. ``resampling`` is as in `jgan.networks.dcgan_generator`.

    Raises:
      ValueError: if DCGAN's layers are asked for images of fewer than 5 pixels a side.
    """
    check_body(body)
    check_resampling(resampling)
    if body == "dcgan" and len(shape) == 3:
        check_sides(shape)
    return from_linen(_Generator(tuple(shape), classes, width, body, resampling))


def projection_discriminator(
    classes: int,
    *,
    width: int = 32,
    body: str = "dcgan",
    norm: str = "spectral",
    resampling: str = "strided",
) -> Network:
    """``(examples, label)`` to logits ``(B,)``: w·φ(x) + b + v_yᵀφ(x) (Miyato & Koyama 2018, eq. 7).

    The label y is ``(B,)`` integers or ``(B, classes)``; of a vector, v_y is a linear map.
    φ is `jgan.networks.heads.Trunk`; the paper's is a residual network with sums over the positions.
    """
    check_norm(norm)
    check_body(body)
    check_resampling(resampling)
    return from_linen(_Projection(classes, width, body, norm, resampling))
