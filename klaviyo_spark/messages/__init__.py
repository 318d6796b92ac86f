"""What a user is told: each message with its cause and its way out, by what it is about.

It may import nothing of the package. ``docs/errors.md`` is made from it. Begin with ``message``.
"""

from klaviyo_spark.messages import (
    bronze,
    command_line,
    conf,
    keys,
    lake,
    requests,
    responses,
    silver,
    spark,
    spec,
    verify,
    warehouse,
)

# In the order of docs/errors.md.
AREAS = {
    "Command line": command_line,
    "Conf": conf,
    "The keys": keys,
    "Java, Spark and Delta": spark,
    "The place of the lake": warehouse,
    "The lake": lake,
    "Specs": spec,
    "Requests to Klaviyo": requests,
    "Answers of Klaviyo": responses,
    "What was read": bronze,
    "Tables": silver,
    "Verification": verify,
}
