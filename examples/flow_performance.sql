-- Which flows work?
-- One row per flow that ever sent anything, deleted flows too. Messages are counted, not people:
-- a flow may write to somebody many times.
SELECT
    f.flow_id,
    f.name,
    f.status,
    f._deleted_at IS NOT NULL AS is_deleted,
    count(CASE WHEN m._documented_name IN ('received email', 'received sms') THEN 1 END)
        AS received,
    count(CASE WHEN m._documented_name = 'opened email' AND NOT coalesce(e.machine_open, false)
        THEN 1 END) AS opened,
    count(CASE WHEN m._documented_name IN ('clicked email', 'clicked sms') THEN 1 END) AS clicked,
    count(CASE WHEN m._documented_name IN ('bounced email', 'failed to deliver sms') THEN 1 END)
        AS not_delivered,
    max(e.event_datetime) AS last_event_at
FROM klaviyo_v2.flows f
JOIN klaviyo_v2.events e ON e._account_id = f._account_id AND e.flow = f.flow_id
JOIN klaviyo_v2.metrics m ON m._account_id = e._account_id AND m.metric_id = e.metric_data_id
GROUP BY f._account_id, f.flow_id, f.name, f.status, f._deleted_at
ORDER BY received DESC, f.flow_id
