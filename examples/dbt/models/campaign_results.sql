-- One row per campaign: how many people its messages reached, and the orders put down to them.
-- People are counted once each, so these counts cannot be added up over campaigns.
with messages as (

    select _account_id, campaign_message_id, campaign_data_id as campaign_id
    from {{ source('klaviyo_v2', 'campaign_messages') }}

), named as (

    select _account_id, metric_id, coalesce(_documented_name, name) as metric_name
    from {{ source('klaviyo_v2', 'metrics') }}

), people as (

    select
        m._account_id,
        m.campaign_id,
        count(distinct case when n.metric_name in ('received email', 'received sms')
            then e.profile_data_id end) as recipient_count,
        count(distinct case when n.metric_name = 'opened email'
            and not coalesce(e.machine_open, false) then e.profile_data_id end) as opener_count,
        count(distinct case when n.metric_name in ('clicked email', 'clicked sms')
            then e.profile_data_id end) as clicker_count
    from {{ source('klaviyo_v2', 'events') }} e
    join messages m on m._account_id = e._account_id and m.campaign_message_id = e.message
    join named n on n._account_id = e._account_id and n.metric_id = e.metric_data_id
    where e.flow is null
    group by m._account_id, m.campaign_id

), orders as (

    -- In the currency that the order has: money of several is not added up.
    select
        m._account_id,
        m.campaign_id,
        count(*) as order_count,
        count(distinct e._value_currency) as currency_count,
        min(e._value_currency) as currency,
        cast(sum(try_cast(e._value as decimal(28, 6))) as decimal(28, 6)) as order_value
    from {{ source('klaviyo_v2', 'events') }} e
    join messages m on m._account_id = e._account_id and m.campaign_message_id = e.attribution_message
    join named n on n._account_id = e._account_id and n.metric_id = e.metric_data_id
    where n.metric_name = '{{ var("revenue_metric") }}' and e.attribution_flow is null
    group by m._account_id, m.campaign_id

)

select
    c._account_id,
    c.campaign_id,
    c.name,
    c.channel,
    c.send_time,
    coalesce(p.recipient_count, 0) as recipient_count,
    coalesce(p.opener_count, 0) as opener_count,
    coalesce(p.clicker_count, 0) as clicker_count,
    coalesce(o.order_count, 0) as order_count,
    case when coalesce(o.currency_count, 0) <= 1 then o.order_value end as order_value,
    case when coalesce(o.currency_count, 0) <= 1 then o.currency end as currency
from {{ source('klaviyo_v2', 'campaigns') }} c
left join people p on p._account_id = c._account_id and p.campaign_id = c.campaign_id
left join orders o on o._account_id = c._account_id and o.campaign_id = c.campaign_id
where c._deleted_at is null
