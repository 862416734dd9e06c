"""The recipe for photos: the authors' numbers, what a CPU gets, and pictures that teach nothing."""

import numpy as np
import pytest

from jgan.data import Source
from jgan.errors import UserError
from jgan.training.experiment import load_experiment
from jgan.training.photo_recipe import PhotoSettings, photos, recipe

AUTHORS = {
    # (side, devices): batch, channels at the pictures' size, learning rate, gamma
    (128, 1): (32, 128, 0.0025, 0.1024),
    (256, 1): (16, 64, 0.0025, 0.8192),
    (256, 8): (64, 64, 0.0025, 0.2048),
    (512, 2): (16, 64, 0.0025, 3.2768),
    (1024, 1): (4, 32, 0.002, 52.4288),
    (1024, 96): (96, 32, 0.002, 0.0002 * 1024**2 / 96),
    # 64 are no multiple of three.
    (128, 3): (63, 128, 0.0025, 0.0002 * 128**2 / 63),
}


@pytest.mark.parametrize(("side", "devices"), AUTHORS)
def test_accelerators_get_the_authors_settings(side, devices):
    values, decisions = recipe((side, side, 3), 20_000, devices)
    found = tuple(values[name] for name in ("batch_size", "width", "lr", "gamma"))
    assert found == pytest.approx(AUTHORS[side, devices])
    assert (values["most"], values["latent"], values["mixing"]) == (512, 512, 0.9)
    assert (values["path_length"], values["residual"]) == (2.0, "yes")
    assert {one.name for one in decisions} == set(values)


def test_small_pictures_are_treated_as_cifar_10():
    values, decisions = recipe((32, 32, 3), 60_000, 2)
    names = ("path_length", "mixing", "residual", "width", "augmentation")
    assert [values[name] for name in names] == [0.0, 0.0, "no", 512, "none"]
    assert "CIFAR-10" in next(str(one) for one in decisions if one.name == "residual")


def test_a_cpu_gets_less_of_everything():
    cpu, gpu = (recipe((64, 96, 3), 300, devices).values for devices in (0, 1))
    for name in ("batch_size", "width", "most", "latent", "steps", "path_length"):
        assert cpu[name] < gpu[name], name
    assert cpu["width"] == 512 // 78  # the root of 64 x 96
    assert cpu["gamma"] == pytest.approx(0.0002 * 78**2 / 16)


@pytest.mark.parametrize(
    ("pictures", "augmentation"),
    [(2, "diff"), (999, "diff"), (1_000, "ada"), (49_999, "ada"), (50_000, "none")],
)
def test_augmentation_follows_the_number_of_pictures(pictures, augmentation):
    values = recipe((64, 64, 3), pictures, 1).values
    assert values["augmentation"] == augmentation
    # A tenth of the training; in the authors' of 25 million pictures a fiftieth.
    assert values.get("ada_kimg") == (500.0 if augmentation == "ada" else None)
    assert values["steps"] * values["batch_size"] <= 5_000_000
    assert values["batch_size"] == min(32, pictures)


@pytest.mark.parametrize("pictures", [500, 100_000])
def test_a_speed_of_ada_asks_for_ada(pictures):
    values, decisions = recipe((64, 64, 3), pictures, 1, {"ada_kimg": 20.0})
    assert (values["augmentation"], values["ada_kimg"]) == ("ada", 20.0)
    assert "augmentation: ada, because ada_kimg is given" in map(str, decisions)
    assert (
        recipe((64, 64, 3), pictures, 1, {"augmentation": "none"}).values["augmentation"] == "none"
    )


@pytest.mark.parametrize("augmentation", ["diff", "none"])
def test_a_speed_of_ada_beside_another_augmentation_is_refused(augmentation):
    given = {"ada_kimg": 20.0, "augmentation": augmentation}
    with pytest.raises(UserError, match=f"ada_kimg is 20, .* but augmentation is '{augmentation}'"):
        recipe((64, 64, 3), 500, 1, given)
    given["augmentation"] = "ada"
    assert recipe((64, 64, 3), 500, 1, given).values["ada_kimg"] == 20.0


def test_what_is_given_is_not_decided_and_what_depends_on_it_is():
    given = PhotoSettings(width=7, mixing=0.0, residual="no").given | {"batch_size": 5}
    values, decisions = recipe((128, 128, 1), 4_000, 1, given)
    assert given == {"width": 7, "mixing": 0.0, "residual": "no", "batch_size": 5}
    assert given.items() <= values.items()
    assert not given.keys() & {one.name for one in decisions}
    assert values["gamma"] == pytest.approx(0.0002 * 128**2 / 5)
    assert values["steps"] == 1_000_000
    assert "steps: 1,000,000, so that" in {str(one)[:25] for one in decisions}


def test_settings_follow_the_batch_size():
    experiment = load_experiment("photos").build(width=1, most=1, latent=2)
    assert (experiment.batch_size, experiment.evaluate_every) == (16, 500)
    other = experiment.resized(None, 8)
    gammas = [
        next(one.value for one in made.decisions if one.name == "gamma")
        for made in (experiment, other)
    ]
    assert gammas[1] == pytest.approx(2 * gammas[0])
    assert (other.batch_size, other.steps) == (8, 2 * experiment.steps)
    assert other.loaded == experiment.loaded
    assert experiment.resized(7, 16).steps == 7
    terms = {term.name: term for term in other.game.composition.terms}
    assert terms["r1"].weight == pytest.approx(gammas[1] / 2)
    assert terms["r1"].every == 16


def pictures(count=3, side=64, scale=1.0):
    return Source({"image": np.zeros((count, side, side, 3), np.uint8)}, "mine", file_scale=scale)


def test_a_part_of_the_pictures():
    assert photos(pictures(5), 3).size == 3


@pytest.mark.parametrize(
    ("source", "count", "sentence"),
    [
        (pictures(1), None, "data is 'mine', which has 1 picture, but a GAN learns"),
        (pictures(side=100), None, "100x100 pixels, but sides must be .*, such as 96 or 112; end"),
        (pictures(side=4), None, "4x4 pixels, but sides must be .*, such as 8; end"),
        (pictures(scale=63 / 64), None, "smaller than 64x64 pixels, .* such as @56"),
        (pictures(scale=20 / 64), None, "smaller than 64x64 pixels, .* such as @20"),
        (pictures(side=8, scale=0.5), None, "smaller than 8x8 pixels, .*; give larger ones"),
        (pictures(), 4, "pictures is 4, but 'mine' has 3; use 2 to 3"),
        (pictures(), 1, "pictures is 1, but 'mine' has 3; use 2 to 3"),
    ],
)
def test_pictures_from_which_nothing_can_be_learnt(source, count, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        photos(source, count)
    assert str(caught.value).count(". ") == 0
