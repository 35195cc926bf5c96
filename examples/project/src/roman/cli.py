"""python -m roman.cli 1994 MCMXCIV: say each number the other way."""

import sys

from roman.numerals import from_roman, to_roman


def main():
    for word in sys.argv[1:]:
        print(to_roman(int(word)) if word.isdecimal() else from_roman(word))


if __name__ == "__main__":
    main()
