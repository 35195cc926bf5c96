"""The pages that are made from the sources: `python -m tests.reference` writes docs/names.md and docs/api/."""

from tests.reference import api, names


def pages() -> dict[str, str]:
    """The texts of the pages by their names below docs/."""
    return {names.PAGE: names.page(), **api.pages()}
