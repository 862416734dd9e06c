"""Persons drawn by a rule: what is where, what belongs to whom, and clips of which any frame is the first."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jgan.data import load
from jgan.data.persons import (
    BACKGROUND,
    EYES,
    LIPS,
    PERSONS,
    SHOTS,
    SIDE,
    TURN,
    Pose,
    any_frame,
    draw_identities,
    draw_landmarks,
    draw_persons,
    draw_poses,
    in_poses_of,
    landmarks,
)


@pytest.fixture(scope="module")
def test_set():
    return load("persons", split="test")


def pixel(pictures, places):
    """The pixels of pictures at places (across, down) in halves of a side."""
    across, down = ((places + 1) * pictures.shape[1] / 2).astype(int).T
    return pictures[np.arange(len(pictures)), down, across]


def test_landmarks_are_turned_about_the_head():
    pose = Pose(*np.asarray([[0.2], [-0.1], [0.3], [0.5], [1.0]]))
    found = landmarks(pose)[0]
    u, v = EYES[0][0] + 0.5 * TURN, EYES[0][1]
    expected = (
        0.2 + np.cos(0.3) * u - np.sin(0.3) * v,
        -0.1 - 0.1 + np.sin(0.3) * u + np.cos(0.3) * v,
    )
    np.testing.assert_allclose(found[0], expected)
    upper, lower = found[-2:]
    assert np.linalg.norm(lower - upper) == pytest.approx(2 * 0.14)
    dots = draw_landmarks(pose, side=64)[..., 0]
    assert dots.shape == (1, 64, 64)
    assert (pixel(np.repeat(dots, 7, axis=0), found) > 200).all()


def test_parts_have_their_colours():
    rng = np.random.default_rng(3)
    who, pose = draw_identities(rng, 40), draw_poses(rng, 40)
    still = pose._replace(tilt=0 * pose.tilt, turn=0 * pose.turn, mouth=1 + 0 * pose.mouth)
    pictures = draw_persons(who, still, side=128) / 255
    places = landmarks(still)
    np.testing.assert_allclose(pixel(pictures, places[:, 0]), who.iris, atol=2 / 255)
    mouth = places[:, 3:].mean(axis=1)
    np.testing.assert_allclose(pixel(pictures, mouth), np.tile(LIPS, (40, 1)), atol=2 / 255)
    cheek = np.stack([still.across + 0.22, still.down - 0.1 + 0.15], axis=1)
    np.testing.assert_allclose(pixel(pictures, cheek), who.skin, atol=2 / 255)
    corner = np.tile([-0.99, -0.99], (40, 1))
    np.testing.assert_allclose(pixel(pictures, corner), np.tile(BACKGROUND, (40, 1)), atol=2 / 255)
    forehead = np.stack([still.across, still.down - 0.1 - 0.95 * who.height], axis=1)
    np.testing.assert_allclose(pixel(pictures, forehead), who.hair, atol=2 / 255)


def test_the_test_set_is_of_other_persons(test_set):
    assert test_set.describe().startswith(
        "persons: 100 examples; image uint8 (32, 32, 3); pose uint8 (32, 32, 1); shots uint8 (8, 32, 32, 3)"
    )
    fields = test_set.arrays
    assert fields["person"].tolist() == list(range(PERSONS["test"]))
    again = load("persons", split="test").arrays
    for name in fields:
        np.testing.assert_array_equal(fields[name], again[name])


def test_every_person_can_be_drawn_in_the_pose_of_a_clip(test_set):
    rows = np.asarray([3, 87])
    drawn = in_poses_of("test", rows)
    assert drawn.shape == (2, PERSONS["test"], SIDE, SIDE, 3)
    own = test_set.arrays["person"][rows]
    np.testing.assert_array_equal(drawn[[0, 1], own], test_set.arrays["image"][rows])
    np.testing.assert_array_equal(in_poses_of("test", rows, own)[0, 1], drawn[0, own[1]])


def test_any_frame_of_a_clip_is_made():
    clips, frames = 300, SHOTS + 1
    numbers = jnp.arange(clips * frames, dtype=jnp.float32).reshape(clips, frames, 1, 1, 1)
    batch = {"image": numbers[:, 0], "shots": numbers[:, 1:], "person": jnp.arange(clips)}
    batch |= {"pose": -numbers[:, 0], "shot_poses": -numbers[:, 1:]}
    moved = jax.jit(any_frame)(jax.random.key(0), batch)
    after = jnp.concatenate([moved["image"][:, None], moved["shots"]], axis=1)
    poses = jnp.concatenate([moved["pose"][:, None], moved["shot_poses"]], axis=1)
    np.testing.assert_array_equal(after, -poses)
    np.testing.assert_array_equal(jnp.sort(after, axis=1), numbers)
    np.testing.assert_array_equal(moved["person"], batch["person"])
    first = np.asarray(moved["image"]).ravel().astype(int) % frames
    counts = np.bincount(first, minlength=frames)
    assert counts.min() > 15  # of 33 expected, more than three standard deviations below
    assert counts.max() < 55
