"""Persons that are drawn by a rule: who they are (shapes and colours) and how they look (landmarks) are apart.

``load("persons")``. Of every person there is a clip of nine frames; those of the test set are other persons.
Who is drawn depends on the split alone.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from jgan.batch_axis import draw_rows
from jgan.data.source import Source

SIDE, SHOTS = 32, 8
"""Pixels of a side, and frames of a clip beside the one that is to be made."""
PERSONS = {"train": 400, "test": 100}
AT_ONCE = 1000
BACKGROUND, LIPS = (0.55, 0.6, 0.65), (0.6, 0.1, 0.1)
EYES, NOSE = ((-0.2, -0.05), (0.2, -0.05)), (0.0, 0.14)
MOUTH, MOUTH_WIDTH = (0.0, 0.34), 0.17
TURN = 0.14
"""How far a full turn of the head moves eyes, nose and mouth to the side."""
DOT = 0.07


class Identity(NamedTuple):
    """Who persons are; colours are red, green and blue in [0, 1], lengths in halves of a side.

    Attributes:
      skin: ``(N, 3)``, as are the colours of hair, iris and the two of the shirt.
      hair: of the hair.
      iris: of the eyes.
      shirt: of the shirt.
      stripe: of the stripes on it.
      width: half of the head's width, ``(N,)``, as are all others.
      height: half of the head's height.
      fringe: where the hair ends on the forehead, as a share of ``height`` above the middle.
      volume: by how much the hair is wider than the head.
      length: where the hair ends beside the head, from its middle.
      stripes: cycles of the stripes from one side of the picture to the other.
    """

    skin: np.ndarray
    hair: np.ndarray
    iris: np.ndarray
    shirt: np.ndarray
    stripe: np.ndarray
    width: np.ndarray
    height: np.ndarray
    fringe: np.ndarray
    volume: np.ndarray
    length: np.ndarray
    stripes: np.ndarray


class Pose(NamedTuple):
    """How persons look, whoever they are; ``(N,)`` each.

    Attributes:
      across: how far the head is to the right, in halves of a side.
      down: how far it is below its usual place.
      tilt: by how much it is turned clockwise in the picture, in radians.
      turn: how far it looks to the right, -1 to 1.
      mouth: how far the mouth is open, 0 to 1.
    """

    across: np.ndarray
    down: np.ndarray
    tilt: np.ndarray
    turn: np.ndarray
    mouth: np.ndarray


def draw_identities(rng: np.random.Generator, count: int) -> Identity:
    """Persons at random, all attributes independent and uniform."""
    colour = lambda: rng.uniform(size=(count, 3))
    number = lambda low, high: rng.uniform(low, high, count)
    lightness = rng.uniform(0.35, 1.0, (count, 1))
    return Identity(
        skin=lightness * np.asarray([1.0, 0.8, 0.65]) + 0.1 * (colour() - 0.5),
        hair=colour(),
        iris=colour(),
        shirt=colour(),
        stripe=colour(),
        width=number(0.34, 0.5),
        height=number(0.48, 0.64),
        fringe=number(0.25, 0.75),
        volume=number(0.0, 0.16),
        length=number(-0.3, 0.7),
        stripes=number(1.0, 4.0),
    )


def draw_poses(rng: np.random.Generator, count: int) -> Pose:
    """Poses at random, all numbers independent and uniform."""
    number = lambda size: rng.uniform(-size, size, count)
    return Pose(number(0.25), number(0.12), number(0.4), number(1.0), rng.uniform(0, 1, count))


def landmarks(pose: Pose) -> np.ndarray:
    """Both eyes, the nose, and the mouth's left, right, upper and lower end, ``(N, 7, 2)``.

    Places are (across, down) from the picture's middle in halves of a side. They are the same for all persons.

    >>> still = Pose(*np.zeros((5, 1)))
    >>> landmarks(still)[0, :2].round(3).tolist()
    [[-0.2, -0.15], [0.2, -0.15]]
    """
    opening = _opening(pose)
    lips: list[Any] = [(-MOUTH_WIDTH, 0.0), (MOUTH_WIDTH, 0.0), (0.0, -opening), (0.0, opening)]
    mouth = [(MOUTH[0] + across, MOUTH[1] + down) for across, down in lips]
    places: list[Any] = [*EYES, NOSE, *mouth]
    own = np.stack(
        [np.stack(np.broadcast_arrays(u + TURN * pose.turn, v), axis=-1) for u, v in places], axis=1
    )
    cosine, sine = np.cos(pose.tilt)[:, None], np.sin(pose.tilt)[:, None]
    turned = cosine * own[..., 0] - sine * own[..., 1], sine * own[..., 0] + cosine * own[..., 1]
    return np.stack(turned, axis=-1) + np.stack(_centre(pose), axis=-1)[:, None]


def draw_landmarks(pose: Pose, side: int = SIDE) -> np.ndarray:
    """Landmarks as bright dots on a dark ground, uint8 ``(N, side, side, 1)``."""
    across, down = _grid(side)
    places = landmarks(pose)[:, :, None, None]
    squares = (across - places[..., 0]) ** 2 + (down - places[..., 1]) ** 2
    return _bytes(np.exp(-squares / (2 * DOT**2)).max(axis=1))[..., None]


def draw_persons(identity: Identity, pose: Pose, side: int = SIDE) -> np.ndarray:
    """Pictures of persons in poses, uint8 ``(N, side, side, 3)``; edges are blurred over a pixel."""
    identity, pose = _in_single(identity), _in_single(pose)
    one = lambda values: values[:, None, None]
    across, down = _grid(side)
    pixel = 2 / side
    x, y = (one(centre) for centre in _centre(pose))
    cosine, sine = one(np.cos(pose.tilt)), one(np.sin(pose.tilt))
    u = cosine * (across - x) + sine * (down - y)
    v = cosine * (down - y) - sine * (across - x)
    face = u - TURN * one(pose.turn)

    def ellipse(u: Any, v: Any, width: Any, height: Any) -> np.ndarray:
        away = np.hypot(u / width, v / height) - 1
        return np.clip(0.5 - away * np.minimum(width, height) / pixel, 0, 1)

    def above(v: Any, limit: Any) -> np.ndarray:
        return np.clip(0.5 + (limit - v) / pixel, 0, 1)

    width, height = one(identity.width), one(identity.height)
    head = ellipse(u, v, width, height)
    around = ellipse(u, v, width + one(identity.volume), height + one(identity.volume))
    body = across - x / 2
    stripes = 0.5 + 0.5 * np.clip(3 * np.sin(np.pi * one(identity.stripes) * body), -1, 1)
    nose = ellipse(face - NOSE[0], v - NOSE[1], 0.06, 0.06)
    mouth = ellipse(face - MOUTH[0], v - MOUTH[1], MOUTH_WIDTH, one(_opening(pose)))
    left, right = (ellipse(face - eye[0], v - eye[1], 0.09, 0.09) for eye in EYES)
    shirt = ellipse(body, down - 1.15, 0.8, 0.55)
    picture = np.broadcast_to(np.asarray(BACKGROUND, np.float32), (len(pose.tilt), side, side, 3))
    layers = (
        (shirt, identity.shirt),
        (shirt * stripes, identity.stripe),
        (around * above(v, one(identity.length)), identity.hair),
        (head, identity.skin),
        (nose, np.float32(0.7) * identity.skin),
        (left + right, identity.iris),
        (mouth, np.asarray(LIPS, np.float32)),
        (head * above(v, -one(identity.fringe) * height), identity.hair),
    )
    for mask, colour in layers:
        colour = np.broadcast_to(colour, (len(picture), 3))[:, None, None]
        picture = picture + mask[..., None] * (colour - picture)
    return _bytes(picture)


def identities_of(split: str) -> Identity:
    """The persons of the training set or of the test set."""
    return draw_identities(_rng(split, 0), PERSONS[split])


def persons(split: str = "train") -> Source:
    """Clips of persons in the fields ``image``, ``pose``, ``shots``, ``shot_poses`` and ``person``.

    A clip is nine frames of one person: the one that is to be made, with its landmarks, and eight others with
    theirs. In training any of the nine is the one that is to be made. There is one clip of each person.

    Args:
      split: "train" or "test".
    """
    person, frames = np.arange(PERSONS[split], dtype=np.int32), SHOTS + 1
    who = _chosen(identities_of(split), np.repeat(person, frames))
    poses = draw_poses(_rng(split, 1), len(person) * frames)
    by_clip = lambda values: values.reshape(len(person), frames, *values.shape[1:])
    pictures, dots = by_clip(_in_parts(who, poses)), by_clip(draw_landmarks(poses))
    fields = {"image": pictures[:, 0], "pose": dots[:, 0]}
    fields |= {"shots": pictures[:, 1:], "shot_poses": dots[:, 1:], "person": person}
    return Source(fields, "persons", augment=any_frame if split == "train" else None)


def any_frame(key: jax.Array, batch: dict[str, Any]) -> dict[str, Any]:
    """The batch of clips with their frames in another order, so that any of them is the one to be made."""
    order = draw_rows(
        lambda rows: jax.vmap(lambda key: jax.random.permutation(key, SHOTS + 1))(
            jax.random.split(key, rows)
        ),
        len(batch["image"]),
    )
    moved = dict(batch)
    for first, rest in (("image", "shots"), ("pose", "shot_poses")):
        frames = jnp.concatenate([batch[first][:, None], batch[rest]], axis=1)
        frames = jax.vmap(lambda own, order: own[order])(frames, order)
        moved |= {first: frames[:, 0], rest: frames[:, 1:]}
    return moved


def in_poses_of(split: str, rows: np.ndarray, people: Sequence[int] | None = None) -> np.ndarray:
    """Persons of a split in the poses of some of its clips' first frames, uint8 ``(rows, people, H, W, 3)``.

    Args:
      split: "train" or "test".
      rows: numbers of clips.
      people: numbers of persons; None for all.
    """
    chosen = np.arange(PERSONS[split]) if people is None else np.asarray(people)
    frames = SHOTS + 1
    poses = draw_poses(_rng(split, 1), PERSONS[split] * frames)
    who = _chosen(identities_of(split), np.tile(chosen, len(rows)))
    pictures = _in_parts(who, _chosen(poses, np.repeat(rows * frames, len(chosen))))
    return pictures.reshape(len(rows), len(chosen), *pictures.shape[1:])


def _rng(split: str, what: int) -> np.random.Generator:
    return np.random.default_rng([PERSONS[split], what])


def _chosen(values: Any, rows: np.ndarray) -> Any:
    return type(values)(*(one[rows] for one in values))


def _in_single(values: Any) -> Any:
    """An identity or a pose in float32."""
    return type(values)(*map(np.float32, values))


def _in_parts(identity: Identity, pose: Pose) -> np.ndarray:
    parts = [
        np.arange(k, min(k + AT_ONCE, len(pose.tilt))) for k in range(0, len(pose.tilt), AT_ONCE)
    ]
    return np.concatenate([draw_persons(_chosen(identity, p), _chosen(pose, p)) for p in parts])


def _centre(pose: Pose) -> tuple[np.ndarray, np.ndarray]:
    return pose.across, pose.down - 0.1


def _opening(pose: Pose) -> np.ndarray:
    return 0.03 + 0.11 * pose.mouth


def _grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    """Places of pixels (across, down), each ``(side, side)``."""
    places = np.float32((2 * np.arange(side) + 1) / side - 1)
    down, across = np.meshgrid(places, places, indexing="ij")
    return across, down


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)
