-- How does each segment grow, day by day?
-- One row per segment and day of the account's time zone. Needs conf `plus: [segment_days]`.
SELECT
    d.segment_id,
    s.name,
    d.account_date,
    d.total_members,
    d.members_added,
    d.members_removed,
    d.net_members_changed
FROM klaviyo_plus.segment_days d
LEFT JOIN klaviyo_v2.segments s
    ON s._account_id = d._account_id AND s.segment_id = d.segment_id
ORDER BY d.segment_id, d.account_date
