"""Data: sources, toy distributions with known densities, readers, and the order of examples."""

from jgan.data.array_files import read_idx, read_idx_folder, read_npz
from jgan.data.arrays import from_arrays
from jgan.data.cifar import read_cifar
from jgan.data.densities import Density, Mixture, Spiral
from jgan.data.domains import paired, unpaired
from jgan.data.folder import read_pictures
from jgan.data.order import check_batch_size, example_indices
from jgan.data.registry import load
from jgan.data.source import Source, gather
from jgan.data.tfds import read_tfds
from jgan.data.toy_sources import grid, mixture, ring, spiral, swiss_roll

__all__ = [
    "Density",
    "Mixture",
    "Source",
    "Spiral",
    "check_batch_size",
    "example_indices",
    "from_arrays",
    "gather",
    "grid",
    "load",
    "mixture",
    "paired",
    "read_cifar",
    "read_idx",
    "read_idx_folder",
    "read_npz",
    "read_pictures",
    "read_tfds",
    "ring",
    "spiral",
    "swiss_roll",
    "unpaired",
]
