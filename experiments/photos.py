"""StyleGAN2 for one's own pictures, also for few (Karras et al. 2020, arXiv 2006.06676).

jgan train experiments/photos.py --data folder:PHOTOS@64
"""

from typing import Literal

import jax

from jgan import (
    Dataset,
    DiscriminatorAugmentation,
    Experiment,
    RampedAdam,
    lazy,
    non_saturating,
    r1,
)
from jgan.claims.class_measures import classes_of
from jgan.claims.shared import learns_from_few
from jgan.gans.stylegan import stylegan
from jgan.networks.stylegan2 import style_count, stylegan2_synthesis
from jgan.terms.path_regularizer import path_regularizer
from jgan.training.photo_recipe import PhotoSettings, photos, recipe
from jgan.training.style_networks import StyleNetworks

CLAIMS = learns_from_few(
    setting={"pictures": 500, "width": 8, "most": 32, "latent": 64}, steps=1500
)


def experiment(
    *,
    data: Dataset = Dataset(),
    pictures: int | None = None,
    condition: Literal["none", "label"] = "none",
    settings: PhotoSettings = PhotoSettings(),
) -> Experiment:
    """StyleGAN2 whose settings follow from the pictures and the device, as in StyleGAN2-ADA's code.

    What is decided, and why, is printed before the first step, and by ``--dry-run`` with the time that the
    training takes. Samples are scored while it trains, and the best checkpoint is kept. Pictures must have
    sides of 4, 5, 6 or 7 times a power of two, such as 64, 96 or 128; ``@64`` at the end of a folder's name
    crops and resizes them.

    Args:
      data: Name or path of pictures, see jgan.data.load.
      pictures: Number of pictures that are used, drawn at random; all if none.
      condition: Whether the mapping network and the discriminator are given the label.
    """
    source = photos(data.load_pictures(), pictures)
    classes = classes_of(source) if condition == "label" else 0
    accelerators = 0 if jax.default_backend() == "cpu" else jax.device_count()

    def built(batch_size: int | None = None) -> Experiment:
        given = settings.given | ({} if batch_size is None else {"batch_size": batch_size})
        values, decisions = recipe(source.shape, source.size, accelerators, given)
        batch = values["batch_size"]
        networks = StyleNetworks(
            condition=condition,
            mixing=values["mixing"],
            group=min(batch, 4),
            latent=values["latent"],
            layers=2,
            width=values["width"],
            most=values["most"],
        )
        game = stylegan(
            networks.mapping(style_count(source.shape), classes),
            stylegan2_synthesis(source.shape, width=networks.width, most=networks.most),
            networks.discriminator(classes, residual=values["residual"] == "yes"),
            non_saturating(),
            networks.latent,
            conditional=networks.conditional,
        ).add(lazy(r1(values["gamma"]), 16))
        if values["path_length"]:
            game = game.add(lazy(path_regularizer(values["path_length"]), 4))
        augmentation = DiscriminatorAugmentation(
            values["augmentation"], ada_kimg=values.get("ada_kimg", 500.0)
        )
        game = augmentation.applied(game, source)
        # 10,000 pictures in batches of 32, whatever the batch, as in StyleGAN2-ADA's code.
        rule = RampedAdam(lr=values["lr"], half_life=312.5).alternating(game)
        return Experiment(
            game,
            rule,
            source,
            values["steps"],
            batch,
            claims=CLAIMS,
            decisions=decisions,
            for_batch=built,
            evaluate_every=500,
        )

    return built()
