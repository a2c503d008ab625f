from cellwright.cli.live import line
from cellwright.model.events import PlanMade


def test_the_plan_is_one_line_with_the_steps_of_one_outlook_together():
    event = PlanMade(
        "r1",
        "sha256:0",
        ("load", "left", "right", "join"),
        "process",
        cached=("load", "right"),
        undecided=("join",),
    )

    assert line(event) == (
        "run r1 on the process executor: load, right from the cache; left to run; "
        "join to run unless the inputs turn out as before"
    )


def test_a_plan_of_steps_to_run_names_them_only():
    event = PlanMade("r1", "sha256:0", ("load", "join"), "docker")

    assert line(event) == "run r1 on the docker executor: load, join to run"
