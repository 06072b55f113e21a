"""Which chat templates take messages of plain text, as SWIFT gives them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adapters.swift.template import takes_text

BUNDLED = Path(__file__).parents[3] / "configs" / "bundled"
# As Qwen-VL's: text as it is, else parts.
EITHER = (
    "{% for message in messages %}{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}{{ part['text'] }}{% endfor %}{% endif %}{% endfor %}"
)
# As LLaVA 1.5's: parts alone.
PARTS = (
    "{% for message in messages %}{{ message['role'].upper() + ': ' }}"
    "{% for part in message['content'] | selectattr('type', 'equalto', 'text') %}{{ part['text'] }}{% endfor %}"
    "{% endfor %}{% if add_generation_prompt %}ASSISTANT:{% endif %}"
)


@pytest.mark.parametrize(
    "begin",
    [
        "{{ bos_token + 'x' }}",
        "{{ strftime_now('%d %b %Y') }}",
        "{{ messages[0]|tojson(ensure_ascii=False) }}",
        "{% if tools is not none %}{{ tools + [] }}{% endif %}",
    ],
)
def test_it_is_asked_with_what_transformers_gives_it(tmp_path: Path, begin: str) -> None:
    (tmp_path / "chat_template.jinja").write_text(begin + EITHER)

    assert takes_text(tmp_path)


@pytest.mark.parametrize("name", ["model", "vision-model"])
def test_the_bundled_models_templates_take_it(name: str) -> None:
    assert takes_text(BUNDLED / name)


def test_one_for_text_or_parts_takes_it_and_one_for_parts_alone_would_leave_it_out(tmp_path: Path) -> None:
    (tmp_path / "chat_template.jinja").write_text(EITHER)
    assert takes_text(tmp_path)

    (tmp_path / "chat_template.jinja").write_text(PARTS)
    assert not takes_text(tmp_path)


def test_the_template_may_be_in_the_tokenizers_configuration(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"chat_template": EITHER}))

    assert takes_text(tmp_path)


@pytest.mark.parametrize(
    "template",
    [
        "{{ raise_exception('no text here') }}",
        "{% for message in messages %}{{ message['content'][0]['text']['of'] }}{% endfor %}",
        "{{ messages[0]['content'] + 1 }}",
        "{% unknown %}",
        "{{ 1 / 0 }}",
        "{{ '{0}'.format() }}",
        "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    ],
)
def test_one_that_fails_does_not_take_it(tmp_path: Path, template: str) -> None:
    (tmp_path / "chat_template.jinja").write_text(template)

    assert not takes_text(tmp_path)


@pytest.mark.parametrize("config", [None, "{", "[]", '{"chat_template": [{"name": "default"}]}'])
def test_where_there_is_none_nothing_is_taken(tmp_path: Path, config: str | None) -> None:
    if config is not None:
        (tmp_path / "tokenizer_config.json").write_text(config)

    assert not takes_text(tmp_path)
