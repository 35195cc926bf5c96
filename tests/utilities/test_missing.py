"""The advice for what miniprefect lacks."""

import pytest

from miniprefect.utilities.missing import OTHERWISE, advice_for, missing_names


@pytest.mark.parametrize(
    ("module", "advice"),
    [
        ("tasks.aws", "boto3"),
        ("tasks.aws.s3", "boto3"),
        ("tasks.airtable.airtable", "the vendor's own"),
        ("tasksome", OTHERWISE),
        ("backend.tenant", "flow.run()"),
    ],
)
def test_the_longest_prefix_gives_the_advice(module: str, advice: str) -> None:
    assert advice in advice_for(module)


def test_a_listed_name_is_an_import_error_with_advice() -> None:
    look_up = missing_names("miniprefect.x", {"Name": "Use Other."})
    with pytest.raises(ImportError, match=r"^miniprefect does not have miniprefect\.x\.Name\. Use Other\.$"):
        look_up("Name")


def test_a_missing_module_of_a_package_is_one_too() -> None:
    with pytest.raises(ImportError, match=r"miniprefect\.tasks\.aws\. .*boto3"):
        missing_names("miniprefect.tasks")("aws")
    with pytest.raises(ImportError, match=r"miniprefect\.agent\. .*flow\.run\(\)"):
        missing_names("miniprefect")("agent")


def test_any_other_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match=r"module 'miniprefect\.x' has no attribute 'nope'"):
        missing_names("miniprefect.x", {"Name": "Use Other."})("nope")
