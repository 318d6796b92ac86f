"""What is said of Klaviyo's key, of secrets and of the key for digests."""

from klaviyo_spark.messages.message import AS_SAID, refusal

NO_KEY = refusal(
    "no Klaviyo key: {elsewhere}, or on Databricks --secret-scope and --secret-key",
    cause="`KLAVIYO_API_KEY`, or the variable that `key_variable` names, is not set, and no "
    "secret is named.",
    way_out="`read -rs KLAVIYO_API_KEY && export KLAVIYO_API_KEY`, then paste the key.",
)
HALF_A_SECRET = refusal(
    "{missing} is missing: a secret has a scope and a key",
    cause="Only one of `--secret-scope` and `--secret-key` is given.",
    way_out="Give both, there or in conf.",
)
ONLY_ON_DATABRICKS = refusal(
    "secret {scope}/{key}: only Databricks has secret scopes; {elsewhere} elsewhere",
    cause="The conf names a secret, and this is not Databricks.",
    way_out="Set the variable that is named; it goes first outside Databricks. One of several "
    "accounts needs a `key_variable` of its own for that.",
)
NO_ACCOUNT_HAS_A_KEY = refusal(
    "no account can be asked: {reasons}",
    cause="None of `accounts` has its key here; what each lacks is said.",
    way_out="Set the variables or make the secrets that are named.",
)
SAME_KEY = refusal(
    "accounts: {one} and {other} have the same key: they would be one account twice",
    cause="Two of `accounts` name the same variable or secret, or these hold the same key.",
    way_out="Give each its own key.",
)
NO_HASH_KEY = refusal(
    "personal_data: hash needs a key: set {variable}, or on Databricks secret_hash_key, in "
    "secret_hash_scope or secret_scope",
    cause="A class of personal data is to be shown as digests, and there is no key for them.",
    way_out="`export KLAVIYO_HASH_KEY=$(openssl rand -hex 32)` once; keep it safe, with another "
    "key all digests change.",
)
HASH_KEY_TOO_SHORT = refusal(
    "{variable}: is too short; expected {least} characters or more, as `openssl rand -hex 32` "
    "makes them",
    cause="The key of digests could be found by trying.",
    way_out="Take a longer one.",
)
SECRET_REFUSED = refusal(
    "secret {scope}/{key}: Databricks does not give it ({error}); make it with `databricks "
    "secrets create-scope {scope}` and `databricks secrets put-secret {scope} {key}`, and let "
    "whoever runs the job read it",
    cause="There is no such secret or scope, or whoever runs the job may not read it.",
    way_out="As it says; `databricks secrets list-secrets SCOPE` shows what is there, READ on the "
    "scope is enough.",
)
SECRET_EMPTY = refusal(
    "secret {scope}/{key}: is empty; `databricks secrets put-secret {scope} {key}` asks for the "
    "key",
    cause="The secret is there and holds nothing.",
    way_out=AS_SAID,
)
MALFORMED = refusal(
    "{name} is empty or holds a space, a line end or a character that is not ASCII; copy the "
    "private key once more from Klaviyo, Settings, API keys",
    cause="More or less than the key was copied.",
    way_out="Copy it anew.",
)
