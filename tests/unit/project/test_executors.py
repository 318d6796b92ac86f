"""No code of ours runs on executors."""

from __future__ import annotations

import ast

from tests.places import ROOT

PACKAGE = ROOT / "klaviyo_spark"
# Work done by a Python beside each executor.
BY_EXECUTORS = {"udf", "pandas_udf", "mapInPandas", "mapInArrow", "applyInPandas", "foreach"}
BY_EXECUTORS |= {"foreachPartition", "foreachBatch", "rdd", "parallelize", "broadcast_variable"}


def test_no_code_asks_an_executor_for_python_and_rows_of_the_driver_go_through_arrow():
    asked = {
        f"{file.name}: {node.attr}"
        for file in PACKAGE.rglob("*.py")
        if "sandbox" not in file.parts
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {*BY_EXECUTORS, "createDataFrame"}
    }

    # Each of these gives it a pyarrow.Table, which Spark takes in without Python.
    assert asked == {f"{name}.py: createDataFrame" for name in ("arrow",)}
