"""Equivariance of StyleGAN3-T, StyleGAN3-R and StyleGAN2 (Karras et al. 2021, arXiv 2106.12423, section 3.2).

    python experiments/figures/equivariance.py [--side 64] [--count 32] [--out equivariance.png]

All networks have random weights and a plane of waves as input, which replaces StyleGAN2's learned constant
(configuration B of the paper). A row shows an image; the image made again after its plane was moved down and
to the right; the image itself after it was moved; ten times their difference; and the same for a turn. Pixels
that cannot be compared are white. EQ-T and EQ-R are those of many images, whose standard deviation is brought
to 0.5 in each row.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from figure_command import run, write

from jgan.commands.dirac_figure import pyplot
from jgan.metrics.equivariance import Equivariance, equivariance, rotate, translate_whole
from jgan.networks.fourier import FourierInput
from jgan.networks.network import Network
from jgan.networks.stylegan2 import style_count, style_mapping, stylegan2_synthesis
from jgan.networks.stylegan3 import stylegan3_style_count, stylegan3_synthesis

LATENT, LAYERS, BATCH, DEVIATION = 64, 8, 16, 0.5
SHIFT, ANGLE = 0.125, 30.0
Images = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]
"""Latents ``(B, d)``, shifts ``(B, 2)`` in sides of the image and angles ``(B,)`` to images."""


class Case(NamedTuple):
    """A network at random weights.

    Attributes:
      name: of the network.
      shown: an image, and the same moved and turned, ``(3, side, side, 3)``.
      found: EQ-T and EQ-R.
    """

    name: str
    shown: jax.Array
    found: Equivariance


def stylegan3_images(side: int, turning: bool) -> Images:
    """StyleGAN3, configuration R if ``turning``, else T."""
    synthesis = stylegan3_synthesis(
        (side, side, 3),
        width=16 if turning else 8,
        most=64 if turning else 32,
        layers=LAYERS,
        size=1 if turning else 3,
        radial=turning,
    )
    inputs, key = stylegan3_style_count(LAYERS), jax.random.key(1)
    mapping = style_mapping(inputs, features=LATENT, layers=2, mixing=0.0)
    styles, variables = started(mapping, synthesis, inputs, key)

    def images(latent: jax.Array, shift: jax.Array, angle: jax.Array) -> jax.Array:
        return synthesis.apply(variables, styles(latent), shift, angle, train=False)[0]

    return images


def stylegan2_images(side: int) -> Images:
    """StyleGAN2 without noise, whose constant is a plane of waves that can be moved."""
    synthesis = stylegan2_synthesis((side, side, 3), width=8, most=32)
    inputs, key = style_count((side, side, 3)), jax.random.key(1)
    mapping = style_mapping(inputs, features=LATENT, layers=2, mixing=0.0)
    styles, variables = started(mapping, synthesis, inputs, key)
    size, _, channels = variables["params"]["constant"].shape
    waves = FourierInput(channels, size, size, size / 2)
    plane = waves.init(key, jnp.zeros((1, LATENT)))

    def one(given: tuple[jax.Array, jax.Array]) -> jax.Array:
        w, constant = given
        moved = {**variables, "params": {**variables["params"], "constant": constant}}
        return synthesis.apply(moved, w[None], 0.0, train=False)[0][0]

    def images(latent: jax.Array, shift: jax.Array, angle: jax.Array) -> jax.Array:
        place = jnp.zeros((len(latent), LATENT))
        constants = waves.apply(plane, place, shift, angle)
        return jax.lax.map(one, (styles(latent), constants))

    return images


def started(
    mapping: Network, synthesis: Network, inputs: int, key: jax.Array
) -> tuple[Callable[[jax.Array], jax.Array], Any]:
    """Latents to styles, and the synthesis network's variables, both at random weights."""
    weights = jax.jit(mapping.init)(key, jnp.zeros((1, LATENT)))
    styles = lambda latent: mapping.apply(weights, latent, train=False)[0]["styles"]
    return styles, jax.jit(synthesis.init)(key, jnp.zeros((1, inputs, LATENT)))


def case_of(name: str, images: Images, count: int) -> Case:
    """The network with its images brought to one standard deviation, EQ-T and EQ-R of so many."""
    latent, compiled = jax.random.normal(jax.random.key(2), (BATCH, LATENT)), jax.jit(images)
    some = compiled(latent, jnp.zeros((BATCH, 2)), jnp.zeros(BATCH))
    # A colour of the whole image is no contrast: it would not show what is moved.
    scale = DEVIATION / jnp.sqrt(jnp.mean(jnp.var(some, axis=(1, 2))))
    middle = jnp.mean(some, axis=(0, 1, 2))

    def generate(key: jax.Array, shift: jax.Array, angle: jax.Array) -> jax.Array:
        latent = jax.random.normal(key, (len(shift), LATENT))
        return scale * (images(latent, shift, angle) - middle)

    found = equivariance(generate, jax.random.key(0), count=count, batch_size=BATCH)
    shift = jnp.zeros((BATCH, 2)).at[1].set(SHIFT)
    angle = jnp.zeros(BATCH).at[2].set(np.deg2rad(ANGLE))
    same = compiled(jnp.broadcast_to(latent[:1], latent.shape), shift, angle)
    return Case(name, scale * (same[:3] - middle), found)


def panels(case: Case) -> list[np.ndarray]:
    """What a row shows."""
    image = case.shown[:1]
    moved = translate_whole(image, jnp.full((1, 2), round(SHIFT * image.shape[1])))
    turned = rotate(image, jnp.full(1, np.deg2rad(ANGLE)))
    shown = [image[0]]
    for found, (expected, valid) in zip(case.shown[1:], (moved, turned), strict=True):
        inside = valid[0, :, :, None]
        shown += [
            found,
            jnp.where(inside, expected[0], 1.0),
            jnp.where(inside, 10 * (found - expected[0]), 1.0),
        ]
    return [np.clip(np.asarray(panel) / 2 + 0.5, 0, 1) for panel in shown]


def draw(out: Path, side: int = 64, count: int = 32) -> list[str]:
    """Draw the three networks into ``out``; returns a line for each."""
    cases = [
        case_of("StyleGAN3-T", stylegan3_images(side, False), count),
        case_of("StyleGAN3-R", stylegan3_images(side, True), count),
        case_of("StyleGAN2", stylegan2_images(side), count),
    ]
    plt = pyplot()
    figure, axes = plt.subplots(len(cases), 7, figsize=(13, 6.2))
    lines = []
    for row, case in zip(axes, cases, strict=True):
        titles = ["image"]
        for motion, name, value in (
            ("moved", "EQ-T", case.found.eq_t),
            ("turned", "EQ-R", case.found.eq_r),
        ):
            titles += [
                f"plane {motion}: {name} {value:.1f} dB",
                f"image {motion}",
                "10 x difference",
            ]
        for panel, pixels, title in zip(row, panels(case), titles, strict=True):
            panel.imshow(pixels)
            panel.set(xticks=[], yticks=[])
            panel.set_title(title, fontsize=8)
        row[0].set_ylabel(case.name)
        lines.append(f"{case.name}: EQ-T {case.found.eq_t:.1f} dB, EQ-R {case.found.eq_r:.1f} dB")
    write(figure, out)
    return lines


if __name__ == "__main__":
    run(draw, __doc__, double=False)
