# Databricks notebook source
# MAGIC %md
# MAGIC # Backfill a past window
# MAGIC
# MAGIC Reads events and profiles of a Klaviyo account from `start` up to `end` into the lake, in
# MAGIC steps of 90 days. It can be stopped at any time: the same values go on where it was. The
# MAGIC daily job is not in its way; the two wait for each other.
# MAGIC
# MAGIC | value | meaning |
# MAGIC |---|---|
# MAGIC | `start`, `end` | ISO 8601, UTC where no offset is given; the end is left out |
# MAGIC | `resources` | `events`, `profiles`, or both, which is what nothing means |
# MAGIC | `dry_run` | `true` plans and reads nothing |
# MAGIC | `config` | a conf file: where the lake is, which secret is the key; `../../conf/dev.yml` |
# MAGIC | `warehouse` | another folder or URI of the lake than conf says |
# MAGIC
# MAGIC On Databricks the values are the widgets above, and the wheel has to be in the notebook's
# MAGIC environment, or on its cluster. In Jupyter change them in the cell below; without `config`,
# MAGIC `conf/base.yml` is read, and the key comes from `KLAVIYO_API_KEY`.

# COMMAND ----------

values = {
    "start": "",
    "end": "",
    "resources": "",
    "dry_run": "true",
    "config": "",
    "warehouse": "",
}

# COMMAND ----------

if "dbutils" in globals():
    dbutils.widgets.text("start", values["start"], "1 start")
    dbutils.widgets.text("end", values["end"], "2 end")
    dbutils.widgets.text("resources", values["resources"], "3 resources")
    dbutils.widgets.dropdown("dry_run", values["dry_run"], ["true", "false"], "4 dry run")
    dbutils.widgets.text("config", values["config"], "5 config")
    dbutils.widgets.text("warehouse", values["warehouse"], "6 warehouse")
    values = {name: dbutils.widgets.get(name) for name in values}

# COMMAND ----------

from klaviyo_spark.notebook import Backfill

backfill = Backfill(values, globals().get("displayHTML"))

# COMMAND ----------

# MAGIC %md
# MAGIC ## The plan
# MAGIC
# MAGIC Events are counted by Klaviyo, profiles by the lake.

# COMMAND ----------

backfill.plan()

# COMMAND ----------

# MAGIC %md
# MAGIC ## The run
# MAGIC
# MAGIC With `dry_run` at `true` nothing is read.

# COMMAND ----------

backfill.run()

# COMMAND ----------

# MAGIC %md
# MAGIC ## What came of it

# COMMAND ----------

backfill.summary()

# COMMAND ----------

backfill.chart()
