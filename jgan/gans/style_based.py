"""What the games of all StyleGANs share: a mapping and a synthesis network against a discriminator."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jgan.game import Batch, Game, Option, PyTree
from jgan.gans.versus import labels_in_order, labels_of, versus
from jgan.latents import normal
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Scene, Step
from jgan.terms.adversarial import adversarial

TRUNCATION = Option(1.0, "How far styles lie from their mean: 1 as in training, 0 at it.")


class Sheet(NamedTuple):
    """What a view of styles is made of: pictures in rows and columns, about a square.

    Attributes:
      styles: of the view's latents, ``(B, inputs, d)``.
      row: of each picture, ``(B,)``.
      column: likewise.
      share: the column as a share of the last one.
      images: ``(styles, *inputs) -> (B, H, W, C)`` in [-1, 1].
    """

    styles: jax.Array
    row: jax.Array
    column: jax.Array
    share: jax.Array
    images: Callable[..., jax.Array]


def style_based(
    mapping: Network,
    synthesis: Network,
    discriminator: Network,
    loss: Loss,
    latent: int,
    *,
    conditional: bool,
    inputs: Callable[..., tuple[Any, ...]],
    options: Mapping[str, Option],
    views: Mapping[str, Callable[[Sheet], jax.Array]],
    transform: Callable[[jax.Array, jax.Array], tuple[Any, ...]] | None = None,
) -> Game:
    """A game of styles, whose samples and view ``"truncation"`` are drawn to the mean style.

    With labels the view ``"classes"`` is that of `jgan.gans.conditional.conditional`.

    Args:
      mapping: as in `jgan.gans.stylegan.stylegan`.
      synthesis: styles, and other inputs that may be left out, to images ``(B, H, W, C)``.
      discriminator: as in `jgan.gans.stylegan.stylegan`.
      loss: likewise.
      latent: likewise.
      conditional: likewise.
      inputs: from the sampler's options by name, but the truncation, to the synthesis network's other inputs.
      options: these options.
      views: further views.
      transform: ``(shift, angle) ->`` the other inputs, for networks that can be moved and turned.

    Samples and views are confined to [-1, 1] by clipping; what `jgan.game.Sampler.transform` makes is not.
    """
    label = lambda c: (c,) if conditional else ()

    def made(make: Any, z: jax.Array, c: PyTree, *others: Any) -> jax.Array:
        images: jax.Array = make["synthesis"](make["mapping"](z, *label(c))["styles"], *others)
        return images

    def meet(make: Any, batch: Batch, z: jax.Array, step: Step) -> Meeting:
        c = labels_of(batch) if conditional else ()
        return Meeting(real=Inputs(batch["image"], c), fake=Inputs(made(make, z, c), c))

    def sample(
        make: Any, z: jax.Array, c: PyTree, step: Step, truncation: Any = 1.0, **chosen: Any
    ) -> jax.Array:
        found = make["mapping"](z, *label(c))
        styles = truncated_styles(found["styles"], found["mean"], truncation)
        return jnp.clip(make["synthesis"](styles, *inputs(**chosen)), -1.0, 1.0)

    def sheet(scene: Scene) -> tuple[Sheet, jax.Array]:
        """The sheet of the view's latents, and the mean style."""
        places = jnp.arange(scene.latent.shape[0])
        columns = math.ceil(math.sqrt(len(places)))
        condition = labels_of(scene.batch) if conditional else ()
        found = scene.make["mapping"](scene.latent, *label(condition))
        images = lambda *given: jnp.clip(scene.make["synthesis"](*given), -1.0, 1.0)
        column = places % columns
        share = column / jnp.maximum(jnp.max(column), 1)
        return Sheet(found["styles"], places // columns, column, share, images), found["mean"]

    def in_order(scene: Scene) -> jax.Array:
        return sample(scene.make, scene.latent, labels_in_order(scene.batch), scene.step)

    def sweep(scene: Scene) -> jax.Array:
        shown, mean = sheet(scene)
        share = 1.0 - 2.0 * shown.share[:, None, None]
        return shown.images(truncated_styles(shown.styles[shown.row], mean, share))

    def looked(view: Callable[[Sheet], jax.Array]) -> Callable[[Scene], jax.Array]:
        return lambda scene: view(sheet(scene)[0])

    def moved(inputs_of: Callable[[jax.Array, jax.Array], tuple[Any, ...]]) -> Any:
        return lambda make, z, c, shift, angle: made(make, z, c, *inputs_of(shift, angle))

    return versus(
        {"mapping": mapping, "synthesis": synthesis},
        discriminator,
        adversarial(loss),
        latent=normal(latent),
        condition=labels_of if conditional else None,
        meet=meet,
        sample=sample,
        views={
            **({"classes": in_order} if conditional else {}),
            "truncation": sweep,
            **{name: looked(view) for name, view in views.items()},
        },
        options={"truncation": TRUNCATION, **options},
        transform=None if transform is None else moved(transform),
    )


def truncated_styles(styles: jax.Array, mean: jax.Array, share: Any) -> jax.Array:
    """``mean + share (styles - mean)`` (Karras et al. 2019, section B).

    Args:
      styles: ``(B, inputs, d)``.
      mean: ``(d,)``, the running mean of w.
      share: 1 leaves the styles as they are, 0 gives the mean alone.
    """
    return mean + jnp.asarray(share, styles.dtype) * (styles - mean)
