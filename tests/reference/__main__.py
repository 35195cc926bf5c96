"""Write the pages that are made from the sources, anew: `python -m tests.reference`."""

from pathlib import Path

from tests.reference import pages

DOCS = Path(__file__).parents[2] / "docs"


def main() -> None:
    """Write them, and say which changed."""
    for name, text in pages().items():
        path = DOCS / name
        path.parent.mkdir(exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"docs/{name}")


if __name__ == "__main__":
    main()
