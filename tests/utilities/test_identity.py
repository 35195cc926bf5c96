"""Names for runs."""

import random
import uuid

from miniprefect.utilities.identity import new_id


def test_an_id_is_a_random_uuid() -> None:
    found = new_id()
    assert str(uuid.UUID(found)) == found
    assert uuid.UUID(found).version == 4


def test_no_two_are_the_same_even_if_the_script_begins_its_random_numbers_anew() -> None:
    found = set()
    for _ in range(100):
        random.seed(1)
        found.add(new_id())
    assert len(found) == 100
