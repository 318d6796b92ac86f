"""What is said of a slip in a table's spec, when the package is imported."""

from klaviyo_spark.messages.message import error

NO_PATH = error(
    "not a path: {text!r}, from character {character}",
    cause="A slip in a table's spec, found when the package is imported.",
    way_out="Mend the spec, if it is yours; else report it.",
)
NOT_OF_KIND = error(
    "not a {kind}: {text!r}, expected {expected}",
    cause="A slip in a path, a field read, a row source or a proof of a spec, found when the "
    "package is imported.",
    way_out="Write it as the message says; `klaviyo_spark/schema/paths.py` lists the forms.",
)
