"""What a user is told: each message with its cause and its way out, by what it is about.

It may import nothing of the package; ``docs/reference/messages.md`` is made from it. Begin with
``message``.
"""

from klaviyo_spark.messages import (
    bronze,
    command_line,
    conf,
    dbt,
    doctor,
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

# In the order of docs/reference/messages.md; each begins with its title there.
AREAS = [command_line, conf, keys, spark, warehouse, lake]
AREAS += [spec, requests, responses, bronze, silver, verify, doctor, dbt]
