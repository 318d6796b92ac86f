"""Package metadata. Exact versions for development and CI are in ``requirements.lock``."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

SPARK = [
    "pyspark>=4.0.1,<4.3",
    # 4.4.1 has a wheel and no jar: no session can start with it.
    "delta-spark>=4.4.0,!=4.4.1,<4.5",
    "pyarrow>=18",
    "deltalake>=1.6.6",  # lands pages in local folders; the one that is tested
]
SANDBOX = ["waitress>=3.0"]
NOTEBOOK = ["ipywidgets>=8.1", "jupyterlab>=4.2"]
TEST = [
    "chispa>=0.11",
    "grpcio-status>=1.76",  # with googleapis-common-protos and zstandard: Spark Connect
    "googleapis-common-protos>=1.71",
    "zstandard>=0.25",
    "databricks-bundles>=0.270",
    "duckdb>=1.2",
    "hypothesis>=6.100",
    "pandas>=2.2,<3",  # pyspark.testing of Spark 4.1 fails with pandas 3
    "pytest>=8.3",
    "pytest-xdist>=3.6",
    "responses>=0.25",
    "websocket-client>=1.8",  # speaks to the browser that the report is tested in
]
DEV = [
    "import-linter>=2.15",
    "mypy>=1.13",
    "ruff>=0.9",
    "setuptools>=77",  # builds the package without asking a registry for itself
    "types-PyYAML",
    "types-requests",
]


def version() -> str:
    """The version in ``klaviyo_spark/version.py``, read without importing the package."""
    source = (HERE / "klaviyo_spark" / "version.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE)
    assert found, "klaviyo_spark/version.py states no __version__"
    return found.group(1)


def long_description() -> str:
    """The README, or nothing in a tree that has none."""
    readme = HERE / "README.md"
    return readme.read_text(encoding="utf-8") if readme.exists() else ""


# setuptools takes braces and dollars in the environment's own path for variables. A wheel is
# installed relative to whatever environment it meets, so any other path will do.
OPTIONS = {"install": {"prefix": "/usr"}} if set("{}$") & set(sys.prefix) else {}

setup(
    name="klaviyo-spark",
    version=version(),
    description="Keeps a Klaviyo account as typed Delta tables, with Spark",
    long_description=long_description(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.10",
    options=OPTIONS,
    packages=find_packages(include=["klaviyo_spark", "klaviyo_spark.*"]),
    package_data={
        "": ["py.typed", "*.json", "*.yml", "*.md", "*.properties"],
        "klaviyo_spark.commands.report": ["assets/*"],
    },
    # Spark is an extra: on Databricks a wheel that pulls pyspark fights the runtime's own.
    install_requires=[
        "click>=8.1",
        "Jinja2>=3.1",
        "msgspec>=0.18.6",
        "PyYAML>=6.0",
        "requests>=2.31",
        "rich>=13.7",
        "tenacity>=8.2",
        "tzdata>=2025.1",  # zones of accounts, where the system has none
    ],
    extras_require={
        "spark": SPARK,
        "sandbox": SANDBOX,
        "notebook": [*SPARK, *NOTEBOOK],
        "test": [*SPARK, *SANDBOX, *TEST],
        "dev": [*SPARK, *SANDBOX, *TEST, *DEV],
    },
    entry_points={"console_scripts": ["klaviyo-spark = klaviyo_spark.cli:main"]},
    classifiers=[
        "Development Status :: 3 - Alpha",
        "Intended Audience :: Developers",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.10",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Database",
    ],
)
