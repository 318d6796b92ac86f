"""What is said of errors that are none of ours."""

import errno

from klaviyo_spark.cli.other_errors import describe_error


def test_an_error_of_the_system_points_to_the_disk_and_not_to_us():
    text, code = describe_error(OSError(errno.EIO, "Input/output error", "/mnt/lake/x"))
    assert (text, code) == (
        "OSError: [Errno 5] Input/output error: '/mnt/lake/x'. The system refused: check the disk "
        "or mount and its permissions, then run again.",
        1,
    )


def test_any_other_error_is_for_a_report():
    text, _ = describe_error(ValueError("odd"))
    assert text == (
        "ValueError: odd. Run it again with -v for the stack trace; report it if it stays."
    )
