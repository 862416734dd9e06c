"""What an objective is written on: who meets, what the discriminator answers, and the terms that players pay.

A game's losses are sums of `Term`s, and a term is a function of one `Scene`: one evaluation of a game on
one batch. All answers of the discriminator are computed before any term runs, so the order of the terms
means nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp

from jgan.batch_axis import whole_mean
from jgan.players import DISCRIMINATOR, TERMS, Batch, Metrics, PyTree, Variables


class Inputs(NamedTuple):
    """What a discriminator is shown.

    Attributes:
      values: a pytree, every leaf ``(B, ...)``; penalties differentiate in them.
      condition: a pytree of labels and the like, ``()`` for none.
      weights: of the examples in every mean over them, ``(B,)``, or None for equal ones. Only their
        ratios matter.
    """

    values: PyTree
    condition: PyTree = ()
    weights: jax.Array | None = None


@jax.tree_util.register_pytree_node_class
class Meeting:
    """Named groups of `Inputs` that the discriminator may be shown, and what else was made on the way.

    Attributes:
      groups: ``{name: Inputs}``, in the order given; ``real`` and ``fake`` are the usual two.
      made: anything else that terms read: codes, styles, reconstructions.

    >>> meeting = Meeting(real=Inputs(jnp.zeros((2, 3))), fake=Inputs(jnp.ones((2, 3))))
    >>> list(meeting.groups), meeting["fake"].values.shape
    (['real', 'fake'], (2, 3))
    """

    def __init__(self, *, made: PyTree = (), **groups: Inputs) -> None:
        self.groups: dict[str, Inputs] = groups
        self.made = made

    def __getitem__(self, group: str) -> Inputs:
        if group not in self.groups:
            known = f"only {', '.join(self.groups)}" if self.groups else "none"
            raise ValueError(f"group is {group!r}, but this game has {known}.")
        return self.groups[group]

    def with_groups(self, **groups: Inputs) -> "Meeting":
        """The meeting with some groups added or replaced."""
        return Meeting(made=self.made, **{**self.groups, **groups})

    def tree_flatten(self) -> tuple[tuple[Any, ...], tuple[str, ...]]:
        """Children and names, for JAX."""
        return (*self.groups.values(), self.made), tuple(self.groups)

    @classmethod
    def tree_unflatten(cls, names: tuple[str, ...], children: tuple[Any, ...]) -> "Meeting":
        """The inverse of `tree_flatten`, for JAX."""
        return cls(made=children[-1], **dict(zip(names, children[:-1], strict=True)))


class Step(NamedTuple):
    """How many updates came before this one.

    Attributes:
      run: in the whole run.
      stage: in the present stage of it; schedules and lazy terms go by this one.
    """

    run: jax.Array
    stage: jax.Array


def as_step(step: "Step | int | jax.Array") -> Step:
    """A `Step`; a number is that of a run of one stage."""
    if isinstance(step, Step):
        return step
    number = jnp.asarray(step, jnp.int32)
    return Step(number, number)


Answers = dict[str, PyTree]
"""What a discriminator says of a group: ``"logit"``, an array ``(B, ...)`` or a tree of them, and by name
whatever else it has: features, classes, codes."""


def named(answers: PyTree) -> Answers:
    """The answers by name: what is not a mapping is the logit."""
    return dict(answers) if isinstance(answers, Mapping) else {"logit": answers}


class Networks(Protocol):
    """A player's networks: the only one is called itself, one of several by its name in brackets."""

    def __call__(self, *inputs: Any) -> Any:
        """What the player's only network makes of the inputs."""
        ...

    def __getitem__(self, part: str) -> Callable[..., Any]:
        """The network called ``part``."""
        ...


def _nothing_to_ask(*_: Any) -> Any:
    raise ValueError("this term needs a game with a discriminator, but this game has none.")


@dataclass(frozen=True)
class Scene:
    """One evaluation of a game's losses.

    Attributes:
      variables: of both players.
      held: the same variables once more, of which no player's gradient is taken, but of which every outer
        derivative is: for what a player's own gradient ignores.
      batch: the data.
      latent: what the generator was given; ``()`` in games without latents.
      key: a PRNG key of the term's own.
      step: where the run is.
      meeting: the groups, and what else was made.
      answers: ``{group: Answers}`` for the groups that any term reads.
      memory: the term's own memory.
      make: the generator's networks, asked again without changing any state.
      ask: ``(inputs, group) -> Answers``, the discriminator asked again with the key and the augmentation
        of ``group``, without changing any state.
      meet: ``latent -> Meeting`` of the same batch with other latents, without changing any state.
    """

    variables: Variables
    held: Variables
    batch: Batch
    key: jax.Array
    step: Step
    latent: PyTree = ()
    meeting: Meeting = Meeting()  # noqa: RUF009  a meeting without groups is never written to
    answers: Mapping[str, Answers] = ()  # type: ignore[assignment]
    memory: PyTree = None
    make: Networks = _nothing_to_ask  # type: ignore[assignment]
    ask: Callable[[Inputs, str], Answers] = _nothing_to_ask
    meet: Callable[[PyTree], Meeting] = _nothing_to_ask

    def replace(self, **changes: Any) -> "Scene":
        """A copy with some fields changed."""
        return replace(self, **changes)

    @property
    def memories(self) -> dict[str, dict[str, PyTree]]:
        """The memories of all terms, ``{player: {term: memory}}``."""
        return {player: own.get(TERMS, {}) for player, own in self.variables.items()}

    def answer(self, group: str, name: str) -> jax.Array:
        """The answer called ``name`` about a group."""
        if group not in self.answers:
            assert self.meeting[group]  # raises one sentence for an unknown group
            raise ValueError(
                f"this term reads the answers to the group {group!r}, but does not name it in its groups."
            )
        answers = self.answers[group]
        if name not in answers:
            raise ValueError(
                f"this term needs the discriminator's answer {name!r}, but it gives only {', '.join(answers)}."
            )
        return answers[name]


class Moment(NamedTuple):
    """What an augmentation may depend on.

    Attributes:
      step: where the run is.
      memories: of all terms, ``{player: {term: memory}}``.
    """

    step: Step
    memories: Mapping[str, Mapping[str, PyTree]]


Result = tuple[jax.Array, PyTree, Metrics]
"""A term's scalar, its new memory (None if it has none), and metrics."""
Pull = Callable[[str, str], PyTree]
Weight = Any
"""A number, a `Schedule`, or ``(scene, pull) -> scalar``, a declared constant; ``pull(term, path)`` is the
gradient of one of the player's unweighted terms in the parameters under ``path``, ``"layer/kernel"``."""


class Schedule(NamedTuple):
    """A weight that changes in time.

    Attributes:
      function: from the stage's step to the weight, such as optax's schedules.
    """

    function: Callable[[jax.Array], jax.Array | float]


class Term(NamedTuple):
    """One line of an objective: what one player pays.

    Attributes:
      name: its name in metrics (``player/name``) and among the player's memories.
      value: ``Scene -> (scalar, memory, metrics)``.
      player: who pays it.
      groups: whose answers it reads.
      weight: a number, a `Schedule`, or ``(scene, pull) -> scalar``.
      memory: what it remembers from one move of its player to the next: the first value, or
        ``Scene -> value`` (of which only shapes are sure, since nothing is computed yet); None for nothing.
      differentiates_inputs: whether it takes gradients in the discriminator's inputs, which batch
        normalisation in the discriminator would make meaningless.
      check: looks at the meeting when the game is initialised, and raises ValueError if the data do not fit.
      every: played at each ``every``-th update of a stage only, and as many times as strong
        (`jgan.terms.penalties.lazy`).
    """

    name: str
    value: Callable[[Scene], Result]
    player: str = DISCRIMINATOR
    groups: tuple[str, ...] = ()
    weight: Weight = 1.0
    memory: PyTree | Callable[[Scene], PyTree] = None
    differentiates_inputs: bool = False
    check: Callable[[Scene], None] | None = None
    every: int = 1


class GroupMaker(NamedTuple):
    """A group that is not made by the meeting, such as a pool of past fakes.

    Attributes:
      name: of the group, and of its memory.
      make: ``Scene -> (Inputs, memory)``; the scene has no answers yet.
      player: who owns the memory.
      memory: as for a `Term`.
    """

    name: str
    make: Callable[[Scene], tuple[Inputs, PyTree]]
    player: str = DISCRIMINATOR
    memory: PyTree | Callable[[Scene], PyTree] = None


def per_example(values: jax.Array) -> jax.Array:
    """The mean within each example, ``(B, ...)`` to ``(B,)``."""
    return values if values.ndim == 1 else jnp.mean(values.reshape(values.shape[0], -1), axis=1)


def mean(values: jax.Array, weights: jax.Array | None = None) -> jax.Array:
    """The mean of ``(B, ...)`` over all elements of each example, then over the examples with their weights.

    >>> float(mean(jnp.array([[1.0, 3.0], [5.0, 7.0]]), jnp.array([3.0, 1.0])))
    3.0
    """
    if weights is None:
        return jnp.mean(values)
    weights = jnp.asarray(weights, values.dtype)
    return jnp.mean(weights * per_example(values)) / whole_mean(jnp.mean(weights))
