"""A case of the fuzz test: files that somebody has, and commands that are run on them in their order."""

import os
import shutil
from pathlib import Path
from typing import NamedTuple

HERE, WORLD = "{here}", "{world}"
"""Stand in words and links for the folder of the case, and for that of what all cases share."""


class File(NamedTuple):
    """Something in the folder of a case.

    Attributes:
      path: in the folder, with "/" between its parts.
      content: of a file; None for a folder, a link or a copy.
      link: where a link leads.
      copy: a folder that is copied to the path.
    """

    path: str
    content: bytes | None = None
    link: str = ""
    copy: str = ""


class Case(NamedTuple):
    """Commands and the files that they find.

    Attributes:
      commands: the words of each command, behind ``jgan``.
      files: in the folder in which they are run.
    """

    commands: tuple[tuple[str, ...], ...]
    files: tuple[File, ...] = ()

    def as_json(self) -> dict[str, object]:
        """The case as JSON, without the contents of its files."""
        return {
            "commands": [list(map(ascii, words)) for words in self.commands],
            "files": [ascii(file.path) for file in self.files],
        }


def placed(text: str, here: Path, world: Path) -> str:
    """A word of a case with the folders that it stands for."""
    return text.replace(HERE, str(here)).replace(WORLD, str(world))


def write(case: Case, here: Path, world: Path) -> None:
    """Put a case's files into a folder; what the file system refuses, such as too long a name, is left out."""
    for file in case.files:
        path = here / file.path
        try:
            if file.copy:
                shutil.copytree(placed(file.copy, here, world), path)
            elif file.link:
                path.parent.mkdir(parents=True, exist_ok=True)
                os.symlink(placed(file.link, here, world), path)
            elif file.content is None:
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(file.content)
        except (OSError, ValueError):
            continue
