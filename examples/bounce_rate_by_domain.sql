-- At which mail providers do e-mails bounce?
-- One row per domain of recipients' addresses. Sent is what was received and what bounced.
SELECT
    e.email_domain,
    count(*) AS sent,
    count(CASE WHEN m._documented_name = 'bounced email' THEN 1 END) AS bounced,
    count(CASE WHEN m._documented_name = 'bounced email' AND e.bounce_type = 'Hard' THEN 1 END)
        AS hard,
    round(100e0 * count(CASE WHEN m._documented_name = 'bounced email' THEN 1 END) / count(*), 2)
        AS bounce_pct
FROM klaviyo_v2.events e
JOIN klaviyo_v2.metrics m ON m._account_id = e._account_id AND m.metric_id = e.metric_data_id
WHERE m._documented_name IN ('received email', 'bounced email') AND e.email_domain IS NOT NULL
GROUP BY e.email_domain
ORDER BY bounce_pct DESC, e.email_domain
