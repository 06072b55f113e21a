"""The catalog against what Eval-Scope offered, and against itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.opencompass.catalog import Entry, catalog

# Eval-Scope (llmuses 0.4.3), tasks/eval_api.py.
SEED = (
    *("mmlu", "ceval", "agieval", "GaokaoBench", "humaneval", "mbpp", "C3", "CMRC", "DRCD", "afqmc"),
    *("cmnli", "ocnli", "bustm", "chid", "cluewsc", "csl", "eprstmt", "ocnli_fc", "tnews", "lcsts"),
    *("lambada", "storycloze", "AX_b", "AX_g", "BoolQ", "CB", "COPA", "MultiRC", "RTE", "ReCoRD"),
    *("WiC", "WSC", "race", "Xsum", "gsm8k", "summedits", "math", "hellaswag", "ARC_e", "ARC_c"),
    *("piqa", "siqa", "strategyqa", "winogrande", "obqa", "nq", "triviaqa", "bbh"),
)
PARTS = {"mmlu": 57, "cmmlu": 67, "ceval": 52, "bbh": 27, "agieval": 21, "GaokaoBench": 14, "race": 2}


def test_it_has_every_data_set_that_the_seed_had() -> None:
    assert len(SEED) == 48
    assert set(SEED) <= set(catalog())


@pytest.mark.parametrize(("name", "count"), PARTS.items())
def test_the_families_are_whole(name: str, count: int) -> None:
    assert len(catalog()[name].parts) == count


@pytest.mark.parametrize("entry", catalog().values(), ids=lambda entry: entry.name)
class TestEntry:
    def test_its_configurations_are_named_after_their_way(self, entry: Entry) -> None:
        for way, config in entry.configs.items():
            kinds = {"generate": ("_gen_",), "continuation": ("_ppl_", "_ll_")}[way]
            assert any(kind in config for kind in kinds)

    def test_its_files_lie_below_the_data_folder(self, entry: Entry) -> None:
        files = entry.files_of(tuple(entry.parts))

        assert files
        assert not any(Path(file).is_absolute() or ".." in file or "{" in file for file in files)

    def test_no_other_has_its_parts(self, entry: Entry) -> None:
        others = {abbr for other in catalog().values() if other is not entry for abbr in other.parts.values()}

        assert not others & set(entry.parts.values())

    def test_weights_are_those_of_its_subsets(self, entry: Entry) -> None:
        assert not entry.weights or set(entry.weights) == set(entry.parts)


def test_what_the_native_backend_measures_too_has_its_name() -> None:
    found = {name: (entry.benchmark, entry.subset) for name, entry in catalog().items()}

    assert found["ARC_c"] == ("arc", "ARC-Challenge")
    assert found["ARC_e"] == ("arc", "ARC-Easy")
    assert found["gsm8k"] == ("gsm8k", "main")
