"""Every kind of term on small smooth networks, and every rule: what law 9 is asked of."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
from laws.small import CLASSES, DIM, LATENT, Smooth, discriminator, generator

from jgan.augmentation import (
    diff_augment,
    instance_noise,
    with_adaptive_augmentation,
    with_augmentation,
)
from jgan.batch_axis import normal_like
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS
from jgan.gans.acgan import acgan
from jgan.gans.age_cgan import latent_error
from jgan.gans.bigan import bigan
from jgan.gans.feature_matching import only_discriminator
from jgan.gans.gan import gan
from jgan.gans.infogan import Codes, infogan
from jgan.gans.packing import packed
from jgan.gans.talking_heads import embedding_match
from jgan.gans.unrolled import unrolled
from jgan.gans.versus import versus
from jgan.latents import normal
from jgan.losses import get_loss, non_saturating
from jgan.networks import from_linen
from jgan.networks.combined import answer_of
from jgan.numerics.quadrature import weighted
from jgan.rules import (
    alternating,
    competitive,
    consensus,
    drift_corrected,
    extragradient,
    lola,
    lookahead_minimax,
    negative_momentum,
    optimistic,
    past_extragradient,
    runge_kutta,
    simultaneous,
    symplectic,
)
from jgan.scene import Inputs, Meeting, Schedule, Term
from jgan.terms import (
    adversarial,
    balance,
    cycle,
    feature_matching,
    identity_mapping,
    kl_divergence,
    paired_feature_matching,
    perceptual,
    pool,
    pull_away,
    reconstruction,
)
from jgan.terms.historical import historical_averages
from jgan.terms.path_regularizer import path_regularizer
from jgan.terms.penalties import dragan, lazy, one_centred, r1, r2, wgan_gp
from jgan.terms.regularizers import consistency, latent_consistency, lecam, orthogonal

LOSS, PRIOR = non_saturating(), normal(LATENT)
COUNT = 8


def batch():
    """Eight points with labels, and eight others, in double precision."""
    x, y = (jax.random.normal(jax.random.key(k), (COUNT, DIM), jnp.float64) for k in (0, 1))
    return {"image": x, "label": jnp.arange(COUNT, dtype=jnp.int32) % CLASSES, "other": y}


def plain(kind, *terms, loss=LOSS):
    return gan(generator(), discriminator(kind), loss, PRIOR).add(terms)


def autoencoding(kind):
    """BEGAN's energies, smooth: squares instead of absolute values."""

    def present(ask, inputs, group):
        answers = ask(inputs.values)
        return {"logit": -jnp.mean(jnp.square(answers["rebuilt"] - inputs.values), axis=1)}

    judge = discriminator(kind, rebuilt=DIM)
    terms = adversarial(get_loss("wasserstein")), balance(rate=0.1)
    return versus(generator(), judge, *terms, latent=PRIOR, present=present)


def variational(kind):
    """An encoder and a decoder against a discriminator, whose verdict the encoder does not follow."""

    def meet(make, batch, noise, step):
        def posterior(encode):
            answers = encode(batch["image"])
            return {"mean": answers["mean"], "std": jnp.exp(answers["log_std"])}

        q, held = posterior(make["encoder"]), posterior(make.held["encoder"])
        code = lambda q: q["mean"] + q["std"] * noise
        made = {"posterior": q, "rebuilt": make["decoder"](code(q))}
        fake = Inputs(make["decoder"](code(held)))
        return Meeting(real=Inputs(batch["image"]), fake=fake, made=made)

    encoder = from_linen(Smooth((("log_std", LATENT), ("mean", LATENT))))
    return versus(
        {"encoder": encoder, "decoder": generator()},
        discriminator(kind),
        adversarial(LOSS),
        reconstruction(),
        kl_divergence(0.5),
        latent=PRIOR,
        meet=meet,
        sample=lambda make, z, condition, step: make["decoder"](z),
    )


def ratio(scene, pull):
    """VQGAN's weight: how strongly two terms pull at the last layer."""
    size = lambda name: optax.tree.norm(pull(name, "Smooth_0/out"))
    return size("mass") / (size("adversarial") + 1e-4)


def balanced_by_a_ratio(kind):
    mass = Term(
        "mass",
        lambda scene: (jnp.mean(jnp.square(scene.meeting["fake"].values)), None, {}),
        GENERATOR,
    )
    terms = adversarial(LOSS)
    ruled = (terms[0], terms[1]._replace(weight=ratio))
    return versus(generator(), discriminator(kind), *ruled, mass, latent=PRIOR)


def steered(kind):
    """An augmentation whose strength follows the discriminator's answers, as in ADA."""

    def follow(scene):
        sure = jnp.mean(jnp.tanh(scene.answer("real", "logit")))
        return jnp.zeros(()), scene.memory + 0.1 * sure, {}

    def augment(key, values, moment):
        return values + moment.memories[DISCRIMINATOR]["strength"] * normal_like(key, values)

    term = Term("strength", follow, groups=("real",), memory=jnp.asarray(0.2))
    return with_augmentation(plain(kind, term), augment)


def pictures(kind):
    """Points as grey pictures of one row."""
    picture = lambda points: points[:, None, :, None]
    meet = lambda make, batch, z, step: Meeting(
        real=Inputs(picture(batch["image"])), fake=Inputs(picture(make(z)))
    )
    present = lambda ask, inputs, group: ask(inputs.values[:, 0, :, 0])
    terms = adversarial(LOSS), r2(1.0)
    options = {"latent": PRIOR, "meet": meet, "present": present}
    sample = lambda make, z, condition, step: picture(make(z))
    return versus(generator(), discriminator(kind), *terms, sample=sample, **options)


def styled(kind):
    """A mapping and a synthesis network, whose step in the image is held to one length."""
    mapping = from_linen(Smooth((("styles", LATENT),), hidden=2))
    meet = lambda make, batch, z, step: Meeting(
        real=Inputs(batch["image"]), fake=Inputs(make["synthesis"](make["mapping"](z)["styles"]))
    )
    terms = adversarial(LOSS), path_regularizer()
    parts = {"mapping": mapping, "synthesis": generator()}
    return versus(
        parts,
        discriminator(kind),
        *terms,
        latent=PRIOR,
        meet=meet,
        sample=lambda make, z, condition, step: make["synthesis"](make["mapping"](z)["styles"]),
    )


def noisy(key, values):
    return values + 0.1 * normal_like(key, values)


def patches(kind):
    """Three logits an example, in two leaves."""

    def present(ask, inputs, group):
        answers = ask(inputs.values)
        return {"logit": {"fine": answers["patch"], "coarse": answers["logit"]}}

    judge = discriminator(kind, patch=2)
    return versus(generator(), judge, adversarial(LOSS), r1(1.0), latent=PRIOR, present=present)


def conditional_head(kind):
    return acgan(generator(), discriminator(kind, **{"class": CLASSES}), LOSS, PRIOR)


def pairs(kind):
    encoder = answer_of(discriminator(code=LATENT), "code")
    joined = lambda ask, inputs, group: ask(
        jnp.concatenate([inputs.values["image"], inputs.values["latent"]], axis=1)
    )
    game = bigan(generator(), encoder, discriminator(kind), LOSS, PRIOR, present=joined)
    return game


def embedded(kind):
    """An embedder that is drawn to the discriminator's rows, and finds the latents of what is made."""

    def meet(make, batch, z, step):
        code = make["embedder"](batch["image"])["code"]
        made = {"embedding": code, "latent": make["embedder"](make["maker"](z))["code"]}
        return Meeting(real=Inputs(batch["image"]), fake=Inputs(make["maker"](code)), made=made)

    parts = {"embedder": from_linen(Smooth((("code", LATENT),))), "maker": generator()}
    terms = adversarial(LOSS), embedding_match(0.7), latent_error(0.3)
    sample = lambda make, z, condition, step: make["maker"](z)
    judge = discriminator(kind, row=LATENT)
    return versus(parts, judge, *terms, latent=PRIOR, meet=meet, sample=sample)


def there_and_back(kind):
    """Two domains, translated into each other."""

    def meet(make, batch, latent, step):
        x, y = batch["image"], batch["other"]
        other, image = make["other"](x), make["image"](y)
        back = {"image": make["image"](other), "other": make["other"](image)}
        return Meeting(real=Inputs(y), fake=Inputs(other), made=back)

    makers = {"image": generator(), "other": generator()}
    terms = adversarial(LOSS), cycle(1.0), identity_mapping(0.5)
    sample = lambda make, z, condition, step: make["other"](condition)
    condition = lambda batch: batch["image"]
    return versus(
        makers, discriminator(kind), *terms, meet=meet, condition=condition, sample=sample
    )


TERMS = {
    "none": plain,
    "r1": lambda kind: plain(kind, r1(1.0)),
    "r2": lambda kind: plain(kind, r2(1.0)),
    "wgan_gp": lambda kind: plain(kind, wgan_gp(1.0)),
    "one_centred": lambda kind: plain(kind, one_centred(1.0)),
    "dragan": lambda kind: plain(kind, dragan(1.0)),
    "lazy r1": lambda kind: plain(kind, lazy(r1(1.0), 2)),
    "lecam": lambda kind: plain(kind, lecam(1.0)),
    "consistency": lambda kind: plain(kind, consistency(noisy, 1.0, 1.0)),
    "latent consistency": lambda kind: plain(kind, latent_consistency(0.1)),
    "orthogonal": lambda kind: plain(kind, orthogonal(0.1)),
    "historical average": lambda kind: plain(kind, historical_averages(0.5)),
    "feature matching": lambda kind: plain(kind, feature_matching(), loss=only_discriminator(LOSS)),
    "paired feature matching": lambda kind: plain(kind, paired_feature_matching(0.7)),
    "perceptual": lambda kind: plain(kind, perceptual(lambda x: (jnp.sin(x), x**3), 0.7)),
    "pull-away": lambda kind: plain(kind, pull_away(0.5)),
    "relativistic average": lambda kind: plain(kind, loss=get_loss("relativistic_average")),
    "classification": conditional_head,
    "information": lambda kind: infogan(
        generator(), discriminator(kind, code=3), LOSS, Codes(2, 1, 1)
    ),
    "balance": autoencoding,
    "reconstruction and kl": variational,
    "patches": patches,
    "pool": lambda kind: versus(
        generator(), discriminator(kind), adversarial(LOSS, past=pool(8)), latent=PRIOR
    ),
    "instance noise": lambda kind: with_augmentation(plain(kind, r1(1.0)), instance_noise(0.3)),
    "steered augmentation": steered,
    "diff augmentation": lambda kind: with_augmentation(pictures(kind), diff_augment()),
    "adaptive augmentation": lambda kind: with_adaptive_augmentation(pictures(kind), start=0.7),
    "ratio as weight": balanced_by_a_ratio,
    "scheduled weight": lambda kind: plain(
        kind, r2(1.0)._replace(weight=Schedule(lambda step: 0.5 / (1 + step)))
    ),
    "packing": lambda kind: packed(plain(kind, r1(1.0)), 2),
    "weights": lambda kind: weighted(plain(kind, r1(1.0)), np.arange(1.0, COUNT + 1)),
    "pairs": pairs,
    "cycle and identity": there_and_back,
    "path length": styled,
    "embedding match and latent error": embedded,
}
"""By name: from a kind of discriminator to a game with the term."""

SGD = {player: optax.sgd(0.1) for player in PLAYERS}
# After a first step the spectral vectors have followed by one iteration, and the norm's derivative is exact
# only where they have converged: a gradient there is off by the length of the step.
SHORT = 1e-3
ADAM = {player: optax.adam(SHORT, eps=1e-2) for player in PLAYERS}
RULES = {
    "simultaneous": lambda game: simultaneous(game, SGD),
    "alternating": lambda game: alternating(game, ADAM, discriminator_steps=2),
    "consensus": lambda game: consensus(game, SGD, 0.5),
    "symplectic": lambda game: symplectic(game, SGD),
    "competitive": lambda game: competitive(game, 0.1, tolerance=1e-13),
    "lola": lambda game: lola(game, SGD, 0.3),
    "runge-kutta": lambda game: runge_kutta(game, 0.1, 2, regularization=0.3),
    "extragradient": lambda game: extragradient(game, SGD),
    "past extragradient": lambda game: past_extragradient(game, 0.1),
    "optimistic": lambda game: optimistic(game, 0.1),
    "negative momentum": lambda game: negative_momentum(game, 0.1),
    "lookahead": lambda game: lookahead_minimax(simultaneous(game, SGD), 1),
    "drift corrected": lambda game: drift_corrected(game, dict.fromkeys(PLAYERS, 0.1)),
    "unrolled": lambda game: simultaneous(unrolled(game, 2, optax.sgd(SHORT)), SGD),
    "unrolled, first order": lambda game: simultaneous(
        unrolled(game, 2, optax.sgd(SHORT), second_order=False), SGD
    ),
}
"""By name: from a game to a rule."""
