"""Sign-up forms and their versions. Of ``klaviyo_plus``.

https://developers.klaviyo.com/en/reference/get_forms
https://developers.klaviyo.com/en/reference/get_versions_for_form
"""

from datetime import timedelta

from klaviyo_spark.schema.columns import col
from klaviyo_spark.schema.deletion_rules import DeletionRule, Parent
from klaviyo_spark.schema.endpoint import Endpoint, Fanout, S
from klaviyo_spark.schema.sources import Source
from klaviyo_spark.schema.table import Resource, TableSpec

FORMS_ENDPOINT = Endpoint(
    name="forms",
    resource="forms",
    path="/api/forms",
    rate=S,
    scopes=("forms:read",),
    params={"page[size]": "100"},
    sort="created_at",
    ignores=("$.relationships.form-versions",),  # versions are asked for by themselves
)

# One request per form. Nobody says that a form's time of change moves with its versions, so each
# is asked about every week too.
VERSIONS_ENDPOINT = Endpoint(
    name="form_versions",
    resource="forms",
    path="/api/forms/{id}/form-versions",
    rate=S,
    scopes=("forms:read",),
    params={"page[size]": "100"},
    fanout=Fanout("forms", ask_again_after=timedelta(days=7)),
)

_A = "$.attributes"

FORMS = TableSpec(
    name="forms",
    schema="plus",
    resource="forms",
    doc="One row per sign-up form.",
    key=("form_id",),
    version_by="updated_at",
    sources=(Source("forms", version=f"{_A}.updated_at"),),
    judges=(DeletionRule("forms", whole=True),),
    columns=(
        col("form_id", "string", "$.id", "Klaviyo's id of the form."),
        col("name", "string", f"{_A}.name", "Name given in Klaviyo."),
        col("status", "string", f"{_A}.status", "draft or live."),
        col("ab_test", "boolean", f"{_A}.ab_test", "An A/B test of it is under way."),
        col("created_at", "timestamp", f"{_A}.created_at", "When it was created (UTC)."),
        col("updated_at", "timestamp", f"{_A}.updated_at", "Last change (UTC)."),
    ),
)

FORM_VERSIONS = TableSpec(
    name="form_versions",
    schema="plus",
    resource="forms",
    doc="One row per version of a form.",
    key=("form_version_id",),
    version_by="updated_at",
    sources=(Source("form_versions", version=f"{_A}.updated_at"),),
    judges=(DeletionRule("form_versions", whole=True),),
    judged_per="form_id",
    parent=Parent("forms", "form_id"),
    columns=(
        col("form_version_id", "string", "$.id", "Klaviyo's id of the version."),
        col(
            "form_id",
            "string",
            ("$.relationships.form.data.id", "page.parent_id"),
            "The form: join forms.form_id.",
        ),
        col(
            "form_type",
            "string",
            f"{_A}.form_type",
            "popup, embed, full_page, flyout or banner.",
        ),
        col("variation_name", "string", f"{_A}.variation_name", "Name of the version."),
        col(
            "ab_test_variation_name",
            "string",
            f"{_A}.ab_test.variation_name",
            "Its name in an A/B test; NULL for a version in none.",
        ),
        col("status", "string", f"{_A}.status", "draft or live."),
        col("created_at", "timestamp", f"{_A}.created_at", "When it was created (UTC)."),
        col("updated_at", "timestamp", f"{_A}.updated_at", "Last change (UTC)."),
    ),
)

RESOURCE = Resource(
    name="forms",
    endpoints=(FORMS_ENDPOINT, VERSIONS_ENDPOINT),
    tables=(FORMS, FORM_VERSIONS),
)
