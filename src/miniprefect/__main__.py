"""`python -m miniprefect`."""

import sys

from miniprefect.cli import main

if __name__ == "__main__":
    sys.exit(main())
