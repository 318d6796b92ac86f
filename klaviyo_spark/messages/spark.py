"""Java, Spark and Delta: what they lack or refuse."""

from klaviyo_spark.messages.message import error, refusal, warning

NO_JAVA = refusal(
    "no Java found; Spark needs {needed}",
    "To install it: {install}. Or set JAVA_HOME.",
    cause="There is no `java` on PATH, and JAVA_HOME is not set.",
)
JAVA_TOO_OLD = refusal(
    "Java {found} found in {home}; Spark needs {needed}",
    "To install it: {install}. Or set JAVA_HOME.",
    cause="The Java on PATH is too old or too new.",
)
JAVA_HOME_WITHOUT_JAVA = refusal(
    "JAVA_HOME={home}: no Java there",
    "Set it to the folder above the bin of a Java {needed}, or unset it.",
    cause="JAVA_HOME names a folder without `bin/java`.",
)
JAVA_HOME_TOO_OLD = refusal(
    "JAVA_HOME={home}: Java {found}; Spark needs {needed}",
    "Set it to one of these.",
    cause="JAVA_HOME names a Java that is too old or too new.",
)
NO_PYSPARK = refusal(
    "pyspark is not installed",
    "To install it: {install}.",
    cause="klaviyo-spark was installed without its extra `spark`, as for Databricks.",
)
NOT_INSTALLED = refusal(
    "{name} is not installed",
    "To install it: {install}.",
    cause="pyspark or delta-spark is missing.",
)
UNFIT_PAIR = refusal(
    "pyspark {spark} and delta-spark {delta} do not work together",
    "Install {pairs}.",
    cause="klaviyo-spark is tested with these pairs; delta-spark 4.4.1 has no jar at all.",
)
OTHER_SPARK_HOME = refusal(
    "SPARK_HOME={home} holds another Spark than pyspark, which is {spark}",
    "Unset SPARK_HOME, or install the pyspark of that Spark.",
    cause="Jars of one Spark would run in the other.",
)
JARS_MISSING_IN_FOLDER = refusal(
    "KLAVIYO_SPARK_JARS={folder}: a jar of Delta is missing",
    "Put {jars} there, or unset the variable: then they are fetched.",
    cause="The folder must hold all of Delta's jars.",
)
COLON_IN_JARS_FOLDER = refusal(
    "{folder}: Java cannot load jars from a folder with {separator} in its path",
    "Put Delta's jars into another folder, and set KLAVIYO_SPARK_JARS to it.",
    cause="That character separates the entries of Java's class path.",
)
NO_REGISTRY = refusal(
    "no package registry provides Delta's jars",
    "Put {jars} into a folder, and set KLAVIYO_SPARK_JARS to it.",
    cause="The jars are fetched once. No registry answered, or none has them.",
)
STORE_JARS_MISSING = refusal(
    "KLAVIYO_SPARK_JARS={folder}: Hadoop's jars for S3 are missing",
    "Put {jars} and the jars of Amazon's SDK 2 there, or unset the variable: then all are fetched.",
    cause="A lake on s3a:// needs them beside Delta's.",
)
NO_STORE_JARS = refusal(
    "no package registry provides Hadoop's jars for S3",
    "Put {jars} and Amazon's SDK into a folder with Delta's jars, and set KLAVIYO_SPARK_JARS to "
    "it.",
    cause="The jars are fetched once, for the first lake on s3a://. No registry answered.",
)
NO_CACHE = refusal(
    "Delta's jars cannot be kept in {folder}",
    "Make room, or set XDG_CACHE_HOME to a folder that can be written.",
    cause="The user's cache is full, or may not be written.",
)
NO_DELTA_ON_SUBMIT = refusal(
    "Delta's jars are missing",
    "Add them: spark-submit --packages {packages}",
    cause="spark-submit was started without Delta.",
)
SQL_SETTINGS_REFUSED = refusal(
    "this Spark session reads SQL in another way than klaviyo-spark needs, and does not let it "
    "set {settings}",
    "Add these to the Spark settings of the cluster or job.",
    cause="The platform fixes a setting that rows depend on. No request was sent and nothing "
    "written.",
)
NAMELESS_USER = refusal(
    "user id {number} has no name on this system, and Hadoop needs one",
    "Run as a user that /etc/passwd lists, or add this one: RUN useradd --uid {number} klaviyo, "
    "as in examples/Dockerfile.",
    cause="A container runs as a number that its /etc/passwd lacks. `HADOOP_USER_NAME` does not "
    "help: Java asks the system.",
)
NO_TEMPORARY_FOLDER = refusal(
    "no folder for temporary files can be written",
    "Mount a tmpfs on /tmp, or set TMPDIR to a folder that can be written.",
    cause="A container's root is read-only. Spark writes there what does not fit into memory; "
    "TMPDIR may be on the volume of the lake.",
)
NO_WORKING_FOLDER = refusal(
    "the current directory no longer exists ({reason}), and Java does not start without one",
    "Change to a directory that exists.",
    cause="Somebody removed it, or its mount went away.",
)
NOT_STARTED = refusal(
    "Spark did not start: {last_words}",
    "Run `klaviyo-spark doctor`, which checks Java, Spark and memory.",
    cause="Java's last words are shown: often too little memory, or an option it does not know.",
)
JAVA_ENDED = error(
    "Spark's Java process {how}; what was written stays",
    "Run the same command again, with more memory if that ran out. KLAVIYO_SPARK_LOG=info shows "
    "Java's log.",
    cause="SIGKILL comes from the system, or a container's limit, when memory runs out; `dmesg` "
    "says so. A session that klaviyo-spark starts takes a quarter of the memory, 1 to 4 GiB.",
)
STORAGE_SETTINGS_REFUSED = warning(
    "this Spark session does not let klaviyo-spark set {settings}; rows are right, but some "
    "other readers may show old times as other years",
    "On serverless there is nothing to do; on your own cluster, add these to its Spark settings.",
    cause="Serverless does so. Rows are right; times may be stored as INT96, which some readers "
    "read as other years.",
)
