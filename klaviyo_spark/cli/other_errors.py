"""What is said of an error that is none of ours. No commands here."""

from __future__ import annotations

from klaviyo_spark import messages
from klaviyo_spark.errors import KlaviyoSparkError, UsageError, in_a_line

# What the extra `spark` brings.
SPARK = frozenset({"delta", "deltalake", "pyarrow", "pyspark"})


def describe_error(error: Exception) -> tuple[str, int]:
    """One line, and the exit code."""
    if isinstance(error, ModuleNotFoundError) and f"{error.name}".partition(".")[0] in SPARK:
        return messages.command_line.SPARK_NOT_INSTALLED(missing=error), UsageError.exit_code
    if isinstance(error, OSError) and error.errno:
        text = messages.command_line.SYSTEM_ERROR(error=in_a_line(error))
        return text, KlaviyoSparkError.exit_code
    text = messages.command_line.OTHER_ERROR(error=in_a_line(error))
    return text, KlaviyoSparkError.exit_code
