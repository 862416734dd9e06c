"""The command lines and the Python blocks of a Markdown page."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

SHELL = ("", "sh", "bash", "shell", "console")
"""Languages of fenced blocks that hold command lines."""
PYTHON = ("python", "pycon")
PROGRAMS = ("jgan", "python", "python3", "make", "pip", "uv", "uvx", "source", "export", "git")
"""Programs by which command lines are known in a block without a language and in a sentence."""
_FENCE = re.compile(r"^(```+|~~~+)\s*(\w*)")
_INLINE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


class Item(NamedTuple):
    """Something on a page that can be run.

    Attributes:
      line: its number on the page, from 1.
      kind: "command", "script" (a whole block of shell) or "python".
      text: what is run.
      block: the number of the block that it is in; commands of one block are run in one folder. A piece of
        code in a sentence is a block of its own.
      repeat: how often the same text is on the page before it.
    """

    line: int
    kind: str
    text: str
    block: int
    repeat: int = 0


def items(page: str) -> list[Item]:
    """What can be run on a page, in its order.

    A line that ends in a backslash goes on in the next. In a block of a terminal's session, the lines that
    begin with ``$`` are commands and the others their output. Code in a sentence counts as a command if it
    begins with one of `PROGRAMS` and has at least three words; with two it is a command's name.

    Args:
      page: the text of the page, in Markdown.
    """
    found: list[Item] = []
    fence, language, start = "", "", 0
    held: list[str] = []
    for number, line in enumerate(page.splitlines(), 1):
        opened = _FENCE.match(line)
        if fence:
            if line.strip() == fence:
                found += _of_block(language, start, held, len(found))
                fence = ""
            else:
                held.append(line)
        elif opened:
            fence, language, start, held = opened[1], opened[2].lower(), number + 1, []
        else:
            for code in _INLINE.findall(line):
                if code.split()[0] in PROGRAMS and len(code.split()) > 2:
                    found.append(Item(number, "command", code, len(found)))
    count: Counter[str] = Counter()
    for place, item in enumerate(found):
        found[place] = item._replace(repeat=count[item.text])
        count[item.text] += 1
    return found


def _of_block(language: str, start: int, lines: list[str], block: int) -> Iterator[Item]:
    text = "\n".join(lines)
    if language in PYTHON:
        yield Item(start, "python", text + "\n", block)
    elif language in SHELL and text.startswith("#!"):
        yield Item(start, "script", text + "\n", block)
    elif language in SHELL:
        commands = list(_commands(start, lines))
        if language or (commands and _program(commands[0][1]) in PROGRAMS):
            yield from (Item(number, "command", command, block) for number, command in commands)


def _commands(start: int, lines: list[str]) -> Iterator[tuple[int, str]]:
    session = any(line.startswith("$ ") for line in lines)
    pending, first = "", 0
    for number, line in enumerate(lines, start):
        if not pending:
            if session and not line.startswith("$ "):
                continue
            first, line = number, line.removeprefix("$ ")
        if line.endswith("\\"):
            pending += line[:-1]
            continue
        command = (pending + line).strip()
        pending = ""
        if command and not command.startswith("#"):
            yield first, command


def _program(command: str) -> str:
    """The program that a command line calls, behind assignments of variables.

    >>> _program("JAX_PLATFORMS=cpu jgan list")
    'jgan'
    """
    return next((word for word in command.split() if not re.match(r"\w+=", word)), "")


def experiment_files(page: str) -> dict[str, str]:
    r"""The files of experiments and of games that a page shows, by the names by which its commands use them.

    >>> page = "```python\ndef experiment(): ...\n```\nTrain it by `jgan train mine.py --steps 9`."
    >>> experiment_files(page)
    {'mine.py': 'def experiment(): ...\n'}
    """
    shown = [
        item.text
        for item in items(page)
        if item.kind == "python"
        and re.search(r"^def (experiment|game)\(", item.text, re.MULTILINE)
        and ">>> " not in item.text
    ]
    used = re.findall(r"\bjgan (?:train|verify|sweep|study) ([\w-]+\.py)\b", page)
    made = set(re.findall(r"\bjgan new ([\w-]+\.py)\b", page))
    names = [name for name in dict.fromkeys(used) if name not in made]
    return dict(zip(names, shown, strict=False))
