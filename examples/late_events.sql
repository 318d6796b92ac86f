-- How many events come late, and how late is too late for conf `lookback`?
-- One row per UTC day that events turned up for after it had been read, with all events of that day.
SELECT
    l.event_date,
    l.late_row_count,
    l.runs,
    e.all_rows,
    round(100e0 * l.late_row_count / e.all_rows, 1) AS late_pct
FROM (
    SELECT _account_id, event_date, sum(late_row_count) AS late_row_count, count(DISTINCT run_id) AS runs
    FROM klaviyo_ops.late_arrivals
    GROUP BY _account_id, event_date
) l
JOIN (
    SELECT _account_id, event_date, count(*) AS all_rows
    FROM klaviyo_v2.events
    GROUP BY _account_id, event_date
) e ON e._account_id = l._account_id AND e.event_date = l.event_date
ORDER BY l.event_date DESC
