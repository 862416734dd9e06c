"""pix2pixHD: pictures of high resolution from pictures or maps of labels, coarse first and then fine."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.game import Batch, Game, Translation
from jgan.gans.pix2pix import check_domains
from jgan.gans.spade import check_maps
from jgan.gans.versus import versus, without_condition
from jgan.losses import Loss
from jgan.networks.conditional import one_hot
from jgan.networks.multiscale import half_size
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Step
from jgan.terms.adversarial import adversarial
from jgan.terms.feature_matching import paired_feature_matching


def boundaries(instances: jax.Array) -> jax.Array:
    """Maps ``(B, H, W, 1)`` of 1 at pixels that have a neighbour of another object, else 0.

    Neighbours are the four beside a pixel (Wang et al. 2018, section 3.4).

    Args:
      instances: the number of the object at each pixel, ``(B, H, W)``.

    >>> boundaries(jnp.asarray([[[1, 1, 1, 2]]]))[0, 0, :, 0].tolist()
    [0.0, 0.0, 1.0, 1.0]
    """
    found = jnp.zeros(instances.shape, bool)
    for axis in (1, 2):
        differs = jnp.diff(instances, axis=axis) != 0
        ends = [(0, 0)] * 3
        for side in ((0, 1), (1, 0)):
            ends[axis] = side
            found = found | jnp.pad(differs, ends)
    return found[..., None].astype(jnp.float32)


def pix2pixhd(
    generator: Network,
    discriminator: Network,
    loss: Loss,
    *,
    enhancer: Network | None = None,
    labels: int = 0,
    matching: float = 10.0,
    adversarial_weight: float = 2.0,
    conditional: bool = True,
) -> Game:
    """The game of Wang et al. 2018, of one of its two stages.

    Without an enhancer it is the coarse one: inputs and pictures are met at half their size. With one the
    global generator still sees the input at half its size, and the enhancer makes the picture from the input
    and from the global generator's features; both are trained, as the authors do at last. A training has one
    stage of each (`jgan.training.stages.Stage`), and the second inherits the global generator. Halves are means
    over 3x3 pixels. A perceptual term is another to be added (`jgan.terms.perceptual`).

    Args:
      generator: the global one, pictures to ``{"picture": ..., "features": ...}``, a
        `jgan.networks.resnet.resnet_generator` with ``answers=True``.
      discriminator: input and answer joined to ``{"logit": ..., "features": ...}``, such as
        `jgan.networks.multiscale.multiscale_discriminator`, whose scales are summed, as in the authors' code.
      loss: how logits are judged; the authors' is least squares.
      enhancer: ``(pictures, features)`` to pictures, a `resnet_generator` with ``halvings=1``.
      labels: number of labels of the maps that are translated; 0 for pictures.
      matching: weight of the matched features; 0 for none.
      adversarial_weight: of the adversarial loss. 2 makes `jgan.losses.least_squares`, whose squares are
        halved, the generator's loss of the authors.
      conditional: whether the discriminator sees the input; if not, it takes the pictures alone.

    A batch needs ``"a"`` and ``"b"``, or ``"image"`` and ``"mask"``, and with ``"instance_mask"``, the number
    of an object at each pixel, their boundaries are a further plane of the input. Samples of the coarse stage
    have the size of the data, each of their pixels four times.

    Raises:
      ValueError: from ``init``, if the data have no such fields, or networks and data do not fit.
    """
    source, target = ("mask", "image") if labels else ("a", "b")

    def inputs_of(batch: Batch) -> jax.Array:
        given = one_hot(batch["mask"], labels) if labels else batch["a"]
        if "instance_mask" not in batch:
            return given
        return jnp.concatenate([given, boundaries(batch["instance_mask"])], axis=-1)

    def made_of(make: Any, given: jax.Array) -> jax.Array:
        coarse = make["global"](half_size(given))
        if enhancer is None:
            return coarse["picture"]
        return make["enhancer"](given, coarse["features"])

    def meet(make: Any, batch: Batch, latent: Any, step: Step) -> Meeting:
        (check_maps if labels else check_domains)(batch)
        given, real = inputs_of(batch), batch[target]
        fake = made_of(make, given)
        if enhancer is None:
            given, real = half_size(given), half_size(real)
        return Meeting(real=Inputs(real, given), fake=Inputs(fake, given))

    def joined(ask: Any, inputs: Inputs, group: str) -> Any:
        return ask(jnp.concatenate([inputs.condition, inputs.values], axis=-1))

    def sample(make: Any, given: Any) -> jax.Array:
        found = made_of(make, inputs_of(given))
        if enhancer is not None:
            return found
        height, width = given[source].shape[1:3]
        return jnp.repeat(jnp.repeat(found, 2, axis=1), 2, axis=2)[:, :height, :width]

    fields = (source, "instance_mask")
    parts = {"global": generator} | ({} if enhancer is None else {"enhancer": enhancer})
    translate = lambda make, values, label, z: sample(make, {source: values})
    return versus(
        parts,
        discriminator,
        adversarial(loss, weight=adversarial_weight),
        paired_feature_matching(matching) if matching else [],
        condition=lambda batch: {name: batch[name] for name in fields if name in batch},
        example=target,
        meet=meet,
        present=joined if conditional else without_condition,
        sample=lambda make, latent, condition, step: sample(make, condition),
        translations={
            "mask-to-image" if labels else "a-to-b": Translation(source, translate, labels=labels)
        },
    )
