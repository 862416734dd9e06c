"""One evaluation of an adversarial game: who meets, in what order they are judged, and the first variables."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jgan.players import (
    DISCRIMINATOR,
    GENERATOR,
    TERMS,
    Batch,
    Collections,
    PyTree,
    Variables,
    named_key,
)
from jgan.scene.cast import Cast, FirstCast, Parts
from jgan.scene.composition import Composition, Evaluated, begun, own_scene
from jgan.scene.scene import (
    Answers,
    GroupMaker,
    Inputs,
    Meeting,
    Moment,
    Scene,
    Step,
    as_step,
    named,
)

Meet = Callable[[Any, Batch, PyTree, Step], Meeting]
"""``(make, batch, latent, step) -> Meeting``; ``make(...)`` asks the generator, ``make["x"](...)`` a part."""
Present = Callable[[Any, Inputs, str], PyTree]
"""``(ask, inputs, group) -> answers``; ``ask(...)`` asks the discriminator, ``ask["x"](...)`` a part."""


class Versus(NamedTuple):
    """Who plays, and how they meet: what `versus` was given, with its defaults filled in."""

    generator: Parts
    discriminator: Parts
    latent: Callable[[jax.Array, Batch], PyTree]
    meet: Meet
    present: Present


def evaluate(
    record: Versus,
    composition: Composition,
    variables: Variables,
    held: Variables,
    batch: Batch,
    key: jax.Array,
    step: Step,
) -> Evaluated:
    """The scene of an adversarial game on one batch, and the new states of its networks."""
    make_key, ask_key = named_key(key, GENERATOR), named_key(key, DISCRIMINATOR)

    def makers(advancing: bool) -> Cast:
        still = Cast(GENERATOR, record.generator, held[GENERATOR], make_key, train=True)
        return Cast(
            GENERATOR,
            record.generator,
            variables[GENERATOR],
            make_key,
            train=True,
            advancing=advancing,
            held=still,
        )

    def ask(
        inputs: Inputs, group: str, state: dict[str, Collections] | None = None
    ) -> tuple[Answers, Cast]:
        cast = Cast(
            DISCRIMINATOR,
            record.discriminator,
            variables[DISCRIMINATOR],
            named_key(ask_key, group),
            train=True,
            advancing=state is not None,
            state=state,
        )
        values = inputs.values
        for number, augmentation in enumerate(composition.augmentations):
            own_key = named_key(ask_key, group, "augmentation", str(number))
            values = augmentation(own_key, values, Moment(step, memories))
        return named(record.present(cast, inputs._replace(values=values), group)), cast

    memories = {player: own.get(TERMS, {}) for player, own in variables.items()}
    make = makers(advancing=True)
    latent = record.latent(named_key(key, "latent"), batch)
    meeting = arranged(composition, record.meet(make, batch, latent, step))
    scene = Scene(
        variables=variables,
        held=held,
        batch=batch,
        key=key,
        step=step,
        latent=latent,
        meeting=meeting,
        answers={},
        make=makers(advancing=False),
        ask=lambda inputs, group: ask(inputs, group)[0],
        meet=lambda z: arranged(composition, record.meet(makers(advancing=False), batch, z, step)),
    )
    scene, kept = _with_made_groups(composition, scene)
    answers: dict[str, Answers] = {}
    state: dict[str, Collections] = {}
    advanced: Cast | None = None
    leading, following = _read_groups(composition, scene.meeting)
    for group in leading:
        answers[group], advanced = ask(scene.meeting[group], group, state)
    for group in following:
        answers[group], _ = ask(scene.meeting[group], group, dict(state))
    states = {
        GENERATOR: make.collections(),
        DISCRIMINATOR: {} if advanced is None else advanced.collections(),
    }
    for player, own in kept.items():
        states[player] = {**states[player], TERMS: own}
    return Evaluated(scene.replace(answers=answers), states)


def _with_made_groups(
    composition: Composition, scene: Scene
) -> tuple[Scene, dict[str, dict[str, PyTree]]]:
    """The scene with the groups that makers add, and the makers' new memories by player."""
    kept: dict[str, dict[str, PyTree]] = {}
    for maker in sorted(composition.makers, key=lambda maker: maker.name):
        inputs, memory = maker.make(own_scene(scene, maker))
        if maker.name in scene.meeting.groups:
            raise ValueError(f"there are two groups called {maker.name!r}; rename one of them.")
        scene = scene.replace(meeting=scene.meeting.with_groups(**{maker.name: inputs}))
        if maker.memory is not None:
            kept.setdefault(maker.player, {})[maker.name] = memory
    return scene, kept


def _read_groups(composition: Composition, meeting: Meeting) -> tuple[list[str], list[str]]:
    """Groups that the discriminator's terms read, and those that only the generator's read, in order."""
    read: dict[str, set[str]] = {GENERATOR: set(), DISCRIMINATOR: set()}
    for term in composition.terms:
        for group in term.groups:
            read[term.player].add(group)
            assert meeting[group]  # raises one sentence for an unknown group
    leading = [group for group in meeting.groups if group in read[DISCRIMINATOR]]
    following = [
        group for group in meeting.groups if group in read[GENERATOR] and group not in leading
    ]
    return leading, following


def arranged(composition: Composition, meeting: Meeting) -> Meeting:
    """The meeting as the game arranges it: packed, weighted."""
    for arrange in composition.arrangements:
        meeting = arrange(meeting)
    return meeting


def first(
    record: Versus, composition: Composition, key: jax.Array, batch: Batch
) -> tuple[Variables, Scene]:
    """The first variables, and a scene in which every network makes zeros of the right shape.

    Networks are initialised in the order in which the meeting, the presentation and, if some are still
    missing, the terms call them.
    """
    rows = jnp.arange(composition.examples_at_init)
    some = jax.tree.map(lambda x: jnp.asarray(x)[rows % x.shape[0]], dict(batch))
    make = FirstCast(GENERATOR, record.generator, named_key(key, GENERATOR))
    ask = FirstCast(DISCRIMINATOR, record.discriminator, named_key(key, DISCRIMINATOR))
    latent, step = record.latent(named_key(key, "latent"), some), as_step(0)
    meeting = arranged(composition, record.meet(make, some, latent, step))
    nothing: Variables = {GENERATOR: {"params": {}}, DISCRIMINATOR: {"params": {}}}
    scene = Scene(
        variables=nothing,
        held=nothing,
        batch=some,
        key=key,
        step=step,
        latent=latent,
        meeting=meeting,
        answers={},
        make=make,
        ask=lambda inputs, group: named(record.present(ask, inputs, group)),
        meet=lambda z: arranged(composition, record.meet(make, some, z, step)),
    )
    for maker in composition.makers:
        scene = scene.replace(variables=_remembering(scene, maker, begun(maker, scene)))
    scene, _ = _with_made_groups(composition, scene)
    for term in composition.terms:
        if term.check is not None:
            term.check(scene)
    answers: dict[str, Answers] = {}
    for group in [group for groups in _read_groups(composition, scene.meeting) for group in groups]:
        answers[group] = scene.ask(scene.meeting[group], group)
        _check_answers(group, scene.meeting[group], answers[group])
    scene = scene.replace(answers=answers)
    if make.missing() or ask.missing():
        for term in composition.terms:
            term.value(own_scene(scene, term).replace(memory=begun(term, scene)))
    for cast in (make, ask):
        cast.check_complete()
    return {GENERATOR: make.begun(), DISCRIMINATOR: ask.begun()}, scene


def _remembering(scene: Scene, part: GroupMaker, memory: PyTree) -> Variables:
    own = scene.variables[part.player]
    memories = {**own.get(TERMS, {}), part.name: memory}
    return {**scene.variables, part.player: {**own, TERMS: memories}}


def _check_answers(group: str, inputs: Inputs, answers: Answers) -> None:
    count = jax.tree.leaves(inputs.values)[0].shape[0]
    for leaf in jax.tree.leaves(answers.get("logit", ())):
        if not leaf.ndim or leaf.shape[0] != count:
            raise ValueError(
                f"the discriminator returns logits of shape {leaf.shape} for {count} examples of the group "
                f"{group!r}, but must return at least one for each, ({count}, ...)."
            )
