"""Keys: Klaviyo's, secrets, and the key for digests."""

from klaviyo_spark.messages.message import refusal

NO_KEY = refusal(
    "no Klaviyo key found",
    "Either {elsewhere}, or on Databricks give --secret-scope and --secret-key.",
    cause="The variable is not set, and no secret is named. `read -rs KLAVIYO_API_KEY && export "
    "KLAVIYO_API_KEY` takes a key without showing it.",
)
HALF_A_SECRET = refusal(
    "{missing} is missing",
    "Give both --secret-scope and --secret-key, or set both in conf.",
    cause="A secret is named by its scope and its key.",
)
ONLY_ON_DATABRICKS = refusal(
    "secret {scope}/{key}: only Databricks has secret scopes",
    "Elsewhere, {elsewhere}.",
    cause="Conf names a secret, and this is not Databricks. Outside Databricks a variable comes "
    "first; of several accounts each needs a `key_variable` for that.",
)
NO_ACCOUNT_HAS_A_KEY = refusal(
    "no account has a usable key",
    "{reasons}",
    cause="None of `accounts` has its key here. The reason and the way out follow for each.",
)
SAME_KEY = refusal(
    "accounts: {one} and {other} have the same key",
    "Give each account its own key.",
    cause="With one key, both names would hold the rows of one account.",
)
NO_HASH_KEY = refusal(
    "no hash key is set, and `personal_data: hash` needs one",
    "Make one with `openssl rand -hex 32`, keep it, and put it into {variable}; on Databricks, "
    "into a secret that secret_hash_scope and secret_hash_key in conf name.",
    cause="Personal data is stored as keyed digests. Make the key once by `openssl rand -hex 32` "
    "and keep it: with another key all digests change.",
)
HASH_KEY_TOO_SHORT = refusal(
    "{variable}: is too short",
    "Use {least} characters or more, as `openssl rand -hex 32` makes them.",
    cause="A short key of digests can be guessed.",
)
SECRET_REFUSED = refusal(
    "secret {scope}/{key}: Databricks refuses it ({error})",
    "Create it by `databricks secrets create-scope {scope}` and `databricks secrets put-secret "
    "{scope} {key}`, and grant READ on the scope to whoever runs the job.",
    cause="The scope or secret does not exist, or may not be read. `databricks secrets "
    "list-secrets SCOPE` lists what exists.",
)
SECRET_EMPTY = refusal(
    "secret {scope}/{key}: is empty",
    "Run `databricks secrets put-secret {scope} {key}`, which asks for the key.",
    cause="The secret exists and holds nothing.",
)
MALFORMED = refusal(
    "{name} is empty, or contains a space, a line end or a character that is not ASCII",
    "Copy the private key again from Klaviyo, Settings, API keys.",
    cause="More or less than the key was copied.",
)
