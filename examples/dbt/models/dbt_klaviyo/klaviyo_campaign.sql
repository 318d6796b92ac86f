{# `make docs` writes this file from klaviyo_spark/commands/dbt/views.py: the view that
   `klaviyo-spark catalog-sql --for dbt-klaviyo --dialect duckdb` prints, over this project's
   sources. On Databricks the job makes it (conf `schemas.dbt`). #}
{{ config(alias='campaign', materialized='view', enabled=target.type == 'duckdb') }}

WITH messages AS (
  SELECT *, row_number() OVER (PARTITION BY _account_id, campaign_data_id ORDER BY
    CASE WHEN _deleted_at IS NULL THEN 0 ELSE 1 END, created_at NULLS LAST,
    campaign_message_id) AS place
  FROM {{ source('klaviyo_v2', 'campaign_messages') }}
)
SELECT
  c.campaign_id AS "id",
  c.name AS "name",
  lower(c.status) AS "status",
  c.status AS "status_label",
  CAST(NULL AS string) AS "status_id",
  c.channel AS "campaign_type",
  m.content_from_email AS "from_email",
  m.content_from_label AS "from_name",
  m.content_subject AS "subject",
  m.template_data_id AS "email_template_id",
  timezone('UTC', c.created_at) AS "created",
  timezone('UTC', c.updated_at) AS "updated",
  timezone('UTC', c.send_time) AS "send_time",
  CASE WHEN c.status = 'Sent' THEN timezone('UTC', c.send_time) END AS "sent_at",
  timezone('UTC', c.scheduled_at) AS "scheduled",
  c.archived AS "archived",
  c._deleted_at IS NOT NULL AS "_fivetran_deleted",
  timezone('UTC', c._landed_at) AS "_fivetran_synced"
FROM {{ source('klaviyo_v2', 'campaigns') }} c
LEFT JOIN messages m ON m._account_id = c._account_id
  AND m.campaign_data_id = c.campaign_id AND m.place = 1
WHERE c._account_id = '{{ var('klaviyo_account', 'default') }}'
