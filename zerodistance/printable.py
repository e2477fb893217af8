"""Text of strangers made fit for logs and terminals: one line, and no character that steers anything.

Device ids are checked, but firmware names, codes, topics and the readings of other people's devices are what
somebody sent. A line break in a log would be an entry of their choosing, an escape sequence could rewrite
what stands on an operator's screen, a bidirectional mark can have it read otherwise than it is (CWE-117,
CWE-150; Unicode Technical Report 36).
"""

from __future__ import annotations

import re

# C0, DEL and C1 controls; line and paragraph separators; bidirectional marks, overrides and isolates;
# zero-width characters; tags; half characters, which no terminal can be sent.
_UNFIT = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)
_UNFIT_BUT_LINES = re.compile(_UNFIT.pattern.replace("\x00-\x1f", "\x00-\x08\x0b-\x1f", 1))


def printable(text: str, *, lines: bool = False) -> str:
    """Return ``text`` with every character that would steer a terminal or end a line written out.

    Args:
        text: of anybody.
        lines: leave line breaks and tabs; for traces, whose lines are ours.

    >>> printable("1.2\\n2026 all is well\\x1b[2J")
    '1.2\\\\n2026 all is well\\\\x1b[2J'
    >>> printable("Küche 厨房")
    'Küche 厨房'
    """
    return (_UNFIT_BUT_LINES if lines else _UNFIT).sub(_written_out, text)


def _written_out(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
