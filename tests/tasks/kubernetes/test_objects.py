"""What the API server sends, as scripts see it."""

import copy
import datetime
import json
import pickle

import pytest

from miniprefect.tasks.kubernetes._objects import ApiList, ApiObject, api_object

SENT = """{"kind": "Job",
"metadata": {"name": "a", "creationTimestamp": "2024-02-29T12:00:00Z", "labels": {"x_y": "1"}},
"status": {"conditions": [{"type": "Complete", "lastProbeTime": "2024-02-29T12:00:01Z"}], "completionTime": null}}"""


def parsed(text: str) -> ApiObject:
    found = json.loads(text, object_hook=api_object)
    assert isinstance(found, ApiObject)
    return found


def test_keys_are_the_apis_and_attributes_the_official_clients() -> None:
    job = parsed(SENT)
    assert job["metadata"]["name"] == job.metadata.name == "a"
    assert job.status.conditions[0].type == "Complete"
    assert job.metadata.labels == {"x_y": "1"}
    assert job.metadata.labels.x_y == "1"


def test_times_are_datetimes() -> None:
    job = parsed(SENT)
    assert job.metadata.creation_timestamp == datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.UTC)
    assert job.status.conditions[0].last_probe_time.second == 1
    assert job.metadata["creationTimestamp"] == "2024-02-29T12:00:00Z"


def test_what_was_not_sent_is_none() -> None:
    job = parsed(SENT)
    assert job.status.completion_time is None
    assert job.spec is None
    with pytest.raises(AttributeError, match="__nothing__"):
        job.__nothing__  # noqa: B018


def test_a_list_has_items() -> None:
    found = parsed('{"kind": "JobList", "metadata": {"continue": "more"}, "items": [{"metadata": {"name": "a"}}]}')
    assert isinstance(found, ApiList)
    assert [item.metadata.name for item in found.items] == ["a"]
    assert found.metadata._continue == "more"
    for none in ("[]", "null"):
        assert parsed(f'{{"kind": "JobList", "items": {none}}}').items == []
    assert dict(parsed('{"a": 1}').items()) == {"a": 1}


def test_it_is_a_dict_that_can_be_sent_and_kept() -> None:
    job = parsed(SENT)
    assert job == json.loads(SENT)
    assert job.to_dict() == json.loads(SENT)
    for other in (copy.deepcopy(job), pickle.loads(pickle.dumps(job)), parsed(json.dumps(job))):
        assert other == job
        assert other.metadata.name == "a"
