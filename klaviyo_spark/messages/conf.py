"""What is said of settings in conf."""

from klaviyo_spark.messages.message import refusal

NO_SUCH_FILE = refusal(
    "--config {path}: no such file{nearby}",
    cause="The file that --config names is not there; the path counts from where you are.",
    way_out="Name one that is, or write one with `klaviyo-spark init --config FILE`.",
)
CANNOT_READ = refusal(
    "{file}: cannot be read: {reason}",
    cause="The conf cannot be opened, or is not UTF-8.",
    way_out="See to its permissions, or save it as UTF-8.",
)
HOLDS_A_KEY = refusal(
    "{file}: holds what looks like a key; keys belong into {variable}",
    cause="A text such as pk_… stands in the conf.",
    way_out="Take it out, make a new key if the file was shared, and set `KLAVIYO_API_KEY`.",
)
NOT_YAML = refusal(
    "{file}{line}: not YAML",
    cause="The conf cannot be parsed; the line is said where it is known.",
    way_out="Mend that line; texts with a colon or a hash need quotes.",
)
NO_MAPPING = refusal(
    "{file}: expected settings as 'name: value'",
    cause="The conf is YAML, but a list or a text.",
    way_out="Write settings as in `conf/base.yml`.",
)
UNKNOWN_SETTING = refusal(
    "unknown setting '{name}'{nearest}",
    cause="A setting is misspelt, or of another version.",
    way_out="Take the name that is offered, or one of `conf/base.yml`.",
)
ACCOUNT_WITHOUT_KEY = refusal(
    "accounts: {account}: has no key of its own; expected key_variable, or secret_scope and "
    "secret_key",
    cause="One of `accounts` does not say where its key is; another's is never taken for it.",
    way_out="Name the environment variable (`key_variable`), or the Databricks secret, never the "
    "key itself.",
)
ACCOUNT_TWICE = refusal(
    "accounts: {account}: is there twice",
    cause="Two of `accounts` have the same name, or one that differs by capitals alone.",
    way_out="Give each its own; a name that rows carry cannot be changed.",
)
SAME_SCHEMA = refusal(
    "schemas: {schemas}: two are the same, or one is where a rebuild puts tables of another (its "
    "name and {suffix}); name each apart",
    cause="Two of `schemas` differ by nothing or by capitals alone, or one is called like another "
    "with `_rebuild` behind it.",
    way_out="Give each a name of its own.",
)
BAD_METRICS = refusal(
    "expected documented, all, or a list of metric names",
    cause="`metrics` is a text that is neither.",
    way_out="A single metric is a list too: `metrics: [Placed Order]`.",
)
BAD_BASE_URL = refusal(
    "expected https://HOST[:PORT], without user, path or query",
    cause="`base_url` is not an address of that form.",
    way_out="Leave it out for Klaviyo itself.",
)
PLAIN_HTTP = refusal(
    "plain http to {host} would show the key; use https (or loopback)",
    cause="`base_url` is not encrypted, and not on this machine.",
    way_out="Use https.",
)
BAD_TREATMENT = refusal(
    "is {value!r}; expected keep, hash or drop",
    cause="`personal_data` says something else of a class.",
    way_out="Take one of the three; see `conf/base.yml`.",
)
IDS_MUST_BE_KEPT = refusal(
    "can only be kept: tables are keyed and joined by Klaviyo's ids",
    cause="`personal_data` would hash or drop the ids of profiles.",
    way_out="Leave `id` out. An id names nobody to those who cannot ask Klaviyo.",
)
UNKNOWN_RESOURCE = refusal(
    "unknown resource '{name}'{nearest} (known: {known})",
    cause="`resources` names something that is none of the eight.",
    way_out="Take one of those listed; child tables follow their resource.",
)
NO_RESOURCE = refusal(
    "no resource named; known: {known}",
    cause="`resources` is empty.",
    way_out="Leave it out for all, or name some.",
)
TOO_SHORT = refusal(
    "{value} is too short; expected at least {least}d, or null",
    cause="`vacuum_after` or `bronze_retention` would take away what a run may still need.",
    way_out="Give a longer time, or null to switch it off.",
)
NO_DURATION = refusal(
    "{text!r} is not a duration; expected {form}",
    cause="A setting such as `lookback` is not a whole number with a unit.",
    way_out="Write `7d`, `36h` or `30m`.",
)
NO_TIME = refusal(
    "{text!r} is not a time; expected {form}",
    cause="`start` in conf is not a time.",
    way_out="Write `2026-01-31` or `2026-01-31T09:00:00Z`.",
)
