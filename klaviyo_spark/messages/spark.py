"""What is said of Java, Spark and Delta."""

from klaviyo_spark.messages.message import AS_SAID, Message, refusal, warning

NO_JAVA = Message(
    "no Java found; Spark needs {needed}: {install}, or set JAVA_HOME",
    cause="There is no `java` on PATH, and JAVA_HOME is not set.",
    way_out="Install the package that is named.",
)
JAVA_TOO_OLD = Message(
    "Java {found} found in {home}; Spark needs {needed}: {install}, or set JAVA_HOME",
    cause="The Java on PATH is too old or too new.",
    way_out="Install the one that is named beside it, and set JAVA_HOME to its home.",
)
JAVA_HOME_WITHOUT_JAVA = Message(
    "JAVA_HOME={home}: no Java there; set it to the home of a Java {needed}",
    cause="JAVA_HOME names a folder without `bin/java`.",
    way_out="Point it at the folder above `bin`, or unset it.",
)
JAVA_HOME_TOO_OLD = Message(
    "JAVA_HOME={home}: Java {found}; Spark needs {needed}: point it at one of these",
    cause="JAVA_HOME is another Java.",
    way_out="Point it at a Java 17 or 21.",
)
NO_PYSPARK = refusal(
    "pyspark is not installed: {install}",
    cause="Only the package itself is installed, as on Databricks.",
    way_out="`pip install 'klaviyo-spark[spark]'`.",
)
NOT_INSTALLED = refusal(
    "{name} is not installed: {install}",
    cause="pyspark or delta-spark is missing.",
    way_out="`pip install 'klaviyo-spark[spark]'`.",
)
UNFIT_PAIR = refusal(
    "pyspark {spark} with delta-spark {delta} do not fit together; install {pairs}",
    cause="The installed pair has not been seen to work; delta-spark 4.4.1 has no jar at all.",
    way_out="Install the pair that is named.",
)
OTHER_SPARK_HOME = refusal(
    "SPARK_HOME={home} is not Spark {spark} like pyspark: unset SPARK_HOME",
    cause="Another Spark's jars would be used.",
    way_out="Unset it, or install the pyspark of that Spark.",
)
JARS_MISSING_IN_FOLDER = refusal(
    "KLAVIYO_SPARK_JARS={folder}: must hold {jars}",
    cause="The folder lacks one of Delta's jars.",
    way_out="Put the jars that are named into it, or unset the variable.",
)
COLON_IN_JARS_FOLDER = refusal(
    "{folder}: Java's class path ends a folder's name at {separator}; set KLAVIYO_SPARK_JARS to a "
    "folder without it",
    cause="The folder of Delta's jars, or one above it, has a colon in its name.",
    way_out="Put the jars into another folder and set `KLAVIYO_SPARK_JARS` to it.",
)
NO_REGISTRY = refusal(
    "no package registry gave Delta's jars; put {jars} into a folder and set KLAVIYO_SPARK_JARS "
    "to it",
    cause="The jars are fetched once, and no registry answered.",
    way_out="Get the jars that are named by other means.",
)
NO_CACHE = refusal(
    "cannot keep Delta's jars in {folder}; set XDG_CACHE_HOME to a folder that can be written",
    cause="The user's cache cannot be written, or is full.",
    way_out="Make room, or set XDG_CACHE_HOME.",
)
NO_DELTA_ON_SUBMIT = refusal(
    "Delta's jars are missing: spark-submit --packages {packages}",
    cause="spark-submit was not told of Delta.",
    way_out="Give it the option as it stands there.",
)
SQL_SETTINGS_REFUSED = refusal(
    "this Spark session reads our SQL otherwise and refuses what it needs: {settings}",
    cause="A setting of the platform changes what SQL means, and the session does not let it be "
    "set.",
    way_out="Give the cluster or job the settings named; nothing has been asked or written.",
)
NAMELESS_USER = refusal(
    "user id {number} has no name here, and Hadoop starts for nobody without one: run as an id "
    "that /etc/passwd names, or name it there (RUN useradd --uid {number} klaviyo, as in "
    "examples/Dockerfile)",
    cause="A container runs as a number that its /etc/passwd does not have. Java and Hadoop ask "
    "the system for the name; `HADOOP_USER_NAME` does not stand in for it.",
    way_out="As it says; `examples/Dockerfile` names the id that it runs as.",
)
NO_TEMPORARY_FOLDER = refusal(
    "no folder for temporary files can be written: mount a tmpfs on /tmp, or set TMPDIR to a "
    "folder that can be written",
    cause="The root of a container is read-only, and so is /tmp. Spark writes there what does not "
    "fit into memory.",
    way_out="As it says; TMPDIR may be on the volume of the lake.",
)
NO_WORKING_FOLDER = refusal(
    "the folder that this was started in is gone ({reason}), and Java starts in none: change to "
    "one that is there",
    cause="Somebody removed the working directory, or a mount of it went away.",
    way_out=AS_SAID,
)
NOT_STARTED = refusal(
    "Spark did not start: {last_words}",
    cause="Java's own words follow; often memory, or a setting of Java that it does not know.",
    way_out="Mend what they name; `klaviyo-spark doctor` checks the rest.",
)
JAVA_ENDED = Message(
    "Java, which Spark runs on, {how}; what has landed stays: give the same command again, on a "
    "machine with more memory if it was that. KLAVIYO_SPARK_LOG=info shows Java's log",
    cause="The JVM ended under the run; by SIGKILL where the system, or a container's limit, had "
    "no memory left for it (`dmesg` says so). Else its last words follow.",
    way_out="Give it more memory: a session of ours takes a quarter of the machine's, 1 to 4 GiB. "
    "Nothing that was written is lost.",
)
STORAGE_SETTINGS_REFUSED = warning(
    "this Spark session refuses settings of storage: {settings}",
    cause="As serverless does. Rows are right; times may be stored as INT96, which some readers "
    "take for other years.",
    way_out="None is needed there; on a cluster of your own, set those named.",
)
