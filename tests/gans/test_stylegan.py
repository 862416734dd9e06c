import jax
import jax.numpy as jnp
import numpy as np
import pytest
from helpers import KEY, given

from jgan.game import GENERATOR
from jgan.gans.style_based import truncated_styles
from jgan.gans.stylegan import stylegan
from jgan.losses import non_saturating
from jgan.networks.stylegan2 import (
    style_count,
    style_mapping,
    stylegan2_discriminator,
    stylegan2_synthesis,
)

SHAPE = (8, 8, 1)
BATCH = {"image": jnp.zeros((9, *SHAPE)), "label": jnp.arange(9) % 3}
SIDE = 3


@pytest.fixture(scope="module")
def played():
    """A game whose noise has a strength and whose mean style is not zero, and its views."""
    networks = (
        style_mapping(style_count(SHAPE), features=4, layers=1),
        stylegan2_synthesis(SHAPE, width=2),
        stylegan2_discriminator(width=2),
    )
    game = stylegan(*networks, non_saturating(), 3)
    variables = game.init(KEY, BATCH)

    def changed(path, leaf):
        names = [part.key for part in path]
        return leaf + 0.2 if names[-1] == "strength" or "average" in names else leaf

    variables = jax.tree_util.tree_map_with_path(changed, variables)
    latent = game.sampler.latent(KEY, BATCH)

    @jax.jit
    def look(variables):
        samples = lambda **options: game.sampler.generate(variables, (), latent, **options)
        views = {name: view(variables, BATCH, KEY) for name, view in game.views.items()}
        return views, samples(), samples(truncation=0.0), samples(noise=0.0)

    return game, variables, *look(variables)


def test_the_diagonal_of_the_mixing_view_is_samples(played):
    _, _, views, samples, *_ = played
    sheet = views["mixing"].reshape(SIDE, SIDE, *SHAPE)
    for place in range(SIDE):
        np.testing.assert_allclose(sheet[place, place], samples[place], atol=1e-5)
    assert float(jnp.abs(sheet[0, 1] - sheet[0, 0]).max()) > 1e-3
    assert float(jnp.abs(sheet[0, 1] - sheet[1, 1]).max()) > 1e-3


def test_truncation_draws_samples_to_one(played):
    _, _, views, samples, still, _ = played
    sheet = views["truncation"].reshape(SIDE, SIDE, *SHAPE)
    np.testing.assert_allclose(sheet[:, 0], samples[:SIDE], atol=1e-5)
    np.testing.assert_allclose(sheet[:, 1], still[:SIDE], atol=1e-5)
    np.testing.assert_allclose(still, still[:1].repeat(9, axis=0), atol=1e-5)
    styles, mean = jnp.ones((2, 3, 4)), 3.0 * jnp.ones(4)
    np.testing.assert_allclose(truncated_styles(styles, mean, 0.25), 2.5)
    np.testing.assert_allclose(truncated_styles(styles, mean, 1.0), styles)


def test_noise_can_be_left_out(played):
    _, _, views, samples, _, quiet = played
    np.testing.assert_allclose(views["noise"][0], samples[0], atol=1e-5)
    np.testing.assert_allclose(views["noise"][1], quiet[0], atol=1e-5)
    assert float(jnp.abs(samples - quiet).max()) > 1e-2


def test_a_style_mixed_with_itself_is_itself(played):
    game, variables, *_ = played
    same = jnp.broadcast_to(game.sampler.latent(KEY, BATCH)[:1], (9, 3))
    own = variables[GENERATOR]["params"]["mapping"]
    network = style_mapping(style_count(SHAPE), features=4, layers=1, mixing=1.0)
    state = {"average": variables[GENERATOR]["average"]["mapping"]}
    w = network.apply({"params": own, **state}, same)[0]["styles"]
    np.testing.assert_allclose(w, w[:1, :1] + 0 * w, rtol=1e-6)


def test_classes_are_shown_in_order():
    """Of a mapping that makes a tenth of the label of every latent."""
    mapping = given(
        {}, lambda own, z, c: {"styles": 0.1 * (0 * z + c[:, None])[:, None], "mean": jnp.zeros(3)}
    )
    synthesis = given({}, lambda own, w, noise=1.0: w[:, 0, 0, None, None, None] * jnp.ones(SHAPE))
    judge = given({}, lambda own, x, c: jnp.mean(x, axis=(1, 2, 3)) * c)
    networks = mapping, synthesis, judge, non_saturating(), 3
    game = stylegan(*networks, conditional=True)
    variables = game.init(KEY, BATCH)
    shown = game.views["classes"](variables, BATCH, KEY)
    np.testing.assert_allclose(shown[:, 0, 0, 0], 0.1 * np.repeat([0, 1, 2], 3), atol=1e-6)
    assert "classes" not in stylegan(*networks).views


@pytest.mark.full
def test_labels_reach_all_networks():
    networks = (
        style_mapping(style_count(SHAPE), features=4, layers=1, classes=3),
        stylegan2_synthesis(SHAPE, width=2),
        stylegan2_discriminator(width=2, classes=3, mapping_layers=1),
    )
    game = stylegan(*networks, non_saturating(), 3, conditional=True)
    variables = game.init(KEY, BATCH)
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
    assert float(jnp.abs(logit - changed).max()) > 0.01 * float(jnp.abs(logit).max())
    with pytest.raises(ValueError, match="the data have no labels"):
        game.init(KEY, {"image": BATCH["image"]})
