"""The scaling benchmark at a size that tests can afford, the paper estimate, and the page that shows it."""

import doctest
import json
import re
import sys
from pathlib import Path

import jax
import numpy as np
import optax
import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import scaling  # noqa: E402
from benchmarks._scaling import (  # noqa: E402
    cells,
    collectives,
    estimate,
    links,
    measure,
    paper,
    report,
    worker,
)
from jgan.cli.main import main  # noqa: E402
from jgan.data import from_arrays  # noqa: E402
from jgan.game import DISCRIMINATOR, GENERATOR, PLAYERS  # noqa: E402
from jgan.gans.gan import gan  # noqa: E402
from jgan.latents import normal  # noqa: E402
from jgan.losses import non_saturating  # noqa: E402
from jgan.networks import dcgan_discriminator, dcgan_generator  # noqa: E402
from jgan.rules import alternating  # noqa: E402
from jgan.training.devices import Layout  # noqa: E402
from jgan.training.experiment import Experiment  # noqa: E402
from jgan.training.loop import first_state  # noqa: E402

PAGE = (ROOT / "docs" / "scaling.md").read_text()
LINK = links.Link(100.0, 0.5)
ROW = links.Machine("a row", 1e9, 8, LINK, LINK, switched=False, start=3.0)
FREE = links.Link(np.inf, 0.0)


@pytest.mark.parametrize("module", [cells, collectives, estimate, links, measure, paper, report])
def test_examples_in_docstrings(module):
    assert doctest.testmod(module).failed == 0


def ring_all_reduce(values):
    """The sums on every device, and the numbers that each sends, by passing chunks round a ring."""
    held = [list(np.split(own, len(values))) for own in np.asarray(values, float)]
    n, sent = len(held), [0] * len(held)
    for turn in range(2 * (n - 1)):
        moving = [(i, (i - turn) % n, held[i][(i - turn) % n].copy()) for i in range(n)]
        for i, chunk, numbers in moving:
            there = held[(i + 1) % n]
            there[chunk] = there[chunk] + numbers if turn < n - 1 else numbers
            sent[i] += numbers.size
    return [np.concatenate(own) for own in held], sent


@pytest.mark.parametrize("n", [2, 4, 8])
def test_bytes_are_those_of_a_ring(n):
    values = np.random.default_rng(0).normal(size=(n, 16))
    sums, sent = ring_all_reduce(values)
    for own in sums:
        np.testing.assert_allclose(own, values.sum(axis=0))
    assert sent == [2 * links.sent(16, n)] * n


def test_seconds_of_one_ring():
    # 2(n-1) hops of half a second, 2(n-1)/n of 800 bytes at 100 a second, three seconds to start.
    assert links.all_reduce(800, 8, ROW) == pytest.approx(3 + 14 * 0.5 + 14 / 8 * 800 / 100)
    assert links.gather(800, 8, ROW) == pytest.approx(3 + 7 * 0.5 + 7 / 8 * 800 / 100)
    assert links.all_reduce(800, 1, ROW) == links.gather(800, 1, ROW) == 0


@pytest.mark.parametrize("n", [8, 16, 64, 256])
def test_two_levels_send_what_one_ring_would(n):
    free = links.Link(100.0, 0.0)
    rows = ROW._replace(inside=free, between=free)
    assert links.half(800, n, rows) == pytest.approx(links.sent(800, n) / 100)


def test_hops_between_rows():
    quick, slow = links.Link(np.inf, 0.0), links.Link(np.inf, 1.0)
    round_about = ROW._replace(inside=quick, between=slow)
    assert links.half(8, 256, round_about) == 31
    assert links.half(8, 256, round_about._replace(switched=True)) == 5
    with pytest.raises(ValueError, match=r"^devices is 12, but must be at most 8 or a multiple"):
        links.half(8, 12, ROW)


@pytest.mark.parametrize("mode", ["jit", "fsdp"])
def test_efficiency(mode):
    perfect = ROW._replace(inside=FREE, between=FREE, start=0.0)
    for work in estimate.works():
        assert estimate.efficiency(work, 64, 256, perfect, mode=mode) == 1
        assert estimate.efficiency(work, 64, 1, links.HOSTS, mode=mode) == 1
        falling = [
            estimate.efficiency(work, 64, n, links.HOSTS, mode=mode) for n in (1, 8, 64, 256)
        ]
        assert falling == sorted(falling, reverse=True)
        # More work for each device hides the links.
        assert estimate.efficiency(work, 1e9, 256, links.HOSTS, mode=mode) > 0.999
    with pytest.raises(ValueError, match=r"^share is 2, but must be above 0 and at most 1\.$"):
        estimate.efficiency(estimate.works()[0], 64, 8, links.HOSTS, share=2)


def test_efficiency_by_hand():
    work = estimate.Work(
        "w", 1e6, {GENERATOR: estimate.Side(100, 1), DISCRIMINATOR: estimate.Side(50, 1)}, 2
    )
    # One all-reduce of 400 bytes and two of 200, each with a start and 14 hops; 64 MFLOP at 0.5 GFLOP/s.
    exchange = 3 * (3 + 14 * 0.5) + 14 / 8 * (400 + 2 * 200) / 100
    found = estimate.efficiency(work, 64, 8, ROW, share=0.5)
    assert found == pytest.approx(0.128 / (0.128 + exchange))
    # 5 gathers of the generator, 8 of the discriminator, 7 hops each.
    exchange = 13 * (3 + 7 * 0.5) + 7 / 8 * (5 * 400 + 8 * 200) / 100
    found = estimate.efficiency(work, 64, 8, ROW, mode="fsdp", share=0.5)
    assert found == pytest.approx(0.128 / (0.128 + exchange))


def test_the_networks_on_paper_are_those_of_the_papers():
    dcgan, sngan, _ = estimate.works()
    # Kernels of 5, channels 1024-512-256-128-3, latent 100; scales and shifts where there is a norm.
    kernels = 25 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3)
    norms = 2 * (1024 + 512 + 256 + 128)
    generator = dcgan.sides[GENERATOR]
    assert generator.parameters == 100 * 16 * 1024 + kernels + norms + 3
    assert generator.normalised == (1024, 512, 256, 128)
    assert dcgan.sides[DISCRIMINATOR].normalised == (256, 512, 1024)
    assert sngan.sides[GENERATOR].normalised == (256,) * 7
    assert sngan.sides[DISCRIMINATOR].normalised == ()
    # The heaviest layers by hand: a generator pass is four transposed convolutions and a dense layer,
    # passed four times in a step (made twice, differentiated in inputs and kernels once).
    one = 2 * (100 * 16 * 1024 + 25 * sum(s * s * a * b for s, a, b in _LAYERS))
    assert 4 * one < dcgan.flops < 13 * one


_LAYERS = ((4, 1024, 512), (8, 512, 256), (16, 256, 128), (32, 128, 3))


@pytest.mark.full
def test_the_formula_agrees_with_the_compiler():
    """Bytes in all-reduces of the program for four devices, with latents that are split as the batch is."""
    layout = Layout(tuple(jax.devices()[:4]))
    prior = normal(6)
    split = lambda key, count: jax.lax.with_sharding_constraint(prior(key, count), layout.split())
    networks = dcgan_generator((8, 8, 1), width=8), dcgan_discriminator(width=8)
    game = gan(*networks, non_saturating(), split)
    rule = alternating(game, dict.fromkeys(PLAYERS, optax.sgd(0.1)))
    source = from_arrays(np.zeros((64, 8, 8, 1), np.uint8), name="zeros")
    of = Experiment(game, rule, source, steps=1, batch_size=16)
    state = jax.eval_shape(lambda: first_state(rule, source.first(16), 0))
    sides = {player: estimate.side(state, player) for player in PLAYERS}
    expected = 0
    for side, passes in zip(sides.values(), (3, 6), strict=True):
        expected += 4 * side.parameters + passes * 2 * 4 * sum(side.normalised)
    found = worker.program_facts(worker.compiled(of, layout))["exchanged"]
    # The CPU's compiler sends the discriminator's gradients of real and fake one by one, and sums of metrics.
    twice = 4 * sides[DISCRIMINATOR].parameters
    assert 0.95 * expected < found["all-reduce"]["bytes"] < expected + twice + 200
    assert estimate.link_bytes(estimate.Work("w", 0, sides), 4, "jit") == 2 * 3 / 4 * expected


def test_growth():
    sizes = [1, 2, 4, 8]
    rows = [{"seconds_median": 3 * n**1.1, "flops": n} for n in sizes]
    found = measure.growth(sizes, rows)
    assert found["seconds_exponent"] == pytest.approx(1.1)
    assert not found["superlinear"]
    rows = [{"seconds_median": n**1.2, "flops": n} for n in sizes]
    assert measure.growth(sizes, rows)["superlinear"]
    # Devices that share a batch: the operations stay, and all of them on each device is n times the work.
    rows = [
        {
            "seconds_median": n**0.1,
            "flops": 5,
            "devices": n,
            "compiler_flops": 6,
            "temporary_bytes": 4,
        }
        for n in sizes
    ]
    found = measure.growth(sizes, rows)
    assert (found["superlinear"], found["work_growth"]) == (False, 8)


@pytest.mark.full
def test_a_tiny_run(tmp_path, capsys):
    tiny = cells.plan(
        base=cells.Cell(batch=16, resolution=8, width=4),
        batches=(8, 16),
        resolutions=(),
        widths=(),
        seeds=(2,),
        devices=(1, 2),
        layouts=[cells.Cell(16, 8, 64, devices=2, mode=mode) for mode in ("jit", "fsdp")],
        rounds=1,
        seconds=0.01,
        disturbance=1.0,
    )
    # One point has no slope.
    axes = {**tiny.axes, "population": tiny.axes["population"]._replace(cells=[])}
    tiny = tiny._replace(axes={title: axis for title, axis in axes.items() if axis.cells})
    file = tmp_path / "scaling.json"
    scaling.run(tiny, file)
    facts = json.loads(file.read_text())
    assert set(facts) >= {"machine", "versions", "commit", "environment", "results"}
    results = facts["results"]
    assert list(results) == ["batch", "strong scaling", "weak scaling", "layouts"]
    keys = {
        "seconds_exponent",
        "flops_exponent",
        "temporary_exponent",
        "superlinear",
        "work_growth",
    }
    for title in ("batch", "strong scaling", "weak scaling"):
        assert set(results[title]) >= keys
        for row in results[title]["rows"]:
            assert row["seconds_median"] > 0
            assert row["images_per_second"] == row["batch"] / row["seconds_median"]
            assert min(row["flops"], row["temporary_bytes"], row["argument_bytes"]) > 0
    assert results["batch"]["flops_exponent"] == pytest.approx(1)
    assert [row["batch"] for row in results["weak scaling"]["rows"]] == [2, 4]
    one, two = results["strong scaling"]["rows"]
    assert one["exchanged"] == {}
    assert two["exchanged"]["all-reduce"]["count"] > 0
    whole, split = results["layouts"]["rows"]
    # The state is most of the arguments, and Adam's moments are split with the parameters.
    assert split["argument_bytes"] < 0.6 * whole["argument_bytes"]
    said = capsys.readouterr().out
    assert "time grows as batch^" in said
    assert "work of 2 devices over that of one" in said
    assert re.search(r"2\s+fsdp .* all-gather", said)


def test_the_whole_plan():
    assert list(cells.FULL.axes) == [
        "batch",
        "resolution",
        "width",
        "population",
        "strong scaling",
        "weak scaling",
    ]
    strong, weak = (cells.FULL.axes[title] for title in (cells.STRONG, cells.WEAK))
    assert strong.values == weak.values == [1, 2, 4, 8]
    assert len({cell.batch for cell in strong.cells}) == 1
    assert len({cell.batch / cell.devices for cell in weak.cells}) == 1
    assert weak.cells[-1] == strong.cells[-1]
    assert {(cell.devices, cell.mode) for cell in cells.FULL.layouts} >= {(8, "jit"), (8, "fsdp")}
    assert list(cells.QUICK.axes) == list(cells.FULL.axes)


def test_a_mistake_is_one_sentence(capsys):
    assert scaling.main(["--estimate", "--share", "0"]) == 2
    said = capsys.readouterr().err
    assert said == "scaling: share is 0.0, but must be above 0 and at most 1.\n"


def test_the_page_shows_what_the_command_prints(capsys):
    assert scaling.main(["--estimate"]) == 0
    for table in capsys.readouterr().out.strip().split("\n\n"):
        assert table in PAGE


def test_the_commands_of_the_page_have_only_flags_that_exist(capsys):
    known = {}
    for command in ("train", "sweep"):
        with pytest.raises(SystemExit):
            main([command, str(ROOT / "experiments" / "dcgan.py"), "--help"])
        known[command] = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))
    shown = PAGE.replace("\\\n", " ")
    commands = re.findall(r"jgan (train|sweep) (experiments/\w+\.py)([^\n`'\"]*)", shown)
    assert len(commands) >= 6
    for command, file, rest in commands:
        assert (ROOT / file).is_file()
        unknown = set(re.findall(r"--[a-z][a-z-]*", rest)) - known[command]
        assert not unknown, (command, file, rest)
