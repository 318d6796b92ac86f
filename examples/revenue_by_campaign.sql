-- Which campaigns sell?
-- One row per campaign and currency: orders put down to its messages, before refunds. Orders are of
-- the metric that Klaviyo takes for revenue. Read them with conf `metrics: [documented, commerce]`.
WITH orders AS (
    SELECT e._account_id, e.attribution_message, e.profile_data_id, e._value, e._value_currency
    FROM klaviyo_v2.events e
    JOIN klaviyo_plus.mapped_metrics r
        ON r._account_id = e._account_id AND r.metric_id = e.metric_data_id
    WHERE r.mapped_metric_id = 'revenue' AND r._deleted_at IS NULL
)
SELECT
    c.campaign_id,
    c.name,
    o._value_currency AS currency,
    count(*) AS orders,
    count(DISTINCT o.profile_data_id) AS customers,
    sum(CAST(o._value AS decimal(18, 2))) AS order_value
FROM klaviyo_v2.campaigns c
JOIN klaviyo_v2.campaign_messages m
    ON m._account_id = c._account_id AND m.campaign_data_id = c.campaign_id
JOIN orders o
    ON o._account_id = m._account_id AND o.attribution_message = m.campaign_message_id
GROUP BY c._account_id, c.campaign_id, c.name, o._value_currency
ORDER BY order_value DESC, c.campaign_id
