"""A conf file for a new user: ``conf/base.yml`` with some settings filled in. No prompts here.

``base.yml`` beside this module is a copy that travels in the wheel; ``make docs`` renews it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from klaviyo_spark import messages
from klaviyo_spark.config.models import Settings
from klaviyo_spark.errors import ConfigError, UsageError

TEMPLATE = Path(__file__).with_name("base.yml")
SOURCE = Path(__file__).parents[2] / "conf" / "base.yml"

Value = str | Sequence[str] | None


def filled(template: str, values: Mapping[str, Value]) -> str:
    """``template`` with ``values`` in the place of its own; its comments stay.

    Raises:
        KeyError: the template has no such setting.
    """
    for name, value in values.items():
        line = re.search(rf"^{re.escape(name)}:.*$", template, re.MULTILINE)
        if line is None:
            raise KeyError(name)
        template = f"{template[: line.start()]}{name}: {_yaml(value)}{template[line.end() :]}"
    return template


def write(file: Path, values: Mapping[str, Value], *, anew: bool = False) -> None:
    """Write a conf with ``values``.

    Args:
        anew: in the place of a file that is there.

    Raises:
        UsageError: there is one, and it is not to be replaced.
        ConfigError: the file cannot be written.
    """
    text = filled(TEMPLATE.read_text(encoding="utf-8"), values)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with open(file, "w" if anew else "x", encoding="utf-8") as conf:
            conf.write(text)
    except OSError as error:
        if isinstance(error, FileExistsError) and error.filename == str(file):
            raise there_already(file) from error
        raise ConfigError(
            messages.command_line.CANNOT_WRITE(file=file, reason=error.strerror)
        ) from error


def there_already(file: Path) -> UsageError:
    """The refusal to write over ``file``."""
    return UsageError(messages.command_line.CONF_EXISTS(file=file))


def defaults() -> dict[str, str]:
    """What is offered where somebody is asked; the same as where nothing is set."""
    settings = Settings()
    return {
        "warehouse": settings.warehouse,
        "account": settings.account,
        "start": settings.start or "all",
        "resources": ",".join(settings.resources),
    }


def _yaml(value: Value) -> str:
    """``value`` on one line of YAML, in quotes only where it would be read as something else."""
    if value is None:
        return "null"
    if not isinstance(value, str):
        return f"[{', '.join(map(_yaml, value))}]"
    try:
        plain = yaml.safe_load(f"x: {value}\n") == {"x": value}
    except yaml.YAMLError:
        plain = False
    if plain:
        return value
    return yaml.safe_dump(value, default_style='"', width=float("inf")).strip()


def renew() -> None:
    """For ``make docs``: take ``conf/base.yml`` as it is now into the package."""
    TEMPLATE.write_bytes(SOURCE.read_bytes())


if __name__ == "__main__":
    renew()
