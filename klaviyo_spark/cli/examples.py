"""What ``--help`` of each command shows as examples, and the reference too. No commands here."""

from __future__ import annotations

EXAMPLES = {
    "backfill": (
        "klaviyo-spark backfill --start 2024-01-01 --end 2025-01-01 --dry-run",
        "klaviyo-spark backfill --start 2024-01-01 --end 2025-01-01 --wait",
    ),
    "catalog-sql": (
        "klaviyo-spark catalog-sql --config conf/prod.yml",
        "klaviyo-spark catalog-sql --for dbt-klaviyo --dialect duckdb",
        "klaviyo-spark catalog-sql --for dbt-sources --config conf/prod.yml",
    ),
    "demo": (
        "klaviyo-spark demo",
        "klaviyo-spark demo --events 2000 --profiles 200 --warehouse ./small-demo",
    ),
    "doctor": ("klaviyo-spark doctor --config conf/prod.yml",),
    "forget": (
        "klaviyo-spark forget --config conf/prod.yml --email -",
        "klaviyo-spark forget --profile 01HXYZ --account brand-eu",
    ),
    "ingest": ("klaviyo-spark ingest --resources campaigns,flows --wait",),
    "init": (
        "klaviyo-spark init --config conf/my.yml",
        "klaviyo-spark init --warehouse /srv/lake --account brand-us --start 2024-01-01",
    ),
    "maintain": ("klaviyo-spark maintain --config conf/prod.yml --wait",),
    "refine": (
        "klaviyo-spark refine",
        "klaviyo-spark refine --rebuild --resources tags,lists",
    ),
    "report": ("klaviyo-spark report --warehouse ./lake --out report.html",),
    "sandbox": (
        "klaviyo-spark sandbox --port 8765 --events 5000 --rate-scale 10",
        "klaviyo-spark sandbox --port 8765 --missing-scopes segments:read",
    ),
    "status": (
        "klaviyo-spark status --warehouse ./lake",
        "klaviyo-spark status --config conf/prod.yml --json",
    ),
    "sync": (
        "klaviyo-spark sync",
        "klaviyo-spark sync --config conf/prod.yml --wait --log-format json",
        "klaviyo-spark sync --resources events --start 2026-06-01",
    ),
    "tables": ("klaviyo-spark tables --json",),
    "verify": ("klaviyo-spark verify --config conf/prod.yml --heal",),
}


def epilog(name: str) -> str | None:
    """What ``--help`` of the command ``name`` ends with; ``\\b`` keeps its lines as they are."""
    lines = EXAMPLES.get(name)
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines))) if lines else None
