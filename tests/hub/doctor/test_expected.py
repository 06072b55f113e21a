from dataclasses import replace
from typing import Any

from hub.adapter import Estimate
from hub.doctor.expected import cost_findings, time_findings
from hub.finding import Finding
from tests.hub.test_plan import plan

PRICED = {"endpoint": "http://h:1", "model": "q", "prices": {"input": 2, "output": 10, "currency": "EUR"}}
EVALUATIONS = [{"backend": "echo", "datasets": ["programs"], "models": ["served"]}]


def expected(**changes: Any) -> list[Finding]:
    return list(cost_findings(plan(**{"evaluations": EVALUATIONS, **changes})))


def test_time_outs_are_added_up() -> None:
    (found,) = time_findings(plan(resources={"timeout": "2h"}))

    assert found.message == "3 jobs of at most 2 h 00 min: at most 6 h 00 min in all"


def test_a_job_without_a_time_out_may_take_any_time() -> None:
    (found,) = time_findings(plan())

    assert (found.message, "resources" in found.mend) == ("3 of 3 jobs may take any time", True)


def test_what_a_model_is_asked_is_said_with_its_cost() -> None:
    models = {"served": PRICED}
    (found,) = expected(models=models, generation={"max_tokens": 1000})

    assert found.message == ("'served' is asked about 3 calls; answers cost at most 0.09 EUR, prompts come on top")
    assert "budget" in found.mend


def test_without_a_bound_on_answers_their_cost_is_not_known() -> None:
    (found,) = expected(models={"served": PRICED})

    assert "what that costs is not known: `generation: {max_tokens: N}`" in found.message


def test_without_prices_nothing_is_said_of_cost() -> None:
    (found,) = expected()

    assert found.message == "'served' is asked about 3 calls"


def test_what_nobody_knows_is_said_by_itself() -> None:
    asked = Estimate("programs", "candidate", None, None, None, "made up")
    made = plan(evaluations=EVALUATIONS)

    (found,) = cost_findings(replace(made, jobs=(replace(made.jobs[0], estimates=(asked,)),)))

    assert found.message == "'served' is asked what nobody knows beforehand of programs"


def test_the_models_longest_answer_bounds_no_judges() -> None:
    asked = Estimate("programs", "judge", 5, None, 5, "made up")
    made = plan(models={"served": PRICED}, generation={"max_tokens": 1000}, evaluations=EVALUATIONS)
    (job,) = made.jobs
    judged = replace(job, estimates=(asked,), upstreams={"judge": job.upstreams["candidate"]})

    (found,) = cost_findings(replace(made, jobs=(judged,)))

    assert found.message.startswith("the judge for 'served' is asked about 5 calls; what that costs is not known")
