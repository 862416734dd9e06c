"""Cases: a command, its flags, and data or runs that may be odd."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from benchmarks._fuzz.arrays import archives
from benchmarks._fuzz.case import HERE, WORLD, Case, File
from benchmarks._fuzz.flags import LARGE, WORDS, Flag
from benchmarks._fuzz.folders import NAMES, trees, zips
from benchmarks._fuzz.pictures import pictures
from benchmarks._fuzz.world import DAMAGED, FINISHED

PROBE = f"{WORLD}/probe.py"
READERS = (
    "sample",
    "evaluate",
    "spectrum",
    "interpolate",
    "neighbours",
    "invert",
    "inpaint",
    "dissect",
)
NO_EXPERIMENTS = ("", "x", WORLD, "a\0b", f"{WORLD}/file", "\ud800.py", "-")
OVER = (
    *(
        "lr=0.1",
        "lr=0.1,0.2",
        "lr=uniform(0,1)",
        "lr=loguniform(0,1)",
        "lr=integer(1,2)",
        "lr=",
        "=",
        "lr",
        "",
    ),
    *(
        "norm=layer",
        "norm=x",
        "ema=true",
        "widths=2",
        "size=none",
        "size=2",
        "stop=true",
        "lr=nan",
        "lr=-1",
    ),
    *(
        "lr=uniform(nan,1)",
        "data=ring,grid",
        "lr=1e400",
        "size=1.5",
        "x=1",
        "size=integer(1,1e30)",
        "seed=1",
    ),
    *("lr=uniform(1,0)", "lr=uniform(0,1", "size=" + "1" * 5000),
)
BESIDE = (
    *(
        "metrics.jsonl",
        "metrics.csv",
        "best.json",
        "spectrum.json",
        "evaluations/2.json",
        "samples",
    ),
    *("sweep.json", "samples/samples-1.png"),
)
CONTENTS = tuple(
    text.encode("latin-1")
    for text in (
        *("", "3\n", "[]\n", "[1]\n", "{}\n", "null\n", "\xff\n", "{", "[{}]", "[" * 100_000),
        *('{"step": 1}\n', '{"step": "x"}\n', '{"step": 1e400}\n', '[{"step": 1}]'),
        *('{"step": 1, "generator/x": {}}\n', '{"step": 1, "generator/x": "y"}\n'),
        *(
            '{"step": 2, "score": "x"}',
            '{"evaluations": [1]}',
            '{"evaluations": [{"protocol": 3}]}',
        ),
    )
)
"""What other files of a run may hold."""
FEW = {
    "sample": ("--count", "2"),
    "evaluate": ("--samples", "20", "--metrics", "sw"),
    "interpolate": ("--rows", "2", "--steps", "2", "--frames", "2"),
    "spectrum": ("--count", "1", "--restarts", "1", "--batch-size", "65"),
    "invert": ("--steps", "1", "--restarts", "1"),
    "inpaint": ("--steps", "1", "--restarts", "1"),
}
"""What the finished runs are asked for first, where it is cheap; flags behind these count."""
OF_PICTURES = ("invert", "inpaint", "neighbours")
"""Commands that take files of pictures."""
Flags = Mapping[str, Sequence[Flag]]
# They reach for the network or for other processes, or take as long as they are told to.
NEVER = (
    "--fetch",
    "--coordinator",
    "--processes",
    "--process",
    "--workers",
    "--track",
    "--tensorboard",
    "--no-stop",
)
SUFFIXES = (
    *(
        "@8",
        "@8x6",
        "@8x8x1",
        "@8x8x3",
        "@8x8x2",
        "@0",
        "@99999999999",
        "@20000x20000",
        "@8@8",
        "@",
        "@8x",
    ),
    *(
        "+flip",
        "+shift1",
        "+shift0",
        "+shift99999999999",
        "+disk",
        "+spin",
        "+",
        "@8+flip+disk",
        "+flip@8",
    ),
)
KINDS = (*("", "folder:") * 16, "mnist:", "fashion:", "cifar10:", "cifar100:", "nowhere:")
PLAIN = (
    *(
        "ring",
        "grid",
        "spiral",
        "swiss_roll",
        "mixture",
        "fashion",
        "rinq",
        "",
        " ",
        ":",
        "folder:",
        "@8",
    ),
    *(
        "+flip",
        "ring@8",
        "fashion@8",
        "fashion+flip",
        "ring+flip",
        "folder:~",
        "~",
        "~nobody of that name",
    ),
    *(
        "a\0b",
        "a\ud800",
        "/dev/null",
        "/dev/zero",
        ".",
        "..",
        "x.npz",
        "x.zip",
        "tfds:",
        "1" * 5000,
        "RING",
    ),
    "folder::x",
)
"""Data that are named alone."""


@st.composite
def data(draw: st.DrawFn) -> tuple[str, list[File]]:
    """What is given as ``--data``, and the files that it names."""
    kind = draw(st.sampled_from((*("npz",) * 10, *("folder",) * 10, *("zip",) * 4, "plain")))
    if kind == "plain":
        return draw(st.sampled_from(PLAIN)), []
    if kind == "npz":
        name = draw(st.sampled_from(("x", "x", "x", *NAMES))) + ".npz"
        return f"{HERE}/{name}", [File(name, draw(archives()))]
    plain = draw(st.booleans())
    suffix = draw(
        st.sampled_from((*(("", "+flip") if plain else ("@8", "@8x6x1")) * 30, *SUFFIXES))
    )
    if kind == "zip":
        prefix = draw(st.sampled_from(("", "folder:")))
        return f"{prefix}{HERE}/x.zip{suffix}", [File("x.zip", draw(zips(plain)))]
    name = draw(st.sampled_from((*("photos",) * 30, *NAMES)))
    files = [file._replace(path=f"{name}/{file.path}") for file in draw(trees(plain))]
    prefix = draw(st.sampled_from(KINDS))
    return f"{prefix}{HERE}/{name}{suffix}", files


@st.composite
def words_of(draw: st.DrawFn, flag: Flag, large: bool) -> list[str]:
    """A flag and what follows it, which may be wrong or missing, and as large as it may be if ``large``."""
    if flag.kind == "switch":
        return [flag.name]
    if draw(st.integers(0, 19)) == 0:
        return [flag.name]
    words = st.sampled_from(
        (*flag.choices, *WORDS[flag.kind], *(LARGE.get(flag.kind, ()) if large else ()))
    )
    return [flag.name, *draw(st.lists(words, min_size=1, max_size=3 if flag.many else 1))]


@st.composite
def some_flags(
    draw: st.DrawFn, flags: Sequence[Flag], most: int = 3, large: bool = False
) -> list[str]:
    """A few flags of a command, now and then one that it does not know."""
    allowed = [flag for flag in flags if flag.name not in NEVER]
    chosen = draw(st.lists(st.sampled_from(allowed), max_size=most)) if allowed else []
    words = [word for flag in chosen for word in draw(words_of(flag, large))]
    return words + (["--speed"] if draw(st.integers(0, 29)) == 0 else [])


@st.composite
def altered_runs(draw: st.DrawFn, settings: Mapping[str, Any]) -> list[File]:
    """A copy of the finished run whose settings, or other files, say something odd."""
    altered = json.loads(json.dumps(settings))
    other = draw(st.sampled_from((None, None, *BESIDE)))
    for _ in range(0 if other else draw(st.integers(1, 2))):
        place = altered
        while True:
            key = draw(st.sampled_from(sorted(place)))
            if isinstance(place[key], dict) and place[key] and draw(st.integers(0, 3)):
                place = place[key]
                continue
            odd: tuple[Any, ...] = (
                None,
                -1,
                0,
                2**40,
                1.5,
                "",
                "x",
                [],
                [1, 2],
                {},
                {"x": 1},
                True,
                float("nan"),
                "gone",
            )
            place[key] = draw(st.sampled_from(odd))
            if place[key] == "gone":
                del place[key]
            break
        if not altered:
            break
    text = json.dumps(altered).encode()
    content = text if other else draw(st.sampled_from((*(text,) * 12, *CONTENTS)))
    beside = [File(f"run/{other}", draw(st.sampled_from(CONTENTS)))] if other else []
    return [File("run", copy=f"{WORLD}/run"), File("run/settings.json", content), *beside]


@st.composite
def reading(draw: st.DrawFn) -> Case:
    """The probe reads odd data, or its training is described, by ``train``, ``verify`` or ``sweep``."""
    name, files = draw(data())
    command = draw(st.sampled_from((*("train",) * 8, "verify", "sweep")))
    words = [
        command,
        PROBE,
        "--data",
        name,
        *(["--over", "lr=0.1,0.2"] if command == "sweep" else []),
    ]
    words += draw(st.sampled_from((*([],) * 6, ["--split", "test"], ["--size", "2"])))
    dry = command == "train" and draw(st.integers(0, 4)) == 0
    words += ["--no-stop", "--dry-run", "--batch-size", "1"] if dry else []
    return Case((tuple(words),), tuple(files))


@st.composite
def flagged(draw: st.DrawFn, flags: Flags) -> Case:
    """Any flags of the commands that take an experiment file."""
    command = draw(st.sampled_from(("train", "train", "sweep", "verify")))
    words = [command, draw(st.sampled_from((*(PROBE,) * 24, *NO_EXPERIMENTS)))]
    words += draw(some_flags(flags[command], large=True))
    if command == "sweep":
        words += ["--over", *draw(st.lists(st.sampled_from(OVER), min_size=1, max_size=2))]
    return Case((tuple(words),))


@st.composite
def of_runs(draw: st.DrawFn, flags: Flags, settings: Mapping[str, Any]) -> Case:
    """Commands that look into runs, and trainings into, from or behind the finished one."""
    command = draw(st.sampled_from((*READERS, "sample", "report", "train", "train", "sweep")))
    usual = "pictures" if command in (*OF_PICTURES, "dissect") else "run"
    if command in ("sample", "interpolate", "report") and draw(st.booleans()):
        usual = "pictures"
    run, files = f"{WORLD}/{draw(st.sampled_from((*(usual,) * 10, *FINISHED, *DAMAGED)))}", []
    if draw(st.integers(0, 4)) == 0:
        run, files = f"{HERE}/run", draw(altered_runs(settings))
    known = [flag for flag in flags[command] if flag.name != "--steps"]
    if command == "sweep":
        return Case(((command, PROBE, "--over", "lr=0.1", "--out", run),), tuple(files))
    if command == "train":
        use = draw(st.sampled_from(("--out", "--fork", "--from")))
        steps = "3" if use == "--out" and run.startswith(HERE) else "2"
        words = [command, PROBE, use, run, "--no-stop", "--size", "64", "--steps", steps]
        words += (
            draw(some_flags(known)) if use == "--out" else ["--out", f"{HERE}/new", "--dry-run"]
        )
        return Case((tuple(words),), tuple(files))
    words = [command, run, *FEW.get(command, ()), *draw(some_flags(known, 2))]
    if command in OF_PICTURES and draw(st.booleans()):
        files = [*files, File("own.png", draw(pictures(draw(st.booleans()))))]
        words.insert(2, f"{HERE}/own.png")
    if command != "report" and draw(st.integers(0, 2)) == 0:
        name, own = draw(data())
        words += ["--data", name]
        files = [*files, *own]
    return Case((tuple(words),), tuple(files))


@st.composite
def comparing(draw: st.DrawFn) -> Case:
    """Data against data, and classifiers, up to the metric or the extractor that there is not."""
    name, files = draw(data())
    if draw(st.booleans()):
        return Case(
            (("classifier", name, "--out", "new/x.npz", "--batch-size", "2147483647"),),
            tuple(files),
        )
    other = draw(st.sampled_from(("ring", "fashion", name, "")))
    end = draw(
        st.sampled_from(
            (("--metrics", "nonsense"), ("--extractor", "nonsense"), ("--pairs", "x.png"))
        )
    )
    return Case((("compare", name, other, "--samples", "5", *end),), tuple(files))


@st.composite
def others(draw: st.DrawFn, flags: Flags) -> Case:
    """Commands of no data and no run, and words that are no command."""
    command = draw(
        st.sampled_from(("list", "doctor", "dirac", "dirac", "dance", "", "--version", "Train"))
    )
    words = [command, *draw(some_flags(flags.get(command, ())))]
    if command == "list":
        words += draw(
            st.sampled_from(((), ("",), (WORLD,), (f"{WORLD}/file",), ("/proc/self",), ("a\0b",)))
        )
    return Case((tuple(words),))


@st.composite
def trained(draw: st.DrawFn) -> Case:
    """Two steps of training, samples of it, and two more steps."""
    name, files = draw(data())
    train = ["train", PROBE, "--no-stop", "--data", name, "--batch-size", "1", "--save-every", "1"]
    train += ["--out", f"{HERE}/run"]
    sample = ("sample", f"{HERE}/run", "--count", "2")
    return Case(((*train, "--steps", "2"), sample, (*train, "--steps", "4")), tuple(files))


def cases(flags: Flags, settings: Mapping[str, Any]) -> st.SearchStrategy[Case]:
    """A case of any kind but `trained`; most are settled before anything is compiled.

    Args:
      flags: of each command, by `benchmarks._fuzz.flags.all_flags`.
      settings: of the finished run.
    """
    kinds = [reading(), flagged(flags), of_runs(flags, settings), comparing(), others(flags)]
    shares = st.sampled_from([0] * 8 + [1] * 3 + [2] * 6 + [3] * 2 + [4])
    return shares.flatmap(kinds.__getitem__)
