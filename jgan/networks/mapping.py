"""StyleGAN's mapping network: from latents to styles, their running mean, and style mixing."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows, normal_like, whole_mean
from jgan.networks.conditional import label_vectors
from jgan.networks.equalized import EqualizedDense, scaled_leaky_relu, unit_mean_square

Styles = dict[str, jax.Array]
RATE = 0.01


class Mapping(nn.Module):
    """Latents ``(B, d)``, and labels if there are any, to w ``(B, features)``.

    Latents are brought to a mean square of 1; a label's embedding, likewise, stands beside them.

    Attributes:
      features: of w and of all layers.
      layers: dense layers, whose learning rate is 0.01 of the others'.
      classes: number of classes or attributes of labels; 0 for none.
    """

    features: int
    layers: int = 8
    classes: int = 0

    @nn.compact
    def __call__(self, z: jax.Array | None, label: jax.Array | None = None) -> jax.Array:
        """Apply the network; without latents it maps labels."""
        inputs = [] if z is None else [unit_mean_square(z)]
        if self.classes:
            vectors = label_vectors(label, self.classes)
            embedded = EqualizedDense(self.features, name="embedding")(vectors)
            inputs.append(unit_mean_square(embedded))
        x = jnp.concatenate(inputs, axis=1)
        for _ in range(self.layers):
            x = scaled_leaky_relu(EqualizedDense(self.features, rate=RATE)(x))
        return x


class StyleMapping(nn.Module):
    """Latents ``(B, d)`` to ``{"styles": (B, inputs, features), "mean": (features,)}``.

    In training a share of the examples is mixed: from a random input on they have the style of a second
    latent (Karras et al. 2019, section 3.1). The authors' code draws one place for a batch; here each
    example has its own. ``"mean"`` is the running mean of w over training, of the collection ``"average"``, to
    which styles are drawn for truncation.

    Attributes:
      mapping: to w.
      inputs: number of styles that the synthesis network takes.
      mixing: share of examples that are mixed in training, 0.9 in the paper.
      decay: of the running mean.
    """

    mapping: Mapping
    inputs: int
    mixing: float = 0.9
    decay: float = 0.995

    @nn.compact
    def __call__(self, z: jax.Array, label: jax.Array | None = None, *, train: bool) -> Styles:
        """Apply the network."""
        w = self.mapping(z, label)
        average = self.variable("average", "w", lambda: jnp.zeros(w.shape[1:], jnp.float32))
        if train:
            mean = jax.lax.stop_gradient(whole_mean(jnp.mean(w, axis=0)))
            average.value = self.decay * average.value + (1 - self.decay) * mean
        styles = jnp.broadcast_to(w[:, None], (w.shape[0], self.inputs, w.shape[1]))
        if train and self.mixing and self.has_rng("dropout"):
            latent_key, place_key = jax.random.split(self.make_rng("dropout"))
            other = self.mapping(normal_like(latent_key, z), label)
            places = draw_rows(
                lambda rows: crossovers(place_key, rows, self.inputs, self.mixing), z.shape[0]
            )
            styles = mixed(styles, other, places)
        return {"styles": styles, "mean": average.value}


def crossovers(key: jax.Array, count: int, inputs: int, share: float) -> jax.Array:
    """Where each of ``count`` examples changes its style: 1 to ``inputs - 1``, or ``inputs`` for nowhere."""
    place_key, share_key = jax.random.split(key)
    places = jax.random.randint(place_key, (count,), 1, inputs)
    return jnp.where(jax.random.bernoulli(share_key, share, (count,)), places, inputs)


def mixed(styles: jax.Array, other: jax.Array, places: jax.Array) -> jax.Array:
    """Styles ``(B, inputs, d)`` with w ``(B, d)`` of other latents from each example's place ``(B,)`` on."""
    late = jnp.arange(styles.shape[1])[None, :] >= places[:, None]
    return jnp.where(late[:, :, None], other[:, None], styles)
