{# `make docs` writes this file from klaviyo_spark/commands/dbt/views.py: the view that
   `klaviyo-spark catalog-sql --for dbt-klaviyo --dialect duckdb` prints, over this project's
   sources. On Databricks the job makes it (conf `schemas.dbt`). #}
{{ config(alias='event', materialized='view', enabled=target.type == 'duckdb') }}

WITH classic AS (
  SELECT k._account_id, k.metric_id, k.name, k.integration_name,
    coalesce(CASE k._documented_name
      WHEN 'received email' THEN 'Received Email'
      WHEN 'received sms' THEN 'Received SMS'
      WHEN 'bounced email' THEN 'Bounced Email'
      WHEN 'failed to deliver sms' THEN 'Failed to Deliver SMS'
      WHEN 'clicked email' THEN 'Clicked Email'
      WHEN 'clicked sms' THEN 'Clicked SMS'
      WHEN 'opened email' THEN 'Opened Email'
      WHEN 'marked email as spam' THEN 'Marked Email as Spam'
      WHEN 'unsubscribed' THEN 'Unsubscribed'
      WHEN 'unsubscribed from sms marketing' THEN 'Unsubscribed from SMS'
      WHEN 'subscribed to list' THEN 'Subscribed to List' END,
    CASE WHEN lower(k.integration_name) = 'klaviyo' THEN CASE lower(trim(k.name))
      WHEN 'sent sms' THEN 'Sent SMS'
      WHEN 'sent text message' THEN 'Sent SMS' END END) AS classic_name
  FROM {{ source('klaviyo_v2', 'metrics') }} k WHERE k._account_id = '{{ var('klaviyo_account', 'default') }}'
),
rivals AS (
  SELECT s._account_id, s.metric_id, CAST(NULL AS int) AS mapping,
    date_trunc('month', max(e.event_date)) AS latest_month,
    count(e.id) AS event_count
  FROM (
    SELECT *, count(*) OVER (PARTITION BY _account_id, lower(name)) AS sharing
    FROM classic WHERE classic_name IS NULL
  ) s
  LEFT JOIN {{ source('klaviyo_v2', 'events') }} e
    ON e._account_id = s._account_id AND e.metric_data_id = s.metric_id
  WHERE s.sharing > 1
  GROUP BY s._account_id, s.metric_id
),
ranked AS (
  SELECT k.*, coalesce(k.classic_name, k.name) AS plain_name,
    row_number() OVER (
      PARTITION BY k._account_id, lower(coalesce(k.classic_name, k.name))
      ORDER BY CASE WHEN k.classic_name IS NULL THEN 1 ELSE 0 END,
        coalesce(r.mapping, 9), r.latest_month DESC NULLS LAST,
        r.event_count DESC NULLS LAST, k.metric_id) AS place
  FROM classic k LEFT JOIN rivals r
    ON r._account_id = k._account_id AND r.metric_id = k.metric_id
),
names AS (
  SELECT _account_id, metric_id,
    CASE WHEN classic_name IS NOT NULL OR place = 1 THEN plain_name
      ELSE plain_name || ' (' || coalesce(integration_name, 'no integration') || ')'
    END AS name
  FROM ranked
),
currency AS (
  SELECT (SELECT code FROM (
    SELECT upper(_value_currency) AS code, count(*) AS event_count
    FROM {{ source('klaviyo_v2', 'events') }} e
    WHERE e._account_id = '{{ var('klaviyo_account', 'default') }}' AND _value_currency IS NOT NULL
    GROUP BY upper(_value_currency)
  ) s ORDER BY event_count DESC, code LIMIT 1) AS code
),
valued AS (
  SELECT e.*, CASE WHEN e._value IS NULL THEN NULL
    WHEN e._value < 0 THEN 'negative'
    WHEN upper(e._value_currency) <> c.code THEN 'currency'
    WHEN try_cast(e._value AS decimal(28, 6)) IS NULL THEN 'size' END AS refusal
  FROM {{ source('klaviyo_v2', 'events') }} e CROSS JOIN currency c
  WHERE e._account_id = '{{ var('klaviyo_account', 'default') }}'
)
SELECT
  e.id AS "id",
  e.profile_data_id AS "person_id",
  CASE WHEN e.flow IS NULL THEN coalesce(m.campaign_data_id, e.message) END AS "campaign_id",
  e.flow AS "flow_id",
  CASE WHEN e.flow IS NOT NULL THEN e.message END AS "flow_message_id",
  e.variation AS "_variation",
  timezone('UTC', e.event_datetime) AS "datetime",
  timezone('UTC', e.event_datetime) AS "timestamp",
  e.metric_data_id AS "metric_id",
  e.uuid AS "uuid",
  n.name AS "type",
  CASE WHEN e.refusal IS NULL THEN CAST(try_cast(e._value AS decimal(28, 6)) AS string) END AS "property_value",
  CASE WHEN e.attribution_attributed_event_id IS NOT NULL
    THEN '{"relationships":{"attributed-event":{"data":{"type":"event","id":"' || e.attribution_attributed_event_id || '"}}}}' END AS "property_attribution",
  e.refusal AS "_value_refusal",
  false AS "_fivetran_deleted",
  timezone('UTC', e._landed_at) AS "_fivetran_synced"
FROM valued e
LEFT JOIN names n ON n._account_id = e._account_id
  AND n.metric_id = e.metric_data_id
LEFT JOIN {{ source('klaviyo_v2', 'campaign_messages') }} m ON m._account_id = e._account_id
  AND m.campaign_message_id = e.message AND e.flow IS NULL
