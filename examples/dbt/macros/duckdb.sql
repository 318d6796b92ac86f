{# Every table that the views for dbt_klaviyo read: dbt-duckdb's plugin opens a table where a source
   is named, and knows it in whatever comes after. #}
{% macro klaviyo_tables() %}
  {% if target.type == 'duckdb' %}
    {% for table in ['campaign_messages', 'campaigns', 'events', 'flows', 'metrics', 'profiles'] %}
      {% do source('klaviyo_v2', table) %}
    {% endfor %}
  {% endif %}
{% endmacro %}

{# What dbt_klaviyo reads its tables by. On DuckDB these are models of this project, made first. #}
{% macro duckdb__union_connections(connection_dictionary, single_source_name, single_table_name, default_identifier=none) %}
  select * from {{ ref('klaviyo_' ~ single_table_name) }}
{% endmacro %}

{# Of a JSON text. The package's own passes each key by itself, or gives JSON where a text is due. #}
{% macro duckdb__json_parse(string, string_path) %}
  json_extract_string({{ string }}, '$
  {%- for key in string_path -%}{% if key is number %}[{{ key }}]{% else %}."{{ key }}"{% endif %}{%- endfor -%}
  ')
{% endmacro %}
