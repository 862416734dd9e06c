"""What a look into a generator finds: rows of pictures and numbers about them."""

import io
import json
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from jgan.commands.images import SIDE, Images
from jgan.commands.notebook import Table, embedded, pairs_table
from jgan.files import make_folder, write_atomically
from jgan.game import PyTree
from jgan.reports.html import tag
from jgan.runs.images import encode_png, grid


class Findings(NamedTuple):
    """Rows of pictures and numbers about them, as `jgan.invert` and its like return them.

    Attributes:
      rows: of the sheet, each ``(N, H, W, C)`` in [-1, 1].
      words: what the rows are, in order.
      numbers: as JSON, with the run, the step and the seed.
      latent: that was found for the pictures, a tree of arrays ``(N, ...)``, or None.
    """

    rows: list[Images]
    words: str
    numbers: dict[str, Any]
    latent: PyTree = None

    @property
    def table(self) -> Table:
        """The numbers of each picture, if there are such."""
        return Table(self.numbers.get("images", []))

    def sheet(self) -> np.ndarray:
        """The rows one below the other, uint8 ``(H', W', C)``, tiles of at least 64 pixels."""
        pixels = grid(np.concatenate([np.asarray(row) for row in self.rows]), len(self.rows[0]))
        times = -(-SIDE // self.rows[0].shape[1])
        return pixels.repeat(times, axis=0).repeat(times, axis=1)

    def as_json(self) -> str:
        """The numbers as text."""
        return json.dumps(self.numbers, indent=2, allow_nan=False)

    def save(self, path: str | Path) -> list[str]:
        """Write the sheet, the numbers beside it as .json and the latent, if there is one, as .npz.

        Args:
          path: of the sheet, a .png.

        Returns:
          What was written, in lines.

        Raises:
          UserError: if something cannot be written.
        """
        out = Path(path)
        make_folder(out.parent)
        write_atomically(out, encode_png(self.sheet()))
        write_atomically(out.with_suffix(".json"), self.as_json() + "\n")
        lines = [f"wrote {out} and {out.with_suffix('.json')}"]
        if self.latent is not None:
            lines.append(
                f"wrote the latents to {write_latents(out.with_suffix('.npz'), self.latent)}"
            )
        return lines

    def _repr_html_(self) -> str:
        simple = {k: v for k, v in self.numbers.items() if not isinstance(v, list | dict)}
        simple |= self.numbers.get("mean", {})
        picture = embedded(encode_png(self.sheet()))
        return tag("div", tag("p", self.words), picture, pairs_table(simple))


def write_latents(path: Path, latent: PyTree) -> Path:
    """Write a latent as the arrays of an ``.npz``: ``"latent"``, or ``"latent_0"``, ... in tree order."""
    leaves = jax.tree.leaves(latent)
    names = ["latent"] if len(leaves) == 1 else [f"latent_{i}" for i in range(len(leaves))]
    buffer = io.BytesIO()
    arrays: dict[str, Any] = dict(zip(names, map(np.asarray, leaves), strict=True))
    np.savez_compressed(buffer, **arrays)
    write_atomically(path, buffer.getvalue())
    return path
