"""What verbs and their options say."""

from klaviyo_spark.messages.message import AS_SAID, Message, error, interruption, refusal

PORT_TAKEN = refusal(
    "port {port} of this machine cannot be had: {reason}; name another, or leave --port out",
    cause="Another program listens there, or the port is one that only root may take.",
    way_out="Let `sandbox` take a free one, which it prints.",
)
UNKNOWN_ACCOUNT = refusal(
    "--account {name}: not one of `accounts` in conf: {accounts}",
    cause="`--account` names an account that conf does not list.",
    way_out="Take one of those named; leave the option out for all.",
)
SECRET_OF_ONE_ACCOUNT = refusal(
    "--secret-scope and --secret-key are of one account: choose it with --account ({accounts})",
    cause="Conf lists several accounts, and one key was given on the command line.",
    way_out="Add `--account NAME`, or name each one's secret in `accounts`.",
)
OPTION_NO_TIME = refusal(
    "{option} {text}: not a time; expected {form}",
    cause="`--start` or `--end` is not a time.",
    way_out="Write `2026-01-31` or `2026-01-31T09:00:00Z`; UTC where no offset is given.",
)
START_IN_FUTURE = refusal(
    "--start {start}: lies in the future; expected a time before now",
    cause="Nothing can be read from there on.",
    way_out="Name an earlier one.",
)
START_AFTER_END = refusal(
    "--start {start}: not before --end {end}; expected the earlier one first",
    cause="The two are the wrong way round, or the same.",
    way_out="Swap them; the end is left out of what is read.",
)
FORGET_WHOM = refusal(
    "forget: needs --profile ID or --email E, one of the two",
    cause="It is not said who is to be forgotten, or in two ways.",
    way_out="Give one of them; the other is found in the lake.",
)
FORGET_EMPTY = refusal(
    "--{option}: is none",
    cause="`--profile` is empty, or `--email` has no @.",
    way_out="Give it once more; `--email -` reads one line from standard input.",
)
BACKFILL_WITHOUT_WINDOW = refusal(
    "backfill: needs --start and --end; a sync finds by itself what is new",
    cause="A backfill is of a window.",
    way_out="Name both, or run `klaviyo-spark sync`.",
)
BACKFILL_IN_FUTURE = refusal(
    "backfill: needs a --start and an --end in the past",
    cause="The window's end is still to come.",
    way_out="Name an earlier end; `klaviyo-spark sync` reads what is new.",
)
BACKFILL_INCOMPLETE = error(
    "backfill {ended} (exit code {code}): the lines above say why; run this cell again to go on",
    cause="A backfill from a notebook was not all done.",
    way_out="Mend what the lines above it name, and run the cell again; what was done is not "
    "asked again.",
)
BACKFILL_OF_WHOLE_READS = refusal(
    "{resources}: read whole by every sync; a backfill is of {windowed}",
    cause="Only events and profiles are read by time.",
    way_out="Leave these resources out, and run `klaviyo-spark sync`.",
)
SANDBOX_NOT_INSTALLED = refusal(
    "{missing}: pip install 'klaviyo-spark[sandbox]'",
    cause="The sample account's web server is not installed.",
    way_out="Install the extra.",
)
CONF_EXISTS = refusal(
    "{file} is there already: change it by hand, write another with --config FILE, or replace it "
    "with --force",
    cause="`init` writes over nothing.",
    way_out="One of the three.",
)
CANNOT_WRITE = Message(
    "{file}: cannot be written: {reason}",
    cause="The conf's folder cannot be made or written.",
    way_out="See to its permissions, or name another file.",
    exit="2 or 1",
)
KEY_AS_ANSWER = refusal(
    "{name}: looks like a key; keys belong into {variable}, never into conf",
    cause="A key was typed as an answer to `init`.",
    way_out="Make a new key if others saw it, and set `KLAVIYO_API_KEY`.",
)
EMPTY_ANSWER = refusal(
    "{name}: empty; expected a {form}",
    cause="An answer to `init` is empty.",
    way_out="Give one, or press Enter for what is offered.",
)
START_ANSWER = refusal(
    "start: {error}",
    cause="An answer to `init` is not a time.",
    way_out="Write `2026-01-31`, or `all` for all of history.",
)
OPTION_NOT_FILLED_IN = refusal(
    "{option} was not filled in: deploy with `databricks bundle deploy`, name job parameters "
    "under `parameters`, or write the value itself",
    cause="An option still reads `${…}` or `{{…}}`, as the bundle has it.",
    way_out=AS_SAID,
)
OUTPUT_LOST = error(
    "output could not be written: {reason}",
    cause="What the verb had to say found no room where its output goes; the work itself was done.",
    way_out="Make room, or send the output elsewhere; `klaviyo-spark status` says again how the "
    "last run ended.",
)
OUT_NO_REPORT = refusal(
    "--out {out}: is there already, and no report; name another file",
    cause="The file that the report is to be written to holds something else than a report of "
    "before.",
    way_out="Name another file, or move that one away.",
)
OUT_NO_FOLDER = refusal(
    "--out {out}: there is no folder {folder}",
    cause="The report is to be written where no folder is.",
    way_out="Make the folder, or name another place.",
)
OTHER_ERROR = error(
    "{error} (-v shows the stack trace)",
    cause="An error of Spark, Java or the system, by its name and first line.",
    way_out="Run it again with `-v`; if it stays, report it. What has landed stays.",
)
INTERRUPTED_INGEST = interruption(
    "interrupted; what was fetched has landed, the same command goes on from there",
    cause="Ctrl-C or SIGTERM while Klaviyo was being asked.",
    way_out=AS_SAID,
)
INTERRUPTED_REFINE = interruption(
    "interrupted; `klaviyo-spark refine` takes in what landed",
    cause="Ctrl-C or SIGTERM right after all had been asked.",
    way_out="As it says; the next sync does it too.",
)
INTERRUPTED = error(
    "interrupted; what has landed stays, run it again",
    cause="Ctrl-C or SIGTERM at another time.",
    way_out=AS_SAID,
)
