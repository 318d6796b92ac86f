-- What do Klaviyo's screens say of each flow, month by month?
-- One row per message, channel and month of the account's time zone: of what was sent in the month.
-- Revenue is unconverted and before refunds. Rates do not add up, over months neither.
-- Needs conf `plus: [reports]`.
SELECT
    v.period_start AS month,
    v.flow_id,
    f.name,
    v.flow_message_id,
    v.channel,
    v.recipients,
    v.open_rate,
    v.click_rate,
    v.unsubscribe_rate,
    v.conversion_rate,
    v.conversions,
    v.conversion_value
FROM klaviyo_plus.flow_values v
LEFT JOIN klaviyo_v2.flows f ON f._account_id = v._account_id AND f.flow_id = v.flow_id
WHERE v.is_primary_conversion
ORDER BY month DESC, v.flow_id, v.flow_message_id, v.channel
