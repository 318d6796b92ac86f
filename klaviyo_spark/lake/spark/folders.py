"""Folders that a session of our own cannot start without. No Spark here.

A container may have a read-only root and one volume. Java reads neither TMPDIR nor SPARK_LOCAL_DIRS
before it writes into /tmp, so it is told.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from klaviyo_spark import messages
from klaviyo_spark.errors import ConfigError


def check_folders() -> Path:
    """The folder for temporary files.

    Raises:
        ConfigError: there is none that can be written, or the one we were started in is gone.
    """
    try:
        os.getcwd()
    except OSError as error:
        raise ConfigError(messages.spark.NO_WORKING_FOLDER(reason=error.strerror)) from None
    return temporary()


def temporary() -> Path:
    """The folder for temporary files: TMPDIR, else /tmp, else what Python finds.

    Raises:
        ConfigError: none can be written.
    """
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:
        raise ConfigError(messages.spark.NO_TEMPORARY_FOLDER()) from None


def java_option(folder: Path) -> str:
    """What tells Java where temporary files go, for a line of options in Spark's conf."""
    return quoted(f"-Djava.io.tmpdir={folder}")


def quoted(option: str) -> str:
    """One option of Java's, for a line of several in Spark's conf."""
    spelled = option.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{spelled}"'
