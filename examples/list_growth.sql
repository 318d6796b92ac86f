-- How do lists grow, and how many of those who joined stay?
-- One row per list and month (UTC) in which anybody joined who was ever seen on the list.
SELECT
    l.list_id,
    l.name,
    CAST(date_trunc('month', m.joined_group_at) AS date) AS month,
    count(*) AS joined,
    count(CASE WHEN m.is_member THEN 1 END) AS still_there
FROM klaviyo_v2.member_lists m
JOIN klaviyo_v2.lists l ON l._account_id = m._account_id AND l.list_id = m.list_id
WHERE l._deleted_at IS NULL
GROUP BY l._account_id, l.list_id, l.name, date_trunc('month', m.joined_group_at)
ORDER BY l.list_id, month
