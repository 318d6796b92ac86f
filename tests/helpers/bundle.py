"""The Databricks bundle as a deployment would see it: files read, variables filled in."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from tests.places import ROOT

REFERENCE = re.compile(r"\$\{([\w.]+)\}")
PARAMETER = re.compile(r"\{\{job\.parameters\.(\w+)\}\}")
# What a deployment knows besides the bundle's own files; run_as is named by whoever deploys.
WORKSPACE = {
    "workspace.file_path": "/Workspace/files",
    "workspace.current_user.userName": "someone@example.com",
}
_NONE = object()
RUN_AS = "00000000-0000-0000-0000-000000000000"


def a_yaml(path: Path) -> dict[str, Any]:
    loaded = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


BUNDLE = a_yaml(ROOT / "databricks.yml")
FILES = sorted(path for glob in BUNDLE["include"] for path in ROOT.glob(glob))
TARGETS = sorted(BUNDLE["targets"])
# Each job as it is written, by its name, with the file it is written in.
WRITTEN = {
    name: (path, job) for path in FILES for name, job in a_yaml(path)["resources"]["jobs"].items()
}


def variables(target: str, **assigned: Any) -> dict[str, Any]:
    """The bundle's variables in a target: assigned, else the target's, else the default.

    Raises:
        KeyError: one has no value, which stops a deployment.
    """
    own = BUNDLE["targets"][target].get("variables", {})
    return {
        name: assigned.get(name, own[name] if name in own else said.get("default", _NONE))
        for name, said in BUNDLE["variables"].items()
    }


def filled(value: Any, target: str, names: dict[str, Any]) -> Any:
    """``value`` with every ``${...}`` in it filled in.

    Raises:
        KeyError: a variable that is not declared, or has no value.
    """
    if isinstance(value, dict):
        return {key: filled(one, target, names) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, target, names) for one in value]
    if not isinstance(value, str):
        return value
    whole = REFERENCE.fullmatch(value)
    if whole:
        return filled(_looked_up(whole[1], target, names), target, names)
    return REFERENCE.sub(lambda found: str(_looked_up(found[1], target, names)), value)


def _looked_up(name: str, target: str, names: dict[str, Any]) -> Any:
    if not name.startswith("var."):
        known = {**WORKSPACE, "bundle.name": BUNDLE["bundle"]["name"], "bundle.target": target}
        return known[name]
    found: Any = names
    for key in name.removeprefix("var.").split("."):
        found = found[key]
        if isinstance(found, str):  # a variable may name another one
            found = filled(found, target, names)
    if found is _NONE:
        raise KeyError(name)
    return found


def jobs(target: str, **assigned: Any) -> dict[str, Any]:
    """All jobs as a target deploys them; ``assigned`` are variables named on the command line."""
    names = variables(target, **assigned)
    return {name: filled(job, target, names) for name, (_, job) in WRITTEN.items()}


def unset_dropped(value: Any) -> Any:
    """``value`` as it is sent: without keys whose text is empty, but for parameters' defaults."""
    if isinstance(value, dict):
        return {k: unset_dropped(v) for k, v in value.items() if v != "" or k == "default"}
    return [unset_dropped(one) for one in value] if isinstance(value, list) else value
