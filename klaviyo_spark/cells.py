"""From JSON text to typed cells: SQL -> SQL, never an error, NULL for what does not fit.

Every leaf is read as text first, so one bad value nulls one cell. No I/O here.

Expressions are SQL text: a ``Column`` is built call by call between two processes, hundreds of
calls a table.
"""

from __future__ import annotations

from klaviyo_spark import sql
from klaviyo_spark.api.metrics import DOCUMENTED
from klaviyo_spark.spec import Column

# try_cast is wider than Klaviyo's forms: it takes "2026", "12:30" (today!), "1d", "NaN", "t".
_TIME = sql.text(
    r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|UTC|[+-]\d{2}(:?\d{2})?)?)?$"
)
_NUMBER = sql.text(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_OFFSET = sql.text(r"\s*(Z|UTC|[+-]\d{2}(:?\d{2})?)$")
_EPOCH = sql.text(r"^\d{1,12}$")
_DIGITS = sql.text(r"^([+-]?\d+)(\.0*)?$")
_POWER = sql.text(r"^[+-]?\d(\.\d+)?[eE]\+?\d$")


def shaped(column: Column, text: str) -> str:
    """``text`` after the column's named change of form."""
    match column.shape:
        case "filled":  # Klaviyo fills an empty attribution with "" and 0
            return f"CASE WHEN {text} NOT IN ('', '0', '0.0') THEN {text} END"
        case "message_channel":
            return _message_channel(text)
        case "flow_action_type":
            return _flow_action_type(text)
        case "documented_metric":
            return _documented_metric(text)
        case _:
            return text


def typed(column: Column, text: str, wall_clock: str = "") -> str:
    """``text`` as the column's type; NULL where it does not fit.

    Args:
        wall_clock: where true, a time's offset is dropped: the clock on the wall is what counts.
    """
    if column.shape == "utc_day":
        epoch = f"timestamp_seconds(try_cast({text} AS bigint))"
        seconds = f"CASE WHEN {text} RLIKE {_EPOCH} THEN {epoch} END"
        return f"CAST(coalesce({_instant(text)}, {seconds}) AS date)"
    match column.type:
        case "string":
            return text
        case "boolean":
            known = f"lower({text}) IN ('true', 'false')"
            return f"CASE WHEN {known} THEN lower({text}) = 'true' END"
        case "double":
            number = f"try_cast({text} AS double)"
            fits = f"trim({text}) RLIKE {_NUMBER} AND abs({number}) < double('infinity')"
            return f"CASE WHEN {fits} THEN {number} END"
        case "int" | "bigint":
            return _whole(text, column.type)
        case "timestamp":
            if not wall_clock:
                return _instant(text)
            time = f"{wall_clock} AND length({text}) > {len('2026-05-01')}"
            wall = f"CASE WHEN {time} THEN regexp_replace({text}, {_OFFSET}, '') END"
            return _instant(f"coalesce({wall}, {text})")
        case "date":
            day = f"try_cast(substring({text}, 1, 10) AS date)"
            return f"CASE WHEN {text} RLIKE {_TIME} THEN {day} END"


def _instant(text: str) -> str:
    """A time with or without ``T``, fraction and zone; UTC where none is said."""
    return f"CASE WHEN {text} RLIKE {_TIME} THEN try_cast({text} AS timestamp) END"


def _whole(text: str, type: str) -> str:
    """A whole number digit for digit, also when written as ``2.0`` or ``1e3``."""
    digits = f"try_cast(nullif(regexp_extract(trim({text}), {_DIGITS}, 1), '') AS {type})"
    power = f"try_cast({text} AS double)"
    whole = f"{text} RLIKE {_POWER} AND {power} = floor({power})"
    return (
        f"coalesce({digits}, "
        f"CASE WHEN {whole} THEN try_cast(try_cast({power} AS bigint) AS {type}) END)"
    )


_CHANNEL_OF_ACTION = {
    "send-email": "email",
    "send-sms": "sms",
    "send-mobile-push": "mobile_push",
    "send-whatsapp": "whatsapp",
}


def _message_channel(text: str) -> str:
    """What the message says ("Email"), else the kind of action that sends it ("send-email")."""
    by_action = _one_of(text, _CHANNEL_OF_ACTION, "NULL")
    return f"CASE WHEN startswith({text}, 'send-') THEN {by_action} ELSE lower({text}) END"


# Where the older vocabulary is not the newer one in capitals.
_OLD_ACTION_TYPES = {"conditional-split": "BOOLEAN_BRANCH", "trigger-split": "TRIGGER_BRANCH"}


def _flow_action_type(text: str) -> str:
    return _one_of(text, _OLD_ACTION_TYPES, f"replace(upper({text}), '-', '_')")


def _documented_metric(text: str) -> str:
    names = {alias.lower(): name for name, aliases in DOCUMENTED.items() for alias in aliases}
    return _one_of(f"lower(trim({text}))", names, "NULL")


def _one_of(text: str, words: dict[str, str], otherwise: str) -> str:
    """The word that stands for ``text``."""
    cases = " ".join(f"WHEN {sql.text(word)} THEN {sql.text(to)}" for word, to in words.items())
    return f"CASE {text} {cases} ELSE {otherwise} END"
