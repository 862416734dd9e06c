"""Discriminators that answer more than one question: the trunk's features, a class, a code.

A game asks for logits. Whoever wants another answer of the same network puts `Asked` in the place of the
condition, so that what is done to the discriminator's inputs (augmentation) is done here too.
"""

from dataclasses import dataclass
from typing import Any

import jax

from jgan.game import (
    DISCRIMINATOR,
    Batch,
    Collections,
    Critic,
    Game,
    Inputs,
    Variables,
    critic_of,
)
from jgan.networks.network import Network
from jgan.penalties import Scene


@jax.tree_util.register_static
@dataclass(frozen=True)
class Asked:
    """The question for the answer called ``name``, as `Inputs.condition`."""

    name: str


def answer(network: Network, name: str) -> Network:
    """The network that gives one answer of a network which returns them by name."""

    def apply(
        collections: Collections, *inputs: Any, key: Any = None, train: bool = False
    ) -> tuple[Any, Collections]:
        answers, state = network.apply(collections, *inputs, key=key, train=train)
        return answers[name], state

    return Network(network.init, apply)


def with_answers(game: Game, discriminator: Network) -> Game:
    """The game whose critic also takes questions.

    Args:
      game: played with ``answer(discriminator, "logit")``.
      discriminator: examples to ``{"logit": (B,), name: (B, ...), ...}``.
    """
    inner = critic_of(game)

    def critic(variables: Variables, batch: Batch, key: jax.Array, step: jax.Array) -> Critic:
        scene = inner(variables, batch, key, step)

        def score(inputs: Inputs, state: Collections, key: jax.Array) -> tuple[Any, Collections]:
            if not isinstance(inputs.condition, Asked):
                return scene.score(inputs, state, key)
            collections = {"params": variables[DISCRIMINATOR]["params"], **state}
            answers, state = discriminator.apply(collections, inputs.values, key=key, train=True)
            return answers[inputs.condition.name], state

        return scene._replace(score=score)

    if game.rebuild is None:
        raise ValueError("this game cannot be asked questions: game.rebuild is None.")
    return game.rebuild(critic)


def asked(scene: Scene, inputs: Inputs, name: str) -> jax.Array:
    """The answer called ``name`` about ``inputs``, ``(B, ...)``, inside a penalty."""
    return scene.score(inputs._replace(condition=Asked(name)))
