"""Texts of unknown origin, made fit to be drawn: clean, short, and as wide as they will roughly be."""

import html
import re
import reprlib
import unicodedata
from typing import Any

# What XML does not allow, and what would turn the reading direction or hide.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff\ufff9-\uffff]")
_BLANKS = re.compile(r"[ \t\n\r\f\v]+")


def line(text: Any, longest: int = 0) -> str:
    """Return `text` as one line that can be written anywhere.

    Args:
        text: a text, or anything that has one.
        longest: how many characters it may have; the end is cut for an ellipsis. 0 is no limit.
    """
    clean = _UNFIT.sub("\ufffd", _BLANKS.sub(" ", as_text(text)).strip())
    return clean if not longest or len(clean) <= longest else f"{clean[: longest - 1]}…"


def lines(text: Any, longest: int) -> str:
    """Return `text` with its lines; of one that is too long, the middle is left out."""
    clean = "\n".join(_UNFIT.sub("\ufffd", each.replace("\t", "    ")) for each in as_text(text).splitlines())
    if len(clean) <= longest:
        return clean
    half = longest // 2
    return f"{clean[:half]}\n… {len(clean) - 2 * half:,} characters left out …\n{clean[-half:]}"


def as_text(value: Any) -> str:
    """Return ``str(value)``, or say that there is none."""
    if type(value) is str:
        return value
    try:
        return str(value)
    except Exception as error:
        return f"<{type(value).__name__} that can't be shown: {type(error).__name__}>"


class _Short(reprlib.Repr):
    """Make short texts of values without making the long ones first."""

    def __init__(self, longest: int) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdict = self.maxdeque = 8
        self.maxstring = self.maxlong = self.maxother = longest

    def repr_instance(self, x: Any, level: int) -> str:
        """Show an object of whatever class, even if its author broke its repr."""
        try:
            shown = repr(x)
        except Exception as error:
            return f"<{type(x).__name__} whose repr raises {type(error).__name__}>"
        return shown if len(shown) <= self.maxother else f"{shown[: self.maxother - 1]}…"


def shown(value: Any, longest: int) -> str:
    """Return a repr of `value`, in one line and cut where it gets long."""
    try:
        return line(_Short(longest).repr(value), longest)
    except Exception as error:
        return f"<{type(value).__name__} whose repr raises {type(error).__name__}>"


def escaped(text: str) -> str:
    """Return `text` for HTML or XML, in an element or in a quoted attribute."""
    return html.escape(text, quote=True)


# Widths in thousandths of the font's size; of a wide sans-serif font, so that no other is wider.
_NARROW = dict.fromkeys("iljI.,:;'|!()[]{} ftr-/\\`", 400)
_WIDE = dict.fromkeys("mwMW@%—…", 980)
_WIDTHS = {**_NARROW, **_WIDE}


def width(text: str, size: float) -> float:
    """Estimate how wide `text` is when it is drawn in letters of `size`."""
    return sum(map(_letter, text)) * size / 1000


def _letter(letter: str) -> int:
    known = _WIDTHS.get(letter)
    if known is not None:
        return known
    if letter.isascii():
        return 690 if letter.isupper() else 620
    if unicodedata.combining(letter):
        return 0
    return 1050 if unicodedata.east_asian_width(letter) in "WF" else 690


def counted(number: int, thing: str) -> str:
    """Return a number with what it counts: ``1 task``, ``2 tasks``."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def seconds(span: float) -> str:
    """Return a length of time as people say it."""
    if span < 0.0009995:
        return f"{max(span, 0) * 1e6:.0f} µs"
    if span < 0.9995:
        return f"{span * 1e3:.3g} ms" if span < 0.1 else f"{span * 1e3:.0f} ms"
    if span < 59.95:
        return f"{span:.1f} s"
    minutes, rest = divmod(round(span), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
