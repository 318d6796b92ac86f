"""``klaviyo-spark maintain`` for spark-submit and Databricks jobs; it takes the same options."""

import sys

from klaviyo_spark.cli import main

if __name__ == "__main__":
    main(["maintain", *sys.argv[1:]])
