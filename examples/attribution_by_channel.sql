-- Which channel do clicks, sign-offs and (with conf `metrics: all`) orders go back to?
-- One row per channel of the message that events are attributed to, and metric.
SELECT
    e.attribution_attributed_channel AS channel,
    m.name AS metric,
    count(*) AS events,
    count(DISTINCT e.profile_data_id) AS people,
    count(CASE WHEN e.attribution_flow IS NOT NULL THEN 1 END) AS by_flows
FROM klaviyo_v2.events e
JOIN klaviyo_v2.metrics m ON m._account_id = e._account_id AND m.metric_id = e.metric_data_id
WHERE e.attribution_attributed_channel IS NOT NULL
GROUP BY e.attribution_attributed_channel, m.name
ORDER BY channel, events DESC, metric
