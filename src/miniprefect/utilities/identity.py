"""Names for runs that no other run has."""

import random


def new_id() -> str:
    """Return a random UUID as text. Not for secrets: it does not ask the operating system each time."""
    digits = f"{random.getrandbits(128):032x}"
    variant = "89ab"[int(digits[16], 16) % 4]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"
