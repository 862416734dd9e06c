import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks._workers.recipes import random_images, random_weights  # noqa: E402
from jgan.errors import UserError  # noqa: E402
from jgan.evaluation.extraction import extract  # noqa: E402
from jgan.features.extractor import features_and_probabilities  # noqa: E402
from jgan.features.inception import CONVOLUTIONS  # noqa: E402
from jgan.weights.inception import (  # noqa: E402
    from_graph,
    graph_names,
    inception,
    load_inception,
)

GOLDEN = Path(__file__).parent / "golden" / "inception.npz"
NORMS = ("weight", "bias", "running_mean", "running_var")


def shapes():
    found = {"fc.weight": (1008, 2048), "fc.bias": (1008,)}
    for name, unit in CONVOLUTIONS.items():
        found[f"{name}.conv.weight"] = (unit.after, unit.before, unit.height, unit.width)
        found |= {f"{name}.bn.{part}": (unit.after,) for part in NORMS}
    return found


@pytest.fixture(scope="module")
def arrays():
    return random_weights(shapes())


def test_the_network_is_of_the_published_size():
    kernels = sum(u.after * u.before * u.height * u.width for u in CONVOLUTIONS.values())
    assert len(CONVOLUTIONS) == 94
    # torchvision's inception_v3 without its auxiliary head and last layer: 21,785,568 parameters.
    assert kernels + 2 * sum(unit.after for unit in CONVOLUTIONS.values()) == 21_785_568


@pytest.mark.full
def test_features_and_logits_are_those_of_an_independent_network(arrays):
    # benchmarks/golden_features.py computed them in double precision with torch-fidelity's network.
    golden = np.load(GOLDEN)
    own = inception(arrays, "random")
    both = features_and_probabilities(own)
    ((features, chances),) = extract(both, [random_images(4)[:2]], batch_size=2, devices=None)
    np.testing.assert_allclose(features, golden["features"][:2], atol=1e-4)
    logits = golden["logits"][:2].astype(np.float64)
    exponents = np.exp(logits - logits.max(1, keepdims=True))
    expected = exponents / exponents.sum(1, keepdims=True)
    np.testing.assert_allclose(chances, expected, atol=1e-4)


def test_names_in_the_original_graph():
    names = graph_names()
    assert set(names) == set(CONVOLUTIONS)
    assert len(set(names.values())) == 94
    known = {
        "Conv2d_1a_3x3": "conv",
        "Conv2d_4a_3x3": "conv_4",
        "Mixed_5b.branch1x1": "mixed/conv",
        "Mixed_5b.branch5x5_2": "mixed/tower/conv_1",
        "Mixed_5d.branch3x3dbl_3": "mixed_2/tower_1/conv_2",
        "Mixed_5c.branch_pool": "mixed_1/tower_2/conv",
        "Mixed_6a.branch3x3": "mixed_3/conv",
        "Mixed_6a.branch3x3dbl_1": "mixed_3/tower/conv",
        "Mixed_6e.branch7x7_3": "mixed_7/tower/conv_2",
        "Mixed_6b.branch7x7dbl_5": "mixed_4/tower_1/conv_4",
        "Mixed_7a.branch3x3_2": "mixed_8/tower/conv_1",
        "Mixed_7a.branch7x7x3_4": "mixed_8/tower_1/conv_3",
        "Mixed_7b.branch3x3_2b": "mixed_9/tower/mixed/conv_1",
        "Mixed_7c.branch3x3dbl_2": "mixed_10/tower_1/conv_1",
        "Mixed_7c.branch3x3dbl_3a": "mixed_10/tower_1/mixed/conv",
        "Mixed_7c.branch_pool": "mixed_10/tower_2/conv",
    }
    assert {name: names[name] for name in known} == known


def test_constants_of_the_graph_become_the_same_arrays(arrays):
    parts = {
        "weight": "gamma",
        "bias": "beta",
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
    }
    constants = {"softmax/weights": arrays["fc.weight"].T, "softmax/biases": arrays["fc.bias"]}
    for name, theirs in graph_names().items():
        kernel = arrays[f"{name}.conv.weight"]
        constants[f"{theirs}/conv2d_params"] = kernel.transpose(2, 3, 1, 0)
        for ours, part in parts.items():
            constants[f"{theirs}/batchnorm/{part}"] = arrays[f"{name}.bn.{ours}"]
    found = from_graph(constants)
    assert found.keys() == arrays.keys()
    assert all(np.array_equal(found[name], arrays[name]) for name in arrays)
    with pytest.raises(UserError, match="no 'conv/conv2d_params'"):
        from_graph({"softmax/weights": arrays["fc.weight"]})


def test_other_weights_are_refused(arrays, tmp_path):
    with pytest.raises(UserError, match=r"hold no 'Conv2d_1a_3x3\.conv\.weight'|hold no 'Conv2d"):
        inception({}, "none")
    name = "Mixed_6b.branch7x7_2.conv.weight"
    turned = {**arrays, name: arrays[name].swapaxes(2, 3)}
    with pytest.raises(UserError, match=r"'Mixed_6b.branch7x7_2'.*\(7, 1, 128, 128\)"):
        inception(turned, "turned")
    path = tmp_path / "pt_inception-2015-12-05-6726825d.pth"
    path.write_bytes(b"altered")
    with pytest.raises(UserError, match="but must have 6726825d"):
        load_inception(path)
