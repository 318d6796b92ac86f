-- Which campaigns are opened and clicked?
-- One row per campaign that anybody received. People are counted once per campaign; opens by
-- machines (mail privacy) are left out. Nobody says whether a text message was opened.
WITH named AS (
    SELECT e._account_id, e.message, e.profile_data_id, e.machine_open, m._documented_name AS metric
    FROM klaviyo_v2.events e
    JOIN klaviyo_v2.metrics m
        ON m._account_id = e._account_id AND m.metric_id = e.metric_data_id
),
counted AS (
    SELECT
        c._account_id,
        c.campaign_id,
        c.name,
        c.channel,
        c.send_time,
        count(DISTINCT CASE WHEN n.metric IN ('received email', 'received sms')
            THEN n.profile_data_id END) AS received,
        count(DISTINCT CASE WHEN n.metric = 'opened email' AND NOT coalesce(n.machine_open, false)
            THEN n.profile_data_id END) AS opened,
        count(DISTINCT CASE WHEN n.metric IN ('clicked email', 'clicked sms')
            THEN n.profile_data_id END) AS clicked,
        count(DISTINCT CASE WHEN n.metric LIKE 'unsubscribed%'
            THEN n.profile_data_id END) AS unsubscribed
    FROM klaviyo_v2.campaigns c
    JOIN klaviyo_v2.campaign_messages cm
        ON cm._account_id = c._account_id AND cm.campaign_data_id = c.campaign_id
    JOIN named n ON n._account_id = c._account_id AND n.message = cm.campaign_message_id
    GROUP BY c._account_id, c.campaign_id, c.name, c.channel, c.send_time
)
SELECT
    campaign_id,
    name,
    channel,
    send_time,
    received,
    opened,
    clicked,
    unsubscribed,
    CASE WHEN channel = 'email' THEN round(100e0 * opened / received, 1) END AS open_pct,
    round(100e0 * clicked / received, 1) AS click_pct
FROM counted
WHERE received > 0
ORDER BY received DESC, campaign_id
