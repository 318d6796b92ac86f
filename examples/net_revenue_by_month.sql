-- What is left of revenue after refunds?
-- One row per UTC month and currency. A metric counts once, whatever it is mapped to: an account may
-- map one to refunds and to cancellations.
WITH kinds AS (
    SELECT
        _account_id,
        metric_id,
        min(CASE WHEN mapped_metric_id = 'revenue' THEN 0 ELSE 1 END) AS is_taken_off
    FROM klaviyo_plus.mapped_metrics
    WHERE _deleted_at IS NULL
        AND mapped_metric_id IN ('revenue', 'refunded_sales', 'cancelled_sales')
    GROUP BY _account_id, metric_id
),
money AS (
    SELECT
        CAST(date_trunc('month', e.event_date) AS date) AS month,
        e._value_currency AS currency,
        k.is_taken_off,
        CAST(e._value AS decimal(18, 2)) AS amount
    FROM klaviyo_v2.events e
    JOIN kinds k ON k._account_id = e._account_id AND k.metric_id = e.metric_data_id
    WHERE e._value IS NOT NULL
)
SELECT
    month,
    currency,
    sum(CASE WHEN is_taken_off = 0 THEN amount ELSE 0 END) AS order_value,
    sum(CASE WHEN is_taken_off = 1 THEN amount ELSE 0 END) AS refunded_value,
    sum(CASE WHEN is_taken_off = 1 THEN -amount ELSE amount END) AS net_value
FROM money
GROUP BY month, currency
ORDER BY month, currency
