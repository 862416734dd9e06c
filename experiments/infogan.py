"""InfoGAN: interpretable codes by mutual information (Chen et al. 2016, arXiv 1606.03657).

jgan train experiments/infogan.py
"""

from functools import partial

from jgan import Architecture, Claim, Dataset, Experiment, TwoRateAdam, get_loss
from jgan.claims.class_measures import code_error
from jgan.claims.code_measures import code_changes
from jgan.claims.measures import metric
from jgan.gans.infogan import Codes, infogan

claim = partial(Claim, steps=2000, control={"information": 0.0})
CLAIMS = (
    claim(
        "the categorical code is known from the image: bound in nats, of log 10 = 2.303",
        metric("discriminator/bound", last=3),
        at_least=2.2,
    ),
    claim(
        "the code names the class (share wrong under the best assignment)",
        code_error(10),
        at_most=0.4,
    ),
    claim(
        "a number changes slant or brightness within a category (R² of a linear probe)",
        code_changes(Codes()),
        at_least=0.5,
    ),
)


def experiment(
    *,
    data: Dataset = Dataset(),
    loss: str = "non_saturating",
    information: float = 1.0,
    categories: int = 10,
    continuous: int = 2,
    noise: int = 62,
    architecture: Architecture = Architecture(width=24, norm="batch"),
    adam: TwoRateAdam = TwoRateAdam(),
) -> Experiment:
    """Codes, Q's head and learning rates of the authors' MNIST experiment.

    Args:
      loss: Name of the loss, one of jgan.losses.LOSSES.
      information: Weight of the information in the generator's loss, the paper's lambda; Q always learns to
        read the codes.
      categories: Number of values of the categorical code.
      continuous: Number of codes U(-1, 1).
      noise: Dimensions of the rest of the latent.
      lr: Learning rate of the discriminator's Adam, which also moves Q.
    """
    source = data.load()
    outputs = {"logit": 1, "code": categories + continuous}
    networks = architecture.generator(source), architecture.heads(outputs, hidden=128)
    codes = Codes(categories, continuous, noise)
    game = infogan(*networks, get_loss(loss), codes, weight=information)
    return Experiment(game, adam.alternating(game), source, steps=2000, claims=CLAIMS)
