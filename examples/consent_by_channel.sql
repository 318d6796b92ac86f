-- Whom may we write to, by channel?
-- One row per channel and state of consent; a profile counts once per channel it can be reached by.
-- No consent at all is said as NEVER_SUBSCRIBED.
SELECT channel, consent, count(*) AS profiles
FROM (
    SELECT 'email' AS channel, coalesce(email_marketing_consent, 'NEVER_SUBSCRIBED') AS consent
    FROM klaviyo_v2.profiles
    WHERE _deleted_at IS NULL AND email IS NOT NULL
    UNION ALL
    SELECT 'sms' AS channel, coalesce(sms_marketing_consent, 'NEVER_SUBSCRIBED') AS consent
    FROM klaviyo_v2.profiles
    WHERE _deleted_at IS NULL AND phone_number IS NOT NULL
) reachable
GROUP BY channel, consent
ORDER BY channel, consent
