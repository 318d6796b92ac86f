"""Place of the lake: paths, URIs and who can reach them."""

from klaviyo_spark.messages.message import refusal

BLANK = refusal(
    "warehouse: is blank",
    "Name a folder or a URI.",
    cause="`--warehouse` or `warehouse` in conf holds blanks only.",
)
CONTROL_CHARACTER = refusal(
    "warehouse {path}: contains a control character, such as a tab or a line end",
    "Remove it from the path, or rename the folder.",
    cause="delta-rs refuses such names. Often the end of a script's line got into the path.",
)
VARIABLE = refusal(
    "warehouse {path}: contains ${{, which Spark takes for a variable",
    "Write the value itself, or rename the folder.",
    cause="The shell or conf did not fill in a variable, or the folder is named so.",
)
NO_URI = refusal(
    "warehouse {written}: begins like a URI, but has no / after {rest}",
    "For a folder of that name write ./{written}; a URI begins with scheme://.",
    cause="The text begins with a word and a colon.",
)
NO_BUCKET = refusal(
    "warehouse {path}: names no bucket",
    "Write s3a://BUCKET/FOLDER.",
    cause="Right after `s3a://` comes the name of a bucket.",
)
FILE_URI_OF_HOST = refusal(
    "warehouse {uri}: not a file: URI of this machine",
    "Write file:///PATH, or the path alone.",
    cause="A `file:` URI names another host, or a relative path.",
)
FILE_URI_QUERY = refusal(
    "warehouse {uri}: ? and # end the path of a file: URI",
    "Write %3F and %23, or the path without file:.",
    cause="In a URI these characters begin a query or a fragment.",
)
FILE_URI_PERCENT = refusal(
    "warehouse {uri}: a % in this file: URI does not encode a character of UTF-8",
    "Write %25 for a percent sign, or the path without file:.",
    cause="`file:` URIs are percent-decoded, and this one cannot be.",
)
NO_SUCH_USER = refusal(
    "warehouse {path}: there is no such user on this machine",
    "Write the whole path, or ./{path} for a folder of that name.",
    cause="`~NAME` at the start of a path is the home folder of the user NAME.",
)
RELATIVE = refusal(
    "warehouse {path}: is a relative path, and Spark runs elsewhere on this platform",
    "Set `catalog` in conf, or name an absolute path or a URI.",
    cause="On Databricks and Spark Connect, Spark does not share the current directory.",
)
DECODED = refusal(
    "warehouse {path}: delta-rs takes {character} for another character",
    "Rename the folder; where you meant a URI, begin it with file:///, as in file:///my%20lake.",
    cause="delta-rs decodes `%20` and the like in a path, and takes a backslash for a slash. Spark "
    "does neither.",
)
DECODED_URI = refusal(
    "warehouse {path}: delta-rs takes {character} for another character",
    "Use another name for the folder.",
    cause="delta-rs decodes `%20` and the like in a URI, and Spark does not.",
)
NOT_UTF8 = refusal(
    "warehouse {path}: its name is not in UTF-8, as Spark needs it",
    "Rename the folder.",
    cause="The folder, or one above it, has a name in another encoding.",
)
OTHER_LOCALE = refusal(
    "warehouse {path}: with {variable} this process writes the name in {encoding}, and Spark in "
    "UTF-8",
    "Set LC_ALL=C.UTF-8, or use a path in plain ASCII.",
    cause="This process and Spark would use two different folders.",
)
LOCALE_OF_JAVA = refusal(
    "warehouse {path}: Java writes file names in {encoding}, so it would use another folder",
    "Start it with LC_ALL=C.UTF-8, or use a path in plain ASCII.",
    cause="Whoever started Spark ran in a locale such as C: "
    "`LC_ALL=C.UTF-8 spark-submit …` changes that.",
)
IS_A_FILE = refusal(
    "warehouse {path}: is a file",
    "Name a folder.",
    cause="`--warehouse` or `warehouse` in conf names a file.",
)
OTHER_THINGS = refusal(
    "warehouse {path}: holds other files and no lake",
    "Name an empty or new folder.",
    cause="None of the lake's folders is there. If your `schemas` have other names, give the conf "
    "that says so.",
)
NOT_SHARED = refusal(
    "warehouse {path}: the cluster's executors do not see that folder ({reason})",
    "Use one that all machines share, or a URI such as s3a://BUCKET/lake.",
    cause="The folder is on the driver's machine alone. A path on HDFS needs its scheme: "
    "hdfs://HOST/PATH.",
)
NO_FILE_SYSTEM = refusal(
    "warehouse {path}: Spark has no file system for {scheme}://",
    "{way_out}.",
    cause="Object stores need a jar that Spark does not bring. S3 is s3a://, on EMR s3://.",
)
NO_SUCH_BUCKET = refusal(
    "warehouse {path}: the store has no bucket {bucket}",
    "Create it, or correct the name or AWS_ENDPOINT_URL.",
    cause="klaviyo-spark makes no bucket. Another store than the one you mean may have answered.",
)
OTHER_REGION = refusal(
    "warehouse {path}: the bucket is not in the region {region}",
    "Set AWS_REGION to the region of the bucket.",
    cause="The store sends requests for this bucket elsewhere.",
)
NO_CREDENTIALS = refusal(
    "warehouse {path}: no credentials found",
    "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE; or give the machine a role.",
    cause="Environment, profile files, container and instance were asked; none has any.",
)
WRONG_CREDENTIALS = refusal(
    "warehouse {path}: the store refuses the credentials ({code})",
    "Renew AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, or log in again.",
    cause="The key is unknown to this store, its secret is another one, or the session has ended.",
)
NO_RIGHT = refusal(
    "warehouse {path}: these credentials may not {action} there",
    "Grant s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject and s3:DeleteObject in the "
    "folder.",
    cause="The store answered 403. Delta reads, lists, writes and deletes.",
)
UNREACHABLE = refusal(
    "warehouse {path}: cannot be reached: {reason}",
    "Check the store's credentials, region and network.",
    cause="Spark could not open it. The how-to guide on object stores says where credentials are.",
)
CANNOT_WRITE = refusal(
    "warehouse {path}: cannot be written: {reason}",
    "Check the folder's permissions, or name another one.",
    cause="You may not write there, or the disk is read-only.",
)
