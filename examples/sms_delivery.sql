-- Do text messages arrive, and where not?
-- One row per month (UTC) and country of the number. Parts are what carriers charge for; those of
-- messages that do not say how many they are count as one.
SELECT
    CAST(date_trunc('month', e.event_datetime) AS date) AS month,
    e.to_phone_region AS country,
    count(CASE WHEN m._documented_name = 'received sms' THEN 1 END) AS received,
    count(CASE WHEN m._documented_name = 'failed to deliver sms' THEN 1 END) AS failed,
    sum(CASE WHEN m._documented_name = 'received sms' THEN coalesce(e.segment_count, 1) ELSE 0 END)
        AS parts
FROM klaviyo_v2.events e
JOIN klaviyo_v2.metrics m ON m._account_id = e._account_id AND m.metric_id = e.metric_data_id
WHERE m._documented_name IN ('received sms', 'failed to deliver sms')
GROUP BY date_trunc('month', e.event_datetime), e.to_phone_region
ORDER BY month, country NULLS LAST
