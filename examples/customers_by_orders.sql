-- How many customers come back?
-- One row per number of orders that customers have placed in all, and currency.
WITH customers AS (
    SELECT
        e._account_id,
        e.profile_data_id,
        e._value_currency AS currency,
        count(*) AS orders,
        sum(CAST(e._value AS decimal(18, 2))) AS order_value
    FROM klaviyo_v2.events e
    JOIN klaviyo_plus.mapped_metrics r
        ON r._account_id = e._account_id AND r.metric_id = e.metric_data_id
    WHERE r.mapped_metric_id = 'revenue' AND r._deleted_at IS NULL
    GROUP BY e._account_id, e.profile_data_id, e._value_currency
)
SELECT orders, currency, count(*) AS customers, sum(order_value) AS order_value
FROM customers
GROUP BY orders, currency
ORDER BY orders, currency
