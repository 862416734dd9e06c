"""Adversarial games: a generator against a discriminator, given by what meets and which terms are paid."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from jgan.game import (
    DISCRIMINATOR,
    GENERATOR,
    Batch,
    Game,
    Option,
    PyTree,
    Sampler,
    Translation,
    Variables,
    View,
    count_of,
    named_key,
    remade,
    sampled,
)
from jgan.latents import LatentLike, Prior
from jgan.scene import Inputs, Meeting, Scene, Step, as_step, named
from jgan.scene.cast import Cast, Parts
from jgan.scene.composition import Composition
from jgan.scene.meeting import Meet, Present, Versus, evaluate, first


def versus(
    generator: Parts,
    discriminator: Parts,
    *terms: Any,
    latent: Prior | LatentLike | None = None,
    condition: Callable[[Batch], PyTree] | None = None,
    example: str | Sequence[str] = "image",
    meet: Meet | None = None,
    present: Present | None = None,
    sample: Callable[..., PyTree] | None = None,
    encode: Callable[[Any, jax.Array], PyTree] | None = None,
    transform: Callable[..., jax.Array] | None = None,
    views: Mapping[str, Callable[[Scene], jax.Array]] | None = None,
    options: Mapping[str, Option] | None = None,
    translations: Mapping[str, Translation] | None = None,
) -> Game:
    """The game of a generator against a discriminator.

    Args:
      generator: one network, or several by name, which one player owns.
      discriminator: likewise; ``{}`` where nobody opposes the generator.
      *terms: `jgan.scene.Term` and `jgan.scene.GroupMaker`, or sequences of them, in any order.
      latent: ``(key, count) -> latent``, a pytree whose leaves have one row for each example; None for
        none. `LatentLike` if shapes follow those of the data.
      condition: ``batch -> condition`` of its examples, a pytree; None for none.
      example: the batch's field that the generator makes, or several fields.
      meet: who meets before the discriminator. By default ``real``, the batch's examples, and ``fake``,
        ``make(latent)`` or ``make(latent, condition)``, both with the condition.
      present: how a group is put to the discriminator. By default its values are, with the condition beside
        them if there is one.
      sample: ``(make, latent, condition, step, **options) -> examples`` outside training; by default
        as ``fake`` is made.
      encode: ``(make, images) -> latent``, for games with an encoder.
      transform: ``(make, latent, condition, shift, angle) -> images``, for generators that can be told to move
        and turn them, see `jgan.game.Sampler`.
      views: further ways to look at a game, ``Scene -> (B, H, W, C)`` pictures, a sheet of them
        ``(rows, columns, H, W, C)``, or ``(B, d)`` points; the scene's networks run in evaluation mode.
      options: numbers that ``sample`` takes, by name.
      translations: for translators, the directions by name, the usual one first, whose ``translate`` is
        ``(make, values, label, latent) -> pictures``.

    ``make`` and ``ask`` carry the networks' states from call to call in the order of the calls. A network is
    initialised when it is first called, for ``meet``, ``present`` and the terms.

    Raises:
      ValueError: from ``init``, if examples that are made do not have the shape of the data, the
        discriminator does not answer for each example, or a network is never called.
    """
    condition_of = condition or (lambda batch: ())
    made_with = lambda make, z, c: make(z, c) if jax.tree.leaves(c) else make(z)
    draw = _draw(latent)

    def meet_by_default(make: Any, batch: Batch, z: PyTree, step: Step) -> Meeting:
        c = condition_of(batch)
        return Meeting(
            real=Inputs(example_of(batch, example), c), fake=Inputs(made_with(make, z, c), c)
        )

    def sample_by_default(make: Any, z: PyTree, c: PyTree, step: Step) -> PyTree:
        return made_with(make, z, c)

    record = Versus(
        generator, discriminator, draw, meet or meet_by_default, present or with_condition
    )
    make_samples = sample or sample_by_default

    def made_by(variables: Variables, key: jax.Array | None = None) -> Cast:
        return Cast(GENERATOR, generator, variables[GENERATOR], key, train=False)

    def generate(
        variables: Variables,
        c: PyTree,
        z: PyTree,
        key: jax.Array | None = None,
        step: Any = 0,
        **chosen: float,
    ) -> PyTree:
        return make_samples(made_by(variables, key), z, c, as_step(step), **chosen)

    sampler = Sampler(
        draw,
        generate,
        condition_of,
        encode and (lambda variables, images: encode(made_by(variables), images)),
        transform
        and (
            lambda variables, c, z, shift, angle: transform(made_by(variables), z, c, shift, angle)
        ),
        options or {},
        {name: _translation(generator, one) for name, one in (translations or {}).items()},
    )
    shown = {name: _view(record, view) for name, view in (views or {}).items()}
    composition = Composition(
        lambda composition, key, batch: first(record, composition, key, batch),
        lambda composition, *arguments: evaluate(record, composition, *arguments),
        opposed=discriminator != {},
    ).adding(terms)
    empty = Game(lambda key, batch: {}, lambda *_: {}, sampled(sampler) | shown, sampler=sampler)
    return remade(empty, composition)


def example_of(batch: Batch, example: str | Sequence[str]) -> PyTree:
    """The fields of a batch that make an example: one, or several by name."""
    if isinstance(example, str):
        return batch[example]
    return {field: batch[field] for field in example}


def labels_of(batch: Batch) -> jax.Array:
    """The labels of a batch, ``(B,)``, or attributes ``(B, A)``.

    Raises:
      ValueError: if it has none.
    """
    if "label" not in batch or batch["label"].ndim not in (1, 2):
        found = f"labels of shape {batch['label'].shape[1:]}" if "label" in batch else "no labels"
        raise ValueError(f"the data have {found}, but this game needs one label for each example.")
    return batch["label"]


def labels_in_order(batch: Batch) -> jax.Array:
    """`labels_of` a batch in ascending order if there is one class for each example, else as they are."""
    label = labels_of(batch)
    return jnp.sort(label) if label.ndim == 1 else label


def with_condition(ask: Any, inputs: Inputs, group: str) -> PyTree:
    """The answers to values, with the condition beside them if there is one."""
    condition_inputs = (inputs.condition,) if jax.tree.leaves(inputs.condition) else ()
    return ask(inputs.values, *condition_inputs)


def without_condition(ask: Any, inputs: Inputs, group: str) -> PyTree:
    """The answers to values, whatever their condition, which stays for the terms."""
    return ask(inputs.values)


def _draw(latent: Prior | LatentLike | None) -> Callable[[jax.Array, Batch], PyTree]:
    if latent is None:
        return lambda key, batch: ()
    if isinstance(latent, LatentLike):
        return latent.draw
    return lambda key, batch: latent(key, count_of(batch))


def _translation(generator: Parts, given: Translation) -> Translation:
    def translate(
        variables: Variables, values: jax.Array, label: PyTree = (), key: jax.Array | None = None
    ) -> jax.Array:
        make = Cast(GENERATOR, generator, variables[GENERATOR], key, train=False)
        return given.translate(make, values, label, latent(key, len(values)))

    def latent(key: jax.Array | None, count: int) -> PyTree:
        draw = given.latent
        if draw is None:
            return ()
        if key is not None:
            return draw(named_key(key, "latent"), count)
        shapes = jax.eval_shape(lambda: draw(jax.random.key(0), count))
        return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)

    return given._replace(translate=translate)


def _view(record: Versus, view: Callable[[Scene], jax.Array]) -> View:
    def show(variables: Variables, batch: Batch, key: jax.Array, step: Any = 0) -> jax.Array:
        noise = named_key(key, "sample")
        casts = {
            player: Cast(player, parts, variables[player], noise, train=False)
            for player, parts in (
                (GENERATOR, record.generator),
                (DISCRIMINATOR, record.discriminator),
            )
        }
        when = as_step(step)
        make = casts[GENERATOR]
        return view(
            Scene(
                variables=variables,
                held=variables,
                batch=batch,
                key=key,
                step=when,
                latent=record.latent(key, batch),
                answers={},
                make=make,
                ask=lambda inputs, group: named(
                    record.present(casts[DISCRIMINATOR], inputs, group)
                ),
                meet=lambda latent: record.meet(make, batch, latent, when),
            )
        )

    return show
