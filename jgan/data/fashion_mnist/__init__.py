"""The embedded subset of Fashion-MNIST (Xiao, Rasul, Vollgraf 2017), MIT licence, Zalando SE.

``fashion_mnist.npz`` holds the first 1,000 training and the first 100 test pictures of each of the
ten classes. They are stored class by class, because that compresses best, and read interleaved
(class 0, 1, ..., 9, 0, 1, ...), so that the first ``10 k`` examples are balanced.
"""

from pathlib import Path

import numpy as np

from jgan.data.array_files import read_npz
from jgan.data.class_names import FASHION
from jgan.data.source import Source

PATH = Path(__file__).with_name("fashion_mnist.npz")
CLASSES = len(FASHION)


def embedded(split: str = "train") -> Source:
    """Return the embedded subset.

    Args:
        split: "train", 10,000 examples, or "test", 1,000 examples.

    Returns:
        A source with ``image`` uint8 ``(N, 28, 28, 1)`` and ``label`` int32 ``(N,)``.

    Example:
        >>> embedded("test").describe()
        'fashion: 1000 examples; image uint8 (28, 28, 1); label int32 (); 10 classes (T-shirt/top,
         Trouser, Pullover, Dress, Coat, Sandal, Shirt, Sneaker, Bag, Ankle boot)'
    """
    stored = read_npz(PATH, split=split, name="fashion")
    order = np.arange(stored.size).reshape(CLASSES, -1).T.ravel()
    arrays = {field: values[order] for field, values in stored.arrays.items()}
    return Source(arrays, "fashion", classes=FASHION)
