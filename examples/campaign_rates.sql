-- What do Klaviyo's screens say of each campaign?
-- One row per message and channel: rates and revenue as Klaviyo counts them, of all that has become
-- of the message since it was sent. Revenue is unconverted and before refunds. Rates do not add up.
-- Needs conf `plus: [reports]`.
SELECT
    v.campaign_id,
    c.name,
    v.campaign_message_id,
    v.channel,
    c.send_time,
    v.recipients,
    v.open_rate,
    v.click_rate,
    v.unsubscribe_rate,
    v.conversion_rate,
    v.conversions,
    v.conversion_value
FROM klaviyo_plus.campaign_values v
JOIN klaviyo_v2.campaigns c ON c._account_id = v._account_id AND c.campaign_id = v.campaign_id
WHERE v.is_primary_conversion
ORDER BY c.send_time DESC, v.campaign_message_id, v.channel
