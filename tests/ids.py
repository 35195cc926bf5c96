"""Names for what tests are parametrized with: the same in each run, so that a test can be asked for by its name."""

import re
from typing import Any


def without_address(value: Any) -> str:
    """Return the repr of a value, without the addresses of objects."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))
