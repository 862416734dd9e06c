"""Putting generated pixels into the hole of a picture: as they are, or by their gradients."""

import jax
import jax.numpy as jnp
import numpy as np


def check_mask(mask: jax.Array, images: jax.Array) -> None:
    """Raise ValueError unless ``mask (H, W)`` fits images ``(n, H, W, C)`` and has hole and known pixels."""
    if mask.shape != images.shape[1:3]:
        raise ValueError(
            f"mask has shape {mask.shape}, but the images' height and width are {images.shape[1:3]}."
        )
    if isinstance(mask, jax.core.Tracer):  # its values are not known yet
        return
    known = int(np.asarray(mask).sum())
    if known in (0, mask.size):
        raise ValueError(
            f"mask has {known} known pixels of {mask.size}, but must have some and leave a hole."
        )


def paste(images: jax.Array, generated: jax.Array, mask: jax.Array) -> jax.Array:
    """``images`` where the mask says known, ``generated`` in the hole.

    Args:
      images: ``(n, H, W, C)``.
      generated: ``(n, H, W, C)``.
      mask: ``(H, W)``, true where ``images`` is known.
    """
    return jnp.where(mask[:, :, None], images, generated)


def poisson_blend(
    images: jax.Array,
    generated: jax.Array,
    mask: jax.Array,
    *,
    tolerance: float = 1e-6,
    iterations: int = 2000,
) -> jax.Array:
    """The known pixels of ``images`` and a hole with the gradients of ``generated`` (Pérez et al. 2003).

    Over the hole Σ ((x_p - x_q) - (g_p - g_q))² is least, over all pairs of neighbouring pixels of which
    one at least lies in the hole (Yeh et al. 2017, eq. 8). That is a symmetric positive definite linear
    system, solved by conjugate gradients. Nothing flows over the border of the picture. A step of tone
    between the two is thereby spread over the hole; values may leave [-1, 1] where it is large.

    Args:
      images: ``(n, H, W, C)``.
      generated: ``(n, H, W, C)``.
      mask: ``(H, W)``, true where ``images`` is known.
      tolerance: of the residual, relative to the right-hand side.
      iterations: at most.

    Returns:
      ``(n, H, W, C)``.

    Raises:
      ValueError: unless the mask has known pixels and a hole.
    """
    check_mask(mask, images)
    hole = (~mask[:, :, None].astype(bool)).astype(images.dtype)

    def operator(x: jax.Array) -> jax.Array:
        """Minus the Laplacian of x inside the hole, x being zero outside of it."""
        return hole * _laplacian(hole * x)

    # The unknown is what is added to the generated pixels: its boundary values are known - generated.
    step = (1 - hole) * (images - generated)
    right = -hole * _laplacian(step)
    added, _ = jax.scipy.sparse.linalg.cg(operator, right, tol=tolerance, maxiter=iterations)
    return jnp.where(hole > 0, generated + added, images)


def _laplacian(x: jax.Array) -> jax.Array:
    """Σ over the neighbours q of p inside the picture of x_p - x_q; ``(n, H, W, C)``."""
    total = jnp.zeros_like(x)
    for axis in (1, 2):
        difference = jnp.diff(x, axis=axis)
        before = [(0, 0)] * 4
        after = [(0, 0)] * 4
        before[axis], after[axis] = (1, 0), (0, 1)
        total += jnp.pad(difference, before) - jnp.pad(difference, after)
    return total
