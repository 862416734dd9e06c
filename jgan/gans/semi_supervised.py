"""The semi-supervised GAN: a classifier whose certainty is the discriminator's logit."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import optax

from jgan.batch_axis import draw_rows
from jgan.game import DISCRIMINATOR, Collections, Game, Inputs, Metrics
from jgan.gans.answers import answer, asked, with_answers
from jgan.gans.feature_matching import feature_matching, only_discriminator
from jgan.gans.gan import gan
from jgan.latents import Prior
from jgan.losses import separable, softplus
from jgan.networks.network import Network
from jgan.penalties import Penalty, Scene, with_penalty


def certain(classifier: Network) -> Network:
    """The classifier with the further answer ``"logit"``, log Z with Z = Σ_k exp l_k.

    D = Z / (Z + 1), so that an unspoken class "fake" has the logit 0 (Salimans et al. 2016, section 5).
    """

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        answers, state = classifier.apply(collections, *inputs, key=key, train=train)
        return {**answers, "logit": jax.nn.logsumexp(answers["class"], axis=-1)}, state

    return Network(classifier.init, apply)


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
    network = certain(classifier)
    game = gan(generator, answer(network, "logit"), only_discriminator(loss), prior)
    images, labels = jnp.asarray(labelled["image"]), jnp.asarray(labelled["label"])

    def supervised(scene: Scene) -> tuple[jax.Array, Collections, Metrics]:
        count = scene.asked.real.values.shape[0]
        chosen = draw_rows(
            lambda rows: jax.random.randint(scene.key, (rows,), 0, images.shape[0]), count
        )
        logits = asked(scene, Inputs(images[chosen]), "class")
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, labels[chosen])
        right = jnp.argmax(logits, axis=-1) == labels[chosen]
        return jnp.mean(losses), {}, {"labelled_accuracy": jnp.mean(right)}

    game = with_answers(game, network)
    return with_penalty(game, Penalty("supervised", supervised, DISCRIMINATOR), feature_matching())
