-- Which events belong to flows that are not there any more?
-- One row per such flow. Those deleted after they had been read have their last name and the time
-- they were found gone; those deleted before have neither.
SELECT
    e.flow AS flow_id,
    f.name,
    f._deleted_at AS found_gone_at,
    count(*) AS events,
    min(e.event_datetime) AS first_event_at,
    max(e.event_datetime) AS last_event_at
FROM klaviyo_v2.events e
LEFT JOIN klaviyo_v2.flows f ON f._account_id = e._account_id AND f.flow_id = e.flow
WHERE e.flow IS NOT NULL AND (f.flow_id IS NULL OR f._deleted_at IS NOT NULL)
GROUP BY e._account_id, e.flow, f.name, f._deleted_at
ORDER BY events DESC, flow_id
