"""Files of published weights: where they are looked for, how they are checked and fetched."""

import hashlib
import io
import os
import tarfile
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from jgan.errors import UserError
from jgan.files import make_folder, write_atomically

VARIABLE = "JGAN_WEIGHTS"
SECONDS = 60


def folders() -> list[Path]:
    """Where weights lie: the folder in the environment's ``JGAN_WEIGHTS``, then ``~/.cache/jgan/weights``."""
    given = os.environ.get(VARIABLE)
    return [*([Path(given)] if given else []), Path.home() / ".cache" / "jgan" / "weights"]


def find(names: Iterable[str]) -> Path | None:
    """The first file of one of these names in `folders`, or None."""
    names = list(names)
    candidates = (folder / name for folder in folders() for name in names)
    return next((path for path in candidates if path.is_file()), None)


def checked(path: str | Path, expected: Iterable[str]) -> str:
    """The sha256 of a file, if it is one of those expected.

    Args:
      path: of the file.
      expected: hex digests; one shorter than 64 digits is compared with as many first digits.

    Raises:
      UserError: if the file cannot be read, or was altered.
    """
    try:
        with Path(path).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"weights {str(path)!r} cannot be read: {error.strerror}.") from error
    _check(found, list(expected), f"weights {str(path)!r}")
    return found


def _check(found: str, expected: list[str], what: str) -> None:
    if not any(found.startswith(digest) for digest in expected):
        raise UserError(f"{what} has sha256 {found}, but must have {' or '.join(expected)}.")


def download(url: str, name: str, sha256: str, member: str | None = None) -> Path:
    """Fetch a file into the first of `folders`, where `find` will see it.

    Args:
      url: of the file, or of a tar archive that holds it.
      name: of the file here.
      sha256: of the file, checked before anything is written.
      member: the file's name in the archive; None if ``url`` is the file itself.

    Returns:
      Its path.

    Raises:
      UserError: if it cannot be fetched, lacks the member, is not the file expected or cannot be
        written.
    """
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            content = answer.read()
        if member is not None:
            with tarfile.open(fileobj=io.BytesIO(content)) as archive:
                file = archive.extractfile(member)
                content = b"" if file is None else file.read()
    except (OSError, urllib.error.URLError) as error:
        raise UserError(f"weights cannot be fetched from {url!r}: {error}.") from error
    except (tarfile.TarError, KeyError, EOFError) as error:
        raise UserError(f"{url!r} holds no {member!r}: {error}.") from error
    _check(hashlib.sha256(content).hexdigest(), [sha256], f"{name!r} fetched from {url!r}")
    path = make_folder(folders()[0]) / name
    write_atomically(path, content)
    return path
