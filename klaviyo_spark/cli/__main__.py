"""For ``python -m klaviyo_spark.cli``."""

from klaviyo_spark.cli import main

if __name__ == "__main__":
    main()
