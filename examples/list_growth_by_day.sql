-- How many people join and leave each list, day by day?
-- One row per list and UTC day on which anybody did, without reading members or events.
-- Needs conf `plus: [metric_days]`.
SELECT
    d.list_id,
    coalesce(l.name, d.list) AS list,
    d.utc_date,
    sum(CASE WHEN lower(m.name) = 'subscribed to list' THEN d.count ELSE 0 END) AS joined,
    sum(CASE WHEN lower(m.name) = 'unsubscribed from list' THEN d.count ELSE 0 END) AS went,
    sum(CASE WHEN lower(m.name) = 'subscribed to list' THEN d.count ELSE -d.count END) AS net
FROM klaviyo_plus.list_days d
JOIN klaviyo_v2.metrics m ON m._account_id = d._account_id AND m.metric_id = d.metric_id
LEFT JOIN klaviyo_v2.lists l ON l._account_id = d._account_id AND l.list_id = d.list_id
WHERE d._deleted_at IS NULL
GROUP BY d._account_id, d.list_id, coalesce(l.name, d.list), d.utc_date
ORDER BY list, d.list_id, d.utc_date
