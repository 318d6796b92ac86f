-- Which forms do people fill in?
-- One row per form and month of the account's time zone; forms that were deleted since, too.
-- Rates and numbers of people do not add up over rows. Needs conf `plus: [forms, reports]`.
SELECT
    v.period_start AS month,
    v.form_id,
    f.name,
    f._deleted_at IS NOT NULL AS is_deleted,
    v.viewed_form,
    v.submits,
    v.submit_rate,
    v.closed_form
FROM klaviyo_plus.form_values v
LEFT JOIN klaviyo_plus.forms f ON f._account_id = v._account_id AND f.form_id = v.form_id
ORDER BY month DESC, v.viewed_form DESC, v.form_id
