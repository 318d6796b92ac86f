-- One row per list and UTC day on which somebody joined or left it. A day's leavers are those that a
-- sync of that day was the last to see.
with moves as (

    select
        _account_id,
        list_id,
        cast(joined_group_at as date) as day,
        1 as joined,
        0 as departed
    from {{ source('klaviyo_v2', 'member_lists') }}
    where joined_group_at is not null

    union all

    select
        _account_id,
        list_id,
        cast(last_seen_at as date) as day,
        0 as joined,
        1 as departed
    from {{ source('klaviyo_v2', 'member_lists') }}
    where not is_member and last_seen_at is not null

)

select
    _account_id,
    list_id,
    day,
    sum(joined) as joined_count,
    sum(departed) as departed_count
from moves
group by _account_id, list_id, day
