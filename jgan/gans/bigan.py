"""BiGAN and ALI: an encoder learns beside the generator, and the discriminator judges pairs."""

import jax

from jgan.game import (
    DISCRIMINATOR,
    GENERATOR,
    Batch,
    Collections,
    Critic,
    Game,
    Inputs,
    Variables,
    adversarial,
    state_of,
)
from jgan.gans.coding import coding_sampler, reconstructions
from jgan.gans.gan import check_shapes
from jgan.latents import Prior
from jgan.losses import Loss
from jgan.networks.combined import with_inputs
from jgan.networks.network import Network
from jgan.networks.parts import join, part


def mirrored(loss: Loss) -> Loss:
    """The loss whose generator also makes the real pairs, and asks of -r what it asks of a fake's logit.

    The non-saturating generator minimises sp(-f) + sp(r) then, the labels exchanged; minimax stays zero-sum,
    hinge and Wasserstein give r - f. Of least squares only targets like -1 and 1 make sense in it.

    >>> from jgan.losses import wasserstein
    >>> float(mirrored(wasserstein()).generator(2.0, 5.0))
    -3.0
    """
    return loss._replace(
        generator=lambda real, fake: loss.generator(real, fake) + loss.generator(-fake, -real)
    )


def bigan(
    generator: Network, encoder: Network, discriminator: Network, loss: Loss, prior: Prior
) -> Game:
    """The game of Donahue et al. 2017 (eq. 3) and Dumoulin et al. 2017 (eq. 1) over pairs.

    D tells (x, E(x)) from (G(z), z); E and G are one player, against whom D wants both kinds of pairs told
    apart (`mirrored`). Where D cannot, E inverts G (theorem 2 of the former). With a deterministic encoder
    it is BiGAN, with `jgan.networks.joint.drawn` ALI.

    Args:
      generator: latents ``(B, d)`` to examples.
      encoder: examples to latents.
      discriminator: ``{"image": examples, "latent": (B, d)}`` to logits ``(B,)``.
      loss: how logits are judged.
      prior: of the latents.

    The generator's collections have the parts ``"generator"`` and ``"encoder"``. The view
    ``"reconstructions"`` shows G(E(x)) for the batch.

    Raises:
      ValueError: from ``init``, if networks, prior and data do not fit.
    """

    def init(key: jax.Array, batch: Batch) -> Variables:
        latent_key, *keys = jax.random.split(key, 4)
        x = batch["image"][:2]
        z = prior(latent_key, x.shape[0])
        pair = {"image": x, "latent": z}
        own = {"generator": generator.init(keys[0], z), "encoder": encoder.init(keys[1], x)}
        judge = discriminator.init(keys[2], pair)
        made = jax.eval_shape(lambda own: generator.apply(own, z)[0], own["generator"])
        code = jax.eval_shape(lambda own: encoder.apply(own, x)[0], own["encoder"])
        if code.shape != z.shape:
            raise ValueError(
                f"the encoder returns codes of shape {code.shape[1:]}, "
                f"but latents have {z.shape[1:]}; they must agree."
            )
        of_images = with_inputs(discriminator, lambda x: ({**pair, "image": x},))
        check_shapes(of_images, judge, x, made)
        return {GENERATOR: join(own), DISCRIMINATOR: judge}

    def critic(variables: Variables, batch: Batch, key: jax.Array, step: jax.Array) -> Critic:
        latent_key, generator_key, encoder_key = jax.random.split(key, 3)
        x = batch["image"]
        own, codes = (part(variables[GENERATOR], name) for name in ("generator", "encoder"))
        z = prior(latent_key, x.shape[0])
        code, encoder_state = encoder.apply(codes, x, key=encoder_key, train=True)

        def generate(z: jax.Array) -> tuple[Inputs, Collections]:
            made, state = generator.apply(own, z, key=generator_key, train=True)
            return Inputs({"image": made, "latent": z}), state

        def score(
            inputs: Inputs, state: Collections, key: jax.Array
        ) -> tuple[jax.Array, Collections]:
            collections = {"params": variables[DISCRIMINATOR]["params"], **state}
            return discriminator.apply(collections, inputs.values, key=key, train=True)

        fake, state = generate(z)
        return Critic(
            real=Inputs({"image": x, "latent": code}),
            fake=fake,
            score=score,
            generator_state=join(
                {"generator": state_of(state), "encoder": state_of(encoder_state)}
            ),
            latent=z,
            generate=lambda z: generate(z)[0],
        )

    sampler = coding_sampler(encoder, generator, prior, name="generator")
    views = {"reconstructions": reconstructions(sampler)}
    return adversarial(init, critic, mirrored(loss), views, sampler)
