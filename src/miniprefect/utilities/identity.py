"""Names for runs that no other run has."""

import itertools
import os


class _Ids:
    """Count ids up from a random one: there is one for each task run, and random digits take ten times as long."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Begin anew; a process that is forked must, or it would go on as its parent does."""
        # Not of `random`, which a script may seed, as it may do again in its next run.
        digits = os.urandom(15).hex()
        variant = "89ab"[int(digits[0], 16) % 4]
        self.first = f"{digits[1:9]}-{digits[9:13]}-4{digits[13:16]}-{variant}{digits[16:19]}-"
        self.numbers = itertools.count(int(digits[19:], 16))


_ids = _Ids()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_ids.renew)


def new_id() -> str:
    """Return a UUID as text: random as a whole; the next of the same process differs in its last digits."""
    return f"{_ids.first}{next(_ids.numbers):012x}"
