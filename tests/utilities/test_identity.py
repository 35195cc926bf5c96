"""Names for runs."""

import multiprocessing
import random
import uuid

from miniprefect.utilities.identity import new_id


def test_an_id_is_a_uuid() -> None:
    found = new_id()
    assert str(uuid.UUID(found)) == found
    assert uuid.UUID(found).version == 4


def test_no_two_are_the_same_even_if_the_script_begins_its_random_numbers_anew() -> None:
    found = set()
    for _ in range(100):
        random.seed(1)
        found.add(new_id())
    assert len(found) == 100


def test_a_process_that_is_forked_has_others() -> None:
    known = {new_id() for _ in range(10)}
    with multiprocessing.get_context("fork").Pool(2) as pool:
        found = pool.map(_ids, [10] * 2, chunksize=1)
    known.update(*found, (new_id() for _ in range(10)))
    assert len(known) == 40


def _ids(number: int) -> list[str]:
    return [new_id() for _ in range(number)]
