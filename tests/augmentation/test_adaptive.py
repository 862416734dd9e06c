"""The probability of adaptive augmentation: its law against NumPy, what it reads, and what it lets through."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, STEP, bilinear_game, critic_game, given, images, linear, points

from jgan.augmentation import with_adaptive_augmentation
from jgan.game import DISCRIMINATOR
from jgan.gans.conditional import conditional
from jgan.latents import normal
from jgan.losses import non_saturating
from jgan.scene.constants import recording

SHAPE = (3, 2, 1)


def by_label(**options):
    """A conditional game whose discriminator answers +1 or -1 by the label, whatever the picture."""
    game = conditional(
        given(0.0, lambda own, z, label: own + jnp.tile(z[:, :, None, None], (1, 3, 2, 1))),
        given(1.0, lambda own, x, label: own * (2.0 * label - 1.0)),
        non_saturating(),
        normal(1),
    )
    return with_adaptive_augmentation(game, **options)


def played(game, labels):
    """p and r of every minibatch, from the memory that comes out of each move."""
    count = labels.shape[1]
    variables = game.init(KEY, {**images(count, SHAPE), "label": labels[0]})
    move = jax.jit(
        lambda variables, batch: game.losses(variables, batch, KEY, STEP)[DISCRIMINATOR][1]
    )
    found = []
    for label in labels:
        aux = move(variables, {**images(count, SHAPE), "label": label})
        variables = {**variables, DISCRIMINATOR: {**variables[DISCRIMINATOR], **aux.state}}
        memory = aux.state["terms"]["augmentation"]
        assert float(memory["p"]) == float(aux.metrics["augmentation_probability"])
        assert float(aux.metrics["augmentation"]) == 0
        found.append((float(memory["p"]), float(aux.metrics["real_sign"])))
    return np.asarray(found).T


@pytest.mark.parametrize(
    ("interval", "kimg", "target", "start"),
    [(4, 0.5, 0.57, 0.3), (1, 0.1, 0.55, 0.95), (3, 0.1, -0.23, 0.05)],
)
def test_the_probability_follows_its_law(interval, kimg, target, start):
    rng = np.random.default_rng(2)
    labels = (rng.uniform(size=(26, 10)) < rng.uniform(size=(26, 1)) ** 0.3).astype(np.int32)
    options = {"interval": interval, "kimg": kimg, "target": target, "start": start}
    p, r = played(by_label(**options), jnp.asarray(labels))
    signs = (2.0 * labels - 1).mean(axis=1)
    np.testing.assert_allclose(r, signs, atol=1e-6)
    expected, now = [], start
    for move in range(1, 27):
        if move % interval == 0:
            sure = np.sign(signs[move - interval : move].mean() - target)
            now = min(max(now + sure * 10 * interval / (1000 * kimg), 0), 1)
        expected.append(now)
    np.testing.assert_allclose(p, expected, atol=1e-6)
    assert len(set(expected)) > 2


def test_the_published_speed():
    """500,000 pictures from 0 to 1, in steps of four minibatches."""
    game = by_label()
    p, _ = played(game, jnp.ones((8, 20), jnp.int32))
    np.testing.assert_allclose(p, np.repeat([0, 80 / 500_000, 160 / 500_000], [3, 4, 1]), rtol=1e-6)


def test_the_discriminator_is_shown_what_the_memory_says():
    batch = images(6, (4, 4, 1))
    game = critic_game(linear, jnp.ones((4, 4, 1)), latent=lambda key, image: image)
    plain = game.scene(game.init(KEY, batch), batch, KEY, 0).answers["real"]["logit"]
    adaptive = with_adaptive_augmentation(game)
    variables = adaptive.init(KEY, batch)
    for p, same in ((0.0, True), (1.0, False)):
        variables[DISCRIMINATOR]["terms"]["augmentation"]["p"] = jnp.array(p)
        shown = adaptive.scene(variables, batch, KEY, 0).answers
        assert np.array_equal(shown["real"]["logit"], plain) is same
        # The generator makes the data here, but is shown in other places and colours.
        assert np.array_equal(shown["fake"]["logit"], shown["real"]["logit"]) is same


def test_no_gradient_leaks_through_the_signs():
    """Nor is the sign of a smooth discriminator followed: it is a declared constant."""
    batch = {**images(5, SHAPE), "label": jnp.arange(5) % 2}
    game = by_label(interval=1, start=0.5)
    variables = game.init(KEY, batch)

    def remembered(params):
        own = {**variables, DISCRIMINATOR: {**variables[DISCRIMINATOR], "params": params}}
        aux = game.losses(own, batch, KEY, STEP)[DISCRIMINATOR][1]
        memory = aux.state["terms"]["augmentation"]
        return memory["p"] + memory["signs"] + aux.metrics["real_sign"]

    slope = jax.jit(jax.grad(remembered))(variables[DISCRIMINATOR]["params"])
    np.testing.assert_array_equal(slope, 0)
    with recording() as constants:
        remembered(variables[DISCRIMINATOR]["params"])
    assert [name for name, _ in constants] == ["augmentation"]


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (
            points(4),
            r"^ada is for pictures of floats \(H, W, C\), but examples are float32 \(2,\)\.$",
        ),
        (images(4, (5, 5, 2)), r"^ada is for pictures of 1 or 3 channels, but these have 2\.$"),
    ],
)
def test_other_examples_are_refused_at_the_start(batch, message):
    game = with_adaptive_augmentation(critic_game(linear, jnp.ones(batch["image"].shape[1:])))
    with pytest.raises(ValueError, match=message):
        game.init(KEY, batch)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": 1.5}, r"^target is 1.5, but must lie in \[-1, 1\]\.$"),
        ({"interval": 0}, r"^interval is 0, but must be at least 1\.$"),
        ({"kimg": 0.0}, r"^kimg is 0.0, but must be a positive finite number\.$"),
        ({"start": -0.1}, r"^start is -0.1, but must lie in \[0, 1\]\.$"),
    ],
)
def test_numbers_out_of_range(options, message):
    with pytest.raises(ValueError, match=message):
        by_label(**options)


def test_somebody_must_be_asked():
    with pytest.raises(ValueError, match=r"needs a game with a discriminator, but"):
        with_adaptive_augmentation(bilinear_game([[1.0]]))
