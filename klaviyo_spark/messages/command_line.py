"""Command line: what verbs and options say."""

from klaviyo_spark.messages.message import Message, error, interruption, refusal

PORT_TAKEN = refusal(
    "cannot listen on port {port}: {reason}",
    "Choose another --port, or leave --port out for a free one.",
    cause="Another program listens on that port, or only root may use it.",
)
UNKNOWN_SCOPE = refusal(
    "--missing-scopes {name}: no command needs this scope",
    "{nearest}Choose from {known}.",
    cause="A misspelt scope would be missing from nothing.",
)
UNKNOWN_ACCOUNT = refusal(
    "--account {name}: not one of `accounts` in conf: {accounts}",
    "Name one of these, or leave --account out for all.",
    cause="Conf does not list that account.",
)
SECRET_OF_ONE_ACCOUNT = refusal(
    "--secret-scope and --secret-key name the key of one account, and conf lists several",
    "Add --account and one of: {accounts}.",
    cause="One key cannot serve several accounts. Each of `accounts` can name its own secret.",
)
OPTION_NO_TIME = refusal(
    "{option} {text}: not a time",
    "Use {form}.",
    cause="Times are UTC where no offset is given.",
)
START_IN_FUTURE = refusal(
    "--start {start}: lies in the future",
    "Use an earlier time.",
    cause="Klaviyo has nothing from that time on.",
)
START_AFTER_END = refusal(
    "--start {start}: not before --end {end}",
    "Put the earlier time first.",
    cause="The range is empty: its end is exclusive.",
)
FORGET_WHOM = refusal(
    "forget: needs one person",
    "Give either --profile ID or --email E.",
    cause="Neither option was given, or both were. `forget` finds the other in the lake.",
)
FORGET_EMPTY = refusal(
    "--{option}: not a profile ID or an e-mail address",
    "Give it again; `--email -` reads one line from standard input.",
    cause="`--profile` is empty, or `--email` has no @.",
)
BACKFILL_WITHOUT_WINDOW = refusal(
    "backfill: needs --start and --end",
    "Give both, or run `klaviyo-spark sync`, which finds what is new by itself.",
    cause="A backfill reads a range of time.",
)
BACKFILL_IN_FUTURE = refusal(
    "backfill: --end lies in the future",
    "Use an --end in the past; `klaviyo-spark sync` reads what is new.",
    cause="The range has not ended yet.",
)
RUN_INCOMPLETE = Message(
    "{command} {ended} (exit code {code}): {errors}",
    "What was read stays; the same call resumes.",
    cause="A command called from Python, or from a notebook, did not do all that it was to do.",
    exit="1, 3 or 4",
)
BACKFILL_OF_WHOLE_READS = refusal(
    "{resources}: every sync reads these completely, so they have no backfill",
    "Choose from {windowed}, or run `klaviyo-spark sync`.",
    cause="Only events and profiles are read by ranges of time.",
)
SANDBOX_NOT_INSTALLED = refusal(
    "the sample account needs packages that are not installed ({missing})",
    "Run pip install 'klaviyo-spark[spark,sandbox]'",
    cause="klaviyo-spark was installed without its extra `sandbox`; `demo` needs `spark` too.",
)
SPARK_NOT_INSTALLED = refusal(
    "this command needs a package that is not installed ({missing})",
    "Run pip install 'klaviyo-spark[spark]'",
    cause="klaviyo-spark was installed without its extra `spark`; platforms bring their own.",
)
CONF_EXISTS = refusal(
    "{file} already exists",
    "Edit it, write another file with --config FILE, or replace it with --force.",
    cause="`init` does not overwrite a conf.",
)
CANNOT_WRITE = Message(
    "{file}: cannot be written: {reason}",
    "Check the folder's permissions, or name another file.",
    cause="The conf or the report could not be written.",
    exit="1 or 2",
)
KEY_AS_ANSWER = refusal(
    "{name}: looks like a key, and keys do not belong in conf",
    "Set {variable} instead; make a new key if others saw this one.",
    cause="A key was typed as an answer to `init`.",
)
EMPTY_ANSWER = refusal(
    "{name}: is empty",
    "Enter a {form}, or press Enter for the default.",
    cause="An answer to `init` was blank.",
)
START_ANSWER = refusal(
    "start: {error}",
    "Enter `all` for all of history.",
    cause="An answer to `init` is not a time.",
)
OPTION_NOT_FILLED_IN = refusal(
    "{option} was not filled in",
    "Deploy with `databricks bundle deploy`, put job parameters under `parameters`, or write the "
    "value itself.",
    cause="The option still reads `${…}` or `{{…}}`, as the bundle has it.",
)
OUTPUT_LOST = error(
    "output could not be written: {reason}",
    "Make room or write elsewhere; `klaviyo-spark status` shows how the run ended.",
    cause="Standard output takes no more, often on a full disk. The work itself was done.",
)
OUT_NO_REPORT = refusal(
    "--out {out}: already exists and is no report",
    "Name another file, or move that one away.",
    cause="`report` replaces earlier reports only.",
)
OUT_NO_FOLDER = refusal(
    "--out {out}: there is no folder {folder}",
    "Make the folder, or name another file.",
    cause="`report` makes no folders.",
)
OTHER_ERROR = error(
    "{error}",
    "Run it again with -v for the stack trace; report it if it stays.",
    cause="An error of Spark, Java or Python, by its name and first line. What has landed stays.",
)
SYSTEM_ERROR = error(
    "{error}",
    "The system refused: check the disk or mount and its permissions, then run again.",
    cause="A file could not be read or written. What has landed stays.",
)
INTERRUPTED_INGEST = interruption(
    "interrupted; all pages fetched so far are in bronze",
    "Run the same command again to resume.",
    cause="Ctrl-C or SIGTERM while the run was requesting pages.",
)
INTERRUPTED_REFINE = interruption(
    "interrupted; all pages are in bronze",
    "Run `klaviyo-spark refine` to load them into the tables.",
    cause="Ctrl-C or SIGTERM after the last page was fetched. The next sync loads them too.",
)
INTERRUPTED = interruption(
    "interrupted; what was written stays",
    "Run the same command again.",
    cause="Ctrl-C or SIGTERM at another time.",
)
