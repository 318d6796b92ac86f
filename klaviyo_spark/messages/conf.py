"""Conf: its settings."""

from klaviyo_spark.messages.message import refusal

NO_SUCH_FILE = refusal(
    "--config {path}: no such file{nearby}",
    "Name an existing file, or write one with `klaviyo-spark init --config FILE`.",
    cause="The path is relative to the current directory.",
)
CANNOT_READ = refusal(
    "{file}: cannot be read: {reason}",
    "Check its permissions, or save it as UTF-8.",
    cause="The conf cannot be opened, or is not UTF-8.",
)
HOLDS_A_KEY = refusal(
    "{file}: contains what looks like a Klaviyo key",
    "Remove it, set {variable} instead, and make a new key if others could read the file.",
    cause="A text such as pk_… stands in the conf.",
)
NOT_YAML = refusal(
    "{file}{line}: not YAML",
    "Correct that line; quote texts that contain a colon or a hash sign.",
    cause="The conf cannot be parsed.",
)
NO_MAPPING = refusal(
    "{file}: holds no settings",
    "Write each setting as `name: value`, as in conf/base.yml.",
    cause="The conf is YAML, but a list or a text.",
)
UNKNOWN_SETTING = refusal(
    "unknown setting '{name}'",
    "{nearest}conf/base.yml lists all settings.",
    cause="A setting is misspelt, or belongs to another version.",
)
ACCOUNT_WITHOUT_KEY = refusal(
    "accounts: {account}: has no key of its own",
    "Set its key_variable, or its secret_scope and secret_key.",
    cause="Each of several accounts names the variable or secret of its own key, never the key.",
)
ACCOUNT_TWICE = refusal(
    "accounts: {account} is listed twice",
    "Give each account its own name.",
    cause="Names that differ by capitals alone count as the same. Rows carry the name, so it "
    "cannot be changed later.",
)
SAME_SCHEMA = refusal(
    "schemas: {schemas}: two are the same, or one is another's name with {suffix}",
    "Give each its own name, none of them another's with {suffix} after it.",
    cause="A rebuild makes its tables in a schema of that name. Capitals make no difference.",
)
BAD_METRICS = refusal(
    "must be `documented`, `all` or a list of metric names, `documented` and `commerce`",
    "For a single metric, write a list of one: [Placed Order].",
    cause="`metrics` in conf is another text.",
)
BAD_BASE_URL = refusal(
    "not a base URL",
    "Use https://HOST[:PORT], without user, path or query.",
    cause="Leave `base_url` out for Klaviyo itself.",
)
PLAIN_HTTP = refusal(
    "plain http to {host} would expose the key",
    "Use https in `base_url`; http is for loopback addresses only.",
    cause="The key travels in a header of each request.",
)
BAD_TREATMENT = refusal(
    "{value!r} is not a known treatment",
    "Set keep, hash or drop.",
    cause="`personal_data` names another treatment for a class of data.",
)
IDS_MUST_BE_KEPT = refusal(
    "profile IDs can only be kept, since tables are joined by them",
    "Remove `id` from `personal_data`.",
    cause="An ID identifies nobody without access to the Klaviyo account.",
)
UNKNOWN_RESOURCE = refusal(
    "unknown resource '{name}'",
    "{nearest}Choose from {known}.",
    cause="Child tables come with their resource and cannot be named.",
)
NO_RESOURCE = refusal(
    "no resource named",
    "Choose from {known}, or leave `resources` out for all.",
    cause="`resources` is empty.",
)
TOO_SHORT = refusal(
    "{value} is too short",
    "Set at least {least}d, or null to switch it off.",
    cause="`vacuum_after` or `bronze_retention` would remove what a run may still need.",
)
TOO_LONG = refusal(
    "{value} is too long",
    "Set at most {most}d.",
    cause="`attribution_window` is longer than any that Klaviyo has.",
)
NO_DURATION = refusal(
    "{text!r} is not a duration",
    "Use {form}.",
    cause="A setting such as `lookback` is no whole number with a unit.",
)
NO_TIME = refusal(
    "{text!r} is not a time",
    "Use {form}.",
    cause="Times are UTC where no offset is given.",
)
COLUMN_IS_TAKEN = refusal(
    "{table} has a column {name} already",
    "Give yours another name in conf.",
    cause="A name under `event_columns` or `profile_columns` is that of a column of the table.",
)
COLUMN_DIFFERS = refusal(
    "{table}: conf asks for the column {name} as {type}, and the table has it as {there}",
    "Give the column another name in conf, or its type of before.",
    cause="The type of a column of `event_columns` or `profile_columns` changed, or somebody has "
    "added a column of that name.",
)
