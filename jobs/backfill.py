"""``klaviyo-spark backfill`` for spark-submit and Databricks jobs; it takes the same options."""

import sys

from klaviyo_spark.cli import main

if __name__ == "__main__":
    main(["backfill", *sys.argv[1:]])
