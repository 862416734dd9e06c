import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY

from jgan.data import Source
from jgan.evaluation.samples import transformed_by
from jgan.gans.stylegan3 import REACH, stylegan3
from jgan.losses import non_saturating
from jgan.metrics.equivariance import equivariance, translate_whole
from jgan.networks.stylegan2 import style_mapping, stylegan2_discriminator
from jgan.networks.stylegan3 import stylegan3_style_count, stylegan3_synthesis

SHAPE, LAYERS, SIDE = (16, 16, 1), 2, 3
BATCH = {"image": jnp.zeros((9, *SHAPE)), "label": jnp.arange(9) % 3}


def played(classes=0, **kind):
    """A small game and its first variables."""
    inputs = stylegan3_style_count(LAYERS)
    mapping = style_mapping(inputs, features=4, layers=1, classes=classes, mixing=0.0)
    synthesis = stylegan3_synthesis(SHAPE, width=4, layers=LAYERS, critical=1, margin=6, **kind)
    judge = stylegan2_discriminator(width=2, classes=classes, mapping_layers=1)
    game = stylegan3(mapping, synthesis, judge, non_saturating(), 3, conditional=classes > 0)
    return game, game.init(KEY, BATCH)


@pytest.fixture(scope="module")
def looked():
    game, variables = played()
    latent = game.sampler.latent(KEY, BATCH)

    @jax.jit
    def look(variables):
        samples = lambda **options: game.sampler.generate(variables, (), latent, **options)
        views = {name: view(variables, BATCH, KEY) for name, view in game.views.items()}
        moved = samples(down=0.25, right=-0.125), samples(angle=90.0), samples(truncation=0.0)
        return views, samples(), *moved

    return look(variables)


@pytest.mark.full
def test_views(looked):
    views, samples, *_, still = looked
    sheets = {
        name: view.reshape(SIDE, SIDE, *SHAPE) for name, view in views.items() if name != "samples"
    }
    assert set(sheets) == {"rotations", "translations", "truncation"}
    np.testing.assert_allclose(sheets["translations"][:, 1], samples[:SIDE], atol=1e-4)
    np.testing.assert_allclose(sheets["rotations"][:, 0], samples[:SIDE], atol=1e-4)
    np.testing.assert_allclose(sheets["truncation"][:, 0], samples[:SIDE], atol=1e-4)
    np.testing.assert_allclose(still, still[:1].repeat(9, axis=0), atol=1e-4)
    pixels = round(REACH * SHAPE[1])
    left, right = sheets["translations"][:, 0], sheets["translations"][:, 2]
    gap = jnp.abs(left[:, 4:-4, 4 : -4 - 2 * pixels] - right[:, 4:-4, 4 + 2 * pixels : -4])
    assert float(gap.mean()) < 0.1 * float(jnp.abs(left - right).mean())


def test_samples_move_and_turn(looked):
    _, samples, moved, turned, _ = looked
    expected, inside = translate_whole(samples, jnp.tile(jnp.array([[4, -2]]), (9, 1)))
    inside = inside.at[:, :6].set(False).at[:, :, -4:].set(False)
    scale = float(samples.std())
    assert float(jnp.abs((moved - expected)[inside]).mean()) < 0.1 * scale
    assert float(jnp.abs(turned - samples).mean()) > 0.5 * scale


def test_what_is_measured_is_moved_and_not_clipped():
    game, variables = played()
    source = Source({"image": np.zeros((40, *SHAPE), np.uint8)}, "zeros")
    large = jax.tree.map(lambda leaf: leaf, variables)
    large["generator"]["params"]["synthesis"]["image"]["bias"] += 20.0
    generate = transformed_by(game, large, source)
    found = jax.jit(generate)(KEY, jnp.zeros((3, 2)), jnp.zeros(3))
    assert found.shape == (3, *SHAPE)
    assert float(found.mean()) > 3
    assert transformed_by(game._replace(sampler=None), large, source) is None


@pytest.mark.full
@pytest.mark.parametrize("filtered", [True, False])
def test_filters_make_it_equivariant(filtered):
    """At random weights, on images of 32 pixels."""
    inputs = stylegan3_style_count(4)
    network = stylegan3_synthesis((32, 32, 1), width=4, most=16, layers=4, filtered=filtered)
    styles = jax.random.normal(KEY, (16, inputs, 4))
    own = network.init(KEY, styles)
    found = equivariance(
        lambda key, shift, angle: network.apply(own, styles, shift, angle)[0], KEY, count=32
    )
    assert (found.eq_t > 40) == filtered


@pytest.mark.full
def test_labels_reach_all_networks():
    game, variables = played(classes=3)
    latent = game.sampler.latent(KEY, BATCH)

    @jax.jit
    def both(label):
        batch = {**BATCH, "label": label}
        scene = game.scene(variables, batch, KEY, 0)
        made = game.sampler.generate(variables, game.sampler.condition(batch), latent)
        return made, scene.answers["real"]["logit"], game.views["classes"](variables, batch, KEY)

    made, logit, _ = both(BATCH["label"])
    other, changed, _ = both((BATCH["label"] + 1) % 3)
    in_order, _, shown = both(jnp.sort(BATCH["label"]))
    np.testing.assert_allclose(shown, in_order, atol=1e-5)
    np.testing.assert_allclose(shown, both(BATCH["label"])[2], atol=1e-5)
    assert float(jnp.abs(made - other).max()) > 1e-3
    assert float(jnp.abs(logit - changed).max()) > 1e-4
