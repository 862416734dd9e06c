"""CycleGAN: two domains translated into each other, learnt without pairs."""

from typing import Any

import jax

from jgan.game import Batch, Game, Translation
from jgan.gans.pix2pix import DOMAINS, check_domains, in_turns
from jgan.gans.versus import versus
from jgan.losses import Loss
from jgan.networks.network import Network
from jgan.scene import Inputs, Meeting, Scene, Step
from jgan.terms.adversarial import adversarial
from jgan.terms.cycle import cycle, identity_mapping
from jgan.terms.pool import pool


def cyclegan(
    generators: tuple[Network, Network],
    discriminators: tuple[Network, Network],
    loss: Loss,
    *,
    weight: float = 10.0,
    identity_share: float = 0.5,
    adversarial_weight: float = 2.0,
    size: int = 50,
) -> Game:
    """The game of Zhu et al. 2017 (eq. 3): two GANs, whose translations back and forth change nothing.

    Each discriminator is shown fakes of a `jgan.terms.pool` of past ones; each generator meets the newest. All
    four networks move as two players.

    Args:
      generators: pictures of ``"a"`` to those of ``"b"``, and back.
      discriminators: pictures of ``"a"``, and of ``"b"``, to logits of any shape.
      loss: how logits are judged; the authors' is least squares.
      weight: of the cycle term, the paper's lambda; 0 for none.
      identity_share: weight of the identity term as a share of ``weight``: 0.5 where the paper has it, 0 for
        none.
      adversarial_weight: of both adversarial losses. 2 makes `jgan.losses.least_squares`, whose squares are
        halved, the authors' own.
      size: of each pool, at least that of a batch; 0 for none.

    A batch needs pictures ``"a"`` and ``"b"``, rows of which have nothing to do with each other. Samples are
    those of ``"b"``, made from ``"a"``. The view ``"reconstructions"`` shows what comes back of the pictures of
    ``"a"``, the view ``"cycles"`` pictures, translations and what comes back in turns; where shapes differ,
    without translations.

    Raises:
      ValueError: from ``init``, if the data have no such pictures, or networks and data do not fit.
    """

    def meet(make: Any, batch: Batch, latent: Any, step: Step) -> Meeting:
        check_domains(batch)
        a, b = make["a"](batch["b"]), make["b"](batch["a"])
        return Meeting(
            real_a=Inputs(batch["a"]),
            real_b=Inputs(batch["b"]),
            fake_a=Inputs(a),
            fake_b=Inputs(b),
            made={"a": make["a"](b), "b": make["b"](a)},
        )

    def side(domain: str) -> Any:
        return adversarial(
            loss,
            real=f"real_{domain}",
            fake=f"fake_{domain}",
            past=pool(size) if size else None,
            weight=adversarial_weight,
            name=domain,
        )

    def there_and_back(scene: Scene) -> tuple[jax.Array, jax.Array]:
        translated = scene.make["b"](scene.batch["a"])
        return translated, scene.make["a"](translated)

    def cycles(scene: Scene) -> jax.Array:
        translated, back = there_and_back(scene)
        shown = [translated] if translated.shape == back.shape else []
        return in_turns(scene.batch["a"], *shown, back)

    consistency = [cycle(weight)] if weight else []
    if weight * identity_share:
        consistency.append(identity_mapping(weight * identity_share))
    return versus(
        dict(zip(("b", "a"), generators, strict=True)),
        dict(zip(DOMAINS, discriminators, strict=True)),
        side("a"),
        side("b"),
        consistency,
        condition=lambda batch: batch["a"],
        example="b",
        meet=meet,
        present=lambda ask, inputs, group: ask[group.rsplit("_", 1)[1]](inputs.values),
        sample=lambda make, latent, condition, step: make["b"](condition),
        views={"cycles": cycles, "reconstructions": lambda scene: there_and_back(scene)[1]},
        translations={
            "a-to-b": Translation("a", lambda make, a, label, z: make["b"](a)),
            "b-to-a": Translation("b", lambda make, b, label, z: make["a"](b)),
        },
    )
