{# Two macros that dbt_klaviyo uses, for open-source Spark. Databricks does not need the first. #}

{# Its own is `column:['key']`, which Spark takes for a VARIANT. #}
{% macro spark__json_parse(string, string_path) %}
  get_json_object({{ string }}, "$
  {%- for key in string_path -%}{% if key is number %}[{{ key }}]{% else %}['{{ key }}']{% endif %}{%- endfor -%}
  ")
{% endmacro %}

{# `numeric` alone is DECIMAL(10, 0) there: sums would lose the cents. #}
{% macro spark__try_cast(field, type) %}
  try_cast({{ field }} as {{ 'decimal(28, 6)' if type == 'numeric' else type }})
{% endmacro %}
