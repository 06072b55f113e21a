from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.errors import TaskError
from hub.seed.draft import Translation, flag_name, task_cfg_name
from hub.seed.names import templates
from hub.seed.task_cfg import SEED_KEYS, is_task_cfg, translate
from hub.taskfile import load_task

BASE: dict[str, Any] = {"model": "a/b", "datasets": ["arc"]}


def of(**keys: Any) -> Translation:
    return translate({**BASE, **keys}, name_of=task_cfg_name)


def refusal(**keys: Any) -> str:
    with pytest.raises(TaskError) as caught:
        of(**keys)
    return str(caught.value)


def test_every_key_that_is_stated_gets_a_note() -> None:
    values: dict[str, Any] = {
        "model": "a/b", "datasets": ["arc"], "limit": 3, "use_cache": True, "mem_cache": True, "debug": True,
        "stage": "all", "outputs": "x", "work_dir": "w", "dataset_dir": "d", "dataset_hub": "ModelScope",
        "dataset_args": {"arc": {"few_shot_num": 1}}, "model_args": {"precision": "auto"}, "eval_type": "checkpoint",
        "template_type": "qwen", "model_type": "qwen", "generation_config": {"top_p": 0.5}, "eval_backend": "Native",
        "dry_run": True, "model_hub": "huggingface",
    }  # fmt: skip

    noted = {note.key[0] for note in of(**values).notes}

    assert noted == set(values)


def test_a_key_that_nobody_knows_is_refused_with_the_one_that_was_meant() -> None:
    assert "task_cfg['modle_args']: no such key; did you mean 'model_args'?" in refusal(modle_args={})


def test_everything_that_is_refused_comes_at_once() -> None:
    text = refusal(stage="infer", model_args={"quant": 4}, generation_config={"num_beams": 2}, eval_type="servce")

    assert text.startswith("4 problems")


def test_an_object_of_your_own_class_is_refused_with_the_new_way() -> None:
    class Mine:
        pass

    assert "objects of your own classes (Mine) cannot be evaluated; serve your model" in refusal(model=Mine())


def test_torchs_own_types_are_taken() -> None:
    class Dtype:
        def __str__(self) -> str:
            return "torch.bfloat16"

    assert of(model_args={"precision": Dtype()}).task["models"]["b"]["dtype"] == "bfloat16"


def test_an_address_needs_the_servers_name_of_the_model() -> None:
    assert "api_model" in refusal(model="http://127.0.0.1:8000/v1")
    task = of(model="http://127.0.0.1:8000/v1", api_model="org/qwen", api_key_env="MY_KEY").task
    assert task["models"] == {
        "qwen": {"endpoint": "http://127.0.0.1:8000/v1", "model": "org/qwen", "api_key_env": "MY_KEY"}
    }


def test_a_bare_name_that_is_a_folder_here_is_that_folder() -> None:
    found = translate({**BASE, "model": "my/model"}, name_of=task_cfg_name, is_folder=lambda text: text == "my/model")

    assert found.task["models"]["model"]["checkpoint"] == "./my/model"


def test_without_sampling_its_settings_have_no_effect_and_the_note_says_so() -> None:
    found = of(
        generation_config={"do_sample": False, "temperature": 0.3, "top_k": 50, "max_length": 9, "max_new_tokens": 5}
    )

    assert found.task["generation"] == {"temperature": 0, "max_tokens": 5}
    assert len([remark for remark in found.remarks if "do_sample is false" in remark]) == 2


def test_sampling_at_a_temperature_keeps_it() -> None:
    found = of(generation_config={"do_sample": True, "temperature": 0.3, "top_k": 50, "stop": "\n"})

    assert found.task["generation"] == {"temperature": 0.3, "top_k": 50, "stop": ["\n"]}


def test_arguments_of_a_data_set_that_is_not_asked_for_are_said() -> None:
    found = of(dataset_args={"mmlu": {"few_shot_num": 5}})
    assert "task_cfg['dataset_args']['mmlu'] has no effect: it is not among the data sets" in found.remarks
    assert "did you mean 'arc'" in refusal(dataset_args={"acr": {"few_shot_num": 5}})


@pytest.mark.parametrize("info", templates(), ids=lambda info: info.name)
def test_every_template_type_is_mapped_or_explained(info: Any) -> None:
    if info.kind in {"chat", "raw"}:
        assert of(template_type=info.name).task["models"]["b"]["chat"] is (info.kind == "chat")
    else:
        assert info.name in refusal(template_type=info.name) or "refused" in info.what


def test_a_model_for_vlmevalkit_is_a_vision_model() -> None:
    task = of(model="http://h/v1", api_model="q", eval_backend="VLMEvalKit").task

    assert task["models"]["q"]["modality"] == "vision"


def test_keys_are_named_as_flags_where_they_came_as_flags() -> None:
    with pytest.raises(TaskError) as caught:
        translate({**BASE, "dataset_args": {"arc": {"shots": 1}}}, name_of=flag_name)

    assert "--dataset-args arc.shots: no such argument of a data set" in str(caught.value)


def test_a_key_of_a_server_is_refused_and_never_shown() -> None:
    secret = "sk-never-in-a-message"
    model = {"path": "m", "openai_api_base": "http://127.0.0.1:8000/v1", "key": secret}
    cfg = {"eval_backend": "OpenCompass", "eval_config": {"datasets": ["gsm8k"], "models": [model]}}

    with pytest.raises(TaskError) as caught:
        translate(cfg, name_of=task_cfg_name)

    assert "['key']: a key has no place here" in str(caught.value)
    assert secret not in str(caught.value)


def test_two_models_of_one_name_are_two() -> None:
    model = {"path": "m", "openai_api_base": "http://127.0.0.1:8000/v1"}
    other = {"path": "x/m", "openai_api_base": "http://127.0.0.1:8001/v1"}
    cfg = {"eval_backend": "OpenCompass", "eval_config": {"datasets": ["gsm8k"], "models": [model, other]}}

    assert list(translate(cfg, name_of=task_cfg_name).task["models"]) == ["m", "m-2"]


def test_models_that_disagree_on_what_a_task_has_once_are_refused() -> None:
    models = [
        {"path": name, "openai_api_base": "http://127.0.0.1:8000/v1", "temperature": value}
        for name, value in (("m", 0.0), ("n", 0.7))
    ]
    cfg = {"eval_backend": "OpenCompass", "eval_config": {"datasets": ["gsm8k"], "models": models}}

    with pytest.raises(TaskError, match="all models of a task share temperature"):
        translate(cfg, name_of=task_cfg_name)


@pytest.mark.parametrize(
    ("data", "words"),
    [({"model": "m", "models": {}}, "mixes a task"), ({"limit": 3}, "is neither a task"), ({}, "is neither a task")],
)
def test_what_is_neither_or_both_is_refused(data: dict[str, Any], words: str) -> None:
    with pytest.raises(TaskError, match=words):
        is_task_cfg(data)


def test_what_is_translated_is_a_task_that_loads() -> None:
    found = of(template_type="qwen", model_args={"precision": "torch.float16"}, limit=5)

    assert load_task(found.task).spec.models["b"].dtype == "float16"


def translated_or_refused(cfg: dict[str, Any]) -> None:
    try:
        translate(cfg, name_of=task_cfg_name)
    except TaskError as error:
        assert error.problems


_LEAF = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
_FLAT = _LEAF | st.lists(_LEAF, max_size=3) | st.dictionaries(st.text(max_size=8), _LEAF, max_size=3)
_ANY = _FLAT | st.lists(_FLAT, max_size=3) | st.dictionaries(st.text(max_size=8), _FLAT, max_size=3)


@given(
    st.dictionaries(st.sampled_from(SEED_KEYS), _ANY, max_size=8),
    st.sampled_from(["Native", "OpenCompass", "VLMEvalKit"]),
)
def test_any_task_cfg_is_translated_or_refused_in_words(cfg: dict[str, Any], backend: str) -> None:
    for given_cfg in (cfg, {**BASE, **cfg, "eval_backend": backend}):
        translated_or_refused(given_cfg)


@given(
    st.dictionaries(
        st.sampled_from(["models", "datasets", "limit", "mode", "data", "model", "judge", "work_dir"]), _ANY
    )
)
def test_any_eval_config_is_translated_or_refused_in_words(config: dict[str, Any]) -> None:
    for backend in ("OpenCompass", "VLMEvalKit"):
        translated_or_refused({"eval_backend": backend, "eval_config": config})


_DATASET_ARGS = ("few_shot_num", "few_shot_random", "local_path", "subset_list", "prompt_template")
_INNER = (
    "revision",
    "precision",
    "device_map",
    "do_sample",
    "temperature",
    "top_k",
    "max_length",
    "num_beams",
    "stop",
)


@settings(max_examples=400)
@given(st.dictionaries(st.sampled_from(_INNER), _ANY), st.dictionaries(st.sampled_from(_DATASET_ARGS), _ANY))
def test_any_arguments_are_translated_or_refused_in_words(inner: dict[str, Any], arguments: dict[str, Any]) -> None:
    translated_or_refused(
        {**BASE, "model_args": inner, "generation_config": inner, "dataset_args": {"arc": arguments}}
    )


def _opencompass(*templates: str | None) -> dict[str, Any]:
    models = [
        {"path": f"m{index}", "openai_api_base": "http://h/v1", "meta_template": template}
        for index, template in enumerate(templates)
    ]
    return {"eval_backend": "OpenCompass", "eval_config": {"datasets": ["gsm8k"], "models": models}}


@pytest.mark.parametrize(
    ("templates", "options"),
    [
        ((None,), {"turns": False, "data": "./data"}),
        (("default-api-meta-template-oc",) * 2, {"data": "./data"}),
    ],
)
def test_opencompass_asks_as_eval_scope_did(templates: tuple[str | None, ...], options: dict[str, Any]) -> None:
    found = translate(_opencompass(*templates), name_of=task_cfg_name)

    assert found.task["evaluations"][0]["options"] == options


def test_models_that_would_be_asked_in_two_ways_are_refused() -> None:
    with pytest.raises(TaskError, match="the models of a task are asked in one way"):
        translate(_opencompass(None, "default-api-meta-template-oc"), name_of=task_cfg_name)


def vlmevalkit(*models: dict[str, object], **config: object) -> dict[str, object]:
    return {"eval_backend": "VLMEvalKit", "eval_config": {"data": ["MMStar"], "model": list(models), **config}}


SERVED = {"name": "CustomAPIModel", "type": "m", "api_base": "http://h/v1"}


def test_what_becomes_of_pictures_is_an_option_of_the_evaluation() -> None:
    task = translate(vlmevalkit({**SERVED, "img_size": 512, "img_detail": "low"}), name_of=task_cfg_name).task

    assert task["evaluations"][0]["options"] == {"image_size": 512, "image_detail": "low"}
    assert (
        "options"
        not in translate(vlmevalkit({**SERVED, "img_size": -1}), name_of=task_cfg_name).task["evaluations"][0]
    )


def test_two_sizes_of_pictures_are_two_tasks() -> None:
    cfg = vlmevalkit({**SERVED, "img_size": 512}, {**SERVED, "type": "other", "img_size": 256})

    with pytest.raises(TaskError, match="all models of a task share image_size"):
        translate(cfg, name_of=task_cfg_name)


def test_weights_for_a_class_of_vlmevalkit_are_a_checkpoint() -> None:
    cfg = vlmevalkit({"name": "qwen_chat", "model_path": "models/Qwen-VL-Chat"})

    of_a_hub = translate(cfg, name_of=task_cfg_name).task
    of_a_folder = translate(cfg, name_of=task_cfg_name, is_folder=lambda _: True).task

    assert of_a_hub["models"] == {"Qwen-VL-Chat": {"checkpoint": "models/Qwen-VL-Chat", "modality": "vision"}}
    assert of_a_hub["evaluations"][0]["options"] == {"known_as": "qwen_chat"}
    assert of_a_folder["models"]["Qwen-VL-Chat"]["checkpoint"] == "./models/Qwen-VL-Chat"


def test_a_class_without_weights_is_told_the_two_ways() -> None:
    with pytest.raises(TaskError, match="'qwen_chat': give its weights"):
        translate(vlmevalkit({"name": "qwen_chat"}), name_of=task_cfg_name)
