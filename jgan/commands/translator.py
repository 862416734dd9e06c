"""A trained translator as a program of pictures of any size, compiled once for each shape."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jgan.data.padding import HeightAndWidth
from jgan.data.source import Source, scaled
from jgan.errors import UserError
from jgan.evaluation.samples import fields_read
from jgan.game import Translation, Variables


@dataclass
class Translator:
    """A direction of a trained translator, as it is asked for pictures.

    Of every picture it makes as many as there are labels, for each of them ``samples``, in this order.

    Attributes:
      way: the direction.
      variables: of the game.
      source: that it was trained on; only shapes and types are looked at.
      labels: what pictures are to become, one label or vector each, or None where that is not said.
      samples: how many are made for each label.
      seed: of the noise; sample i of a picture depends on it, on the picture's name and on i alone.
      compiling: seconds that compiling has taken so far.
    """

    way: Translation
    variables: Variables
    source: Source
    labels: np.ndarray | None = None
    samples: int = 1
    seed: int = 0
    compiling: float = 0.0
    _programs: dict[Any, Any] = field(default_factory=dict)

    @property
    def variants(self) -> int:
        """How many pictures are made of each."""
        return self.samples * (1 if self.labels is None else len(self.labels))

    def check_noise(self, shape: HeightAndWidth) -> None:
        """Refuse several samples of a generator without noise, all of which would be equal.

        Raises:
          UserError: for such a generator.
        """

        def one(variables: Variables, given: dict[str, Any]) -> Any:
            return self.way.translate(
                variables, scaled(given["values"]), given["label"], given["key"]
            )

        values, label = self.blank(1, shape), self._label
        given = {"values": values, "label": label, "key": jax.random.key(0)}
        if self.samples > 1 and "key" not in fields_read(jax.jit(one), self.variables, given):
            raise UserError(
                f"--samples is {self.samples}, but this generator has no noise outside training, so that all "
                "samples of a picture would be equal."
            )

    def shape_of(self, shape: HeightAndWidth) -> tuple[int, ...]:
        """The shape of what is made of a picture of this height and width.

        Raises:
          ValueError: if the networks cannot take it.
        """
        made = jax.eval_shape(
            lambda variables, values, label: self.way.translate(variables, scaled(values), label),
            self.variables,
            self.blank(1, shape),
            self._label,
        )
        return tuple(made.shape[1:])

    @cached_property
    def least_side(self) -> int:
        """The smallest side of squares that the networks take; those of the training's pictures are taken."""
        low, high = 1, min(self.source.arrays[self.way.field].shape[1:3])
        while low < high:
            middle = (low + high) // 2
            try:
                self.shape_of((middle, middle))
                high = middle
            except ValueError:
                low = middle + 1
        return high

    def __call__(self, pictures: np.ndarray, numbers: Sequence[int]) -> np.ndarray:
        """Translate pictures of one shape.

        Args:
          pictures: uint8 ``(B, H, W, C)``, or maps of labels, int32 ``(B, H, W)``.
          numbers: of each picture, from which its noise is drawn, below 2**32.

        Returns:
          uint8 ``(variants, B, H, W, C')``.

        Raises:
          UserError: if what is made is not finite.
        """
        labels = () if self.labels is None else np.repeat(self.labels, self.samples, axis=0)
        places = np.tile(np.arange(self.samples), self.variants // self.samples)
        given = pictures, labels, np.asarray(places, np.uint32), np.asarray(numbers, np.uint32)
        program = self._programs.get(pictures.shape)
        if program is None:
            began = time.perf_counter()
            program = jax.jit(self._translated).lower(self.variables, *given).compile()
            self._programs[pictures.shape] = program
            self.compiling += time.perf_counter() - began
        made, finite = program(self.variables, *given)
        if not finite:
            raise UserError(
                "the translations are not all finite; the training has diverged, so take an earlier --step."
            )
        return np.asarray(made)

    def _translated(
        self,
        variables: Variables,
        pictures: jax.Array,
        labels: Any,
        places: jax.Array,
        numbers: jax.Array,
    ) -> tuple[jax.Array, jax.Array]:
        key = jax.random.key(self.seed)

        def one(picture: jax.Array, number: jax.Array, label: Any, place: jax.Array) -> jax.Array:
            own = jax.random.fold_in(jax.random.fold_in(key, number), place)
            label = jax.tree.map(lambda leaf: leaf[None], label)
            return self.way.translate(variables, scaled(picture)[None], label, own)[0]

        # Of each picture by itself, so that its noise does not depend on those beside it.
        of_pictures = jax.vmap(one, (0, 0, None, None))
        made = jax.vmap(of_pictures, (None, None, 0, 0))(pictures, numbers, labels, places)
        pixels = jnp.clip(jnp.rint((made + 1) * 127.5), 0, 255).astype(jnp.uint8)
        return pixels, jnp.all(jnp.isfinite(made))

    def blank(self, count: int, shape: HeightAndWidth) -> np.ndarray:
        """So many empty pictures of a height and width, as the translator takes them."""
        values = self.source.arrays[self.way.field]
        dtype = np.uint8 if values.ndim == 4 else np.int32
        return np.zeros((count, *shape, *values.shape[3:]), dtype)

    @property
    def _label(self) -> Any:
        return () if self.labels is None else self.labels[:1]
