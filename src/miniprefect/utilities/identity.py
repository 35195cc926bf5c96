"""Names for runs that no other run has."""

import os


def new_id() -> str:
    """Return a random UUID as text."""
    # Not of `random`, which a script may seed, as it may do again in its next run.
    digits = os.urandom(16).hex()
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
