"""What transformers and torch raise becomes one sentence: which part of the checkpoint is wrong, and what to do."""

from __future__ import annotations

import json

import pytest

from adapters.native.evaluator.models.load_reason import explain

# As torch and safetensors name them.
UnpicklingError = type("UnpicklingError", (Exception,), {})
SafetensorError = type("SafetensorError", (Exception,), {})
OutOfMemoryError = type("OutOfMemoryError", (RuntimeError,), {})


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (
            ValueError(
                "The repository m contains custom code\n... Please pass the argument `trust_remote_code=True`"
            ),
            "needs code of its own, which is not run by default",
        ),
        (
            ValueError(
                "... has model type `foobar` but Transformers does not recognize this architecture. This\n\nYou"
            ),
            "is of model type foobar, which this version of transformers does not know",
        ),
        (
            ValueError("Unrecognized model in m. Should have a `model_type` key in its config.json."),
            "has a config.json without a model_type that transformers knows",
        ),
        (
            ValueError("Unrecognized configuration class <class 'transformers.models.t5.configuration_t5.T5Config'>"),
            "holds a T5, which is no causal language model",
        ),
        (
            UnpicklingError("Weights only load failed.\nDo it only if you got the file from a trusted source."),
            "has a weights file (pickle) that is damaged, or holds more than tensors and could run code: refused",
        ),
        (SafetensorError("header too small"), "has a safetensors file that is damaged or incomplete"),
        (
            FileNotFoundError("No such file or directory: /models/m/model-00001-of-00002.safetensors"),
            "lacks the file model-00001-of-00002.safetensors",
        ),
        (
            OSError("Error no file named model.safetensors, or pytorch_model.bin, found in directory m."),
            "has no weights that transformers can load",
        ),
        (
            ImportError("Loading an AWQ quantized model requires gptqmodel. Please install it"),
            "needs a package that Native's environment does not have (gptqmodel)",
        ),
        (
            ModuleNotFoundError("No module named 'torchao'"),
            "needs a package that Native's environment does not have (torchao)",
        ),
        (
            RuntimeError("You set `ignore_mismatched_sizes` to `False`, thus raising an error."),
            "has weights of other shapes than its config.json says",
        ),
        (
            RuntimeError("No GPU or XPU found. A GPU or XPU is needed for FP8 quantization."),
            "is quantized in a way that needs a GPU",
        ),
        (json.JSONDecodeError("Expecting value", "", 0), "has a file of its weights that is not valid JSON"),
        (OutOfMemoryError("CUDA out of memory"), "does not fit into the GPU's memory"),
        (RuntimeError("CUDA error: out of memory\nCUDA kernel errors might"), "does not fit into the GPU's memory"),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling"), "does not fit into the GPU's memory"),
        (KeyError("x\n"), "has weights that cannot be loaded (KeyError: 'x\\n')"),
        (RuntimeError("a\n  b\n"), "has weights that cannot be loaded (RuntimeError: a b)"),
        (RuntimeError(), "has weights that cannot be loaded (RuntimeError)"),
    ],
)
def test_an_exception_becomes_one_sentence_and_a_hint(error: Exception, reason: str) -> None:
    said, hint = explain(error, "weights")

    assert said == reason
    assert hint.endswith(".")


def test_an_unknown_exception_is_shortened() -> None:
    said, hint = explain(RuntimeError("word " * 1000), "tokenizer")

    assert said.startswith("has a tokenizer that cannot be loaded (RuntimeError: word word")
    assert len(said) < 300
    assert "log" in hint
