{# `make docs` writes this file from klaviyo_spark/commands/dbt/views.py: the view that
   `klaviyo-spark catalog-sql --for dbt-klaviyo --dialect duckdb` prints, over this project's
   sources. On Databricks the job makes it (conf `schemas.dbt`). #}
{{ config(alias='flow', materialized='view', enabled=target.type == 'duckdb') }}

SELECT
  f.flow_id AS "id",
  f.name AS "name",
  f.status AS "status",
  timezone('UTC', f.created) AS "created",
  timezone('UTC', f.updated) AS "updated",
  f.archived AS "archived",
  f.trigger_type AS "trigger_type",
  false AS "_fivetran_deleted",
  timezone('UTC', f._landed_at) AS "_fivetran_synced"
FROM {{ source('klaviyo_v2', 'flows') }} f
WHERE f._account_id = '{{ var('klaviyo_account', 'default') }}'
