"""ADA's pipeline as a whole: nothing at p = 0, its law at others, derivatives, and what it refuses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, critic_game
from scipy.stats import norm

from jgan.augmentation import bgc, with_augmentation, without_augmentation
from jgan.augmentation.chances import centred, gaussian
from jgan.augmentation.pipeline import bgc_at
from jgan.augmentation.placements import (
    OF_MAPS,
    OF_TURNS,
    mirrored_and_turned,
    placement_maps,
)
from jgan.scene import Moment, Step, as_step

RNG = np.random.default_rng(0)
NOW = Moment(as_step(0), {})
run = jax.jit(bgc_at)


@pytest.mark.parametrize(("channels", "dtype"), [(3, jnp.float32), (1, jnp.bfloat16)])
def test_nothing_changes_at_zero(channels, dtype):
    images = jnp.asarray(RNG.normal(size=(5, 6, 7, channels)), dtype).at[0, 0, 0].set(-0.0)
    still = run(KEY, images, 0.0)
    assert still.dtype == dtype
    assert np.asarray(still).tobytes() == np.asarray(images).tobytes()
    assert all(
        np.any(one != other) for one, other in zip(run(KEY, images, 1.0), images, strict=True)
    )


def test_numbers_of_an_interval_become_gaussian_ones():
    numbers = centred(KEY, 2, 20_000, jnp.float32)
    assert -1 < float(numbers.min()) < -0.999 < 0.999 < float(numbers.max()) < 1
    found = np.asarray(gaussian(numbers))
    shares = [np.mean(found < level) for level in (-2, -1, 0, 1, 2)]
    np.testing.assert_allclose(shares, norm.cdf([-2, -1, 0, 1, 2]), atol=0.01)
    assert np.isfinite(gaussian(jnp.nextafter(jnp.float32(-1), jnp.float32(0))))


@pytest.mark.parametrize("width", [3, 4])
def test_mirrors_and_quarter_turns_are_numpys(width):
    """Every picture is one of NumPy's, and those of a square are as frequent as they must be."""
    count, p = 3000, 0.6
    image = RNG.normal(size=(3, width, 2)).astype(np.float32)
    images = jnp.tile(jnp.asarray(image), (count, 1, 1, 1))
    numbers = centred(KEY, OF_TURNS, count, jnp.float32)
    found = np.asarray(jax.jit(mirrored_and_turned)(numbers, p, images))
    shares = (
        {0: 1 - 3 * p / 4, 1: p / 4, 2: p / 4, 3: p / 4} if width == 3 else {0: 1 - p / 2, 2: p / 2}
    )
    counted = 0
    for mirror, of_mirror in ((False, 1 - p / 2), (True, p / 2)):
        for turns, share in shares.items():
            expected = np.rot90(image[:, ::-1] if mirror else image, -turns)
            same = (found == expected).all(axis=(1, 2, 3)).sum()
            assert same / count == pytest.approx(share * of_mirror, abs=0.04)
            counted += same
    assert counted == count


def places(p, count, height, width):
    numbers = centred(KEY, OF_MAPS, count, jnp.float32)
    return jax.jit(placement_maps, static_argnums=(2, 3))(numbers, p, height, width)


def test_places_move_by_the_law():
    count, p, side = 4000, 0.1, 64
    maps = places(p, count, side, side)
    same = (np.asarray(maps) == np.eye(3)).all(axis=(1, 2)).mean()
    # A shift by whole pixels is one by none in 1 of 256 cases.
    assert same == pytest.approx((1 - p + p / 256) * (1 - p) ** 4, abs=0.03)


def test_sizes_and_shifts_have_their_spread():
    count, height, width = 4000, 24, 48
    maps = places(1.0, count, height, width)
    # Turns keep areas, and so does the stretch: the square of 2^N(0, 0.2²) remains.
    areas = np.log2(np.linalg.det(np.asarray(maps)[:, :2, :2]))
    assert [areas.mean(), areas.std()] == pytest.approx([0, 0.4], abs=0.03)
    # The way forward ends with the shift by parts of pixels, in sides N(0, 0.125²), after a turn of all else.
    forward = np.linalg.inv(np.asarray(maps, np.float64))[:, :2, 2]
    spread = forward.std(axis=0) / (width, height)
    whole = (width**2 + height**2) / 8**2 / 3 / 2
    sizes = np.exp(2 * (0.2 * np.log(2)) ** 2)  # E s² of one 2^N(0, 0.2²)
    stretched = sizes * sizes * whole
    expected = np.sqrt(0.125**2 + stretched / np.asarray([width, height]) ** 2)
    np.testing.assert_allclose(spread, expected, rtol=0.05)


def test_the_probability_may_follow_a_schedule():
    images = jnp.asarray(RNG.normal(size=(4, 5, 5, 1)), jnp.float32)
    augment = bgc(lambda step: jnp.minimum(step / 10, 1.0))
    moment = lambda step: Moment(Step(jnp.array(99), jnp.array(step)), {})
    played = jax.jit(augment)
    at = lambda step: played(KEY, images, moment(step))
    np.testing.assert_array_equal(at(0), images)
    for step in (5, 10):
        np.testing.assert_allclose(at(step), run(KEY, images, step / 10), atol=1e-5)


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("channels", [pytest.param(1, marks=pytest.mark.full), 3])
def test_derivatives_are_finite_differences(channels):
    images, along = RNG.normal(size=(2, 4, 5, 6, channels))
    augment = jax.jit(lambda images: bgc_at(KEY, images, 0.6))
    assert np.any(augment(images) != images)
    value = lambda images: jnp.sum(jnp.sin(augment(images)))
    slope, width = jax.grad(value), 1e-5
    difference = (value(images + width * along) - value(images - width * along)) / (2 * width)
    assert float(jnp.vdot(slope(images), along)) == pytest.approx(float(difference), rel=1e-6)
    assert float(jax.jvp(value, (images,), (along,))[1]) == pytest.approx(
        float(difference), rel=1e-6
    )
    bend = jax.jvp(slope, (images,), (along,))[1]
    gap = (slope(images + width * along) - slope(images - width * along)) / (2 * width)
    np.testing.assert_allclose(bend, gap, atol=1e-6)


def test_no_gradient_goes_to_the_probability():
    images = jnp.asarray(RNG.normal(size=(3, 4, 4, 1)), jnp.float32)
    slope = jax.jit(jax.grad(lambda p: jnp.sum(bgc_at(KEY, images, p) ** 2)))
    assert [float(slope(p)) for p in (0.0, 0.5, 1.0)] == [0, 0, 0]


def test_real_and_fake_are_transformed_by_one_law():
    """The generator makes the data; what the discriminator is shown differs by chance only."""
    image = jnp.asarray(RNG.uniform(-1, 1, (1, 4, 4, 1)), jnp.float32)
    batch = {"image": jnp.tile(image, (1500, 1, 1, 1))}
    game = critic_game(
        lambda own, x: own * x[:, 1, 2, 0],
        1.0,
        generate=lambda own, z: z + own,
        latent=lambda key, images: images,
    )
    variables = game.init(KEY, batch)
    augmented = with_augmentation(game, bgc(0.5))
    shown = jax.jit(lambda own: augmented.scene(own, batch, KEY, 0).answers)(variables)
    real, fake = (np.asarray(shown[group]["logit"]) for group in ("real", "fake"))
    assert np.mean(real == fake) < 0.2
    levels = np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(*(np.quantile(x, levels) for x in (real, fake)), atol=0.12)
    still = without_augmentation(augmented).scene(variables, batch, KEY, 0).answers["real"]["logit"]
    np.testing.assert_array_equal(still, batch["image"][:, 1, 2, 0])


def test_pictures_of_an_example_move_alike_and_nothing_else_moves():
    image = jnp.asarray(RNG.normal(size=(4, 5, 5, 1)), jnp.float32)
    values = {"image": image, "other": 2 * image, "code": jnp.ones((4, 3))}
    moved = run(KEY, values, 1.0)
    np.testing.assert_array_equal(moved["code"], values["code"])
    # Both by the same affine map A x + b, so that their difference is A x.
    twice = moved["other"] - moved["image"]
    once = moved["image"] - run(KEY, jnp.zeros_like(image), 1.0)
    np.testing.assert_allclose(twice, once, atol=1e-4)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            jnp.ones((4, 2)),
            r"^bgc is for pictures of floats \(H, W, C\), but examples are float32 \(2,\)\.$",
        ),
        (jnp.ones((4, 5, 5, 2)), r"^bgc is for pictures of 1 or 3 channels, but these have 2\.$"),
        (jnp.ones((4, 5, 5, 1), jnp.uint8), r"but examples are uint8 \(5, 5, 1\)\.$"),
    ],
)
def test_what_is_no_picture_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        bgc(0.5)(KEY, values, NOW)


def test_probabilities_are_probabilities():
    with pytest.raises(ValueError, match=r"^p is 1.5, but must lie in \[0, 1\]\.$"):
        bgc(1.5)
