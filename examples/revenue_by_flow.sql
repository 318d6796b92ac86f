-- Which flows sell?
-- One row per flow and currency: orders put down to its messages, before refunds; deleted flows too.
-- Orders are of the metric that Klaviyo takes for revenue.
SELECT
    f.flow_id,
    f.name,
    e._value_currency AS currency,
    count(*) AS orders,
    count(DISTINCT e.profile_data_id) AS customers,
    sum(CAST(e._value AS decimal(18, 2))) AS order_value
FROM klaviyo_v2.flows f
JOIN klaviyo_v2.events e ON e._account_id = f._account_id AND e.attribution_flow = f.flow_id
JOIN klaviyo_plus.mapped_metrics r
    ON r._account_id = e._account_id AND r.metric_id = e.metric_data_id
WHERE r.mapped_metric_id = 'revenue' AND r._deleted_at IS NULL
GROUP BY f._account_id, f.flow_id, f.name, e._value_currency
ORDER BY order_value DESC, f.flow_id
