"""Functions that a model is offered, in clean JSON Schema and as StableToolBench writes them."""

from __future__ import annotations

from typing import Any

from adapters.toolbench.evaluator.stable.functions import Api, functions_of

CITY = {"name": "city name", "type": "STRING", "description": "c" * 300, "default": "Oslo"}
DAYS = {"name": "id", "type": "NUMBER", "description": "d", "default": 0}
SNOW = {"name": "snow", "type": "BOOLEAN", "description": "s", "default": ""}
DATE = {"name": "day", "type": "DATE (YYYY)", "description": "", "default": ""}


def api(**fields: Any) -> Api:
    return Api("Weather", "Sky", "Get it", **{"description": " Get it now ", **fields})


def schema(found: Api, compat: Any) -> dict[str, Any]:
    (function,) = functions_of([found], compat)
    return dict(function.schema["function"])


def test_the_description_names_the_function_as_it_is_called() -> None:
    found = schema(api(), "clean")

    assert found["name"] == "get_it_for_sky"
    assert found["description"] == (
        'This is the subfunction for tool "sky", you can use this tool.'
        'The description of this function is: "get_it_for_sky now"'
    )


def test_clean_parameters_are_json_schema() -> None:
    found = schema(api(required=(CITY, DAYS), optional=(SNOW, DATE)), "clean")["parameters"]

    assert found["required"] == ["city_name", "is_id"]
    assert set(found) == {"type", "properties", "required"}
    assert found["properties"]["city_name"] == {"type": "string", "description": "c" * 256, "examples": ["Oslo"]}
    assert found["properties"]["is_id"] == {"type": "integer", "description": "d", "examples": [0]}
    assert [found["properties"][name]["type"] for name in ("snow", "day")] == ["boolean", "string"]


def test_clean_parameters_have_the_optional_ones_without_any_required_one() -> None:
    found = schema(api(optional=(SNOW,)), "clean")["parameters"]

    assert (list(found["properties"]), found["required"]) == (["snow"], [])


def test_upstream_parameters_have_the_quirks() -> None:
    found = schema(api(required=(CITY, DAYS), optional=(SNOW,)), "upstream")["parameters"]

    assert (found["required"], found["optional"]) == (["", "city_name", "is_id"], ["", "snow"])
    assert found["properties"]["is_id"] == {"type": "integer", "description": "d", "example_value": 0}


def test_upstream_loses_optional_parameters_without_any_required_one() -> None:
    found = schema(api(optional=(SNOW,)), "upstream")["parameters"]

    assert found == {"type": "object", "properties": {}, "required": [""], "optional": [""]}


def test_no_two_functions_have_one_name_but_upstream() -> None:
    twice = [api(), api()]

    assert [function.name for function in functions_of(twice, "clean")] == ["get_it_for_sky", "get_it_for_sky_2"]
    assert [function.name for function in functions_of(twice, "upstream")] == ["get_it_for_sky"] * 2


def test_clean_names_are_those_that_openai_takes() -> None:
    (function,) = functions_of([Api("C", "天气 ^", "x")], "clean")

    assert (function.name, function.tool) == ("x_for_____", "天气_^")
