"""Specs: slips that the import of the package finds."""

from klaviyo_spark.messages.message import error

NO_PATH = error(
    "not a path: {text!r}, from character {character}",
    cause="A slip in a table's spec. Correct it, or report it where the spec is not yours.",
)
NOT_OF_KIND = error(
    "not a {kind}: {text!r}, expected {expected}",
    cause="A slip in a path, a field read, a row source or a proof of a spec. Correct it; "
    "`klaviyo_spark/schema/paths.py` lists the forms.",
)
