from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.adapter import Asset
from hub.errors import TaskError
from hub.plan import Machine, Plan, host_path, make_plan
from hub.render.plan import plan_lines, plan_to_json
from hub.source import parse_source
from hub.spec import TaskSpec
from tests.fakes.adapter import FakeAdapter

MACHINE = Machine(gpus=("0", "1"), cache_dir=Path("/cache"))
TASK: dict[str, Any] = {
    "version": 1,
    "name": "t",
    "models": {
        "local": {"checkpoint": "./model"},
        "hubbed": {"checkpoint": "Qwen/Q", "revision": "v1"},
        "served": {"endpoint": "http://h:1/v1/chat/completions", "model": "q", "api_key_env": "K", "revision": "r1"},
    },
    "evaluations": [{"backend": "echo", "datasets": [{"name": "pairs", "path": "d.csv"}]}],
}


def plan(machine: Machine = MACHINE, modalities: tuple[str, ...] = ("text",), **changes: Any) -> Plan:
    text = yaml.safe_dump({**TASK, **changes}, sort_keys=False)
    source = parse_source(text, "t.yaml")
    spec = TaskSpec.model_validate(source.data)
    return make_plan(spec, source, Path("/tasks"), {"echo": FakeAdapter(modalities)}, machine)


def test_one_job_per_evaluation_and_model() -> None:
    assert [job.id for job in plan().jobs] == ["1-local-echo", "2-hubbed-echo", "3-served-echo"]


def test_weights_are_mounted_read_only_and_an_endpoint_gets_the_gateway() -> None:
    local, hubbed, served = plan().jobs

    assert [(str(m.source), m.target, m.read_only) for m in local.job.mounts] == [
        ("/tasks/model", "/models/local", True),
        ("/tasks/d.csv", "/data/pairs", True),
    ]
    assert str(hubbed.job.mounts[0].source) == "/cache/models/modelscope/Qwen--Q@v1"
    assert (local.job.gateway, served.job.gateway) == (False, True)
    assert list(served.upstreams) == ["candidate"]
    assert served.evaluation.model.identity == "endpoint:http://h:1/v1 q@r1"


def test_gpus_go_to_jobs_that_load_weights_only() -> None:
    local, _, served = plan(resources={"gpus": 1}).jobs

    assert local.job.gpus == ("0",)
    assert served.job.gpus == ()


def test_an_evaluation_knows_how_many_gpus_its_job_has() -> None:
    assert [planned.evaluation.gpus for planned in plan().jobs] == [2, 2, 0]
    assert plan(resources={"gpus": 1}).jobs[0].evaluation.gpus == 1


def test_gpus_are_explicit_ids_even_where_the_machine_lacks_them() -> None:
    assert plan(resources={"gpus": ["1"]}).jobs[0].job.gpus == ("1",)
    assert plan(resources={"gpus": "auto"}).jobs[0].job.gpus == ("0", "1")
    assert plan(resources={"gpus": 3}).jobs[0].job.gpus == ("0", "1", "2")
    assert plan(resources={"gpus": 0}).jobs[0].job.gpus == ()


def test_the_nearest_limit_wins_and_generation_merges() -> None:
    datasets = [{"name": "pairs", "limit": 3, "generation": {"max_tokens": 9}}, {"name": "pairs", "alias": "b"}]
    made = plan(
        limit=100,
        generation={"temperature": 0.5, "max_tokens": 5},
        evaluations=[{"backend": "echo", "limit": 10, "datasets": datasets}],
    )

    first, second = made.jobs[0].evaluation.datasets
    assert (first.limit, second.limit) == (3, 10)
    assert (dict(first.generation), dict(second.generation)) == (
        {"temperature": 0.5, "max_tokens": 9},
        {"temperature": 0.5, "max_tokens": 5},
    )


def test_a_caution_is_said_once_and_refuses_nothing() -> None:
    made = plan(limit=5, evaluations=[{"backend": "echo", "datasets": [{"name": "programs"}]}])

    assert (made.cautions, made.skipped) == (("limit 5 of programs",), ())
    assert len(made.jobs) == 3
    assert "\nnote: limit 5 of programs" in list(plan_lines(made, ""))
    assert plan_to_json(made)["cautions"] == ["limit 5 of programs"]


def test_a_limit_is_known_to_be_a_data_sets_own_or_not() -> None:
    datasets = [{"name": "pairs", "limit": 3}, {"name": "pairs", "alias": "b"}]

    first, second = plan(limit=5, evaluations=[{"backend": "echo", "datasets": datasets}]).jobs[0].evaluation.datasets

    assert (first.limit_by_default, second.limit_by_default) == (False, True)


def test_options_that_are_paths_are_absolute() -> None:
    options = {"folder": "./data", "other": "./data"}
    (job, *_) = plan(evaluations=[{"backend": "echo", "datasets": ["pairs"], "options": options}]).jobs

    assert job.evaluation.options == {"folder": "/tasks/data", "other": "./data"}


@pytest.mark.parametrize("value", ["https://h/data.zip", 5])
def test_options_that_are_no_paths_stay_as_they_are(value: object) -> None:
    evaluations = [{"backend": "echo", "datasets": ["pairs"], "options": {"folder": value}}]

    assert plan(evaluations=evaluations).jobs[0].evaluation.options == {"folder": value}


def test_data_sets_that_run_programs_are_known() -> None:
    made = plan(allow_unsafe_code=True, evaluations=[{"backend": "echo", "datasets": ["pairs", "programs"]}])

    assert [job.runs_code for job in made.jobs] == [("programs",)] * 3
    assert made.allow_unsafe_code


def test_a_default_pair_that_makes_no_sense_is_left_out_visibly() -> None:
    models = {"v": {"checkpoint": "./v", "modality": "vision"}, "t": {"checkpoint": "./t"}}
    made = plan(models=models)

    assert [job.id for job in made.jobs] == ["1-t-echo"]
    assert made.skipped == ("echo does not evaluate vision models: 'v'",)


def test_an_explicit_pair_that_makes_no_sense_is_refused() -> None:
    models = {"v": {"checkpoint": "./v", "modality": "vision"}}
    evaluations = [{"backend": "echo", "models": ["v"], "datasets": ["pairs"]}]

    with pytest.raises(TaskError, match="does not evaluate vision models"):
        plan(models=models, evaluations=evaluations)


def test_nothing_left_to_run_is_an_error() -> None:
    with pytest.raises(TaskError, match="nothing is left to run"):
        plan(models={"v": {"checkpoint": "./v", "modality": "vision"}})


def test_an_adapters_complaint_gets_its_line() -> None:
    with pytest.raises(TaskError) as caught:
        plan(evaluations=[{"backend": "echo", "datasets": [{"name": "pairs", "few_shot": 2}]}])

    assert {problem.key for problem in caught.value.problems} == {"evaluations[0].datasets[0].few_shot"}
    assert all(problem.line for problem in caught.value.problems)


def test_an_engine_that_this_version_does_not_have_is_refused_not_ignored() -> None:
    with pytest.raises(TaskError, match="this version"):
        plan(engine="ray")


def test_a_bad_address_is_a_problem_of_the_task() -> None:
    with pytest.raises(TaskError, match="does not start with http"):
        plan(models={"m": {"endpoint": "127.0.0.1:8000", "model": "q"}})


def test_other_files_of_one_repository_have_another_folder() -> None:
    whole = Asset("dataset", "d", "/data/d", "huggingface", "o/d", "main")
    part = replace(whole, patterns=("*.parquet",))

    assert host_path(whole, Path("/c")) == Path("/c/datasets/huggingface/o--d@main")
    assert host_path(part, Path("/c")).name.startswith("o--d@main-")


def test_same_task_same_plan() -> None:
    assert plan() == plan()


def test_isolated_data_sets_are_a_job_each_with_its_own_data_and_name() -> None:
    datasets = [{"name": "pairs", "path": "d.csv"}, {"name": "pairs", "alias": "the other"}]
    made = plan(evaluations=[{"backend": "echo", "isolate": "dataset", "models": ["local"], "datasets": datasets}])

    assert [job.id for job in made.jobs] == ["1-local-echo-pairs", "2-local-echo-the-other"]
    assert [[part.label for part in job.evaluation.datasets] for job in made.jobs] == [["pairs"], ["the other"]]
    assert [[mount.target for mount in job.job.mounts] for job in made.jobs] == [
        ["/models/local", "/data/pairs"],
        ["/models/local"],
    ]


def test_a_complaint_about_an_isolated_data_set_names_its_place_in_the_task() -> None:
    datasets = [{"name": "pairs"}, {"name": "pairs", "alias": "b", "few_shot": 1}]

    with pytest.raises(TaskError, match=r"evaluations\[0\]\.datasets\[1\]\.few_shot"):
        plan(evaluations=[{"backend": "echo", "isolate": "dataset", "datasets": datasets}])


@pytest.mark.parametrize(
    ("resources", "local", "served"),
    [({}, 3600, 3600), ({"idle_timeout": "5m"}, 300, 600), ({"idle_timeout": None}, None, None)],
)
def test_a_job_is_not_idle_while_it_may_wait_for_an_answer(
    resources: dict[str, Any], local: float | None, served: float | None
) -> None:
    jobs = plan(resources=resources).jobs

    assert (jobs[0].job.limits.idle_s, jobs[2].job.limits.idle_s) == (local, served)


PRICES = {"input": 1, "output": 2}


def test_a_budget_of_money_needs_prices_of_every_server() -> None:
    models = {**TASK["models"], "paid": {"endpoint": "http://h:2", "model": "q", "prices": PRICES}}
    judge = {"endpoint": "http://h:3", "model": "j"}

    with pytest.raises(TaskError, match=r"gateway.budget.cost: .* there are none of models.served, judge"):
        plan(models=models, judge=judge, gateway={"budget": {"cost": 5}})


def test_and_all_in_one_currency() -> None:
    paid = {"endpoint": "http://h:2", "model": "q", "prices": PRICES}
    models = {"paid": paid, "other": {**paid, "prices": {**PRICES, "currency": "CNY"}}}

    with pytest.raises(TaskError, match="CNY and USD"):
        plan(models=models, gateway={"budget": {"cost": 5}})


def test_a_budget_of_money_with_prices_is_a_plan_s() -> None:
    models = {"paid": {"endpoint": "http://h:2", "model": "q", "prices": PRICES}, "local": {"checkpoint": "./model"}}

    assert plan(models=models, gateway={"budget": {"cost": 5}}).gateway.budget.cost == 5


JUDGE = {"endpoint": "http://h:3/v1/chat/completions", "model": "j", "revision": "r2", "timeout": "2h"}


def test_a_job_has_the_task_s_judge_where_its_evaluation_asks_one() -> None:
    local, _, served = plan(judge=JUDGE).jobs

    assert (list(local.upstreams), list(served.upstreams)) == (["judge"], ["candidate", "judge"])
    assert (local.job.gateway, served.judge_identity) == (True, "endpoint:http://h:3/v1 j@r2")


def test_a_job_that_asks_no_judge_has_none_and_does_not_wait_for_one() -> None:
    made = plan(judge=JUDGE, evaluations=[{"backend": "echo", "datasets": ["programs"]}])

    local, _, served = made.jobs
    assert (list(local.upstreams), list(served.upstreams), local.job.gateway) == ([], ["candidate"], False)
    assert (served.judge_identity, served.evaluation.deadline_s) == ("", plan().jobs[2].evaluation.deadline_s)
    assert "judge: no evaluation of this task asks it" in made.skipped


def test_of_a_split_evaluation_only_the_jobs_that_ask_the_judge_have_it() -> None:
    evaluations = [{"backend": "echo", "datasets": ["pairs", "programs"], "isolate": "dataset", "models": ["served"]}]
    made = plan(judge=JUDGE, evaluations=evaluations)

    assert [list(job.upstreams) for job in made.jobs] == [["candidate", "judge"], ["candidate"]]
    assert made.skipped == ()


SIMULATOR = {"endpoint": "http://h:4", "model": "s", "timeout": "3h"}


def test_a_job_has_the_task_s_simulator_where_its_evaluation_asks_one() -> None:
    evaluations = [{"backend": "echo", "datasets": ["programs"], "models": ["served"], "options": {"simulate": True}}]
    (job,) = plan(simulator=SIMULATOR, evaluations=evaluations).jobs

    assert list(job.upstreams) == ["candidate", "simulator"]
    assert (job.evaluation.simulator, job.evaluation.deadline_s) == ("endpoint:http://h:4/v1 s", 6 * 3600)


def test_a_simulator_that_nobody_asks_is_said_to_be_one() -> None:
    made = plan(simulator=SIMULATOR)

    assert "simulator: no evaluation of this task asks it" in made.skipped
    assert all("simulator" not in job.upstreams for job in made.jobs)


def test_a_bad_address_of_the_simulator_is_a_problem_of_the_task() -> None:
    with pytest.raises(TaskError, match=r"simulator\.endpoint"):
        plan(simulator={**SIMULATOR, "endpoint": "ftp://h"})


def test_a_plan_says_what_is_expected_to_be_asked() -> None:
    made = plan(evaluations=[{"backend": "echo", "datasets": ["programs"], "models": ["served"]}])

    assert "  expected programs, candidate: about 3 calls, at most 9 calls (made up)" in list(plan_lines(made, ""))
    assert plan_to_json(made)["jobs"][0]["estimates"][0]["most_calls"] == 9


SERVED: dict[str, Any] = {"checkpoint": "Qwen/Q", "dtype": "float32", "serve": {"engine": "transformers"}}


def test_a_served_checkpoint_is_behind_an_endpoint_of_the_run_s_own() -> None:
    made = plan(models={"q": SERVED})

    (job,), (server,) = made.jobs, made.servers
    assert (job.evaluation.model.via, job.evaluation.model.remote_model, job.servers) == ("endpoint", "q", ("q",))
    assert (job.job.gateway, job.job.gpus) == (True, ())
    assert [str(mount.source) for mount in job.job.mounts] == ["/tasks/d.csv"]
    assert [str(mount.source) for mount in server.job.mounts] == ["/cache/models/modelscope/Qwen--Q@master"]
    assert server.job.command[2:] == (
        *("adapters.native.server", "--weights", "/models/q", "--name", "q", "--dtype", "float32"),
    )
    assert (server.gpus, server.job.serves, server.job.network) == (1, True, "none")
    assert job.evaluation.model.identity == "modelscope:Qwen/Q served by transformers (dtype float32)"


def test_images_and_assets_of_servers_are_those_of_the_plan() -> None:
    made = plan(models={"q": SERVED})

    assert made.images == ("echo", "native")
    assert [asset.name for asset in made.assets] == ["q", "pairs"]


def test_a_plan_of_fewer_jobs_has_only_the_servers_that_they_ask() -> None:
    made = plan(models={"q": SERVED, "w": {"checkpoint": "./w"}})

    assert made.with_jobs(made.jobs[1:]).servers == ()
    assert made.with_jobs(made.jobs[:1]).servers == made.servers


def test_a_server_has_a_gpu_where_the_machine_has_any_or_as_many_as_it_says() -> None:
    more = {**SERVED, "serve": {"engine": "transformers", "gpus": 2}}

    assert plan(Machine((), Path("/cache")), models={"q": SERVED}).servers[0].gpus == 0
    assert plan(models={"q": more}).servers[0].gpus == 2


def test_adapters_are_mounted_beside_the_weights_and_no_more_than_an_engine_takes() -> None:
    serve = {"engine": "transformers", "adapters": ["./out"]}

    (server,) = plan(models={"q": {**SERVED, "serve": serve}}).servers

    assert [(asset.kind, asset.location) for asset in server.assets[1:]] == [("adapter", "/tasks/out")]
    assert server.job.command[-2:] == ("--adapter", "/adapters/0")
    with pytest.raises(TaskError, match=r"models.q.serve.adapters: transformers takes 1 adapter at most"):
        plan(models={"q": {**SERVED, "serve": {**serve, "adapters": ["./a", "./b"]}}})


def test_the_plan_shows_servers_and_who_asks_them() -> None:
    made = plan(models={"q": SERVED})

    lines = list(plan_lines(made, "engine"))

    assert "server q" in lines
    assert "  candidate server 'q'" in lines
    assert plan_to_json(made)["servers"][0]["name"] == "q"
