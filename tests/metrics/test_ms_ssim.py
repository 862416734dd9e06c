import jax.numpy as jnp
import numpy as np
import pytest
import scipy.ndimage

from jgan.metrics.ms_ssim import WEIGHTS, ms_ssim, pair_similarity


def scipy_ms_ssim(first, second):
    """One pair of ``(H, W)`` images in 0..255, by scipy's correlations with whole windows."""
    result = 1.0
    for level, weight in enumerate(WEIGHTS):
        size = min(11, *first.shape)
        offsets = np.arange(size) - (size - 1) / 2
        taps = np.exp(-(offsets**2) / (2 * (1.5 * size / 11) ** 2))
        window = np.outer(taps, taps) / taps.sum() ** 2

        def blur(x, window=window, size=size):
            full = scipy.ndimage.correlate(x, window, mode="constant")
            low, high = size // 2, x.shape[0] - (size - 1) // 2
            return full[low:high, low : x.shape[1] - (size - 1) // 2]

        a, b = blur(first), blur(second)
        variances = blur(first**2) - a**2 + blur(second**2) - b**2
        contrast = (2 * (blur(first * second) - a * b) + 58.5225) / (variances + 58.5225)
        luminance = (2 * a * b + 6.5025) / (a**2 + b**2 + 6.5025)
        last = level == 4
        result *= max(np.mean(luminance * contrast if last else contrast), 0) ** weight
        halve = np.full((2, 2), 0.25)
        first, second = (
            scipy.ndimage.convolve(x, halve, mode="reflect")[::2, ::2] for x in (first, second)
        )
    return result


def pictures(count, side, seed=0):
    noise = np.random.default_rng(seed).normal(size=(count, side, side, 1))
    smooth = scipy.ndimage.gaussian_filter(noise, (0, 3, 3, 0))
    return np.clip(smooth / smooth.std() * 0.4, -1, 1).astype(np.float32)


@pytest.mark.parametrize("side", [33, 176])
def test_scipy_agrees(side):
    images = pictures(2, side)
    other = np.clip(images + 0.2 * pictures(2, side, 1), -1, 1)
    found = ms_ssim(jnp.asarray(images), jnp.asarray(other))
    scaled = [(x[..., 0].astype(np.float64) + 1) * 127.5 for x in (images, other)]
    expected = [scipy_ms_ssim(a, b) for a, b in zip(*scaled, strict=True)]
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_bytes_are_the_same_images():
    first, second = (
        np.round((pictures(2, 32, seed) + 1) * 127.5).astype(np.uint8) for seed in (0, 1)
    )
    scaled = [jnp.asarray(images / 127.5 - 1, jnp.float32) for images in (first, second)]
    np.testing.assert_allclose(
        ms_ssim(jnp.asarray(first), jnp.asarray(second)), ms_ssim(*scaled), atol=1e-5
    )
    with pytest.raises(ValueError, match="images have dtype int32, but must be uint8, or float"):
        ms_ssim(jnp.zeros((1, 8, 8, 1), int), jnp.zeros((1, 8, 8, 1), int))


def test_identical_pairs_are_one_and_noise_lowers_it():
    images = jnp.asarray(pictures(3, 64))
    np.testing.assert_allclose(ms_ssim(images, images), 1, atol=1e-5)
    noise = jnp.asarray(np.random.default_rng(0).normal(size=images.shape), jnp.float32)
    values = [float(ms_ssim(images, images + level * noise)[0]) for level in (0.05, 0.2, 0.6)]
    assert 1 > values[0] > values[1] > values[2] > 0


def test_diversity_of_pairs():
    image = pictures(1, 32)
    same = pair_similarity(np.repeat(image, 10, axis=0), pairs=100)
    assert same.mean == pytest.approx(1, abs=1e-5)
    many = pair_similarity(pictures(30, 32), pairs=100)
    assert many.mean < 0.5
    few = pair_similarity(np.concatenate([pictures(2, 32)] * 10), pairs=100)
    assert many.mean < few.mean < same.mean
    with pytest.raises(ValueError, match="there are 1 images; pairs need at least 2"):
        pair_similarity(image)
