-- Whom does Klaviyo let us write to?
-- One row per channel: profiles with consent, and those of them that marketing may be sent to. Who
-- has consented may be suppressed all the same.
SELECT
    channel,
    count(CASE WHEN consent = 'SUBSCRIBED' THEN 1 END) AS subscribed,
    count(CASE WHEN consent = 'SUBSCRIBED' AND is_reachable THEN 1 END) AS reachable,
    count(CASE WHEN consent = 'SUBSCRIBED' AND NOT is_reachable THEN 1 END) AS suppressed
FROM (
    SELECT 'email' AS channel, email_marketing_consent AS consent,
        _email_can_receive_marketing AS is_reachable
    FROM klaviyo_v2.profiles WHERE _deleted_at IS NULL
    UNION ALL
    SELECT 'sms' AS channel, sms_marketing_consent AS consent,
        _sms_can_receive_marketing AS is_reachable
    FROM klaviyo_v2.profiles WHERE _deleted_at IS NULL
) consents
GROUP BY channel
ORDER BY channel
