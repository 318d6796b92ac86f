"""The truth against what a plain client sees: it reads all, then only what is new, for three days.

The client here is as simple as can be and knows keys only; what it ends up with must be what the
account says silver holds, marks of what is gone included.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from klaviyo_spark.sandbox import Account, Sandbox
from klaviyo_spark.sandbox.truth.events import documented_metric_ids

KEYS = {
    "campaigns": ("campaign_id",),
    "campaign_audiences_excluded": ("campaign_id", "audience_id"),
    "campaign_audiences_included": ("campaign_id", "audience_id"),
    "campaign_messages": ("campaign_message_id",),
    "campaign_tags": ("campaign_id", "tag_id"),
    "flows": ("flow_id",),
    "flow_actions": ("flow_action_id",),
    "flow_action_messages": ("flow_action_message_id",),
    "lists": ("list_id",),
    "list_tags": ("list_id", "tag_id"),
    "list_profiles": ("list_id", "profile_id"),
    "segments": ("segment_id",),
    "segment_tags": ("segment_id", "tag_id"),
    "segment_profiles": ("segment_id", "profile_id"),
    "tags": ("tag_id",),
    "metrics": ("metric_id",),
    "profiles": ("profile_id",),
    "events": ("id",),
    "event_group_ids": ("event_id", "group_id"),
}


class Reader:
    """Reads an account over and over; ``held`` is what it knows, per table and key: gone or not."""

    def __init__(self, get) -> None:
        self._get = get
        self.held = {table: {} for table in KEYS}
        self.updated = {}
        self.attributed = {}

    def read(self, since: datetime, events_since: datetime | None, metric_ids: list[str]) -> None:
        self._replace(self._campaigns())
        self._replace(self._flows())
        self._replace({"tags": self._ids("tags"), "metrics": self._ids("metrics")})
        self._groups("list")
        self._groups("segment")
        self._profiles(since)
        self._events(events_since, metric_ids)

    def _pages(self, path):
        while path:
            document = self._get(path).json()
            yield document
            path = document["links"]["next"]

    def _records(self, path):
        return [record for page in self._pages(path) for record in page["data"]]

    def _ids(self, path):
        return {(record["id"],) for record in self._records(f"/api/{path}")}

    def _replace(self, found):
        """Take a complete read: what is not in it is gone."""
        for table, keys in found.items():
            self.held[table] = {
                **dict.fromkeys(self.held[table], True),
                **dict.fromkeys(keys, False),
            }

    def _campaigns(self):
        found = {table: set() for table in KEYS if table.startswith("campaign")}
        for channel in ("email", "sms", "mobile_push"):
            for archived in ("", ",equals(archived,true)"):
                path = f"/api/campaigns?filter=equals(messages.channel,'{channel}'){archived}"
                for record in self._records(f"{path}&include=campaign-messages,tags"):
                    id, relations = record["id"], record["relationships"]
                    found["campaigns"].add((id,))
                    for kind, audiences in record["attributes"]["audiences"].items():
                        found[f"campaign_audiences_{kind}"] |= {
                            (id, one) for one in audiences or ()
                        }
                    messages = relations["campaign-messages"]["data"]
                    found["campaign_messages"] |= {(one["id"],) for one in messages}
                    found["campaign_tags"] |= {(id, t["id"]) for t in relations["tags"]["data"]}
        return found

    def _flows(self):
        found = {"flows": set(), "flow_actions": set(), "flow_action_messages": set()}
        for archived in ("", "&filter=equals(archived,true)"):
            for page in self._pages(f"/api/flows?include=flow-actions{archived}"):
                found["flows"] |= {(flow["id"],) for flow in page["data"]}
                for action in page["included"]:
                    found["flow_actions"].add((action["id"],))
                    definition = action["attributes"]["definition"] or {}
                    found["flow_action_messages"] |= set(messages_in(definition))
        return found

    def _groups(self, type):
        groups = self._records(f"/api/{type}s?include=tags")
        tags = {(g["id"], t["id"]) for g in groups for t in g["relationships"]["tags"]["data"]}
        self._replace({f"{type}s": {(g["id"],) for g in groups}, f"{type}_tags": tags})
        members, unjudged = set(), set()
        for group in groups:
            id = group["id"]
            path = f"/api/{type}s/{id}/profiles?fields[profile]=joined_group_at&page[size]=100"
            members |= {(id, one["id"]) for one in self._records(path)}
            if group["attributes"].get("is_processing"):
                held = self.held[f"{type}_profiles"].items()
                unjudged |= {key for key, gone in held if key[0] == id and not gone}
        self._replace({f"{type}_profiles": members | unjudged})

    def _profiles(self, since):
        path = f"/api/profiles?filter=greater-than(updated,{since:%Y-%m-%dT%H:%M:%SZ})"
        for profile in self._records(f"{path}&sort=updated&page[size]=100"):
            self.updated[profile["id"]] = datetime.fromisoformat(
                profile["attributes"]["updated"].replace("Z", "+00:00")
            )
        self._replace({"profiles": {(id,) for id in self._all_profile_ids()}})

    def _all_profile_ids(self):
        path = "/api/profiles?fields[profile]=email&page[size]=100"
        return [profile["id"] for profile in self._records(path)]

    def _events(self, since, metric_ids):
        until = datetime.now(timezone.utc) - timedelta(minutes=2)
        start = f",greater-or-equal(datetime,{since:%Y-%m-%dT%H:%M:%SZ})" if since else ""
        wanted = ",".join(f'"{id}"' for id in metric_ids)
        bounds = f"less-or-equal(datetime,{until:%Y-%m-%dT%H:%M:%SZ}){start}"
        path = f"/api/events?filter=equals(metric_id,[{wanted}]),{bounds}&sort=datetime"
        for event in self._records(f"{path}&include=attributions&page[size]=1000"):
            id, properties = event["id"], event["attributes"]["event_properties"] or {}
            groups = properties.get("$group_ids") or []
            groups = [groups] if isinstance(groups, str) else groups
            self.held["events"][(id,)] = False
            bridge = self.held["event_group_ids"]
            for key in [key for key in bridge if key[0] == id]:
                bridge[key] = True
            bridge |= {(id, group): False for group in groups}
            self.attributed[id] = bool(event["relationships"]["attributions"]["data"])


def messages_in(definition):
    """Ids of all messages in an action, however deep."""
    data = definition.get("data") or {}
    if data.get("message"):
        yield (data["message"]["id"],)
    inner = [data.get("main_action"), *(data.get("current_experiment") or {}).get("variations", [])]
    for action in inner:
        if action:
            yield from messages_in(action)


def test_a_client_that_reads_on_every_day_holds_what_the_account_says(session):
    now = datetime.now(timezone.utc)
    account = Account(seed=11, events=1_500, profiles=250)
    metric_ids = sorted(documented_metric_ids(account.world))
    with Sandbox(account, rate_scale=10_000) as sandbox:

        def get(path):
            url = path if path.startswith("http") else sandbox.url + path
            answer = session.get(url, timeout=20)
            assert answer.status_code == 200, answer.text
            return answer

        reader = Reader(get)
        reader.read(now - timedelta(days=2000), None, metric_ids)
        for _ in range(3):
            account.advance()
            week = now - timedelta(days=7)
            reader.read(week, week, metric_ids)
    truth = account.truth()

    for table, key in KEYS.items():
        said = {tuple(row[k] for k in key): row["_deleted"] for row in truth[table]}
        assert reader.held[table] == said, table
    for row in truth["profiles"]:
        if not row["_deleted"]:
            assert reader.updated[row["profile_id"]] == row["updated"]
    seen = {id for id, attributed in reader.attributed.items() if attributed}
    assert seen <= {row["id"] for row in truth["events"] if row["attribution_message"]}
