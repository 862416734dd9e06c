"""What a user may do wrong: each mistake is told in one sentence, with exit code 2 and no trace."""

import fcntl
import gzip
import json
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jgan.cli.main import main

TINY = '''
"""A tiny GAN."""
from typing import Literal

import jax.numpy as jnp
import optax
from jgan.data import load
from jgan.gans.gan import gan
from jgan.latents import normal
from jgan.losses import get_loss
from jgan.networks import Network, dcgan_generator, mlp_discriminator, mlp_generator
from jgan.terms.penalties import r1
from jgan.rules import alternating, averaged
from jgan.training.experiment import Claim, Experiment


def experiment(
    *, data: str = "ring", size: int | None = 50, split: str = "train", loss: str = "hinge",
    lr: float = 1e-3, clip: float | None = None, widths: tuple[int, ...] = (2,),
    norm: Literal["batch", "none"] = "none", decay: float = 0.9, wrong: str = "", ema: bool = True,
) -> Experiment:
    source = load(data, size=size, split=split)
    generator = mlp_generator(source.shape, widths)
    discriminator = mlp_discriminator(widths, norm=norm)
    game = gan(generator, discriminator, get_loss(loss), normal(2)).add(r1(1.0))
    if wrong == "channels":
        game = gan(dcgan_generator((*source.shape[:2], 1)), discriminator, get_loss(loss), normal(2))
    if wrong == "latent":
        weights = Network(lambda key, z: {"params": jnp.ones((3, 2))},
                          lambda own, z, key=None, train=False: (z @ own["params"], {}))
        game = gan(weights, discriminator, get_loss(loss), normal(2))
    if wrong == "logits":
        vectors = lambda own, x, key=None, train=False: ((x @ own["params"]).sum(0), {})
        game = gan(generator, Network(lambda key, x: {"params": jnp.ones((2, 3))}, vectors),
                   get_loss(loss), normal(2))
    if wrong == "loss":
        scores = {}
        fails = get_loss(loss)._replace(generator=lambda real, fake: scores["fake"])
        game = gan(generator, discriminator, fails, normal(2))
    players = ("generator",) if wrong == "players" else ("generator", "discriminator")
    if wrong == "code":
        players = {}[loss]
    rule = averaged(alternating(game, {p: optax.adam(lr) for p in players}), decay)
    claims = (Claim("small", lambda trained: 0.0, {"weight": 0.0}, at_most=1.0),)
    steps, batch_size = {"steps": (0, 10), "batch": (6, 0)}.get(wrong, (6, 10))
    if wrong == "result":
        return game
    return Experiment(game, rule, source, steps, batch_size, () if wrong == "claims" else claims)
'''

FILES = {
    "tiny.py": TINY,
    "syntax.py": "def experiment(:\n",
    "latin.py": "name = 'caf\xe9'\n",
    "null.py": "x = 1\0\n",
    "empty.py": '"""Nothing."""\n',
    "lost.py": "import nothing_of_that_name\n",
    "beside.py": "import empty\n",
    "raises.py": "table = {}\nx = table['rate']\n",
    "exits.py": "import sys\nsys.exit()\n",
    "required.py": "def experiment(*, lr: float): ...\n",
    "typed.py": "def experiment(*, data: dict = {}): ...\n",
    "unknown.py": "def experiment(*, data: 'Nowhere' = 1): ...\n",
    "clash.py": "def experiment(*, steps: int = 3): ...\n",
    "class.py": "experiment = 3\n",
    "notes.txt": "def experiment(): ...\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    f = tmp_path_factory.mktemp("mistakes")
    for name, text in FILES.items():
        (f / name).write_bytes(text.encode("latin-1"))
    points = np.zeros((20, 2), np.float32)
    arrays = {
        "nan": {"image": np.full((20, 2), np.nan, np.float32)},
        "one": {"image": points[:1]},
        "none": {"image": points[:0]},
        "nameless": {"pixels": points},
        "deep": {"image": np.full((20, 4, 4, 3), 300)},
        "uneven": {"image": points, "label": np.zeros(7, np.int32)},
        "objects": {"image": np.asarray([{}, {}])},
        "rgb": {"image": np.zeros((50, 16, 16, 3), np.uint8)},
    }
    for name, fields in arrays.items():
        np.savez(f / f"{name}.npz", **fields)
    (f / "text.npz").write_text("no archive")
    for name in ("broken", "sizes", "mixed/cats", "blank", "cifar", "pickled", "idx", "short"):
        (f / name).mkdir(parents=True)
    (f / "broken" / "a.png").write_text("no picture")
    for path, side in (("sizes/a", 4), ("sizes/b", 5), ("mixed/a", 4), ("mixed/cats/b", 4)):
        Image.new("RGB", (side, side)).save(f / f"{path}.png")
    (f / "cifar" / "cifar-10-binary.tar.gz").write_bytes(b"no archive")
    (f / "pickled" / "data_batch_1").write_bytes(b"a pickle")
    with gzip.open(f / "idx" / "train-images-idx3-ubyte.gz", "wb") as file:
        file.write(b"\0\0\x0d\x01")
    (f / "short" / "train-images-idx3-ubyte").write_bytes(b"\0\0\x08\x03" + bytes(12) + b"more")
    return f


@pytest.fixture(scope="module")
def run(folder: Path) -> Path:
    out = folder / "run"
    words = f"train {folder}/tiny.py --out {out} --log-every 3 --sample-every 3 --save-every 3"
    assert main(words.split()) == 0
    return out


@pytest.fixture(scope="module")
def runs(run: Path) -> Iterator[dict[str, Path]]:
    """Copies of the run, each damaged in its own way."""
    names = (
        "edited",
        "lacking",
        "strange",
        "lost",
        "bare",
        "older",
        "damaged",
        "arguments",
        "held",
    )
    copies = {name: shutil.copytree(run, run.parent / "runs" / name) for name in names}
    settings = json.loads((run / "settings.json").read_text())
    (copies["edited"] / "settings.json").write_text("{")
    (copies["lacking"] / "settings.json").write_text("{}")
    (copies["strange"] / "settings.json").write_text("[1, 2]")
    (copies["lost"] / "experiment.py").unlink()
    shutil.rmtree(copies["bare"] / "checkpoints")
    (copies["older"] / "settings.json").write_text(
        json.dumps({**settings, "experiment_sha256": "another"})
    )
    arguments = {**settings["arguments"], "colour": "red"}
    (copies["arguments"] / "settings.json").write_text(
        json.dumps({**settings, "arguments": arguments})
    )
    for step in (copies["damaged"] / "checkpoints").iterdir():
        for file in step.rglob("*"):
            if file.is_file():
                file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with open(copies["held"] / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield copies


MISTAKES = """
    # the command line
    dance | command is 'dance', but must be one of train,
    train | needs an experiment first: jgan train NAME
    train --steps 3 | needs an experiment first: jgan train NAME
    verify --seeds 3 | needs an experiment first: jgan verify NAME
    sample | the following arguments are required: run
    train {f}/tiny.py --speed 3 | unrecognized arguments: --speed 3
    train {f}/tiny.py --lr | argument --lr: expected one argument
    train {f}/tiny.py --lr fast | argument --lr: invalid float value: 'fast'
    train {f}/tiny.py --lr -1 | argument --lr: is -1, but must be
    train {f}/tiny.py --lr -1e-3 | argument --lr: is -0.001, but must be
    train {f}/tiny.py --lr inf | argument --lr: is inf, but must be a finite number
    train {f}/tiny.py --clip nan | argument --clip: is nan, but must be a finite number
    train {f}/tiny.py --size 1.5 | argument --size: invalid int value: '1.5'
    train {f}/tiny.py --widths 8 x | argument --widths: invalid int value: 'x'
    train {f}/tiny.py --norm layer | argument --norm: invalid choice: 'layer' (choose from
    train {f}/tiny.py --ema yes | unrecognized arguments: yes
    train {f}/tiny.py --steps 0 | argument --steps: is 0, but must be at least 1
    train {f}/tiny.py --steps many | argument --steps: invalid int value: 'many'
    train {f}/tiny.py --seed -1 | argument --seed: is -1, but must be at least 0
    train {f}/tiny.py --seed 99999999999999999999 | is 99999999999999999999, but must be at most 2147483647
    train {f}/tiny.py --batch-size -4 | argument --batch-size: is -4, but must be at least 1
    train {f}/tiny.py --save-every 0 | argument --save-every: is 0, but must be at least 1
    train {f}/tiny.py --keep 0 | argument --keep: is 0, but must be at least 1
    train {f}/tiny.py --keep-every -2 | argument --keep-every: is -2, but must be at least 1
    train {f}/tiny.py --evaluate-samples 1 | argument --evaluate-samples: is 1, but must be at least 2
    train {f}/tiny.py --loader disk | argument --loader: invalid choice: 'disk' (choose from
    train {f}/tiny.py --workers -1 | argument --workers: is -1, but must be at least 0
    train {f}/tiny.py --threads 0 | argument --threads: is 0, but must be at least 1
    train {f}/tiny.py --parallel dp | argument --parallel: invalid choice: 'dp' (choose from
    train {f}/tiny.py --processes 2 | --processes and --process need --coordinator HOST:PORT
    train {f}/tiny.py --coordinator localhost:1 | --coordinator needs --processes N and --process I
    train {f}/tiny.py --coordinator a:1 --processes 2 --process 2 | --process is 2, but must be from 0 to 1

    # experiment files
    train dcgun | there is no experiment 'dcgun' (did you mean 'dcgan'
    sweep tiny | there is no experiment 'tiny'
    new mine --from r1 | argument FILE.py: is 'mine', but must end in .py
    new mine.py | the following arguments are required: --from
    new mine.py --from r7 | there is no experiment 'r7' (did you mean 'r1'?)
    new {f}/tiny.py --from r1 | tiny.py' exists already; give another name
    train nothing.py | experiment file 'nothing.py' does not exist
    train {f} | is a folder; give the path of a Python file
    train {f}/notes.txt | is not a Python file
    train {f}/syntax.py | has a syntax error in line 1
    train {f}/null.py | has a syntax error
    train {f}/latin.py | has a syntax error
    train {f}/empty.py | defines no function 'experiment'
    train {f}/class.py | defines no function 'experiment'
    train {f}/lost.py | cannot be imported: No module named 'nothing_of_that_name'
    train {f}/beside.py | No module named 'empty'; an experiment is one file, of which its run keeps
    train {f}/raises.py | raises.py' fails in line 2 with KeyError: 'rate'
    train {f}/exits.py | exits.py' fails in line 2 with SystemExit
    train {f}/required.py | argument 'lr' of the experiment function needs a default value
    train {f}/typed.py | argument 'data' of the experiment function has type <class 'dict'>
    train {f}/unknown.py | name 'Nowhere' is not defined
    train {f}/clash.py | argument 'steps' of the experiment function is the name of a flag
    train {f}/tiny.py --wrong code | tiny.py' fails in line 42 with KeyError: 'hinge'
    train {f}/tiny.py --wrong result | returned a Game, but must return an Experiment
    train {f}/tiny.py --wrong steps | steps is 0, but must be at least 1
    train {f}/tiny.py --wrong batch | batch_size is 0, but must be at least 1
    train {f}/tiny.py --loss cross --out {f}/x | loss is 'cross', but must be one of minimax,
    train {f}/tiny.py --decay 1.5 | decay is 1.5, but must lie in [0, 1)
    train {f}/tiny.py --wrong players | optimizers has the keys ['generator'], but must have
    train {f}/tiny.py --size 2000000000000 | argument --size: is 2000000000000, but must be at most 2147483647
    sweep {f}/tiny.py --over lr=0.1 --seeds 2000000000 | --seeds is 2000000000, but must be at most 100000
    sweep {f}/tiny.py --over lr=uniform(0,1) --trials 2000000000 | --trials is 2000000000, but must be at most
    verify {f}/tiny.py --seeds 0 | argument --seeds: is '0', but must give at least 1 seed
    verify {f}/tiny.py --seeds 5:5 | argument --seeds: is '5:5', but must give at least 1 seed
    verify {f}/tiny.py --seeds=-1:2 | none of them below 0 or above 2147483647
    verify {f}/tiny.py --seeds 0:9999999999 | none of them below 0 or above 2147483647
    verify {f}/tiny.py --seeds some | argument --seeds: is 'some', but must be a number of seeds, or A:B
    verify {f}/tiny.py --seeds 2 --seed 1 | argument --seed: not allowed with argument --seeds
    verify {f}/tiny.py --seeds 2 --control-seeds 3 | --control-seeds is 3, but there are only 2 --seeds
    verify {f}/tiny.py --control-seeds 0 | argument --control-seeds: is 0, but must be at least 1
    verify {f}/tiny.py --record x.csv --size 9 --steps 2 | so --size and --steps cannot be given with it
    verify {f}/tiny.py --record x.txt | argument --record: is 'x.txt', but must end in .csv
    verify {f}/tiny.py --out {f} | but that folder holds other files
    verify {f}/tiny.py --wrong claims | makes no claims
    verify {f}/tiny.py | claim 'small' sets 'weight', but the experiment has only data, size
    verify {f}/tiny.py --data spirl | there is no source 'spirl'

    # games
    train {f}/tiny.py --norm batch | the discriminator has batch normalisation
    train {f}/tiny.py --data {f}/rgb.npz --wrong channels | (16, 16, 1), but the data's are (16, 16, 3)
    train {f}/tiny.py --wrong logits | the discriminator returns
    train {f}/tiny.py --wrong latent | fails in line 30 with TypeError: dot_general
    train {f}/tiny.py --wrong loss | an update of the experiment fails in line 38 with KeyError: 'fake'
    train {f}/tiny.py --lr 1e38 --out {f}/far | the training has diverged

    # data
    train {f}/tiny.py --data rinq | there is no source 'rinq' (did you mean 'ring'?)
    train {f}/tiny.py --data {f}/absent.npz | absent.npz does not exist
    train {f}/tiny.py --data folder:{f}/absent | absent does not exist
    train {f}/tiny.py --data {f}/nan.npz --size none | image of source 'nan' holds NaN or infinity
    train {f}/tiny.py --data {f}/none.npz | it must hold at least 1 example
    train {f}/tiny.py --data {f}/nameless.npz | it must have a key image, images or x
    train {f}/tiny.py --data {f}/deep.npz | holds 300 to 300; integers of pictures must be 0 to 255, or uint16
    train {f}/tiny.py --data {f}/uneven.npz | label of source 'uneven' has 7 examples, but image has 20
    train {f}/tiny.py --data {f}/objects.npz | is not an npz file of plain arrays
    train {f}/tiny.py --data {f}/text.npz | is not an npz file of plain arrays
    train {f}/tiny.py --data {f}/one.npz --size none | source 'one' has only 1 example; use at most 1
    train {f}/tiny.py --data {f}/one.npz | size is 50, but the source 'one' has 1 example
    train {f}/tiny.py --batch-size 51 | has only 50 examples; use at most 50
    train {f}/tiny.py --size 0 | size is 0; it must be positive
    train {f}/tiny.py --split valid | split is 'valid'; it must be 'train' or 'test'
    train {f}/tiny.py --data folder:{f}/blank | holds no pictures
    train {f}/tiny.py --data folder:{f}/broken --size none | none of the 1 pictures in
    train {f}/tiny.py --data folder:{f}/sizes --size none | differ in size
    train {f}/tiny.py --data folder:{f}/sizes@0 --size none | every length must be 1 to 8192
    train {f}/tiny.py --data folder:{f}/sizes@8x8x2 --size none | channels is 2; it must be 1, 3 or None
    train {f}/tiny.py --data folder:{f}/mixed | both beside its subfolders
    train {f}/tiny.py --data folder:{f}/tiny.py | is not a folder
    train {f}/tiny.py --data folder:{f}/sizes+spin | there is no option '+spin'
    train {f}/tiny.py --data ring+flip | +flip is for pictures
    train {f}/tiny.py --data ring+disk | +disk is for folder:FOLDER and tfds:NAME
    train {f}/tiny.py --data ring@64 | there is no source 'ring@64'
    train {f}/tiny.py --data fashion@64 | there is no source 'fashion@64'
    train {f}/tiny.py --data fashion+shift0 | shift is by 0 pixels; it must be at least 1
    train {f}/tiny.py --data cifar10:{f}/absent | absent does not exist
    train {f}/tiny.py --data cifar10:{f}/blank | of the binary version of cifar10
    train {f}/tiny.py --data cifar10:{f}/cifar | is not a readable tar archive
    train {f}/tiny.py --data cifar10:{f}/pickled | a pickle, which is never loaded
    train {f}/tiny.py --data mnist:{f}/blank | has neither train-images-idx3-ubyte nor
    train {f}/tiny.py --data mnist:{f}/idx | an idx file of unsigned bytes
    train {f}/tiny.py --data mnist:{f}/short | states shape (0, 0, 0)
    train {f}/tiny.py --data tfds:mnits | TensorFlow Datasets has no set 'mnits' (did you mean 'tfds:mnist'?)

    # run directories
    train {f}/tiny.py --out {f}/tiny.py/run | tiny.py' is no folder
    train {f}/tiny.py --out {f}/tiny.py | tiny.py', but that is no folder
    train {f}/tiny.py --out /proc/run | cannot be created: No such file or directory
    train {f}/tiny.py --out {run} --lr 0.1 | was made with lr = 0.001, not 0.1
    train {f}/tiny.py --out {run} --seed 5 | was made with seed = 0, not 5
    train {f}/tiny.py --out {run} --batch-size 9 | was made with batch_size = 10, not 9
    train {f}/tiny.py --out {run} --no-ema | was made with ema = True, not False
    train {f}/tiny.py --out {runs}/older | was made with another version of the file 'tiny.py'
    train {f}/tiny.py --out {runs}/edited | settings.json' is not valid JSON
    train {f}/tiny.py --out {runs}/held | is in use by another process
    train {f}/tiny.py --out {runs}/damaged --steps 9 | does not fit this experiment or is damaged
    train {f}/tiny.py --out {f}/new1 --fork {f}/absent | is not a run directory: it has no settings.json
    train {f}/tiny.py --out {f}/new2 --fork {runs}/bare | holds no checkpoint
    train {f}/tiny.py --out {run} --fork {run} | the run directory itself; choose another --out
    sample {f} | is not a run directory: it has no settings.json
    sample {runs}/lacking | has no 'arguments'
    sample {runs}/strange | is damaged: it has no 'arguments'
    sample {runs}/lost | has no experiment.py
    sample {runs}/bare | holds no checkpoint; train the run first
    sample {runs}/damaged | does not fit this experiment or is damaged
    sample {runs}/arguments | unexpected keyword argument 'colour'
    sample {run} --count 0 | argument --count: is 0, but must be at least 1
    sample {run} --step 5 | holds no checkpoint of step 5, only of [0, 3, 6]
    sample {run} --view faces | --view is 'faces', but this experiment has only samples
    sample {run} --ema --no-ema | not allowed with argument --ema
    sample {run} --out {f}/tiny.py/grid.png | tiny.py' is no folder
    interpolate {f} | is not a run directory: it has no settings.json
    interpolate {run} --kind cubic | argument --kind: invalid choice: 'cubic'
    interpolate {run} --frames 1 | argument --frames: is 1, but must be at least 2
    interpolate {run} --rows none | argument --rows: invalid int value: 'none'
    interpolate {run} --out {f}/tiny.py | tiny.py', but that is no folder

    # the rest
    list {f}/none | does not exist; name one that holds experiment files
    list {f}/tiny.py | is not a folder
    doctor now | unrecognized arguments: now
    dirac --loss cross | loss is 'cross', but must be one of
    dirac --penalty r9 | 'r9'
    dirac --rule sideways | 'sideways'
    dirac --step 0 | --step is 0, but must be a positive number
    dirac --step nan | --step is nan, but must be a positive number
    dirac --momentum 1 | --momentum is 1, but must lie between -1 and 1
    dirac --gamma -1 --penalty r1 | --gamma is -1, but must be at least 0
    dirac --start 0 0 | but must be a point other than 0 0
    dirac --start 1 | argument --start: expected 2 arguments
    dirac --steps 1 | argument --steps: is 1, but must be at least 2
    dirac --out {f}/tiny.py/a.png | tiny.py' is no folder
    dirac --out {f}/a.xyz | a.xyz', but must end in .png
    spectrum {f} | is not a run directory: it has no settings.json
    spectrum {run} --tolerance 2 | --tolerance is 2, but must lie between 0 and 1
    spectrum {run} --batch-size 51 | has only 50 examples
    spectrum {run} --out {f}/a.pdf | a.pdf', but must end in .png
    spectrum {run} --step 4 | holds no checkpoint of step 4
"""


def cases() -> list[str]:
    lines = (line.strip() for line in textwrap.dedent(MISTAKES).splitlines())
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("line", cases())
def test_mistakes_are_one_sentence_and_code_2(
    line: str,
    folder: Path,
    run: Path,
    runs: dict[str, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    command, expected = line.split(" | ")
    capfd.readouterr()
    code = main(command.format(f=folder, run=run, runs=run.parent / "runs").split())
    message = capfd.readouterr().err
    assert expected in message
    assert code == 2
    assert message.startswith("jgan: ")
    assert message.endswith(".\n")
    assert message.count("\n") == 1


def test_there_are_enough() -> None:
    assert len(set(cases())) >= 65


def test_the_whole_trace_if_asked_for(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("JGAN_TRACEBACK", "1")
    assert main(["train", f"{folder}/raises.py"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert "    x = table['rate']" in lines
    assert lines[-1].startswith("jgan: ")


def test_a_first_start_that_failed_does_not_bind_the_second(folder: Path, tmp_path: Path) -> None:
    words = ["train", f"{folder}/tiny.py", "--out", str(tmp_path / "run"), "--steps", "1"]
    assert main([*words, "--norm", "batch"]) == 2
    assert main([*words, "--widths", "2", "3"]) == 0
    assert main([*words, "--widths", "2", "3"]) == 0  # JSON makes a list of the tuple
    assert main(["sample", str(tmp_path / "run"), "--out", str(tmp_path / "a.npz")]) == 0
    assert main([*words, "--widths", "2"]) == 2


def test_a_reader_that_leaves_is_no_mistake(folder: Path) -> None:
    command = [sys.executable, "-m", "jgan.cli.main", "list", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1
