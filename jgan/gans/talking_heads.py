"""Few-shot talking heads: who a person is comes from a few frames, how it looks from landmarks."""

from typing import Any

import jax
import jax.numpy as jnp

from jgan.arguments import check_weight
from jgan.game import DISCRIMINATOR, GENERATOR, Batch, Game, Translation, Variables
from jgan.gans.pix2pix import in_turns
from jgan.gans.versus import versus
from jgan.losses import Loss, hinge
from jgan.networks.network import Network
from jgan.networks.parts import part
from jgan.players import of_networks
from jgan.rules import TrainState
from jgan.scene import Inputs, Meeting, Result, Scene, Step, Term, mean
from jgan.terms.adversarial import adversarial
from jgan.terms.feature_matching import paired_feature_matching
from jgan.terms.reconstruction import absolute, reconstruction


def check_frames(batch: Batch, *others: str) -> None:
    """Raise ValueError unless a batch has pictures with landmarks, and the other fields."""
    pictures = all(name in batch and batch[name].ndim == 4 for name in ("image", "pose"))
    if not pictures or not set(others) <= batch.keys():
        found = ", ".join(f"{name} {values.shape[1:]}" for name, values in batch.items())
        *most, last = "image", "pose", *others
        raise ValueError(
            f"the data have {found}, but this game needs pictures with landmarks in the fields "
            f"{', '.join(most)} and {last}."
        )


def embedding_match(weight: Any = 10.0) -> tuple[Term, Term]:
    """weight · E|ê - W_i| / N, paid by both players (Zakharov et al. 2019, L_MCH).

    ê is ``"embedding"`` of the meeting's ``made``, W_i the discriminator's answer ``"row"``, which is that of
    the person whatever the picture. The discriminator of a new person, whose W_i nobody has learned, begins
    with ê in its place. The paper's L_MCH is a function of the embedder and of W; where only the embedder pays,
    embeddings are held at the values with which rows begin for as long as these have not moved.

    Raises:
      ValueError: if ``weight`` is not a finite number of at least 0.
    """
    check_weight("weight", weight)

    def value(scene: Scene) -> Result:
        row = scene.answer("fake", "row")
        return mean(jnp.abs(scene.meeting.made["embedding"] - row)), None, {}

    name, groups = "embedding_match", ("fake",)
    return (
        Term(name, value, GENERATOR, groups, weight),
        Term(name, value, DISCRIMINATOR, groups, weight),
    )


def talking_heads(
    embedder: Network,
    projection: Network,
    picture: Network,
    discriminator: Network,
    *,
    shots: int | None = None,
    loss: Loss = hinge(),  # noqa: B008  a tuple of pure functions
    content: float = 10.0,
    features: float = 10.0,
    match: float = 10.0,
) -> Game:
    """The game of Zakharov et al. 2019 in which all persons of the data are learned (section 3.2).

    Of each example, the embeddings of ``shots`` frames are averaged, projected to a style, and with it the
    frame at hand is to be made from its landmarks. The discriminator knows the person by number. The content
    term of the paper compares features of VGG19 and VGGFace; here it is the mean absolute difference of the
    pictures, and a perceptual term is another to be added (`jgan.terms.perceptual`).

    Args:
      embedder: ``(pictures, landmarks)`` to ``(B, N)``, such as `jgan.networks.talking_heads.person_embedder`.
      projection: ``(B, N)`` to styles.
      picture: ``(landmarks, styles)`` to pictures, such as a `jgan.networks.resnet.resnet_generator` that is
        styled.
      discriminator: ``(pictures, landmarks, person)`` to ``{"logit": ..., "features": ..., "row": (B, N)}``,
        such as `jgan.networks.talking_heads.person_discriminator`.
      shots: how many of a clip's frames are looked at; None for all of them.
      loss: how logits are judged.
      content: weight of the mean absolute difference.
      features: weight of the matched features; 0 for none.
      match: weight of `embedding_match`; 0 for none.

    A batch needs ``"image"`` and ``"pose"``, of one size, ``"shots"`` and ``"shot_poses"``
    ``(B, K, H, W, ...)`` of the same person, and ``"person"``, int32 ``(B,)``. The view ``"triples"`` shows a
    frame that was looked at, what was made, and the frame that was to be made.

    Raises:
      ValueError: from ``init``, if the data have no such fields, or networks and data do not fit.
    """

    def embedding(make: Any, given: Any) -> jax.Array:
        frames, poses = (given[name][:, :shots] for name in ("shots", "shot_poses"))
        flat = lambda values: values.reshape(-1, *values.shape[2:])
        codes = make["embedder"](flat(frames), flat(poses))
        return jnp.mean(codes.reshape(*frames.shape[:2], -1), axis=1)

    def made_of(make: Any, given: Any) -> jax.Array:
        return make["picture"](given["pose"], make["projection"](embedding(make, given)))

    def meet(make: Any, batch: Batch, latent: Any, step: Step) -> Meeting:
        check_frames(batch, "shots", "shot_poses", "person")
        code = embedding(make, batch)
        fake = make["picture"](batch["pose"], make["projection"](code))
        condition = batch["pose"], batch["person"]
        return Meeting(
            real=Inputs(batch["image"], condition),
            fake=Inputs(fake, condition),
            made={"rebuilt": fake, "embedding": code},
        )

    def triples(scene: Scene) -> jax.Array:
        made = made_of(scene.make, scene.batch)
        return in_turns(scene.batch["shots"][:, 0], made, scene.batch["image"])

    return versus(
        {"embedder": embedder, "projection": projection, "picture": picture},
        discriminator,
        adversarial(loss),
        reconstruction(absolute, content, name="content"),
        paired_feature_matching(features) if features else [],
        embedding_match(match) if match else [],
        condition=lambda batch: {name: batch[name] for name in ("pose", "shots", "shot_poses")},
        meet=meet,
        present=lambda ask, inputs, group: ask(inputs.values, *inputs.condition),
        sample=lambda make, latent, condition, step: made_of(make, condition),
        views={"triples": triples},
    )


def one_talking_head(
    style: Network,
    picture: Network,
    discriminator: Network,
    *,
    loss: Loss = hinge(),  # noqa: B008  a tuple of pure functions
    content: float = 10.0,
    features: float = 10.0,
) -> Game:
    """The game of Zakharov et al. 2019 in which networks are fine-tuned to one person (section 3.3).

    The style is no longer made of embeddings, but trained itself. A training begins with `new_person`.

    Args:
      style: anything to equal rows, `jgan.networks.talking_heads.learned_style`.
      picture: as for `talking_heads`.
      discriminator: ``(pictures, landmarks)`` to ``{"logit": ..., "features": ...}``.
      loss: as for `talking_heads`.
      content: likewise.
      features: likewise.

    A batch needs ``"image"`` and ``"pose"``, frames of the person. A trained generator translates landmarks to
    the person.

    Raises:
      ValueError: from ``init``, if the data have no such fields, or networks and data do not fit.
    """

    def made_of(make: Any, pose: jax.Array) -> jax.Array:
        return make["picture"](pose, make["style"](pose))

    def meet(make: Any, batch: Batch, latent: Any, step: Step) -> Meeting:
        check_frames(batch)
        fake = made_of(make, batch["pose"])
        condition = (batch["pose"],)
        return Meeting(
            real=Inputs(batch["image"], condition),
            fake=Inputs(fake, condition),
            made={"rebuilt": fake},
        )

    return versus(
        {"style": style, "picture": picture},
        discriminator,
        adversarial(loss),
        reconstruction(absolute, content, name="content"),
        paired_feature_matching(features) if features else [],
        condition=lambda batch: batch["pose"],
        meet=meet,
        present=lambda ask, inputs, group: ask(inputs.values, *inputs.condition),
        sample=lambda make, latent, pose, step: made_of(make, pose),
        translations={
            "pose-to-image": Translation("pose", lambda make, pose, label, z: made_of(make, pose))
        },
    )


def new_person(embedder: Network, projection: Network) -> Any:
    """The carry from `talking_heads` to `one_talking_head`, behind `jgan.training.carries.inherit`.

    With ê the mean embedding of all frames of the stage that begins, the style begins as the projection of ê,
    and the discriminator's w₀ as w₀ + ê (Zakharov et al. 2019, section 3.3).

    Args:
      embedder: that of `talking_heads`.
      projection: likewise.
    """

    def carry(fresh: TrainState, past: TrainState, source: Any) -> TrainState:
        frames = source.first(source.size)

        def embedding(variables: Variables) -> tuple[jax.Array, jax.Array]:
            own = of_networks(variables[GENERATOR])
            codes, _ = embedder.apply(part(own, "embedder"), frames["image"], frames["pose"])
            code = jnp.mean(codes, axis=0, keepdims=True)
            return code[0], projection.apply(part(own, "projection"), code)[0][0]

        def begun(collections: Any, style: jax.Array) -> Any:
            return {**collections, "params": {**collections["params"], "style": style}}

        code, style = embedding(past.variables)
        judge = fresh.variables[DISCRIMINATOR]
        common = past.variables[DISCRIMINATOR]["params"]["common"] + code
        variables = {
            GENERATOR: begun(fresh.variables[GENERATOR], style),
            DISCRIMINATOR: {**judge, "params": {**judge["params"], "common": common}},
        }
        averages = dict(fresh.averages)
        if GENERATOR in averages:
            averages[GENERATOR] = begun(
                averages[GENERATOR], embedding(past.averaged_variables())[1]
            )
        return fresh.replace(variables=variables, averages=averages)

    return carry
