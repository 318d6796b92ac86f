"""The folder of a lake, here or on a store, looked at before anything is made in it."""

from __future__ import annotations

import tempfile

import msgspec

from klaviyo_spark import messages
from klaviyo_spark.config.models import Schemas
from klaviyo_spark.errors import ConfigError
from klaviyo_spark.lake.local.reach import check_store
from klaviyo_spark.lake.location import Location, location


def check_warehouse(
    warehouse: str,
    schemas: Schemas = Schemas(),  # noqa: B008 - frozen
    *,
    writable: bool = True,
    reached: bool = True,
) -> Location:
    """Where the lake is; a folder of this machine may be one.

    A folder is a lake if it is empty, not there yet, or has one of the schemas' folders. Hidden
    files do not count.

    Args:
        writable: whether it has to be; then a file without a name is made for a moment.
        reached: whether a store has to let us in now.

    Raises:
        ConfigError: a file, a folder of other things, one that cannot be written, or no place that
            all who read the lake agree on; a store that does not let us in.
    """
    place = location(warehouse)
    folder = place.folder
    if place.store and reached:
        check_store(place.store, warehouse)
    if folder is None:
        return place
    try:
        if folder.exists() and not folder.is_dir():
            raise ConfigError(messages.warehouse.IS_A_FILE(path=warehouse))
        inside = {one.name for one in folder.iterdir()} if folder.is_dir() else set()
        ours = {f"{name}.db" for name in msgspec.structs.astuple(schemas) if name}
        if any(not name.startswith(".") for name in inside) and not ours & inside:
            raise ConfigError(messages.warehouse.OTHER_THINGS(path=warehouse))
        there = next(one for one in (folder, *folder.parents) if one.exists())
        if writable:
            with tempfile.TemporaryFile(dir=there):
                pass
    except OSError as error:
        raise ConfigError(
            messages.warehouse.CANNOT_WRITE(path=warehouse, reason=error.strerror)
        ) from error
    return place
