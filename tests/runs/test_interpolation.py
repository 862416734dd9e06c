import io

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from jgan.game import Sampler
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.networks import dcgan_discriminator, dcgan_generator, mlp_discriminator
from jgan.networks.network import Network
from jgan.runs.interpolation import (
    animation,
    loop_shares,
    strip,
    travel,
)

DIM = 5
SHARES = np.array([0.0, 0.3, 1.0])


def batch_of(rows, shape=(DIM,)):
    return {"image": jnp.zeros((rows, *shape))}


def identity():
    """A generator that shows its latent."""
    return Network(lambda key, z: {"params": {}}, lambda own, z, *, key=None, train=False: (z, {}))


def made(network, dim=DIM):
    game = gan(network, mlp_discriminator((4,)), non_saturating(), normal(dim))
    return game, game.init(jax.random.key(0), batch_of(2))


def great_circle(a, b, share):
    cosine = (a * b).sum(-1) / np.linalg.norm(a, axis=-1) / np.linalg.norm(b, axis=-1)
    angle = np.arccos(cosine)[:, None]
    return (np.sin((1 - share) * angle) * a + np.sin(share * angle) * b) / np.sin(angle)


@pytest.mark.parametrize("kind", ["linear", "spherical"])
def test_paths_between_latents(kind):
    game, variables = made(identity())
    frames = travel(game.sampler, variables, batch_of(6), SHARES, kind=kind)
    assert frames.shape == (3, 6, DIM)
    start, middle, end = frames
    expected = 0.7 * start + 0.3 * end if kind == "linear" else great_circle(start, end, 0.3)
    np.testing.assert_allclose(middle, expected, rtol=1e-4, atol=1e-5)
    # Twelve different latents, each of about the length that the prior gives.
    ends = np.concatenate([start, end])
    assert len(np.unique(ends.round(4), axis=0)) == 12
    assert 0.3 < (ends**2).mean() < 3


def test_the_seed_chooses_the_latents():
    game, variables = made(identity())
    one, same, other = (
        travel(game.sampler, variables, batch_of(3), SHARES, seed=seed) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_a_frame_is_the_same_alone():
    """Running statistics, not those of the batch."""
    generator = dcgan_generator((8, 8, 1), width=4, norm="batch")
    game = gan(generator, dcgan_discriminator(width=4), non_saturating(), normal(DIM))
    batch = batch_of(3, (8, 8, 1))
    variables = game.init(jax.random.key(0), batch)
    together = travel(game.sampler, variables, batch, SHARES)
    few = travel(game.sampler, variables, batch, SHARES[2:])
    np.testing.assert_allclose(few[0], together[2], atol=1e-6)
    start = game.sampler.latent(jax.random.split(jax.random.key(0))[0], batch)
    single = game.sampler.generate(variables, (), start[:1])
    np.testing.assert_allclose(single, together[0][:1], atol=1e-6)


def test_classes_and_conditions_stay():
    def latent(key, batch):
        count = batch["image"].shape[0]
        return {
            "z": jax.random.normal(key, (count, 3)),
            "class": jax.random.randint(key, (count, 1), 0, 1000),
        }

    def generate(variables, label, latent):
        parts = [latent["z"], latent["class"].astype(jnp.float32), label[:, None]]
        return jnp.concatenate(parts, axis=1)

    batch = {"image": jnp.zeros((4, DIM)), "label": jnp.arange(4.0)}
    sampler = Sampler(latent, generate, lambda batch: batch["label"])
    frames = travel(sampler, {}, batch, SHARES, kind="linear")
    np.testing.assert_array_equal(frames[:, :, 4], np.tile(np.arange(4.0), (3, 1)))
    np.testing.assert_array_equal(frames[0, :, 3], frames[2, :, 3])
    assert not np.allclose(frames[0, :, :3], frames[2, :, :3])


def test_an_unknown_kind():
    game, variables = made(identity())
    with pytest.raises(ValueError, match="kind is 'cubic', but must be one of linear, spherical"):
        travel(game.sampler, variables, batch_of(2), SHARES, kind="cubic")


def test_a_strip_has_a_row_for_each_path():
    values = np.array([[-1.0, 0.0, 1.0], [1.0, -1.0, 0.0]])  # two steps of three paths
    frames = np.broadcast_to(values[:, :, None, None, None], (2, 3, 64, 64, 1))
    sheet = strip(frames, np.zeros((1, 64, 64, 1)))
    assert sheet.shape == (3 * 64 + 2, 2 * 64 + 1, 1)
    corners = sheet[::65, ::65, 0]
    np.testing.assert_array_equal(corners, [[0, 255], [128, 0], [255, 128]])


def test_small_pictures_are_enlarged():
    frames = np.zeros((2, 1, 28, 28, 3))
    assert strip(frames, frames[0]).shape == (3 * 28, 3 * 57, 3)


def test_points_become_scatters():
    frames = np.random.default_rng(0).normal(size=(4, 3, 2))
    reference = np.random.default_rng(1).normal(size=(50, 2))
    assert strip(frames, reference).shape == (384, 384, 3)
    with Image.open(io.BytesIO(animation(frames, reference))) as file:
        assert file.size == (384, 384)
        assert file.n_frames == 4  # type: ignore[attr-defined]


@pytest.mark.parametrize("channels", [1, 3])
def test_an_animation_loops_through_its_frames(channels):
    levels = np.array([0, 85, 170, 255])
    frames = np.broadcast_to(
        (levels / 127.5 - 1)[:, None, None, None, None], (4, 2, 64, 64, channels)
    )
    with Image.open(io.BytesIO(animation(frames, frames[0], milliseconds=80))) as file:
        assert file.info["loop"] == 0
        assert file.n_frames == 4  # type: ignore[attr-defined]
        for index, level in enumerate(levels):
            file.seek(index)
            assert file.info["duration"] == 80
            assert file.convert("RGB").getpixel((3, 3)) == (level,) * 3


def test_the_loop_closes():
    shares = loop_shares(60)
    assert shares[0] == 0
    assert shares[30] == pytest.approx(1.0)
    assert shares.max() <= 1
    np.testing.assert_allclose(shares[1:], shares[:0:-1], atol=1e-12)
    # From the last frame to the first is as far as from the first to the second.
    assert shares[-1] == pytest.approx(shares[1])
