"""The tests that examples/build.py runs before it packs the program."""
# ruff: noqa: PT009, PT027 - unittest comes with Python, so building needs nothing else

import unittest

from roman import from_roman, to_roman


class RomanTest(unittest.TestCase):
    def test_known_numbers(self):
        for number, numeral in ((1, "I"), (4, "IV"), (49, "XLIX"), (1994, "MCMXCIV"), (3999, "MMMCMXCIX")):
            self.assertEqual(to_roman(number), numeral)
            self.assertEqual(from_roman(numeral), number)

    def test_there_and_back(self):
        for number in range(1, 4000):
            self.assertEqual(from_roman(to_roman(number)), number)

    def test_not_a_number(self):
        for numeral in ("", "IIII", "VX", "MMMM", "ten"):
            with self.assertRaises(ValueError):
                from_roman(numeral)
        for number in (0, -1, 4000):
            with self.assertRaises(ValueError):
                to_roman(number)


if __name__ == "__main__":
    unittest.main()
