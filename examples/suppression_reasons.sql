-- Why do people get no e-mail?
-- One row per reason. A profile with several reasons counts in each; those who are suppressed on
-- single lists only are counted apart.
SELECT
    reason,
    count(DISTINCT CASE WHEN everywhere THEN profile_id END) AS profiles,
    count(DISTINCT CASE WHEN NOT everywhere THEN profile_id END) AS on_single_lists
FROM (
    SELECT profile_id, reason, true AS everywhere
    FROM klaviyo_v2.profile_email_suppressions
    WHERE _deleted_at IS NULL
    UNION ALL
    SELECT profile_id, reason, false AS everywhere
    FROM klaviyo_v2.profile_email_list_suppressions
    WHERE _deleted_at IS NULL
) suppressed
WHERE reason IS NOT NULL
GROUP BY reason
ORDER BY profiles DESC, reason
