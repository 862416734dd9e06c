"""The semi-supervised GAN: a classifier whose certainty is the discriminator's logit."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jgan.batch_axis import draw_rows
from jgan.game import Game, count_of
from jgan.gans.feature_matching import only_discriminator
from jgan.gans.versus import versus
from jgan.latents import Prior
from jgan.losses import separable, softplus
from jgan.networks.network import Network
from jgan.scene import Inputs, Result, Scene, Term
from jgan.terms.adversarial import adversarial
from jgan.terms.classification import log_losses
from jgan.terms.feature_matching import feature_matching


def certain(ask: Any, inputs: Inputs, group: str) -> dict[str, Any]:
    """A classifier's answers with the further answer ``"logit"``, log Z with Z = Σ_k exp l_k.

    D = Z / (Z + 1), so that an unspoken class "fake" has the logit 0 (Salimans et al. 2016, section 5).
    """
    answers = ask(inputs.values)
    return {**answers, "logit": jax.nn.logsumexp(answers["class"], axis=-1)}


def semi_supervised(
    generator: Network,
    classifier: Network,
    prior: Prior,
    labelled: Mapping[str, Any],
    *,
    unsupervised: float = 1.0,
) -> Game:
    """The game of Salimans et al. 2016, section 5, with feature matching for the generator.

    L_D = E_labelled -log p(y|x, y ≤ K) + ½ E sp(-log Z(x)) + ½ E sp(log Z(x̂)).

    Args:
      generator: latents to examples.
      classifier: examples to ``{"class": (B, K), "features": (B, F)}``.
      prior: of the latents.
      labelled: ``"image"`` and ``"label"`` of the few labelled examples, as batches give them; the labels
        of batches are not looked at. A discriminator step draws as many, with replacement, as its batch has.
      unsupervised: weight of the two terms without labels; 0 leaves a classifier of the labelled examples.

    Metric of the discriminator: ``labelled_accuracy``.
    """
    share = 0.5 * unsupervised
    loss = separable(lambda r: share * softplus(-r), lambda f: share * softplus(f), softplus)
    images, labels = jnp.asarray(labelled["image"]), jnp.asarray(labelled["label"])

    def supervised(scene: Scene) -> Result:
        rows = lambda rows: jax.random.randint(scene.key, (rows,), 0, images.shape[0])
        chosen = draw_rows(rows, count_of(scene.batch))
        logits = scene.ask(Inputs(images[chosen]), "real")["class"]
        right = jnp.argmax(logits, axis=-1) == labels[chosen]
        losses = log_losses(logits, labels[chosen])
        return jnp.mean(losses), None, {"labelled_accuracy": jnp.mean(right)}

    return versus(
        generator,
        classifier,
        adversarial(only_discriminator(loss)),
        Term("supervised", supervised),
        feature_matching(),
        latent=prior,
        present=certain,
    )
