"""From JSON text to typed cells: SQL -> SQL, never an error, NULL for what does not fit.

Every leaf is read as text first, so one bad value nulls one cell. No I/O here.

Expressions are SQL text: a ``Column`` is built call by call between two processes, hundreds of
calls a table.
"""

from __future__ import annotations

from klaviyo_spark.resources.metric_names import DOCUMENTED
from klaviyo_spark.schema import sql_text
from klaviyo_spark.schema.columns import Column
from klaviyo_spark.schema.instants import (
    EPOCH,
    LEAST_EPOCH,
    MILLISECONDS_BELOW,
    OFFSET,
    SECONDS_BELOW,
    TIME,
)

# try_cast is wider than Klaviyo's forms: it takes "2026", "12:30" (today!), "1d", "NaN", "t".
_TIME, _OFFSET, _EPOCH = sql_text.text(TIME), sql_text.text(OFFSET), sql_text.text(EPOCH)
_NUMBER = sql_text.text(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
# With their zone, or a session may take them for local times.
_FIRST = "TIMESTAMP'0001-01-01 00:00:00+00:00'"
_LAST = "TIMESTAMP'9999-12-31 23:59:59.999999+00:00'"
_DIGITS = sql_text.text(r"^([+-]?\d+)(\.0*)?$")
# As many digits as a decimal holds to the last one.
_POWER = sql_text.text(r"^[+-]?\d{1,19}((\.\d{1,18})?[eE]\+?\d{1,2}|(\.\d{1,9})?[eE]-\d)$")
_ZERO = sql_text.text(r"^-?0(\.0+)?([eE][+-]?\d+)?$")


def shaped(column: Column, text: str) -> str:
    """``text`` after the column's named change of form."""
    match column.shape:
        case "filled":  # Klaviyo fills an empty attribution with "" and 0
            return f"CASE WHEN {text} != '' AND NOT {text} RLIKE {_ZERO} THEN {text} END"
        case "not_empty":  # of texts that Klaviyo sends as "" where nobody has set them
            return f"nullif({text}, '')"
        case "or_empty":  # nothing is a value of its own: a part of a key that is never NULL
            return f"coalesce({text}, '')"
        case "looked_up":  # what is read is only what it is found by
            return "CAST(NULL AS string)"
        case "message_channel":
            return _message_channel(text)
        case "report_channel":  # what reports and newer revisions call otherwise
            other = {"push-notification": "mobile_push", "push": "mobile_push"}
            return _one_of(text, other, text)
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
        return f"CAST(coalesce({_instant(text)}, {_since_1970(text)}) AS date)"
    match column.type:
        case "string":
            return text
        case "boolean":
            known = f"lower({text}) IN ('true', 'false', '1', '0')"
            return f"CASE WHEN {known} THEN lower({text}) IN ('true', '1') END"
        case "double":
            number = f"try_cast({text} AS double)"
            fits = f"trim({text}) RLIKE {_NUMBER} AND abs({number}) < double('infinity')"
            return f"CASE WHEN {fits} THEN {number} END"
        case "int" | "bigint":
            return _whole(text, column.type)
        case "timestamp":
            return f"coalesce({_instant(text, wall_clock)}, {_since_1970(text)})"
        case "date":
            day = f"try_cast(substring({text}, 1, 10) AS date)"
            written = f"CASE WHEN {text} RLIKE {_TIME} AND left({text}, 4) <> '0000' THEN {day} END"
            return f"coalesce({written}, CAST({_since_1970(text)} AS date))"


def _instant(text: str, wall_clock: str = "") -> str:
    """A time with or without ``T``, fraction and zone; UTC where none is said.

    None that lies outside of the years 1 to 9999 in UTC: hardly any reader of Parquet knows those.
    """
    clock = text
    if wall_clock:
        timed = f"{wall_clock} AND length({text}) > {len('2026-05-01')}"
        clock = f"CASE WHEN {timed} THEN regexp_replace({text}, {_OFFSET}, '') ELSE {text} END"
    time = f"try_cast(upper({clock}) AS timestamp)"
    # An offset moves a time by less than a day: only the first and the last one are looked at.
    inner = f"left({text}, 10) NOT IN ('0001-01-01', '9999-12-31') AND left({text}, 4) <> '0000'"
    fits = f"({inner} OR {time} BETWEEN {_FIRST} AND {_LAST})"
    return f"CASE WHEN {text} RLIKE {_TIME} AND {fits} THEN {time} END"


def _since_1970(text: str) -> str:
    """A number as a time: seconds, or milliseconds where it is large; a small one is no time."""
    number = f"try_cast({text} AS decimal(30, 12))"
    unit = f"CASE WHEN {number} < {SECONDS_BELOW} THEN 1000000 ELSE 1000 END"
    time = f"timestamp_micros(CAST({number} * {unit} AS bigint))"
    fits = f"{number} >= {LEAST_EPOCH} AND {number} < {MILLISECONDS_BELOW}"
    return f"CASE WHEN {text} RLIKE {_EPOCH} AND {fits} THEN {time} END"


def _whole(text: str, type: str) -> str:
    """A whole number digit for digit, also when written as ``2.0`` or ``1e3``."""
    digits = f"try_cast(nullif(regexp_extract(trim({text}), {_DIGITS}, 1), '') AS {type})"
    power = f"try_cast({text} AS decimal(38, 18))"
    whole = f"{text} RLIKE {_POWER} AND {power} = floor({power})"
    return f"coalesce({digits}, CASE WHEN {whole} THEN try_cast({power} AS {type}) END)"


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
    cases = " ".join(
        f"WHEN {sql_text.text(word)} THEN {sql_text.text(to)}" for word, to in words.items()
    )
    return f"CASE {text} {cases} ELSE {otherwise} END"
