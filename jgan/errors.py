"""Mistakes of a user, told in one sentence."""


class UserError(ValueError):
    """A mistake that the user can mend; the message names the field, the value and what is allowed.

    The command line prints it as one line and exits with code 2.
    """
