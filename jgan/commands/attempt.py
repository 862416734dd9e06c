"""Parts of an analysis that succeed or fail by themselves."""

from collections.abc import Callable
from typing import Any

from jgan.commands.solvable import Solvable
from jgan.display import task


class Attempt:
    """Runs parts under their names, shows how far they are, and keeps why some of them failed.

    Attributes:
      failed: for each part that failed, why, in a sentence.
    """

    def __init__(self) -> None:
        self.failed: dict[str, str] = {}

    def __call__(
        self,
        name: str,
        make: Callable[..., Any],
        own: Solvable | None = None,
        *,
        counted: bool = False,
    ) -> Any:
        """What a part finds, or None if it failed.

        Args:
          name: of the part.
          make: what finds it; called with a function to tell the number of products if they are ``counted``.
          own: tells of its products meanwhile.
          counted: whether ``make`` takes such a function.
        """
        try:
            with task(name, unit="products", announced=True) as doing:
                if own is not None:
                    own.progress = doing.update
                return make(doing.update) if counted else make()
        except ValueError as error:
            self.failed[name] = str(error)
            return None
