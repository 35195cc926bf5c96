"""Numbers to Roman numerals and back, from 1 to 3999."""

SYMBOLS = {
    "M": 1000,
    "CM": 900,
    "D": 500,
    "CD": 400,
    "C": 100,
    "XC": 90,
    "L": 50,
    "XL": 40,
    "X": 10,
    "IX": 9,
    "V": 5,
    "IV": 4,
    "I": 1,
}


def to_roman(number):
    """Write a number in the usual form: 1994 is MCMXCIV."""
    if not 1 <= number <= 3999:
        raise ValueError(f"{number} is not between 1 and 3999")
    numeral = ""
    for symbol, value in SYMBOLS.items():
        times, number = divmod(number, value)
        numeral += symbol * times
    return numeral


def from_roman(numeral):
    """Read a numeral in the usual form; others, such as IIII, are a ValueError."""
    number, rest = 0, numeral
    for symbol, value in SYMBOLS.items():
        while rest.startswith(symbol):
            number, rest = number + value, rest.removeprefix(symbol)
    if rest or not number or number > 3999 or to_roman(number) != numeral:
        raise ValueError(f"{numeral!r} is not a Roman numeral")
    return number
