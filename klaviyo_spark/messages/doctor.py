"""Doctor: what its checks warn of."""

from klaviyo_spark.messages.message import error, refusal, warning

NO_CONF = warning(
    "not looked at without a conf",
    "Correct the conf first.",
    cause="The conf cannot be read; the line above says why.",
)
NO_KEY = warning(
    "not asked without a key",
    "Set a key first.",
    cause="No key was found; the line above says where it is looked for.",
)
NOT_PRIVATE_KEY = warning(
    "the key does not begin with pk_, as private keys do",
    "A public key or site ID is refused: make a private key in Klaviyo, Settings, API keys.",
    cause="What the variable holds may be another kind of key.",
)
ENDPOINTS_NOT_ASKED = warning(
    "{left} endpoints were not asked",
    "Correct the failure above first.",
    cause="A request failed in a way that every other one would.",
)
PARENT_NOT_ASKED = warning(
    "not asked, since {parent} did not answer",
    "Correct the failure of {parent} first.",
    cause="This endpoint is asked about a record of the other one.",
)
CLOCK_OFF = warning(
    "{seconds:,.0f} s {side} Klaviyo's clock, which pages and rows are dated by",
    "Let the system keep time: timedatectl set-ntp true.",
    cause="`maintain` counts ages by this machine's clock.",
)
REVISION_ENDED = error(
    "API revision {revision} ended on {end}",
    "Upgrade klaviyo-spark.",
    cause="Klaviyo serves a revision for two years.",
)
REVISION_ENDS = warning(
    "API revision {revision} is served until {end}, {days:,} days from now",
    "Upgrade klaviyo-spark before that day.",
    cause="Klaviyo serves a revision for two years.",
)
REVISIONS_DIFFER = warning(
    "of {kinds} at API revisions {revision} and {newer}: at {newer} {differences}",
    "Join klaviyo_plus.campaign_variations to klaviyo_v2 by campaign_id alone, and take times of "
    "sends from klaviyo_v2.",
    cause="The newer revision has campaigns in another shape. Klaviyo does not say that ids and "
    "times are the same.",
)
NOT_CHECKED = error(
    "could not be checked: {reason}",
    "-v shows the stack trace; report it if it happens again.",
    cause="A check met an error that it does not know.",
)
TABLES_MISSING = warning(
    "not there: {tables}",
    "Run `klaviyo-spark refine`.",
    cause="The lake has some of the tables and lacks others.",
)
NO_RUN_ENDED = warning(
    "no run has come to an end",
    "Run `klaviyo-spark sync`: it goes on from what has landed.",
    cause="The lake is new, or its first run was cut short.",
)
LAST_RUN_FAILED = warning(
    "{command} {ended} (exit {code}){problem}",
    "Correct that, then run `klaviyo-spark {command}`; `klaviyo-spark status` shows the whole run.",
    cause="The last run did not end with 0.",
)
PAGES_TO_REFINE = warning(
    "{pages:,} pages are in no table yet",
    "Run `klaviyo-spark refine`.",
    cause="A run landed pages and did not load them.",
)
BACKFILL_UNFINISHED = warning(
    "{done} of {steps} steps done",
    "`klaviyo-spark status` says how to go on.",
    cause="A backfill was cut short.",
)
LOCK_HELD = warning(
    "held by {holder} on host {host}",
    "See there whether it lives; if it died, the next run takes over by itself.",
    cause="Another run works on the lake, or gave no sign of its end.",
)
LOCK_LEFT = warning(
    "left behind by {holder} on host {host}, which died",
    "Nothing to remove: the next run takes over and goes on from what has landed.",
    cause="A run ended without giving the lake free.",
)
JARS_TO_FETCH = warning(
    "Delta's jars are not here yet; the first run fetches them, once",
    "Without a package registry, put them into a folder and set KLAVIYO_SPARK_JARS to it.",
    cause="No run has needed them on this machine.",
)
STORE_JARS_TO_FETCH = warning(
    "Hadoop's jars for S3 are not here yet; the first run fetches them, once",
    "Without a package registry, put them into the folder of KLAVIYO_SPARK_JARS.",
    cause="No run has needed them on this machine.",
)
NO_DELTA_RS = warning(
    "deltalake is not installed: pages land slower, and status has to start Spark",
    "Install it: {install}.",
    cause="The `spark` extra brings it; some clusters lack it.",
)
LITTLE_ROOM = warning(
    "{gib:,.1f} GiB free for {place}, which may be too little for a large history",
    "Make room before you read one; small runs can go on.",
    cause="The disk of the lake, or of Spark's temporary files, is nearly full.",
)
TOO_LITTLE_ROOM = refusal(
    "only {gib:,.1f} GiB free for {place}",
    "Make room: runs write there.",
    cause="The disk of the lake, or of Spark's temporary files, is full.",
)
