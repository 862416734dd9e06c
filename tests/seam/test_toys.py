"""Games that the classic catalogue lacks, each in a few lines through the same seam."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from helpers import given

from jgan.augmentation import with_augmentation
from jgan.batch_axis import normal_like
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.versus import versus, without_condition
from jgan.latents import normal
from jgan.losses import get_loss, non_saturating
from jgan.networks import mlp_discriminator, mlp_generator
from jgan.rules import alternating
from jgan.scene import Inputs, Meeting, Term
from jgan.terms import adversarial, classification, cycle, pool

KEY, LOSS = jax.random.key(3), non_saturating()
SGD = {player: optax.sgd(0.1) for player in PLAYERS}


def draw(*shape, seed=0):
    return jax.random.normal(jax.random.key(seed), shape)


def played(game, batch, updates=1):
    """First and last state of some compiled updates, and the last metrics."""
    rule = alternating(game, SGD)
    state = first = rule.init(KEY, batch)
    update = jax.jit(rule.update)
    for _ in range(updates):
        state, metrics = update(state, batch)
    return first.variables, state.variables, metrics


# Two unpaired domains: two generators, two discriminators with a logit a patch, two pools.


def cyclegan(photo_to_drawing, drawing_to_photo, photo_critic, drawing_critic, loss, size=50):
    def meet(make, batch, latent, step):
        drawing, photo = make["drawing"](batch["photo"]), make["photo"](batch["drawing"])
        back = {"photo": make["photo"](drawing), "drawing": make["drawing"](photo)}
        return Meeting(
            real_photo=Inputs(batch["photo"]),
            real_drawing=Inputs(batch["drawing"]),
            fake_photo=Inputs(photo),
            fake_drawing=Inputs(drawing),
            made=back,
        )

    def side(x):
        return adversarial(loss, real=f"real_{x}", fake=f"fake_{x}", past=pool(size), name=x)

    return versus(
        {"drawing": photo_to_drawing, "photo": drawing_to_photo},
        {"photo": photo_critic, "drawing": drawing_critic},
        side("photo"),
        side("drawing"),
        cycle(10.0),
        meet=meet,
        present=lambda ask, inputs, group: ask[group.split("_")[-1]](inputs.values),
    )


def test_two_unpaired_domains():
    networks = [given(w, lambda w, x: w * x) for w in (2.0, 0.5, 1.0, -1.0)]  # two patches of one
    batch = {"photo": draw(4, 2), "drawing": draw(4, 2, seed=1)}
    game = cyclegan(*networks, get_loss("least_squares"), size=6)
    (_, now, metrics) = played(game, batch)
    # Drawings are 2 x, photos x / 2: what comes back is what it was.
    np.testing.assert_allclose(metrics["generator/cycle"], 0, atol=1e-6)
    fake = 0.5 * batch["drawing"]
    judged = 0.5 * jnp.mean((batch["photo"] - 1) ** 2 + fake**2)
    np.testing.assert_allclose(metrics["discriminator/photo"], judged, rtol=1e-5)
    kept = now[DISCRIMINATOR]["terms"]["past_fake_photo"]
    assert int(kept["count"]) == 4
    np.testing.assert_allclose(kept["values"][:4], fake, rtol=1e-6)


# A third group: pictures with the wrong text are to be refused as well.


def matching_aware(generator, discriminator, loss, prior):
    def meet(make, batch, latent, step):
        image, text = batch["image"], batch["text"]
        return Meeting(
            real=Inputs(image, text),
            mismatched=Inputs(image, jnp.roll(text, 1, axis=0)),
            fake=Inputs(make(latent, text), text),
        )

    wrong, _ = adversarial(loss, fake="mismatched", weight=0.5, name="mismatch")
    condition = lambda batch: batch["text"]
    terms = adversarial(loss), wrong
    return versus(generator, discriminator, *terms, latent=prior, condition=condition, meet=meet)


def test_a_third_group():
    maker = given(1.0, lambda w, z, text: w * z + text)
    judge = given(1.0, lambda w, x, text: w * jnp.sum(x * text, axis=1))
    game = matching_aware(maker, judge, LOSS, normal(2))
    batch = {"image": draw(4, 2), "text": draw(4, 2, seed=1)}
    scene = game.scene(game.init(KEY, batch), batch, KEY, 0)
    wrong = jnp.sum(batch["image"] * jnp.roll(batch["text"], 1, axis=0), axis=1)
    np.testing.assert_allclose(scene.answers["mismatched"]["logit"], wrong, rtol=1e-5)
    before, after, metrics = played(game, batch)
    assert float(metrics["discriminator/mismatch"]) > 0
    assert "generator/mismatch" not in metrics
    assert game.sampler.examples(after, batch, KEY).shape == (4, 2)
    assert float(after[GENERATOR]["params"]) != float(before[GENERATOR]["params"])


# Neither real nor fake: what is shown is to say what someone does, and not who it is.


def privacy(modifier, action_classifier, identity_classifier):
    def meet(make, batch, latent, step):
        shown = make["modifier"](batch["image"])
        said = make["action"](shown)
        return Meeting(shown=Inputs(shown, batch["identity"]), made={"action": said})

    def usefulness(scene):
        logits = scene.meeting.made["action"]
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, scene.batch["action"])
        return jnp.mean(losses), None, {}

    return versus(
        {"modifier": modifier, "action": action_classifier},
        identity_classifier,
        classification("shown", answer="logit"),
        classification("shown", answer="logit", player=GENERATOR, weight=-1.0, log=False),
        Term("usefulness", usefulness, GENERATOR),
        meet=meet,
        present=without_condition,
        sample=lambda make, latent, condition, step: make["modifier"](condition),
        condition=lambda batch: batch["image"],
    )


def test_a_game_without_real_and_fake():
    label = jnp.arange(64) % 4
    identity, action = label % 2, label // 2
    signs = jnp.stack([2.0 * identity - 1, 2.0 * action - 1], axis=1)
    batch = {"image": signs + 0.1 * draw(64, 2), "identity": identity, "action": action}
    linear = lambda w: given(jnp.asarray(w), lambda w, x: x @ w)
    heads = [[0.0, 0.1], [0.1, 0.0]], [[0.1, 0.0], [0.0, 0.1]]
    game = privacy(given(jnp.ones(2), lambda w, x: w * x), *map(linear, heads))
    _, after, metrics = played(game, batch, 300)
    kept = jnp.abs(after[GENERATOR]["params"]["modifier"])
    assert float(kept[1]) > 3 * float(kept[0])
    assert float(metrics["generator/usefulness"]) < 0.1
    assert game.sampler.examples(after, batch, KEY).shape == (64, 2)


# A weight that is a ratio of gradients: each of two terms pulls as hard as the other.


def test_a_weight_that_is_a_ratio_of_gradients():
    def ratio(scene, pull):
        size = lambda term: optax.tree.norm(pull(term, "Dense_1/kernel"))
        return size("mass") / size("adversarial")

    def mass(scene):
        return jnp.mean(jnp.square(scene.meeting["fake"].values)), None, {}

    judged, fooled = adversarial(LOSS)
    terms = judged, fooled._replace(weight=ratio), Term("mass", mass, GENERATOR)
    game = versus(mlp_generator((2,), (4,)), mlp_discriminator((4,)), *terms, latent=normal(3))
    batch = {"image": draw(8, 2)}
    variables = game.init(KEY, batch)

    def weighted(params, name):
        own = {**variables, GENERATOR: {"params": params}}
        return game.losses(own, batch, KEY, 0)[GENERATOR][1].terms[name]

    pulls = [
        optax.tree.norm(
            jax.grad(weighted)(variables[GENERATOR]["params"], name)["Dense_1"]["kernel"]
        )
        for name in ("mass", "adversarial")
    ]
    np.testing.assert_allclose(pulls[0], pulls[1], rtol=1e-5)


# An augmentation whose strength follows the discriminator's answers.


def steered(game, target=0.6, rate=0.05):
    def follow(scene):
        sure = jnp.mean(jnp.sign(scene.answer("real", "logit")))
        strength = jnp.clip(scene.memory + rate * jnp.sign(sure - target), 0.0, 1.0)
        return jnp.zeros(()), strength, {"strength": strength}

    def augment(key, values, moment):
        return values + moment.memories[DISCRIMINATOR]["ada"] * normal_like(key, values)

    term = Term("ada", follow, groups=("real",), memory=jnp.asarray(0.1))
    return with_augmentation(game.add(term), augment)


def test_an_augmentation_steered_by_the_answers():
    for logit, expected in ((5.0, 0.25), (-5.0, 0.0)):
        judge = given(logit, lambda w, x: w + 0 * x[:, 0])
        game = versus(mlp_generator((2,), (4,)), judge, adversarial(LOSS), latent=normal(3))
        _, after, metrics = played(steered(game), {"image": draw(8, 2)}, 3)
        np.testing.assert_allclose(after[DISCRIMINATOR]["terms"]["ada"], expected, atol=1e-6)
        np.testing.assert_allclose(metrics["discriminator/strength"], expected, atol=1e-6)
