-- One row per UTC day and currency: orders and what they are worth, before refunds, and how much of
-- it is put down to a message. Empty where conf `metrics` leaves the shop's events out.
select
    e._account_id,
    e.event_date as day,
    e._value_currency as currency,
    count(*) as order_count,
    sum(case when e.attribution_message is not null then 1 else 0 end) as attributed_order_count,
    cast(sum(try_cast(e._value as decimal(28, 6))) as decimal(28, 6)) as order_value,
    cast(sum(case when e.attribution_message is not null
        then try_cast(e._value as decimal(28, 6)) else 0 end) as decimal(28, 6)) as attributed_value
from {{ source('klaviyo_v2', 'events') }} e
join {{ source('klaviyo_v2', 'metrics') }} k
    on k._account_id = e._account_id and k.metric_id = e.metric_data_id
where k.name = '{{ var("revenue_metric") }}'
group by e._account_id, e.event_date, e._value_currency
