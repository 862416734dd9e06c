"""CAN: works that pass for art, yet belong to no style the discriminator knows."""

import math
from typing import Any, Literal

import jax
import jax.numpy as jnp

from jgan.game import GENERATOR, Batch, Game
from jgan.gans.conditional import labels_of
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Result, Scene, Step, Term, mean
from jgan.terms.adversarial import adversarial
from jgan.terms.classification import classification
from jgan.versus import values_alone, versus

Ambiguity = Literal["binary", "uniform"]
SMALLEST_PROBABILITY = 1e-6


def ambiguity(logits: jax.Array, kind: Ambiguity = "binary") -> jax.Array:
    """How far D_c is from not knowing the class, ``(B, K)`` logits to ``(B,)``; least where p = 1/K.

    "binary" is the paper's -Σ_k (1/K) log p_k + (1 - 1/K) log(1 - p_k) (Elgammal et al. 2017, eq. 2, for
    minimisation), with p = softmax and 1 - p kept above 1e-6; "uniform" the cross-entropy of the uniform
    distribution with p, -Σ_k (1/K) log p_k, of many codes, whose minimum is log K.

    Raises:
      ValueError: if ``kind`` is neither.

    >>> round(float(ambiguity(jnp.zeros((1, 4)), "uniform")[0]), 5)  # log 4
    1.38629
    """
    log_p = jax.nn.log_softmax(logits)
    uniform = -jnp.mean(log_p, axis=1)
    if kind == "uniform":
        return uniform
    if kind != "binary":
        raise ValueError(f"kind is {kind!r}, but must be binary or uniform.")
    rest = jnp.log(jnp.maximum(-jnp.expm1(log_p), SMALLEST_PROBABILITY))
    return uniform - (1 - 1 / logits.shape[1]) * jnp.sum(rest, axis=1)


def entropy(logits: jax.Array) -> jax.Array:
    """Entropy in nats of the softmax of logits ``(B, K)``, ``(B,)``.

    >>> round(float(entropy(jnp.zeros((1, 4)))[0]), 5)  # log 4
    1.38629
    """
    log_p = jax.nn.log_softmax(logits)
    return -jnp.sum(jnp.exp(log_p) * log_p, axis=1)


def can(
    generator: Network,
    discriminator: Network,
    loss: Loss,
    prior: Prior,
    *,
    weight: float = 1.0,
    styles: float = 1.0,
    kind: Ambiguity = "binary",
) -> Game:
    """The game of Elgammal et al. 2017: D learns the styles of real works, G to leave it in doubt.

    The discriminator minimises L_D - ``styles`` · E log D_c(c|x) over real examples alone, the generator
    L_G + ``weight`` · E `ambiguity` of D_c on its own.

    Args:
      generator: latents ``(B, d)`` to examples.
      discriminator: examples to ``{"logit": (B,), "class": (B, K)}``.
      loss: how logits are judged.
      prior: of the latents.
      weight: of the ambiguity, λ; with 0 it is a GAN whose discriminator also learns classes.
      styles: of the classification.
      kind: of ambiguity, "binary" as in the paper or "uniform".

    A batch needs ``"image"`` and ``"label"``, int32 ``(B,)``. Metrics of the discriminator:
    ``class_accuracy`` on real examples; of the generator: ``entropy`` of D_c on its examples, as a share
    of log K.
    """

    def meet(make: Any, batch: Batch, latent: jax.Array, step: Step) -> Meeting:
        return Meeting(real=Inputs(batch["image"], labels_of(batch)), fake=Inputs(make(latent)))

    def doubt(scene: Scene) -> Result:
        logits = scene.answer("fake", "class")
        share = jnp.mean(entropy(logits)) / math.log(logits.shape[1])
        weights = scene.meeting["fake"].weights
        return mean(ambiguity(logits, kind), weights), None, {"entropy": share}

    return versus(
        generator,
        discriminator,
        adversarial(loss),
        classification("real", weight=styles),
        Term("ambiguity", doubt, GENERATOR, ("fake",), weight),
        latent=prior,
        meet=meet,
        present=values_alone,
    )
