"""The pool of past fakes against its description, one image after the other."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from helpers import KEY, assert_same, given, points

from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.conditional import conditional
from jgan.gans.versus import versus
from jgan.latents import LatentLike
from jgan.losses import non_saturating
from jgan.rules import alternating
from jgan.terms import adversarial, pool


class Reference:
    """What CycleGAN's code does, told by what is shown which images were exchanged."""

    def __init__(self, size):
        self.size, self.images, self.places, self.kept = size, [], [], 0

    def query(self, fresh, shown):
        before = list(self.images)
        for new, answer in zip(fresh, shown, strict=True):
            if len(self.images) < self.size:
                self.images.append(new)
                assert answer == new
            elif answer == new:
                self.kept += 1
            else:
                place = before.index(answer)
                self.places.append(place)
                self.images[place] = new


def fed(size, batches):
    """The scenes' fakes and what was shown of them, with the memories, of a generator that gives numbers."""
    game = versus(
        given(0.0, lambda own, z: z),
        given(1.0, lambda own, x: own * x[:, 0]),
        adversarial(non_saturating(), past=pool(size)),
        latent=LatentLike(lambda key, batch: batch["number"]),
    )
    count = batches.shape[1]
    feed = lambda number: {"image": jnp.zeros((count, 1)), "number": number[:, None]}
    variables = game.init(KEY, feed(batches[0]))
    own = variables[DISCRIMINATOR]["terms"]["past_fake"]
    assert own["values"].shape == (size, 1)
    assert int(own["count"]) == 0

    def one(memory, numbered):
        index, number = numbered
        held = {**variables[DISCRIMINATOR], "terms": {"past_fake": memory}}
        here = {**variables, DISCRIMINATOR: held}
        key = jax.random.fold_in(KEY, index)
        shown = game.scene(here, feed(number), key, 0).meeting["past_fake"].values[:, 0]
        aux = game.losses(here, feed(number), key, 0)[DISCRIMINATOR][1]
        renewed = aux.state["terms"]["past_fake"]
        return renewed, (shown, renewed)

    _, (shown, memories) = jax.jit(
        lambda memory: jax.lax.scan(one, memory, (jnp.arange(len(batches)), batches))
    )(own)
    return np.asarray(shown), jax.tree.map(np.asarray, memories)


@pytest.mark.parametrize(("size", "count"), [(12, 4), (10, 4), (7, 5), (4, 4), (5, 1)])
def test_it_does_what_is_documented(size, count):
    batches = 1 + jnp.arange(400.0 * count).reshape(400, count)
    shown, memories = fed(size, batches)
    reference = Reference(size)
    for index, fresh in enumerate(np.asarray(batches)):
        reference.query(fresh.tolist(), shown[index].tolist())
        held = memories["count"][index]
        assert held == len(reference.images) == min(size, count * (index + 1))
        np.testing.assert_array_equal(memories["values"][index, :held, 0], reference.images)
    # Half of the fakes are exchanged, for each of the pool's places equally often.
    total = reference.kept + len(reference.places)
    assert total == 400 * count - size
    assert abs(len(reference.places) / total - 0.5) < 4 * 0.5 / np.sqrt(total)
    shares = np.bincount(reference.places, minlength=size) / len(reference.places)
    assert np.abs(shares - 1 / size).max() < 4 * np.sqrt(1 / size / len(reference.places))


def build(size=8):
    return versus(
        given(0.5, lambda own, z: own + z),
        given(1.0, lambda own, x: own * x[:, 0]),
        adversarial(non_saturating(), past=pool(size)),
        latent=LatentLike(lambda key, batch: jnp.zeros_like(batch["image"])),
    )


def test_the_generator_meets_its_newest_fakes_and_the_discriminator_the_pool():
    game, batch = build(), points(4, 1)
    variables = game.init(KEY, batch)
    # A full pool of fakes at 100.
    full = {"values": jnp.full((8, 1), 100.0), "count": jnp.array(8, jnp.int32)}
    variables = {**variables, DISCRIMINATOR: {"params": 1.0, "terms": {"past_fake": full}}}
    scene = game.scene(variables, batch, KEY, 0)
    np.testing.assert_array_equal(scene.answers["fake"]["logit"], 0.5)
    shown = np.asarray(scene.answers["past_fake"]["logit"])
    assert set(shown) == {0.5, 100.0}
    found = game.losses(variables, batch, KEY, 0)
    softplus = lambda t: np.logaddexp(0, t)
    assert float(found[GENERATOR][0]) == pytest.approx(softplus(-0.5), rel=1e-6)
    expected = softplus(-np.asarray(batch["image"])).mean() + softplus(shown).mean()
    assert float(found[DISCRIMINATOR][0]) == pytest.approx(expected, rel=1e-6)


def test_the_discriminators_moves_alone_fill_it():
    game, batch = build(), points(6, 1)
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.sgd(0.0)), discriminator_steps=3)
    state = rule.init(KEY, batch)
    assert "terms" not in state.variables[GENERATOR]
    for moves in (6, 8, 8):
        state, _ = jax.jit(rule.update)(state, batch)
        assert int(state.variables[DISCRIMINATOR]["terms"]["past_fake"]["count"]) == moves


def test_what_does_not_go_together_is_told():
    batch = {"image": jnp.zeros((4, 1)), "label": jnp.zeros(4, jnp.int32)}
    for make, message in (
        (lambda: pool(0), "size is 0, but a pool must keep at least 1 example"),
        (lambda: labelled().init(KEY, batch), "asked of a game with conditions or weights"),
        (
            lambda: build(3).losses(build(3).init(KEY, batch), batch, KEY, 0),
            "a batch has 4 examples, but the pool keeps 3; use a size of at least 4",
        ),
    ):
        with pytest.raises(ValueError, match=message):
            make()


def labelled():
    game = conditional(
        given(0.0, lambda own, z, label: z),
        given(1.0, lambda own, x, label: x[:, 0]),
        non_saturating(),
        lambda key, count: jnp.zeros((count, 1)),
    )
    return game.add(pool(8)("fake"))


def test_it_is_one_pure_function():
    game, batch = build(), points(4, 1)
    variables = game.init(KEY, batch)
    assert_same(*(jax.jit(game.losses)(variables, batch, KEY, 0) for _ in range(2)))
