from typing import Any

import pytest

from localhost.newtonsoft import JsonError, UnexpectedEnd, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1, /* c */ "b": [1, 2,],}', {"a": 1, "b": [1, 2]}),
        ("{'a': 'it\\'s', b: true} // end", {"a": "it's", "b": True}),
        ("\ufeff5", 5),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ("[NaN,\n-1.5e2]", ["NaN", -150.0]),
    ],
)
def test_more_than_json_is_read(text: str, value: Any) -> None:
    assert parse(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Error reading JToken from JsonReader. Path '', line 0, position 0."),
        ("{", "Error reading JObject from JsonReader. Path '', line 1, position 1."),
        (
            "x",
            "Unexpected character encountered while parsing value: x. Path '', line 0, position 0.",
        ),
    ],
)
def test_what_is_wrong_is_said_as_newtonsoft_does(text: str, said: str) -> None:
    with pytest.raises(JsonError) as raised:
        parse(text)
    assert str(raised.value) == said


@pytest.mark.parametrize("text", ["{", "[1", '{"a": "b'])
def test_text_that_ends_early_is_told_apart(text: str) -> None:
    with pytest.raises(UnexpectedEnd):
        parse(text)


@pytest.mark.parametrize("text", ["1 2", "{1: 2}", "{'a' 1}", "[1 2]"])
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(JsonError):
        parse(text)
