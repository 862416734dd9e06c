"""The blur that fades, against SciPy's convolution."""

import numpy as np
import pytest
import scipy.signal
from helpers import KEY

from jgan.augmentation import fading_blur
from jgan.scene import Moment, as_step

NOW = Moment(as_step(0), {})


def test_a_blur_fades():
    sigma, steps = 1.5, 10
    blur = lambda image, step: fading_blur(sigma, steps)(KEY, image, Moment(as_step(step), {}))
    image = np.random.default_rng(0).normal(size=(2, 9, 7, 3)).astype(np.float32)
    for step in (0, 4):
        width = sigma * (1 - step / steps)
        reach = np.arange(-np.floor(3 * width), np.floor(3 * width) + 1)
        own = 2.0 ** -((reach / width) ** 2)
        own = np.outer(own, own) / own.sum() ** 2
        for n, c in np.ndindex(2, 3):
            expected = scipy.signal.convolve2d(image[n, :, :, c], own, "same")
            np.testing.assert_allclose(blur(image, step)[n, :, :, c], expected, atol=1e-6)
    for step in (9, 10, 500):
        np.testing.assert_array_equal(blur(image, step), image)
    still = np.ones((2, 5), np.float32)
    values = fading_blur(sigma, steps)(KEY, {"image": image, "code": still}, NOW)
    np.testing.assert_array_equal(values["image"], blur(image, 0))
    np.testing.assert_array_equal(values["code"], still)


def test_mistakes():
    with pytest.raises(ValueError, match=r"^fading_blur is for pictures of floats \(H, W, C\)"):
        fading_blur(1.0, 5)(KEY, np.ones((2, 5), np.float32), NOW)
    with pytest.raises(ValueError, match=r"sigma is -1\.0, but must be a finite number"):
        fading_blur(-1.0, 5)
    with pytest.raises(ValueError, match="steps is 0"):
        fading_blur(1.0, 0)
