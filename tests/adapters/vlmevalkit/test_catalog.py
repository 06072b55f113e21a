"""The catalogue against what EvalScope's page offers, and against itself."""

from __future__ import annotations

import re

import pytest

from adapters.vlmevalkit.adapter import ADAPTER
from adapters.vlmevalkit.catalog import Entry, catalog, facts
from adapters.vlmevalkit.contract import VLMEVALKIT_VERSION

# EvalScope's page on VLMEvalKit.
_LISTED = """
A-Bench_TEST A-Bench_VAL AI2D_TEST AI2D_TEST_NO_MASK AesBench_TEST AesBench_VAL BLINK CCBench COCO_VAL ChartQA_TEST
DUDE DUDE_MINI DocVQA_TEST DocVQA_VAL GMAI_mm_bench_VAL HallusionBench InfoVQA_TEST InfoVQA_VAL LLaVABench
MLLMGuard_DS MMBench-Video MMBench_DEV_CN MMBench_DEV_CN_V11 MMBench_DEV_EN MMBench_DEV_EN_V11 MMBench_TEST_CN
MMBench_TEST_CN_V11 MMBench_TEST_EN MMBench_TEST_EN_V11 MMBench_dev_ar MMBench_dev_cn MMBench_dev_en MMBench_dev_pt
MMBench_dev_ru MMBench_dev_tr MMDU MME MMLongBench_DOC MMMB MMMB_ar MMMB_cn MMMB_en MMMB_pt MMMB_ru MMMB_tr
MMMU_DEV_VAL MMMU_TEST MMStar MMT-Bench_ALL MMT-Bench_ALL_MI MMT-Bench_VAL MMT-Bench_VAL_MI MMVet MTL_MMBench_DEV
MTVQA_TEST MVBench MVBench_MP4 MathVision MathVision_MINI MathVista_MINI OCRBench OCRVQA_TEST OCRVQA_TESTCORE POPE
Q-Bench1_TEST Q-Bench1_VAL RealWorldQA SEEDBench2 SEEDBench2_Plus SEEDBench_IMG SLIDEVQA SLIDEVQA_MINI
ScienceQA_TEST ScienceQA_VAL TaskMeAnything_v1_imageqa_random TextVQA_VAL VCR_EN_EASY_100 VCR_EN_EASY_500
VCR_EN_EASY_ALL VCR_EN_HARD_100 VCR_EN_HARD_500 VCR_EN_HARD_ALL VCR_ZH_EASY_100 VCR_ZH_EASY_500 VCR_ZH_EASY_ALL
VCR_ZH_HARD_100 VCR_ZH_HARD_500 VCR_ZH_HARD_ALL Video-MME
"""
PAGE = _LISTED.split()
RUNS = [entry for entry in catalog().values() if not entry.unavailable]


def test_it_has_every_data_set_of_the_page() -> None:
    assert len(PAGE) == 89
    assert set(PAGE) <= set(catalog())


def test_the_facts_are_of_the_version_that_the_image_has() -> None:
    assert facts().version == VLMEVALKIT_VERSION


def test_models_are_loaded_or_asked() -> None:
    assert len(facts().local) + len(facts().remote) == 545
    assert {"Qwen2.5-VL-7B-Instruct", "InternVL2-8B", "llava_v1.5_7b", "qwen_chat"} <= facts().local
    assert {"GPT4o", "CustomAPIModel"} <= facts().remote


@pytest.mark.parametrize("entry", RUNS, ids=lambda entry: entry.name)
class TestEntry:
    def test_its_tables_are_published_with_a_checksum(self, entry: Entry) -> None:
        for name in entry.tables if not entry.own else ():
            table = facts().tables[name]
            assert table.url.startswith("https://")
            assert table.file.endswith(".tsv")
            assert re.fullmatch(r"[0-9a-f]{32}", table.md5)

    def test_it_has_a_score_or_a_reason_for_none(self, entry: Entry) -> None:
        assert bool(entry.scheme.files) != bool(entry.answers_only)

    def test_where_nothing_is_scored_nobody_reads(self, entry: Entry) -> None:
        assert entry.scheme.files or entry.judge == "none"

    def test_files_that_bear_the_readers_name_have_a_reader(self, entry: Entry) -> None:
        endings = [file.ending for file in entry.scheme.files]
        endings += [entry.scheme.items.ending] if entry.scheme.items else []

        assert entry.judge != "none" or not any("{reader}" in ending for ending in endings)

    def test_it_is_listed_with_its_kind_and_who_reads_its_answers(self, entry: Entry) -> None:
        info = ADAPTER.datasets()[entry.name]

        assert info.summary.startswith(f"{entry.scheme.kind}: ")
        assert ("judge" in info.scoring) is (entry.judge != "none")


def test_what_does_not_run_is_listed_with_the_reason() -> None:
    listed = ADAPTER.datasets()

    assert {name for name, info in listed.items() if info.unavailable} == {
        name for name in listed if name.startswith(("VCR_", "MVBench", "MLVU"))
    } | {"MMBench-Video", "Video-MME"}
