"""What the documents' commands find in their folder: pictures, arrays, the checkout's experiments."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

CLASSES = ("discs", "squares")
COUNT = 40
"""Pictures of a class."""
SIDE = 72


def write_fixtures(folder: Path, root: Path) -> None:
    """Fill a folder with what the names in the documents stand for.

    Args:
      folder: an empty one.
      root: the checkout, whose experiments and benchmarks are linked.
    """
    for name in ("experiments", "benchmarks", "docs"):
        (folder / name).symlink_to(root / name)
    for seed, name in enumerate(("PHOTOS", "photos", "GENERATED", "generated")):
        write_pictures(folder / name, np.random.default_rng(seed))
    write_maps(folder / "MAPS", np.random.default_rng(5))
    for name in ("PHOTO.jpg", "photo.jpg", "PHOTO.png", "photo.png"):
        picture(np.random.default_rng(0), 0).save(folder / name)
    images, labels = arrays(np.random.default_rng(4))
    for name in ("FILE.npz", "photos.npz", "PHOTOS.npz"):
        np.savez(folder / name, image=images, label=labels)


def write_pictures(folder: Path, rng: np.random.Generator) -> None:
    """A folder of pictures with a subfolder for each class."""
    for label, name in enumerate(CLASSES):
        (folder / name).mkdir(parents=True)
        for number in range(COUNT):
            picture(rng, label).save(folder / name / f"{number:03d}.jpg")


def write_maps(folder: Path, rng: np.random.Generator) -> None:
    """A folder of maps of labels, grey pictures of the values 0 and 1."""
    folder.mkdir()
    for number in range(COUNT // 10):
        values = rng.integers(0, 2, (SIDE // 8, SIDE // 8), np.uint8).repeat(8, 0).repeat(8, 1)
        Image.fromarray(values).save(folder / f"{number}.png")


def arrays(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pictures ``(N, SIDE, SIDE, 3)`` uint8 and their labels ``(N,)``."""
    labels = np.arange(2 * COUNT) % len(CLASSES)
    return np.stack([np.asarray(picture(rng, int(label))) for label in labels]), labels


def picture(rng: np.random.Generator, label: int) -> Image.Image:
    """A disc or a square of some colour, place and size on a plain ground."""
    ground, colour = (tuple(int(value) for value in rng.integers(0, 256, 3)) for _ in range(2))
    made = Image.new("RGB", (SIDE, SIDE), ground)
    x, y = rng.integers(20, SIDE - 20, 2)
    size = int(rng.integers(8, 20))
    draw = ImageDraw.Draw(made)
    shape = draw.ellipse if CLASSES[label] == "discs" else draw.rectangle
    shape((int(x) - size, int(y) - size, int(x) + size, int(y) + size), fill=colour)
    return made
