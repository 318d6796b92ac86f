"""Verification of profiles: which of them Klaviyo is asked about, and what the lake lacks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from klaviyo_spark import messages
from klaviyo_spark.commands.verify import profiles
from klaviyo_spark.commands.verify.comparing import Comparison
from klaviyo_spark.commands.verify.holdings import Holdings
from klaviyo_spark.commands.verify.klaviyo_counts import KlaviyoCounter
from klaviyo_spark.commands.verify.profiles import ProfileChecks
from klaviyo_spark.commands.verify.turns import take_turn
from klaviyo_spark.state.models import Outcome
from klaviyo_spark.state.watermarks import KnownWatermarks


class ProfileChecker:
    """Compares one account's profiles; ``outcome`` gets what to know."""

    def __init__(
        self,
        klaviyo: KlaviyoCounter,
        holdings: Holdings,
        indexing_lag: timedelta,
        outcome: Outcome,
    ) -> None:
        self._klaviyo, self._holdings = klaviyo, holdings
        self._indexing_lag, self._outcome = indexing_lag, outcome

    def check(self, known: KnownWatermarks, whole: bool) -> list[Comparison]:
        """A check per day of creation: of the months whose turn it is, or of all.

        Where a full read has just been, its pages say what there is.
        """
        until = max((read.range.end for read in known.profiles), default=None)
        if until is None:
            return []
        until -= self._indexing_lag
        sizes = self._holdings.profiles_per_month()
        months = profiles.all_months(sizes, until)
        now = self._klaviyo.client.now()
        read_at = profiles.whole_read_at(known, now - profiles.JUST_READ)
        if read_at and not whole and sum(sizes.values()) <= profiles.AT_ONCE:
            listed = self._holdings.profiles_read_whole(read_at)
            held = self._holdings.profiles(months)
            return profiles.compare_profiles(listed, held, months, until).checks
        verified = self._holdings.months_verified()
        turn = take_turn(months, verified, now, whole=whole)
        found = ProfileChecks()
        for group in profiles.in_groups(turn, sizes):
            spans = [profiles.span_of(month, months[0], until) for month in group]
            answer = self._klaviyo.profiles(spans)
            if answer is not None:
                held = self._holdings.profiles(group)
                found += profiles.compare_profiles(answer, held, group, until)
        self._note(found, len(turn), len(months))
        return found.checks

    def _note(self, found: ProfileChecks, turn: int, months: int) -> None:
        warnings = self._outcome.warnings
        if turn < months:
            warnings.append(messages.verify.PROFILES_SAMPLED(months=turn, of=months))
        if found.newer:
            warnings.append(messages.verify.PROFILES_NEWER(newer=found.newer))
        if found.unlisted:
            warnings.append(messages.verify.PROFILES_UNLISTED(unlisted=found.unlisted))

    def check_again(self, before: Sequence[Comparison]) -> list[Comparison]:
        """Days that lacked profiles, as they are once these have been read again."""
        short = [check for check in before if check.missing_ids]
        if not short:
            return []
        held = self._holdings.profiles({check.day.replace(day=1) for check in short if check.day})
        return [profiles.compare_again(check, held) for check in short]
