import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse import lil_matrix
from scipy.sparse.linalg import spsolve

from jgan.analysis.blending import paste, poisson_blend

RNG = np.random.default_rng(0)


def solved(image, generated, known):
    """The normal equations of Σ ((x_p - x_q) - (g_p - g_q))² over pairs that touch the hole, one channel."""
    height, width = known.shape
    number = {tuple(p): i for i, p in enumerate(np.argwhere(~known))}
    matrix, right = lil_matrix((len(number),) * 2), np.zeros(len(number))
    for p, i in number.items():
        for step in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            q = (p[0] + step[0], p[1] + step[1])
            if not (0 <= q[0] < height and 0 <= q[1] < width):
                continue
            matrix[i, i] += 1
            right[i] += generated[p] - generated[q]
            if q in number:
                matrix[i, number[q]] -= 1
            else:
                right[i] += image[q]
    result = image.copy()
    result[~known] = spsolve(matrix.tocsr(), right)
    return result


MASKS = {
    "middle": np.pad(np.zeros((7, 5), bool), ((4, 2), (3, 5)), constant_values=True),
    "side": np.arange(13)[None, :] >= np.full((13, 1), 6),
    "scattered": np.random.default_rng(1).random((13, 13)) < 0.2,
}


@pytest.mark.parametrize("name", MASKS)
def test_it_solves_the_linear_system(name):
    known = MASKS[name]
    images, generated = RNG.normal(size=(2, 2, 13, 13, 3))
    found = poisson_blend(
        jnp.asarray(images, jnp.float32), jnp.asarray(generated, jnp.float32), jnp.asarray(known)
    )
    for n in range(2):
        for c in range(3):
            expected = solved(images[n, :, :, c], generated[n, :, :, c], known)
            np.testing.assert_allclose(found[n, :, :, c], expected, atol=2e-4)


def test_a_large_hole_under_jit():
    known = np.ones((48, 48), bool)
    known[4:44, 4:44] = False
    image = np.linspace(-1, 1, 48)[None, :] * np.ones((48, 1))
    generated = RNG.normal(size=(48, 48))
    found = jax.jit(lambda a, b: poisson_blend(a, b, known))(
        jnp.asarray(image[None, :, :, None], jnp.float32),
        jnp.asarray(generated[None, :, :, None], jnp.float32),
    )
    np.testing.assert_allclose(found[0, :, :, 0], solved(image, generated, known), atol=1e-3)


def test_a_step_of_tone_vanishes():
    images = jnp.asarray(RNG.normal(size=(1, 13, 13, 1)), jnp.float32)
    mask = jnp.asarray(MASKS["middle"])
    blended = poisson_blend(images, images + 0.7, mask)
    np.testing.assert_allclose(blended, images, atol=1e-4)
    pasted = paste(images, images + 0.7, mask)
    np.testing.assert_allclose(
        pasted - images, np.where(MASKS["middle"], 0, 0.7)[None, :, :, None], atol=1e-6
    )


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (jnp.ones((4, 4), bool), "mask has 16 known pixels of 16"),
        (jnp.zeros((4, 4), bool), "mask has 0 known pixels of 16"),
        (jnp.ones((4, 5), bool), r"mask has shape \(4, 5\)"),
    ],
)
def test_mistakes(mask, sentence):
    images = jnp.zeros((1, 4, 4, 1))
    with pytest.raises(ValueError, match=sentence):
        poisson_blend(images, images, mask)
