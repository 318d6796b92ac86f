"""What is said of the place of the lake."""

from klaviyo_spark.messages.message import Message, refusal

BLANK = refusal(
    "warehouse: is blank; expected a folder or URI",
    cause="`--warehouse` or `warehouse` in conf is nothing but blanks.",
    way_out="Name a folder or a URI.",
)
CONTROL_CHARACTER = refusal(
    "warehouse {path}: delta-rs takes no control characters, such as a tab or the end of a line; "
    "name another folder",
    cause="The path holds a character that cannot be seen, often the end of a line of a script.",
    way_out="Take it out of the path, or rename the folder.",
)
VARIABLE = refusal(
    "warehouse {path}: Spark puts a variable's value in the place of ${{}}; name another folder",
    cause="The path holds `${`: a variable that the shell or conf did not fill in, or a folder "
    "named so.",
    way_out="Write the value itself, or rename the folder.",
)
NO_URI = refusal(
    "warehouse {written}: begins like a URI, but has no / after {rest}; for a folder of that name "
    "write ./{written}",
    cause="The text begins with a word and a colon; it may be a folder or a slip of a URI.",
    way_out="Write `./NAME` for a folder, `scheme://…` for a URI.",
)
FILE_URI_OF_HOST = refusal(
    "warehouse {uri}: a file: URI is of this machine; expected file:///...",
    cause="A `file:` URI names another host, or a relative path.",
    way_out="Write `file:///` and the path, or the path alone.",
)
FILE_URI_QUERY = refusal(
    "warehouse {uri}: in a file: URI ? and # end the path; write %3F and %23, or a path",
    cause="In a URI these characters begin a query or a fragment.",
    way_out="Write them percent-encoded, or give the path without `file:`.",
)
FILE_URI_PERCENT = refusal(
    "warehouse {uri}: in a file: URI % stands before two hex digits, of text in UTF-8; write %25 "
    "for the sign itself, or a path",
    cause="A `file:` URI is percent-decoded, and this one cannot be.",
    way_out="Write `%25` for a percent sign, or give the path without `file:`.",
)
NO_SUCH_USER = refusal(
    "warehouse {path}: no such user has a home here; for a folder of that name write ./{path}",
    cause="`~NAME` at the start of a path is the home of the user NAME, who is not known here.",
    way_out="Write the whole path, or `./~NAME` for a folder of that name.",
)
RELATIVE = refusal(
    "warehouse {path}: is relative, and this platform's Spark does not start from where you are; "
    "set catalog, or name a whole path or a URI",
    cause="On Databricks and Spark Connect a path is looked for by a Spark elsewhere.",
    way_out="Set `catalog` in conf, or name a path that begins with `/`, or a URI.",
)
DECODED = refusal(
    "warehouse {path}: delta-rs takes {character} for another character; name another folder (a "
    "URI is decoded: file:///my%20lake)",
    cause="Delta-rs decodes `%20` and the like in a path, and takes a backslash for a slash; "
    "Spark does neither.",
    way_out="Rename the folder. Where a URI was meant, begin it with `file:///`.",
)
NOT_UTF8 = refusal(
    "warehouse {path}: Spark needs names in UTF-8; name another",
    cause="The folder's name, or one above it, is spelled in another encoding than UTF-8.",
    way_out="Rename it.",
)
OTHER_LOCALE = refusal(
    "warehouse {path}: with {variable} this process spells it in {encoding}, and Spark in UTF-8; "
    "set LC_ALL=C.UTF-8, or name a folder in plain letters",
    cause="The locale (`LC_ALL`, `LC_CTYPE` or `LANG`) has no umlauts, so this process and Spark "
    "would use two folders.",
    way_out="`export LC_ALL=C.UTF-8`, or use a folder whose whole path is plain ASCII.",
)
LOCALE_OF_JAVA = refusal(
    "warehouse {path}: Java was started in a locale whose names of files are in {encoding}, and "
    "would take another folder for it; start it with LC_ALL=C.UTF-8, or name a folder in plain "
    "letters",
    cause="spark-submit, or whoever made the session, ran in a locale such as C, so its Java "
    "spells umlauts as question marks.",
    way_out="`LC_ALL=C.UTF-8 spark-submit …`, or use a folder whose whole path is plain ASCII.",
)
IS_A_FILE = refusal(
    "warehouse {path}: is a file; expected a folder",
    cause="`--warehouse` or `warehouse` in conf names a file.",
    way_out="Name a folder.",
)
OTHER_THINGS = refusal(
    "warehouse {path}: holds other things and no lake; expected an empty or new folder",
    cause="The folder has files, and none of the lake's folders.",
    way_out="Name another; where the schemas have other names, give the conf that says so.",
)
NOT_SHARED = Message(
    "warehouse {path}: this cluster's executors do not see that folder; name one that all its "
    "machines share, or a URI such as s3a://BUCKET/lake ({reason})",
    cause="spark-submit runs on a cluster, and the lake is in a folder of the driver's machine.",
    way_out="As it says; a path on HDFS needs its scheme too, hdfs://HOST/PATH.",
)
NO_FILE_SYSTEM = refusal(
    "warehouse {path}: Spark has no file system for {scheme}://; {jar}",
    cause="Object stores need a jar that Spark does not bring.",
    way_out="Give it the package that is named, or another scheme; S3 is s3a://, but on EMR s3://.",
)
UNREACHABLE = refusal(
    "warehouse {path}: cannot be reached: {reason}",
    cause="Credentials, a region or the network; Spark's own words follow.",
    way_out='Mend what they name; where credentials come from is the store\'s, see "On a cluster".',
)
CANNOT_WRITE = refusal(
    "warehouse {path}: cannot be written: {reason}",
    cause="You may not write there, or the disk is read-only.",
    way_out="See to its permissions, or name another folder.",
)
