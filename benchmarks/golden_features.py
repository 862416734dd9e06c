"""Makes the golden features in tests/weights/golden from PyTorch networks in double precision.

Run by an interpreter that has torch and torch-fidelity (made with 2.13 and 0.4.0; its other requirements
may be left out), from the repository:

    python -m benchmarks.golden_features --efficientnet PATH_OF/efficientnet-lite0-57934424.pth

Inception is torch-fidelity's network with the random weights of `benchmarks._workers.recipes`; its
features and its logits without bias are kept. EfficientNet-Lite0 is the network of
`benchmarks._workers.torch_features` with the published weights; features and logits are kept.
``--count 64 --folder FOLDER`` makes more of them elsewhere, ``--weights FILE`` keeps the random weights as
torch writes them.
"""

import argparse
import importlib.util
import sys
import tempfile
import types
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks._workers.recipes import random_images, random_weights
from benchmarks._workers.torch_features import EfficientNetLite0, Inception

GOLDEN = Path(__file__).parents[1] / "tests" / "weights" / "golden"


def _without_init(package: str, module: str) -> Any:
    """A module of a package whose ``__init__`` wants more (torchvision) than the module does."""
    spec = importlib.util.find_spec(package)
    if spec is None:
        raise SystemExit(f"{package} is not installed: pip install --no-deps torch-fidelity")
    bare = types.ModuleType(package)
    bare.__path__ = list(spec.submodule_search_locations or [])
    sys.modules[package] = bare
    return importlib.import_module(f"{package}.{module}")


def inception(count: int, weights: Path) -> dict[str, np.ndarray]:
    """Features ``(count, 2048)`` and logits without bias ``(count, 1008)`` of 40x48 images."""
    theirs = _without_init("torch_fidelity", "feature_extractor_inceptionv3")
    shapes = Inception().state_dict()
    arrays = random_weights({name: tuple(array.shape) for name, array in shapes.items()})
    state = {name: torch.from_numpy(array) for name, array in arrays.items()}
    torch.save({**shapes, **state}, weights)
    network = theirs.FeatureExtractorInceptionV3(
        "inception", ["2048", "logits_unbiased"], str(weights), "float64"
    )
    images = torch.from_numpy(random_images(count).transpose(0, 3, 1, 2).copy())
    pairs = [network(images[i : i + 1]) for i in range(count)]
    features, logits = (torch.cat(parts).numpy() for parts in zip(*pairs, strict=True))
    return {"features": features, "logits": logits}


def efficientnet(count: int, weights: Path) -> dict[str, np.ndarray]:
    """Features ``(count, 1280)`` and logits ``(count, 1000)`` of 224x224 images."""
    network = EfficientNetLite0().eval().double()
    network.load_state_dict(torch.load(weights, weights_only=True))
    images = random_images(count, 224, 224).transpose(0, 3, 1, 2)
    features = network((torch.from_numpy(images).double() - 127) / 128)
    logits = network._fc(features)
    return {"features": features.float().numpy(), "logits": logits.float().numpy()}


def main() -> None:
    """Compute and write."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--efficientnet", type=Path, required=True, help="the published weights")
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--folder", type=Path, default=GOLDEN)
    parser.add_argument("--weights", type=Path, help="where the random weights are kept")
    options = parser.parse_args()
    with torch.inference_mode(), tempfile.TemporaryDirectory() as folder:
        kept = options.weights or Path(folder) / "weights.pth"
        found = inception(options.count, kept)
        np.savez_compressed(options.folder / "inception.npz", allow_pickle=False, **found)
        found = efficientnet(options.count, options.efficientnet)
        np.savez_compressed(options.folder / "efficientnet.npz", allow_pickle=False, **found)


if __name__ == "__main__":
    main()
