"""Values as Klaviyo spelt them, through Spark's JSON reader. SQL -> SQL, no I/O here.

``from_json`` writes anew what it takes out of a page as text: ``1.10`` becomes ``1.1``, an emoji
within an object two escapes, half a surrogate pair a question mark. So a page is compared with what
came out of it. Where the two differ by more than emoji, its numbers and halves are ``coded`` and it
is read again; cells are ``decoded``. Other pages pay for the comparison alone.

A code begins with a character that Unicode leaves to programs for their own use; where a page holds
it, it is coded too. A number becomes ``"<mark>1.10"``, a character ``<mark>d83d``. A string that
begins like an object, an array or a code gets the mark before it, so a cell that begins with ``{``
or ``[`` is JSON and no text.
"""

from __future__ import annotations

from klaviyo_spark.schema import sql_text

MARK = "\ufdd0"
_MARK, _MARK_ESCAPED = sql_text.text(MARK), sql_text.text(f"\\u{ord(MARK):x}")
_UNKNOWN = sql_text.text("\ufffd")
_ONE, _TWO, _QUOTE, _ESCAPE = map(sql_text.text, ("\\", "\\\\", '\\"', "\\u"))
# Spark escapes both characters of a pair in capitals, and in JSON of its making nothing else so.
_EMOJI, _NO_EMOJI = sql_text.text("\\uD"), sql_text.text("\\\\uD")
# Neither stands in JSON, coded or not.
_NO_TEXT, _KEPT = "chr(1)", sql_text.text(f"{MARK}/")

_HALF, _OWN = r"[dD][89a-fA-F][0-9a-fA-F]{2}", r"[fF][dD][dD]0"
_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# What is not to be coded goes before, in a group that never looks back: ten megabytes in one text
# take no stack.
_HALVES = rf"(?s)\G((?:[^\\]++|{_PAIR}|\\(?!u{_HALF}|u{_OWN}).)*+)\\u({_HALF}|{_OWN})"
_PLAIN_STRING = rf'"(?![{{\[{MARK}])[^"\\]*+(?:\\.[^"\\]*+)*+"'
# Digits alone come out as they were, but for `-0`.
_PLAIN_NUMBER = r"(?!-0)-?\d++(?![.eE])"
_NUMBER, _STRING = r"-?\d++(?:\.\d++)?+(?:[eE][+-]?\d++)?+", r'"((?:[^"\\]++|\\.)*+)"'
_NUMBERS = (
    rf'(?s)\G([^"\d-]*+(?:(?:{_PLAIN_STRING}|{_PLAIN_NUMBER})[^"\d-]*+)*+)(?:{_STRING}|({_NUMBER}))'
)

# A look at what may be such a number takes a third of the time, and ends at the first.
_SUSPECT = r"[\[,:]\s*+(?:-0|-?\d++[.eE])"


def is_alike(text: str, page: str) -> str:
    """Whether what was read of a page stands in it to the letter, its emoji put back.

    Args:
        text: the page.
        page: arrays of JSON texts, ``data`` and ``included``, as ``from_json`` took them out of it.
    """
    parts = []
    for key in ("data", "included"):
        begin = sql_text.text(f'"{key}":[')
        array = f"concat({begin}, {_joined(f'{page}.{key}')}, ']')"
        parts.append(f"({page}.{key} IS NULL OR contains({text}, {array}))")
    return " AND ".join(parts)


def coded(text: str) -> str:
    """JSON that ``from_json`` takes apart without a loss."""
    own = f"replace({text}, {_MARK}, {_MARK_ESCAPED})"
    halves = _replaced("t", _HALVES, f"$1{MARK}$2")
    halves = f"CASE WHEN contains(t, {_ESCAPE}) THEN {halves} ELSE t END"
    numbers = _replaced("t", _NUMBERS, f'$1"{MARK}$2$3"')
    strings = " OR ".join(
        f"contains(t, {sql_text.text(chr(34) + one)})" for one in ("{", "[", MARK)
    )
    numbers = f"CASE WHEN t RLIKE {sql_text.text(_SUSPECT)} OR {strings} THEN {numbers} ELSE t END"
    return _let("t", _let("t", own, halves), numbers)


def holds_code(text: str, is_coded: str) -> str:
    """Whether anything in what ``from_json`` gave is to be decoded: a cheap look."""
    return f"(contains({text}, {_EMOJI}) OR ({is_coded} AND contains({text}, {_MARK})))"


def decoded(text: str, is_coded: str) -> str:
    """A cell as Klaviyo wrote it; an object or an array without the blanks between its parts.

    Args:
        text: as ``from_json`` gave it: a scalar as it is, anything else as JSON.
        is_coded: whether what that was taken out of had been ``coded``; else it ``is_alike``.
    """
    is_json = f"(startswith({text}, '{{') OR startswith({text}, '['))"
    has_mark = f"({is_coded} AND contains({text}, {_MARK}))"
    return (
        f"CASE WHEN {is_json} AND {holds_code(text, is_coded)} THEN {_decoded_json(text)} "
        f"WHEN {has_mark} THEN {_decoded_text(text)} ELSE {text} END"
    )


def as_array(text: str) -> str:
    """An array as ``from_json`` gave it, one that was written within a string too."""
    within = f"startswith({text}, {sql_text.text(f'{MARK}[')})"
    return f"CASE WHEN {within} THEN substr({text}, 2) ELSE {text} END"


def scalar(json: str) -> str:
    """The text of a JSON scalar: a number digit for digit, half a surrogate pair as U+FFFD."""
    array = coded(f"concat('[', {json}, ']')")
    string = _let("s", f"from_json({array}, 'array<string>')[0]", decoded("s", "true"))
    return f"CASE WHEN startswith({json}, '\"') THEN {string} ELSE {json} END"


def _joined(texts: str) -> str:
    """JSON texts as an array without blanks has them; one with a backslash before an emoji in no
    page at all."""
    doubtful = f"contains(t, {_NO_EMOJI}) OR contains(t, {_MARK})"
    emoji = f"CASE WHEN NOT ({doubtful}) THEN {_with_emoji('t')} END"
    spelt = f"CASE WHEN contains(t, {_EMOJI}) THEN {emoji} ELSE t END"
    return f"array_join(transform({texts}, t -> {spelt}), ',', {_NO_TEXT})"


def _with_emoji(json: str) -> str:
    """JSON of Spark's making with its pairs of escapes put back; it has no other backslash before
    ``uD``.

    A JSON string that holds the text has only these escapes as they are: as a string, they go.
    """
    text = f"replace(replace({json}, {_ONE}, {_TWO}), {_NO_EMOJI}, {_EMOJI})"
    return f"from_json(concat('[\"', replace({text}, '\"', {_QUOTE}), '\"]'), 'array<string>')[0]"


def _decoded_json(json: str) -> str:
    emoji = f"CASE WHEN contains(t, {_EMOJI}) THEN coalesce({_with_emoji('t')}, t) ELSE t END"
    whole = _let("t", f"replace({json}, {_TWO}, {_KEPT})", emoji)
    numbers = _replaced("t", rf'"{MARK}(-?\d[-+.\deE]*+)"', "$1")
    strings = _replaced(numbers, rf'"{MARK}(?=[{{\[{MARK}])', '"')
    halves = _replaced(strings, f"{MARK}({_HALF})", r"\\u$1")
    own = _replaced(f"replace({halves}, {_KEPT}, {_TWO})", f"{MARK}{_OWN}", MARK)
    codes = f"CASE WHEN contains(t, {_MARK}) THEN {own} ELSE t END"
    return _let("t", whole, codes)


def _decoded_text(text: str) -> str:
    bare = f"CASE WHEN startswith({text}, {_MARK}) THEN substr({text}, 2) ELSE {text} END"
    halves = f"regexp_replace({bare}, {sql_text.text(f'{MARK}{_HALF}')}, {_UNKNOWN})"
    return f"regexp_replace({halves}, {sql_text.text(f'{MARK}{_OWN}')}, {_MARK})"


def _replaced(text: str, pattern: str, by: str) -> str:
    return f"regexp_replace({text}, {sql_text.text(pattern)}, {sql_text.text(by)})"


def _let(name: str, value: str, text: str) -> str:
    """``text`` with ``value``, worked out once, for ``name`` in it."""
    return f"transform(array({value}), {name} -> {text})[0]"
