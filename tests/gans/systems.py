"""The catalogue's systems as tiny games, for the battery of `test_catalogue`."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from jgan.augmentation import diff_augment, with_adaptive_augmentation, with_augmentation
from jgan.data import Source
from jgan.game import Game
from jgan.gans.acgan import acgan
from jgan.gans.age_cgan import age_cgan
from jgan.gans.attgan import attgan
from jgan.gans.autoencoder import plain_autoencoder
from jgan.gans.began import began
from jgan.gans.bigan import bigan
from jgan.gans.bigbigan import bigbigan
from jgan.gans.can import can
from jgan.gans.cogan import cogan
from jgan.gans.conditional import conditional
from jgan.gans.cyclegan import cyclegan
from jgan.gans.ebgan import ebgan
from jgan.gans.feature_matching import feature_matching_gan
from jgan.gans.gan import gan
from jgan.gans.infogan import Codes, infogan
from jgan.gans.lapgan import lapgan
from jgan.gans.mixture import gaussian_mixture
from jgan.gans.packing import packed
from jgan.gans.pix2pix import pix2pix
from jgan.gans.pix2pixhd import pix2pixhd
from jgan.gans.pixelcnn import pixelcnn
from jgan.gans.privacy import privacy
from jgan.gans.r3gan import r3gan
from jgan.gans.semi_supervised import semi_supervised
from jgan.gans.spade import spade
from jgan.gans.stargan import stargan
from jgan.gans.stylegan import stylegan
from jgan.gans.stylegan3 import stylegan3
from jgan.gans.talking_heads import one_talking_head, talking_heads
from jgan.gans.unrolled import unrolled
from jgan.gans.vae import vae
from jgan.gans.vae_gan import vae_gan
from jgan.latents import normal
from jgan.losses import hinge, least_squares, non_saturating
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.networks.attribute_editor import attribute_decoder, attribute_encoder
from jgan.networks.autoencoder import autoencoder
from jgan.networks.classifier import classifying_player
from jgan.networks.combined import answer_of
from jgan.networks.conditional import (
    conditional_generator,
    labelled,
    projection_discriminator,
)
from jgan.networks.coupled import coupled_discriminator, coupled_generator
from jgan.networks.detail import beside, detail_generator
from jgan.networks.domain_judge import domain_discriminator
from jgan.networks.heads import generator_for, heads
from jgan.networks.joint import joint_discriminator, reparameterized
from jgan.networks.masked import pixelcnn_network
from jgan.networks.mlp import mlp
from jgan.networks.multiscale import multiscale_discriminator
from jgan.networks.patch import patch_discriminator
from jgan.networks.r3gan import r3gan_discriminator, r3gan_generator
from jgan.networks.resnet import CYCLEGAN, STARGAN, resnet_generator, style_size
from jgan.networks.spade import spade_generator
from jgan.networks.stylegan1 import stylegan1_synthesis
from jgan.networks.stylegan2 import (
    style_count,
    style_mapping,
    stylegan2_discriminator,
    stylegan2_synthesis,
)
from jgan.networks.stylegan3 import stylegan3_style_count, stylegan3_synthesis
from jgan.networks.talking_heads import (
    learned_style,
    person_discriminator,
    person_embedder,
)
from jgan.networks.unet import unet
from jgan.networks.variational import encoder
from jgan.networks.virtual import virtual_generator
from jgan.schedules import cosine_schedule
from jgan.terms.historical import historical_averages
from jgan.terms.path_regularizer import path_regularizer
from jgan.terms.penalties import lazy, r1_r2

CLASSES, SHAPE = 3, (8, 8, 1)
PRIOR, LOSS = normal(3), non_saturating()
DCGAN = {"body": "dcgan", "width": 2, "norm": "none"}
MLP = {"body": "mlp", "width": 1, "norm": "none"}
RNG = np.random.default_rng(0)
SOURCE = Source(
    {
        "image": RNG.integers(0, 256, (48, *SHAPE), np.uint8),
        "label": RNG.integers(0, CLASSES, 48).astype(np.int32),
        **{field: RNG.integers(0, 256, (48, *SHAPE), np.uint8) for field in ("other", "a", "b")},
        "mask": RNG.integers(0, CLASSES, (48, *SHAPE[:2])).astype(np.int32),
        "pose": RNG.integers(0, 256, (48, *SHAPE), np.uint8),
        **{f: RNG.integers(0, 256, (48, 2, *SHAPE), np.uint8) for f in ("shots", "shot_poses")},
        "person": RNG.integers(0, CLASSES, 48).astype(np.int32),
        "identity": RNG.integers(0, 2, 48).astype(np.int32),
    },
    "noise",
)
BATCH = jax.tree.map(jnp.asarray, SOURCE.first(16))


def generator(body="mlp"):
    return generator_for(SHAPE, body=body, width=2)


def judge(body):
    return heads({"logit": 1}, **body)


def coder(**body):
    return answer_of(heads({"code": 3}, **body), "code")


def packs():
    return packed(gan(generator(), mlp_discriminator((8,)), LOSS, PRIOR), 2)


def patches():
    return patch_discriminator(16, width=1, norm="instance")


def translator(style=CYCLEGAN):
    return resnet_generator(1, width=1, blocks=1, style=style)


def stylegan2():
    mapping = style_mapping(style_count(SHAPE), features=3, layers=1, classes=CLASSES)
    judge = stylegan2_discriminator(
        width=1, most=2, group=2, classes=CLASSES, residual=True, mapping_layers=1
    )
    networks = mapping, stylegan2_synthesis(SHAPE, width=1, most=2), judge
    game = stylegan(*networks, LOSS, 3, conditional=True)
    return game.add(lazy(path_regularizer(), 2))


def stylegan1():
    mapping = style_mapping(style_count(SHAPE), features=3, layers=1)
    judge = stylegan2_discriminator(width=1, most=2, group=4, residual=False)
    return stylegan(mapping, stylegan1_synthesis(SHAPE, width=1, most=2), judge, LOSS, 3)


def augmented():
    """DiffAugment, then ADA, on a conditional game; p begins high, for it to matter."""
    networks = labelled(generator(), CLASSES), labelled(judge(MLP), CLASSES)
    game = with_augmentation(conditional(*networks, LOSS, PRIOR), diff_augment())
    return with_adaptive_augmentation(game, interval=2, kimg=0.1, start=0.7)


def residual():
    sizes = {"width": 1, "most": 2, "group": 2, "blocks": 1, "classes": CLASSES}
    networks = r3gan_generator(SHAPE, embedding=2, **sizes), r3gan_discriminator(**sizes)
    game = r3gan(*networks, latent=3, conditional=True)
    return game.add(r1_r2(cosine_schedule(0.5, 0.05, 5)))


def stylegan3_of(classes=0, **kind):
    """A network of one layer."""
    mapping = style_mapping(
        stylegan3_style_count(1), features=3, layers=1, classes=classes, mixing=0.0
    )
    judge = stylegan2_discriminator(width=1, most=2, group=2, classes=classes, mapping_layers=1)
    synthesis = stylegan3_synthesis(SHAPE, width=1, most=2, layers=1, margin=2, **kind)
    return stylegan3(mapping, synthesis, judge, LOSS, 3, conditional=classes > 0)


class System(NamedTuple):
    """How a system is built, what its views show of 16 examples, and where laws must know more.

    ``real`` is a group of real examples. ``tolerance`` is by how much an update may differ on several devices.
    """

    build: Callable[[], Game]
    views: tuple[str, ...] = ("samples",)
    single: bool = False
    real: str = "real"
    tolerance: float = 1e-5


LABELS = ("classes", "samples")
REBUILT = ("reconstructions", "samples")
STYLED = ("mixing", "noise", "samples", "truncation")
MOVED = ("rotations", "samples", "translations", "truncation")
SYSTEMS = {
    "cgan": System(
        lambda: conditional(
            labelled(generator("dcgan"), CLASSES), labelled(judge(DCGAN), CLASSES), LOSS, PRIOR
        ),
        LABELS,
    ),
    "cgan with embeddings": System(
        lambda: conditional(
            labelled(generator(), CLASSES, 2), labelled(judge(MLP), CLASSES, 2), LOSS, PRIOR
        ),
        LABELS,
    ),
    "projection": System(
        lambda: conditional(
            conditional_generator(SHAPE, CLASSES, width=2),
            projection_discriminator(CLASSES, width=2),
            hinge(),
            PRIOR,
        ),
        LABELS,
    ),
    "acgan": System(
        lambda: acgan(
            labelled(generator(), CLASSES),
            heads({"logit": 1, "class": CLASSES}, **DCGAN),
            LOSS,
            PRIOR,
        ),
        LABELS,
    ),
    "infogan": System(
        lambda: infogan(
            generator(), heads({"logit": 1, "code": 5}, hidden=4, **MLP), LOSS, Codes(3, 2, 4)
        ),
        ("code-1", "code-2", "codes", "samples"),
    ),
    "ebgan": System(
        lambda: ebgan(
            generator(), autoencoder(code=4, width=2, body="dcgan"), PRIOR, margin=9.0, pull=3.0
        ),
        ("reconstructions", "samples"),
    ),
    "began": System(
        lambda: began(
            generator(), autoencoder(code=4, width=1, body="mlp"), PRIOR, gamma=3.0, rate=0.1
        ),
        ("reconstructions", "samples"),
    ),
    "minibatch discrimination and noise": System(
        lambda: gan(
            generator(),
            heads({"logit": 1}, kernels=3, noise=0.1, **MLP),
            LOSS,
            PRIOR,
        )
    ),
    "feature matching": System(
        lambda: feature_matching_gan(generator(), heads({"logit": 1}, **MLP), LOSS, PRIOR)
    ),
    "virtual batch normalisation": System(
        lambda: gan(virtual_generator(SHAPE, PRIOR, width=1, reference=5), judge(MLP), LOSS, PRIOR)
    ),
    "packing": System(packs),
    "bigan": System(
        lambda: bigan(
            generator(),
            coder(body="mlp", width=1),
            joint_discriminator(**MLP),
            LOSS,
            PRIOR,
        ),
        ("reconstructions", "samples"),
    ),
    "bigbigan": System(
        lambda: bigbigan(
            generator(),
            reparameterized(encoder(3, **MLP)),
            joint_discriminator(body="mlp", width=1, norm="spectral", unary=True),
            hinge(),
            PRIOR,
        ),
        ("reconstructions", "samples"),
    ),
    "cogan": System(
        lambda: cogan(
            coupled_generator(generator_for((8, 8, 2), width=2)),
            coupled_discriminator(answer_of(judge(DCGAN), "logit")),
            LOSS,
            PRIOR,
        ),
        ("pairs", "samples"),
    ),
    "lapgan": System(
        lambda: lapgan(
            [
                detail_generator(width=2, size=3, layers=2),
                generator_for((4, 4, 1), body="mlp", width=1),
            ],
            [beside(judge(MLP)), judge(MLP)],
            LOSS,
            PRIOR,
        ),
        ("levels", "samples"),
    ),
    "pix2pix": System(
        lambda: pix2pix(unet(1, width=1, norm="instance"), patches(), LOSS, weight=9.0),
        ("samples", "triples"),
    ),
    "pix2pixhd": System(
        lambda: pix2pixhd(
            resnet_generator(1, width=2, blocks=1, halvings=1, answers=True),
            multiscale_discriminator(2, halvings=1, width=1),
            least_squares(),
            enhancer=resnet_generator(1, width=1, blocks=1, halvings=1),
        )
    ),
    "cyclegan": System(
        lambda: cyclegan(
            (translator(), translator()), (patches(), patches()), least_squares(), size=20
        ),
        ("cycles", "reconstructions", "samples"),
        real="real_a",
        tolerance=1e-3,  # since instance normalisation of maps of few pixels makes 2.5e-4 of 1e-7 in an update
    ),
    "stargan": System(
        lambda: stargan(
            labelled(translator(STARGAN), CLASSES),
            domain_discriminator(CLASSES, layers=1, width=1),
            CLASSES,
            penalty=3.0,
        ),
        ("domains", "samples"),
    ),
    "attgan": System(
        lambda: attgan(
            attribute_encoder(layers=2, width=1, norm="none"),
            attribute_decoder(1, CLASSES, width=1, norm="none"),
            domain_discriminator(CLASSES, layers=1, width=1),
            CLASSES,
            penalty=3.0,
        ),
        ("attributes", "samples"),
    ),
    "privacy": System(
        lambda: privacy(
            unet(1, width=1, depth=2, dropouts=0, norm="instance"),
            classifying_player(CLASSES, width=1),
            heads({"class": 2}, **MLP),
        ),
        ("pairs", "samples"),
        real="original",
    ),
    "spade": System(
        lambda: spade(
            spade_generator(1, width=1, levels=1, hidden=2),
            multiscale_discriminator(2, halvings=1, width=1, spectral=True),
            CLASSES,
            encoder=encoder(2, width=1, body="mlp"),
            style=2,
        ),
        REBUILT,
    ),
    "talking heads": System(
        lambda: talking_heads(
            person_embedder(2, width=1, halvings=1),
            mlp((), style_size(1, 0, 1)),
            resnet_generator(1, width=1, blocks=0, halvings=1, styled=True),
            person_discriminator(CLASSES, 2, width=1, halvings=1),
        ),
        ("samples", "triples"),
    ),
    "one talking head": System(
        lambda: one_talking_head(
            learned_style(style_size(1, 0, 1)),
            resnet_generator(1, width=1, blocks=0, halvings=1, styled=True),
            person_discriminator(0, 2, width=1, halvings=1),
        )
    ),
    "can": System(
        lambda: can(generator(), heads({"logit": 1, "class": CLASSES}, **MLP), LOSS, PRIOR)
    ),
    "historical averaging": System(
        lambda: gan(mlp_generator(SHAPE, (4,)), judge(MLP), LOSS, PRIOR).add(
            historical_averages(0.5)
        )
    ),
}
SYSTEMS |= {
    "age-cgan": System(
        lambda: age_cgan(
            labelled(generator("dcgan"), CLASSES),
            coder(**MLP),
            PRIOR,
            CLASSES,
            lambda x: x,
            steps=2,
        ),
        ("ages", "samples"),
        single=True,
    ),
    "vae": System(
        lambda: vae(encoder(3, width=2, norm="batch"), generator("dcgan"), 3), REBUILT, single=True
    ),
    "autoencoder": System(
        lambda: plain_autoencoder(coder(**MLP), generator(), 3),
        REBUILT,
        single=True,
    ),
    "gaussian mixture": System(
        lambda: gaussian_mixture(
            {
                "weights": jnp.zeros(2),
                "means": jnp.zeros((2, 64)).at[0].set(0.2),
                "precisions": jnp.stack([2 * jnp.eye(64), jnp.eye(64)]),
            }
        ),
        single=True,
    ),
    "pixelcnn": System(
        lambda: pixelcnn(pixelcnn_network(3, layers=2, width=2, size=3), 3), single=True
    ),
    "vae-gan": System(
        lambda: vae_gan(
            encoder(3, width=1, body="mlp"),
            generator("dcgan"),
            heads({"logit": 1}, **MLP),
            LOSS,
            3,
            gamma=0.5,
        ),
        REBUILT,
    ),
    "semi-supervised": System(
        lambda: semi_supervised(
            generator(), heads({"class": CLASSES}, noise=0.1, **MLP), PRIOR, SOURCE.first(5)
        )
    ),
    "unrolled": System(
        lambda: unrolled(gan(generator("dcgan"), judge(DCGAN), LOSS, PRIOR), 2, optax.sgd(0.02))
    ),
    "adaptive augmentation": System(augmented, LABELS),
    # Adaptive normalisation of maps of few pixels enlarges rounding, as instance normalisation does.
    "stylegan": System(stylegan1, STYLED, tolerance=1e-4),
    "stylegan2": System(stylegan2, STYLED),
    "r3gan": System(residual, LABELS),
    "stylegan3-t": System(lambda: stylegan3_of(CLASSES, critical=0), MOVED),
    "stylegan3-r": System(lambda: stylegan3_of(size=1, radial=True, critical=0), MOVED),
}
