"""What does not fit together is told in one sentence, before anything is compiled."""

import jax.numpy as jnp
import optax
import pytest
from helpers import KEY, STEP, given, mlp_game, points

from jgan.game import GENERATOR
from jgan.gans.unrolled import unrolled
from jgan.gans.versus import versus
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.scene import GroupMaker, Inputs, Meeting, Term
from jgan.terms import adversarial, feature_matching
from jgan.terms.penalties import r1

LOSS, BATCH = non_saturating(), points(4)
MAKE, JUDGE = given(1.0, lambda own, z: own * z), given(1.0, lambda own, x: own * x[:, 0])
USUAL = lambda make, batch, z, step: Meeting(real=Inputs(batch["image"]), fake=Inputs(make(z)))


def build(*terms, generator=MAKE, discriminator=JUDGE, **options):
    return versus(
        generator, discriminator, *(terms or adversarial(LOSS)), latent=normal(2), **options
    )


def part(name):
    return lambda make, batch, z, step: Meeting(
        real=Inputs(batch["image"]), fake=Inputs(make[name](z))
    )


NOTHING = lambda scene: (jnp.zeros(()), None, {})
MISTAKES = {
    "a network that nobody calls": (
        lambda: build(generator={"a": MAKE, "b": MAKE}, meet=part("a")),
        "the generator has a network called 'b' that neither the meeting nor any term calls",
    ),
    "a discriminator that nobody asks": (
        lambda: build(Term("idle", NOTHING)),
        "the discriminator has a network that neither the meeting nor any term calls",
    ),
    "a part of another name": (
        lambda: build(generator={"a": MAKE}, meet=part("b")),
        "part is 'b', but the generator's networks are called a",
    ),
    "several networks called like one": (
        lambda: build(generator={"a": MAKE, "b": MAKE}),
        "the generator has several networks, so one is called by its name, one of a, b",
    ),
    "one network called like several": (
        lambda: build(meet=part("a")),
        r"part is 'a', but the generator's networks are called \(none\)",
    ),
    "an unknown group": (
        lambda: build(adversarial(LOSS, real="reel")),
        "group is 'reel', but this game has only real, fake",
    ),
    "a group without examples of the data's shape": (
        lambda: build(
            meet=lambda make, batch, z, step: Meeting(
                real=Inputs(batch["image"][:, :1]), fake=Inputs(make(z))
            )
        ),
        r"makes examples of shape \(2,\), but the data's are \(1,\)",
    ),
    "two groups of one name": (
        lambda: build().add(GroupMaker("real", lambda scene: (scene.meeting["fake"], None))),
        "there are two groups called 'real'; rename one of them",
    ),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_init_tells(name):
    make, sentence = MISTAKES[name]
    game = make()
    with pytest.raises(ValueError, match=rf"^[^\n]*{sentence}[^\n]*$"):
        game.init(KEY, BATCH)


@pytest.mark.parametrize(
    ("terms", "sentence"),
    [
        (
            feature_matching(),
            "needs the discriminator's answer 'features', but it gives only logit",
        ),
        (
            Term("lost", lambda scene: (scene.answer("fake", "logit"), None, {}), GENERATOR),
            "this term reads the answers to the group 'fake', but does not name it in its groups",
        ),
        (
            Term("r1", lambda scene: (jnp.zeros(()), None, {"real_logit": 0.0})),
            "the discriminator already has a metric called 'real_logit'; give the term 'r1' another",
        ),
        (
            Term("accuracy", NOTHING),
            "the discriminator already has a metric called 'accuracy'",
        ),
    ],
)
def test_losses_tell(terms, sentence):
    # The pair of adversarial terms, of which only the discriminator's is judged for groups.
    game = build(Term("fakes", NOTHING, groups=("real",)), terms)
    if "metric" in sentence:
        game = build(*adversarial(LOSS), terms)
    with pytest.raises(ValueError, match=sentence):
        dict(game.losses(game.init(KEY, BATCH), BATCH, KEY, STEP))


@pytest.mark.parametrize("player", ["both", "Generator"])
def test_players_are_two(player):
    with pytest.raises(ValueError, match=f"player is '{player}', but must be one of generator"):
        build(Term("nobody", NOTHING, player))


def test_what_is_added_is_a_term():
    for wrong in (3.0, "r1", r1):
        with pytest.raises(ValueError, match="only terms and group makers can be added"):
            mlp_game().add(wrong)


def test_unrolling_happens_once():
    game = unrolled(mlp_game(), 1, optax.sgd(0.1))
    with pytest.raises(ValueError, match="this game is unrolled already"):
        unrolled(game, 1, optax.sgd(0.1))
    with pytest.raises(ValueError, match="steps is -1, but must be at least 0"):
        unrolled(mlp_game(), -1, optax.sgd(0.1))
