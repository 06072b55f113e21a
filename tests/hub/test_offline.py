from hub.byhand import Wanted, plan_one
from hub.engine import Engine
from hub.engines import Choice
from hub.images import ImageSpec
from hub.offline import choose_built, offline_findings, open_network_findings
from hub.orchestrator import plan_task
from hub.plan import Plan
from hub.report import EnvironmentRecord
from hub.settings import Settings
from hub.taskfile import load_task
from tests.fakes.engine import FakeEngine
from tests.hub.test_orchestrator import echo


class Built(FakeEngine):
    """Its images are there."""

    def find(self, image: ImageSpec) -> EnvironmentRecord | None:
        return EnvironmentRecord(engine="venv", image=image.name, reference="/env", digest="sha256:0")


def plan(settings: Settings, network: str = "none") -> Plan:
    models = {"m": {"checkpoint": "acme/m"}}
    evaluations = [{"backend": "echo", "datasets": ["echo"]}]
    return plan_task(
        load_task({"version": 1, "models": models, "evaluations": evaluations, "network": network}), settings
    )


def test_images_and_models_that_are_not_here_are_named_with_their_commands(settings: Settings) -> None:
    engine: Engine = FakeEngine(echo)

    image, model = offline_findings(plan(settings), engine, settings)

    assert (image.level, image.mend) == ("missing", "`evaldock build echo --engine venv`")
    assert (model.level, "evaldock fetch" in model.mend) == ("missing", True)


def test_of_a_server_by_hand_there_is_no_task_to_be_fetched(settings: Settings) -> None:
    served = plan_one(Wanted("m", {"checkpoint": "acme/m", "serve": {"engine": "transformers"}}, 0), settings)

    _, model = offline_findings(served, FakeEngine(echo), settings)

    assert model.mend == "without --offline it is downloaded, once"


def test_the_other_engine_is_taken_where_only_it_has_the_images(settings: Settings) -> None:
    unbuilt, built = FakeEngine(echo), Built(echo)

    assert choose_built(Choice(unbuilt, "", built), plan(settings), settings).engine is built
    assert choose_built(Choice(built, "", unbuilt), plan(settings), settings).engine is built
    assert choose_built(Choice(unbuilt, "", unbuilt), plan(settings), settings).engine is unbuilt
    assert choose_built(Choice(unbuilt, ""), plan(settings), settings).engine is unbuilt


def test_a_task_that_opens_the_network_is_not_offline(settings: Settings) -> None:
    assert list(open_network_findings(plan(settings))) == []
    (finding,) = open_network_findings(plan(settings, "bridge"))
    assert finding.level == "missing"
