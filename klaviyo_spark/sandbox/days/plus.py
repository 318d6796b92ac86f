"""What a day changes in what klaviyo_v2 does not document: forms, templates, coupons, tokens."""

from __future__ import annotations

from klaviyo_spark.sandbox.content.plus import add_push_token, add_template, add_version
from klaviyo_spark.sandbox.ids import Ids
from klaviyo_spark.sandbox.model import Record, World
from klaviyo_spark.sandbox.times import stamp_second


class PlusChanges:
    """A day's changes; nothing in them is left to chance."""

    def __init__(self, world: World, number: int) -> None:
        self._world = world
        self._number = number
        self._ids = Ids(f"plus:{world.seed}:{number}")
        self._at = world.today - 5_000

    def happen(self) -> None:
        """All of them."""
        for account in self._world.all("account"):
            contact = account.attributes["contact_information"]
            contact["website_url"] = f"https://day{self._number}.sampleshop.example"
        self._change_metrics()
        self._change_templates()
        self._change_forms()
        self._change_coupons()
        self._change_tokens()

    def _touch(self, record: Record, field: str) -> None:
        record.attributes[field] = stamp_second(self._at, self._number)

    def _remove(self, record: Record) -> None:
        del self._world.records[record.type][record.id]

    def _named(self, type: str, name: str) -> Record | None:
        return next((r for r in self._world.all(type) if r.attributes["name"] == name), None)

    def _change_metrics(self) -> None:
        leaving = self._named("custom-metric", "Leaves tomorrow")
        if leaving:
            self._remove(leaving)
        made = self._named("custom-metric", "Visits")
        if made and self._number == 1:  # one of its two metrics goes
            made.attributes["definition"]["metric_groups"].pop()
            made.to_many["metrics"].pop()
            self._touch(made, "updated")
        mapped = self._world.records["mapped-metric"]
        if self._number == 1:
            mapped["ordered_product"].to_one["metric"] = mapped["viewed_product"].to_one["metric"]
            self._touch(mapped["ordered_product"], "updated")
            # One metric is both from now on, as where a shop sends no cancellations.
            mapped["cancelled_sales"].to_one = dict(mapped["refunded_sales"].to_one)
            self._touch(mapped["cancelled_sales"], "updated")

    def _change_templates(self) -> None:
        leaving = self._named("template", "Leaves tomorrow")
        if leaving:
            self._remove(leaving)
        edited = self._named("template", "Changes tomorrow")
        if edited:
            edited.attributes["html"] = f"<html>day {self._number}</html>"
            self._touch(edited, "updated")
        made = add_template(self._world, self._ids, f"Made on day {self._number}", self._number)
        self._touch(made, "updated")

    def _change_forms(self) -> None:
        leaving = self._named("form", "Leaves tomorrow")
        if leaving:
            for ref in leaving.to_many["form-versions"]:
                del self._world.records["form-version"][ref[1]]
            self._remove(leaving)
        form = self._named("form", "Welcome")
        if form:
            gone = form.to_many["form-versions"].pop(0)
            del self._world.records["form-version"][gone[1]]
            add_version(self._world, self._ids, form, 40 + self._number, self._at)
            self._touch(form, "updated_at")

    def _change_coupons(self) -> None:
        """Codes are given away, used and withdrawn; one coupon goes with all of its codes."""
        coupon = self._world.find(("coupon", "LEAVES"))
        if coupon:
            for ref in coupon.to_many["coupon-codes"]:
                del self._world.records["coupon-code"][ref[1]]
            self._remove(coupon)
        people = list(self._world.profiles)
        codes = self._world.all("coupon-code")
        stock = [code for code in codes if code.attributes["status"] == "UNASSIGNED"]
        given = [code for code in codes if code.attributes["status"] == "ASSIGNED_TO_PROFILE"]
        for n, code in enumerate(stock[:4] if people else ()):
            code.attributes["status"] = "ASSIGNED_TO_PROFILE"
            code.to_one["profile"] = ("profile", people[n % len(people)])
        for code in given[:3]:
            code.attributes["status"] = "USED"
        for code in stock[4:5]:
            coupon = self._world.find(code.to_one["coupon"] or ("", ""))
            if coupon:
                coupon.to_many["coupon-codes"].remove(code.ref)
            self._remove(code)

    def _change_tokens(self) -> None:
        """Those of people who are gone go with them."""
        world = self._world
        tokens = world.all("push-token")
        for token in tokens:
            whose = token.to_one["profile"]
            if whose and whose[1] not in world.profiles:
                self._remove(token)
        tokens = world.all("push-token")
        for token in tokens[1:2]:
            self._remove(token)
        for token in tokens[2:4]:
            token.attributes["enablement_status"] = "DENIED"
            self._touch(token, "recorded_date")
        for id in list(world.profiles)[-1:]:
            add_push_token(world, self._ids, id, 1_000 + self._number)
