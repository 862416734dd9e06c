from typing import Literal

import pytest

from jgan.cli.flags import Parser, add_flags
from jgan.errors import UserError


def example(
    *,
    count: int = 3,
    rate: float = 0.5,
    name: str = "x",
    quick: bool = False,
    norm: Literal["batch", "none"] = "batch",
    clip: float | None = None,
    widths: tuple[int, ...] = (8, 8),
) -> None:
    """Do.

    Args:
      count: how many,
        in all.
      rate: 50% at first.
    """


def parse(*words: str) -> dict[str, object]:
    parser = Parser(prog="test")
    names = add_flags(parser, example)
    parsed = parser.parse_args(list(words))
    return {name: getattr(parsed, name) for name in names}


def test_defaults_are_the_function_s() -> None:
    assert parse() == {
        "count": 3,
        "rate": 0.5,
        "name": "x",
        "quick": False,
        "norm": "batch",
        "clip": None,
        "widths": (8, 8),
    }


def test_every_type() -> None:
    words = [
        "--count",
        "4",
        "--rate",
        "-1e-3",
        "--name",
        "y",
        "--quick",
        "--norm",
        "none",
        "--clip",
        "0.1",
    ]
    assert parse(*words, "--widths", "1", "2", "3") == {
        "count": 4,
        "rate": -1e-3,
        "name": "y",
        "quick": True,
        "norm": "none",
        "clip": 0.1,
        "widths": (1, 2, 3),
    }
    assert parse("--clip", "none", "--no-quick")["clip"] is None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--rate fast", "argument --rate: invalid float value: 'fast'"),
        ("--rate nan", "argument --rate: is nan, but must be a finite number"),
        ("--clip -inf", "argument --clip: is -inf, but must be a finite number"),
        ("--count 1.5", "argument --count: invalid int value: '1.5'"),
        ("--norm spectral", "invalid choice: 'spectral'"),
        ("--speed 3", "unrecognized arguments: --speed 3"),
        ("--clip x", "argument --clip: invalid float value: 'x'"),
    ],
)
def test_mistakes_are_one_sentence(words: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        parse(*words.split())
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_help_tells_text_and_default() -> None:
    parser = Parser(prog="test")
    add_flags(parser, example)
    text = " ".join(parser.format_help().split())
    assert "how many, in all. (default: 3)" in text
    assert "50% at first." in text


def test_types_that_are_no_flags() -> None:
    def odd(*, table: dict = {}) -> None: ...  # noqa: B006  never called

    with pytest.raises(UserError, match="argument 'table' of the experiment function has type"):
        add_flags(Parser(), odd)

    def bare(*, rate: float) -> None: ...

    with pytest.raises(
        UserError, match="argument 'rate' of the experiment function needs a default"
    ):
        add_flags(Parser(), bare)


def test_learning_rates_are_not_negative() -> None:
    def build(*, lr: float = 1.0, lr_encoder: float | None = 1.0, colour: float = 1.0) -> None: ...

    parser = Parser(prog="test")
    add_flags(parser, build)
    found = vars(parser.parse_args(["--lr", "0", "--lr-encoder", "none", "--colour", "-2"]))
    expected = {"lr": 0.0, "lr_encoder": None, "colour": -2.0}
    assert found == {**expected, "quiet": False}  # which every command has
    for flag in ("--lr", "--lr-encoder"):
        with pytest.raises(UserError, match=f"argument {flag}: is -0.1, but must be at least 0"):
            parser.parse_args([flag, "-0.1"])
