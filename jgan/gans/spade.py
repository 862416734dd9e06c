"""SPADE (GauGAN): pictures from maps of labels, which normalisation lets through, with a style of their own."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.game import Batch, Game, Translation
from jgan.gans.vae import check_code
from jgan.gans.versus import versus, without_condition
from jgan.latents import normal
from jgan.losses import Loss, hinge
from jgan.networks.conditional import one_hot
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Scene, Step
from jgan.terms.adversarial import adversarial
from jgan.terms.feature_matching import paired_feature_matching
from jgan.terms.kl import kl_divergence


def check_maps(batch: Batch) -> None:
    """Raise ValueError unless a batch has pictures with a map of labels each."""
    fitting = {"image", "mask"} <= batch.keys() and batch["image"].ndim == 4
    if fitting:
        image, mask = batch["image"], batch["mask"]
        fitting = mask.shape == image.shape[:3] and jnp.issubdtype(mask.dtype, jnp.integer)
    if not fitting:
        found = ", ".join(
            f"{name} {values.dtype}{values.shape[1:]}" for name, values in batch.items()
        )
        raise ValueError(
            f"the data have {found}, but this game needs pictures in the field 'image' and, of the same size, "
            "labels of all pixels in the field 'mask'."
        )


def spade(
    generator: Network,
    discriminator: Network,
    labels: int,
    *,
    loss: Loss = hinge(),  # noqa: B008  a tuple of pure functions
    encoder: Network | None = None,
    style: int = 0,
    kl: float = 0.05,
    matching: float = 10.0,
    conditional: bool = True,
) -> Game:
    """The game of Park et al. 2019: a conditional GAN whose generator sees a map of labels at every layer.

    The adversarial loss is the mean over the discriminator's scales, and features are matched with those of the
    counterpart. The perceptual term of the paper is another to be added (`jgan.terms.perceptual`). With an
    encoder the style of a picture in training is drawn from what it says of the picture itself, and pulled to
    N(0, I), from which styles are drawn in use. The authors sum that divergence over the batch; this is its
    mean.

    Args:
      generator: ``(maps (B, H, W, labels)[, style])`` to pictures, such as
        `jgan.networks.spade.spade_generator`; maps are one-hot.
      discriminator: pictures ``(B, H, W, labels + C)``, maps and pictures joined, to ``{"logit": ...,
        "features": ...}``, such as `jgan.networks.multiscale.multiscale_discriminator`.
      labels: how many there are; other numbers in a map make NaN.
      loss: how logits are judged; the authors' is the hinge loss.
      encoder: pictures to ``{"mean": (B, style), "std": (B, style)}``; None for pictures without a style.
      style: size of a style, 256 in the authors' code.
      kl: weight of the divergence.
      matching: weight of the matched features; 0 for none.
      conditional: whether the discriminator sees the map; if not, it takes ``(B, H, W, C)``.

    A batch needs ``"image"`` and ``"mask"``, integers ``(B, H, W)``. Samples are made for its maps. The view
    ``"reconstructions"``, with an encoder, shows its maps in the style of their own pictures.

    Raises:
      ValueError: from ``init``, if the data have no such fields, or networks and data do not fit.
    """

    def styled(make: Any, maps: jax.Array, z: Any) -> jax.Array:
        if encoder is None:
            return make(maps)
        return make["picture"](maps, z)

    def meet(make: Any, batch: Batch, noise: Any, step: Step) -> Meeting:
        check_maps(batch)
        maps, made, z = one_hot(batch["mask"], labels), {}, noise
        if encoder is not None:
            made["posterior"] = make["encoder"](batch["image"])
            check_code(made["posterior"]["mean"], style)
            z = made["posterior"]["mean"] + made["posterior"]["std"] * noise
        fake = styled(make, maps, z)
        return Meeting(real=Inputs(batch["image"], maps), fake=Inputs(fake, maps), made=made)

    def joined(ask: Any, inputs: Inputs, group: str) -> Any:
        return ask(jnp.concatenate([inputs.condition, inputs.values], axis=-1))

    def in_its_style(scene: Scene) -> jax.Array:
        z = scene.make["encoder"](scene.batch["image"])["mean"]
        return styled(scene.make, one_hot(scene.batch["mask"], labels), z)

    latent = None if encoder is None else normal(style)
    sample = lambda make, z, mask, step: styled(make, one_hot(mask, labels), z)
    from_map = lambda make, mask, label, z: styled(make, one_hot(mask, labels), z)
    return versus(
        generator if encoder is None else {"picture": generator, "encoder": encoder},
        discriminator,
        adversarial(loss, leaves="mean"),
        paired_feature_matching(matching) if matching else [],
        [] if encoder is None else kl_divergence(kl),
        latent=latent,
        condition=lambda batch: batch["mask"],
        meet=meet,
        present=joined if conditional else without_condition,
        sample=sample,
        encode=None if encoder is None else lambda make, images: make["encoder"](images)["mean"],
        views={} if encoder is None else {"reconstructions": in_its_style},
        translations={"mask-to-image": Translation("mask", from_map, latent=latent, labels=labels)},
    )
