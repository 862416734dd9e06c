"""Labels as StyleGAN's dataset tool writes them: ``dataset.json`` beside the pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jgan.files import parse_json

NAME = "dataset.json"


def read_labels(content: bytes, about: str) -> Mapping[str, Any] | None:
    """Return the label of each picture by its name, an empty mapping where there are none.

    Args:
        content: ``{"labels": [[name, label], ...]}`` or ``{"labels": null}``.
        about: what messages call the file.

    Returns:
        The labels; None if the file is about something else.

    Raises:
        ValueError: if it is no JSON, or its labels are no such list.

    Example:
        >>> read_labels(b'{"labels": [["00000/img0.png", 6]]}', "dataset.json")
        {'00000/img0.png': 6}
    """
    try:
        stored = parse_json(content)
    except ValueError as error:
        raise ValueError(f"{about} is not JSON: {error}.") from error
    if not isinstance(stored, dict) or "labels" not in stored:
        return None
    labels = stored["labels"]
    if labels is None:
        return {}
    if not isinstance(labels, list) or not all(_is_pair(pair) for pair in labels):
        raise ValueError(f"labels in {about} must be null or a list of pairs [name, label].")
    return {name.replace("\\", "/"): label for name, label in labels}


def _is_pair(pair: Any) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)


def labels_of(found: Mapping[str, Any], names: Sequence[str], about: str) -> np.ndarray:
    """Return the labels of pictures, ``(N,)`` or ``(N, A)``.

    Raises:
        ValueError: if a picture has none, or they are neither numbers nor vectors of one length.
    """
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(
            f"{about} has no label for {missing[0]}, one of {len(missing)} pictures without; it must have one "
            "for every picture, or null for none."
        )
    try:
        labels = np.asarray([found[name] for name in names])
    except ValueError as error:
        raise ValueError(f"the vectors of labels in {about} differ in length.") from error
    if labels.dtype.kind not in "biuf" or labels.ndim not in (1, 2):
        raise ValueError(f"labels in {about} must be numbers or vectors of numbers.")
    return labels
