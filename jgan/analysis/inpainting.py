"""Semantic inpainting: the hole of a picture filled with what a trained generator would put there."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.analysis.blending import check_mask
from jgan.analysis.inversion import Search, draw_starts, is_zero, minimise
from jgan.game import Batch, Game, PyTree, Variables
from jgan.networks.hidden_layers import evaluating
from jgan.scene import Inputs, Scene, per_example

MASKS = ("center", "left", "random")
MISSING = 0.8  # share of pixels of the random mask, that of the paper's random pattern


class Inpainting(NamedTuple):
    """What was found for pictures with a hole.

    Attributes:
      search: for the latents; its losses are those of context and prior together.
      generated: G(z), ``(n, H, W, C)``.
      context: the weighted context loss of G(z), ``(n,)``.
      start: the same where the search began.
    """

    search: Search
    generated: jax.Array
    context: jax.Array
    start: jax.Array


def make_mask(name: str, height: int, width: int, seed: int = 0) -> np.ndarray:
    """A mask ``(height, width)``, true where a picture is known.

    Args:
      name: "center" leaves out the middle half of both sides, "left" the left half, "random" 80 % of the
        pixels.
      height: of the picture.
      width: of the picture.
      seed: of the random mask.

    Raises:
      ValueError: if there is no such mask.

    Examples:
      >>> (~make_mask("center", 8, 8)).sum().item(), (~make_mask("left", 8, 6)).sum().item()
      (16, 24)
    """
    if name not in MASKS:
        raise ValueError(f"mask is {name!r}, but must be one of {', '.join(MASKS)}.")
    known = np.ones((height, width), bool)
    if name == "center":
        top, left = (height - height // 2) // 2, (width - width // 2) // 2
        known[top : top + height // 2, left : left + width // 2] = False
    elif name == "left":
        known[:, : width // 2] = False
    else:
        known = np.random.default_rng(seed).random((height, width)) >= MISSING
    return known


def importance(mask: jax.Array, window: int = 7) -> jax.Array:
    """Weights of known pixels by how much of their surroundings is missing (Yeh et al. 2017, eq. 4).

    W_i is the share of missing pixels in the window around pixel i, of those that lie in the picture; 0 in
    the hole. Pixels far from it tell little about it.

    Args:
      mask: ``(H, W)``, true where known.
      window: side of the window, odd; 7 in the paper.

    Returns:
      ``(H, W)`` float32 in [0, 1).

    Raises:
      ValueError: if the window is even or not positive.

    Examples:
      >>> importance(jnp.asarray([[True, True, True, False]]), window=5).tolist()
      [[0.0, 0.25, 0.25, 0.0]]
    """
    if window < 1 or window % 2 == 0:
        raise ValueError(f"window is {window}, but must be odd and positive.")
    known = mask.astype(jnp.float32)

    def sums(values: jax.Array) -> jax.Array:
        return jax.lax.reduce_window(values, 0.0, jax.lax.add, (window, window), (1, 1), "SAME")

    return known * sums(1 - known) / sums(jnp.ones_like(known))


def context_loss(generated: jax.Array, images: jax.Array, weights: jax.Array) -> jax.Array:
    """Σ W |G(z) - y| over the pixels and channels of each picture, ``(n,)`` (Yeh et al. 2017, eq. 5)."""
    return jnp.sum(weights[:, :, None] * jnp.abs(generated - images), axis=(1, 2, 3))


def logits_of_latents(
    game: Game, variables: Variables, batch: Batch, latent: PyTree, key: jax.Array
) -> jax.Array:
    """The discriminator's logits ``(n,)`` of the examples made from ``latent``, in evaluation mode.

    Raises:
      ValueError: if the game has no discriminator that judges such examples, or not one logit for each of them.
    """
    if game.scene is None:
        raise ValueError("this game has no discriminator to ask; set prior to 0.")
    with evaluating():
        scene = game.scene(variables, batch, key, 0)
        answers = scene.ask(_inputs(game, scene, variables, batch, latent), "fake")
        leaves = [per_example(leaf) for leaf in jax.tree.leaves(answers["logit"])]
    logits = sum(leaves[1:], leaves[0])
    count = len(batch["image"])
    if logits.shape != (count,):
        raise ValueError(
            f"the discriminator returns logits of shape {logits.shape} for {count} examples, but the "
            "prior needs one for each; set prior to 0."
        )
    return logits


def _inputs(game: Game, scene: Scene, variables: Variables, batch: Batch, latent: PyTree) -> Inputs:
    """What the discriminator is shown of the examples made from ``latent``."""
    if "fake" not in scene.meeting.groups:
        raise ValueError(
            "this game's discriminator is not shown fakes, so it cannot be asked; set prior to 0."
        )
    fake = scene.meeting["fake"]
    if game.sampler is not None:
        made = game.sampler.for_batch(variables, batch, latent)
        shapes = [jax.tree.map(jnp.shape, values) for values in (made, fake.values)]
        if shapes[0] == shapes[1]:
            return fake._replace(values=made)
    return scene.meet(latent)["fake"]


def inpaint(
    game: Game,
    variables: Variables,
    batch: Batch,
    mask: jax.Array,
    key: jax.Array,
    *,
    first: PyTree | None = None,
    restarts: int = 4,
    steps: int = 500,
    learning_rate: float | jax.Array = 0.05,
    prior: float | jax.Array = 0.1,
    window: int = 7,
    limit: float | jax.Array | None = None,
) -> Inpainting:
    """argmin over z of Σ W |G(z) - y| + λ log(1 - D(G(z))), for each picture (Yeh et al. 2017, eq. 3).

    What lies in the hole of ``batch["image"]`` has no influence. The well-known code (bamos) takes all
    known pixels with weight 1, λ = 0.1 and 1000 steps of Adam at a constant 0.01; the paper has the weights
    and λ = 0.003. Here the weights are the paper's, and the learning rate falls to 0.

    Args:
      game: with a sampler and, unless ``prior`` is 0, a discriminator that is shown fakes.
      variables: of both players; the discriminator is asked in evaluation mode.
      batch: with the pictures ``(n, H, W, C)``, in [-1, 1], and their conditions, if there are any.
      mask: ``(H, W)``, true where the pictures are known.
      key: of the starts.
      first: as for `jgan.analysis.inversion.invert`.
      restarts: searches for each picture.
      steps: of Adam.
      learning_rate: of the first step.
      prior: λ.
      window: of `importance`; 0 weighs all known pixels alike.
      limit: as for `jgan.analysis.inversion.minimise`.

    Raises:
      ValueError: if an argument is out of range or the game lacks what is needed.
    """
    if game.sampler is None:
        raise ValueError(
            "this game generates from data alone, so there is no latent to search for."
        )
    generate, images = game.sampler.for_batch, batch["image"]
    check_mask(mask, images)
    weights = importance(mask, window) if window else mask.astype(jnp.float32)
    # So that a NaN, or anything else, in the hole cannot pass through a weight of zero.
    images = jnp.where(mask[:, :, None], images, 0.0)
    start_key, judge_key = jax.random.split(key)

    def context(latent: PyTree) -> jax.Array:
        return context_loss(generate(variables, batch, latent), images, weights)

    def objective(latent: PyTree) -> jax.Array:
        if is_zero(prior):
            return context(latent)
        logits = logits_of_latents(game, variables, batch, latent, judge_key)
        return context(latent) - prior * jax.nn.softplus(logits)  # log(1 - sigmoid(logit))

    starts = draw_starts(game.sampler, batch, start_key, restarts, first)
    found = minimise(objective, starts, steps=steps, learning_rate=learning_rate, limit=limit)
    generated = generate(variables, batch, found.latent)
    losses = (context_loss(generated, images, weights), context(found.start))
    return Inpainting(found, generated, *losses)


def hole_psnr(filled: jax.Array, images: jax.Array, mask: jax.Array) -> jax.Array:
    """Peak signal-to-noise ratio in the hole in decibels, ``(n,)``; values span 2, from -1 to 1."""
    hole = (~mask.astype(bool))[:, :, None]
    squares = jnp.sum(jnp.where(hole, jnp.square(filled - images), 0.0), axis=(1, 2, 3))
    return 10 * jnp.log10(4 * jnp.sum(hole) * images.shape[-1] / squares)


def mean_fill(images: jax.Array, mask: jax.Array) -> jax.Array:
    """The pictures with each one's mean known colour in the hole: what any method must be better than."""
    known = mask.astype(images.dtype)[:, :, None]
    colour = jnp.sum(images * known, axis=(1, 2), keepdims=True) / jnp.sum(known)
    return jnp.where(known > 0, images, colour)
