{# `make docs` writes this file from klaviyo_spark/commands/dbt/views.py: the view that
   `klaviyo-spark catalog-sql --for dbt-klaviyo --dialect duckdb` prints, over this project's
   sources. On Databricks the job makes it (conf `schemas.dbt`). #}
{{ config(alias='person', materialized='view', enabled=target.type == 'duckdb') }}

SELECT
  p.profile_id AS "id",
  p.location_address1 AS "address_1",
  p.location_address2 AS "address_2",
  p.location_city AS "city",
  p.location_country AS "country",
  p._zip AS "zip",
  timezone('UTC', p.created) AS "created",
  p.email AS "email",
  p.first_name AS "first_name",
  p.last_name AS "last_name",
  p.location_latitude AS "latitude",
  p.location_longitude AS "longitude",
  p.organization AS "organization",
  p.phone_number AS "phone_number",
  p.location_region AS "region",
  p.location_timezone AS "timezone",
  p._title AS "title",
  timezone('UTC', p.updated) AS "updated",
  timezone('UTC', p.last_event_date) AS "last_event_date",
  p._deleted_at IS NOT NULL AS "_fivetran_deleted",
  timezone('UTC', p._landed_at) AS "_fivetran_synced"
FROM {{ source('klaviyo_v2', 'profiles') }} p
WHERE p._account_id = '{{ var('klaviyo_account', 'default') }}'
