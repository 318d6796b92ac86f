"""From JSON text to typed cells: Column -> Column, never an error, NULL for what does not fit.

Every leaf is read as text first, so one bad value nulls one cell. No I/O here.
"""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from klaviyo_spark.api.metrics import DOCUMENTED
from klaviyo_spark.spec import Column as ColumnSpec

# try_cast is wider than Klaviyo's forms: it takes "2026", "12:30" (today!), "1d", "NaN", "t".
_TIME = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|UTC|[+-]\d{2}(:?\d{2})?)?)?$"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_OFFSET = r"\s*(Z|UTC|[+-]\d{2}(:?\d{2})?)$"
_EPOCH = r"^\d{1,12}$"


def shaped(column: ColumnSpec, text: Column) -> Column:
    """``text`` after the column's named change of form."""
    match column.shape:
        case "filled":  # Klaviyo fills an empty attribution with "" and 0
            return F.when(~text.isin("", "0", "0.0"), text)
        case "message_channel":
            return _message_channel(text)
        case "flow_action_type":
            return _flow_action_type(text)
        case "documented_metric":
            return _documented_metric(text)
        case _:
            return text


def typed(column: ColumnSpec, text: Column, wall_clock: Column | None = None) -> Column:
    """``text`` as the column's type; NULL where it does not fit.

    Args:
        wall_clock: where true, a time's offset is dropped: the clock on the wall is what counts.
    """
    if column.shape == "utc_day":
        seconds = F.when(text.rlike(_EPOCH), F.timestamp_seconds(text.try_cast("bigint")))
        return F.coalesce(_instant(text), seconds).cast("date")
    match column.type:
        case "string":
            return text
        case "boolean":
            return F.when(F.lower(text).isin("true", "false"), F.lower(text) == "true")
        case "double":
            number = F.when(F.trim(text).rlike(_NUMBER), text.try_cast("double"))
            return F.when(F.abs(number) < float("inf"), number)
        case "int" | "bigint":
            return _whole(text, column.type)
        case "timestamp":
            if wall_clock is None:
                return _instant(text)
            wall = F.when(F.length(text) > len("2026-05-01"), F.regexp_replace(text, _OFFSET, ""))
            return _instant(F.coalesce(F.when(wall_clock, wall), text))
        case "date":
            return F.when(text.rlike(_TIME), F.substring(text, 1, 10).try_cast("date"))


def _instant(text: Column) -> Column:
    """A time with or without ``T``, fraction and zone; UTC where none is said."""
    return F.when(text.rlike(_TIME), text.try_cast("timestamp"))


def _whole(text: Column, type: str) -> Column:
    """A whole number digit for digit, also when written as ``2.0`` or ``1e3``."""
    digits = F.nullif(F.regexp_extract(F.trim(text), r"^([+-]?\d+)(\.0*)?$", 1), F.lit(""))
    power = F.when(text.rlike(r"^[+-]?\d(\.\d+)?[eE]\+?\d$"), text.try_cast("double"))
    whole = F.when(power == F.floor(power), power.try_cast("bigint"))
    return F.coalesce(digits.try_cast(type), whole.try_cast(type))


_CHANNEL_OF_ACTION = {
    "send-email": "email",
    "send-sms": "sms",
    "send-mobile-push": "mobile_push",
    "send-whatsapp": "whatsapp",
}


def _message_channel(text: Column) -> Column:
    """What the message says ("Email"), else the kind of action that sends it ("send-email")."""
    by_action: Column = F.lit(None).cast("string")
    for action, channel in _CHANNEL_OF_ACTION.items():
        by_action = F.when(text == action, F.lit(channel)).otherwise(by_action)
    return F.when(text.startswith("send-"), by_action).otherwise(F.lower(text))


# Where the older vocabulary is not the newer one in capitals.
_OLD_ACTION_TYPES = {"conditional-split": "BOOLEAN_BRANCH", "trigger-split": "TRIGGER_BRANCH"}


def _flow_action_type(text: Column) -> Column:
    out = F.replace(F.upper(text), F.lit("-"), F.lit("_"))
    for new, old in _OLD_ACTION_TYPES.items():
        out = F.when(text == new, F.lit(old)).otherwise(out)
    return out


def _documented_metric(text: Column) -> Column:
    out: Column = F.lit(None).cast("string")
    for documented, aliases in DOCUMENTED.items():
        known = [alias.lower() for alias in aliases]
        out = F.when(F.lower(F.trim(text)).isin(known), F.lit(documented)).otherwise(out)
    return out
