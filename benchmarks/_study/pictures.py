"""What each method drew at the end, on one sheet."""

import io
from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
from PIL import Image

COLUMNS = 4


def sheet(folder: Path, methods: Sequence[str]) -> bytes | None:
    """A PNG of the newest pictures of each method's first seed, below ``folder``; None if there are none."""
    found = {method: _newest(folder, method) for method in methods}
    shown = {method: file for method, file in found.items() if file}
    if not shown:
        return None
    rows = -(-len(shown) // COLUMNS)
    figure, axes = plt.subplots(
        rows, COLUMNS, figsize=(3 * COLUMNS, 3.2 * rows), squeeze=False, layout="constrained"
    )
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, (method, file) in zip(axes.flat, shown.items(), strict=False):
        axis.imshow(Image.open(file), cmap="gray", vmin=0, vmax=255)
        axis.set_title(method)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    plt.close(figure)
    return buffer.getvalue()


def _newest(folder: Path, method: str) -> Path | None:
    """``METHOD-SEED-STEP.png`` of the least seed and the greatest step; of the best setting if it is there."""
    name = f"pictures/{method}-[0-9]*-[0-9]*.png"
    files = list(folder.glob(f"best/{name}")) or list(folder.glob(f"*/{name}"))
    ordered = sorted(files, key=lambda file: [int(part) for part in file.stem.split("-")[-2:]])
    first = [file for file in ordered if file.stem.split("-")[-2] == ordered[0].stem.split("-")[-2]]
    return first[-1] if first else None
