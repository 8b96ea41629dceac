"""Random histories of an environment: states, outages, restarts, people."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hack.standins.scm.exchange import Answer
from hack.standins.scm.faults import FOR_EVER, Fault
from tests.unit.report.bed import Bed
from tests.unit.report.environments import COMMIT, OTHER_COMMIT, environment

STATES = ("pending", "queued", "deploying", "deployed", "failed", "suspended")
STEPS = st.one_of(
    st.tuples(st.just("state"), st.sampled_from(STATES), st.sampled_from((COMMIT, OTHER_COMMIT))),
    st.tuples(st.just("outage"), st.sampled_from((502, 429)), st.integers(1, 3)),
    st.tuples(st.just("lost"), st.integers(1, 2)),
    st.tuples(st.just("restart")),
    st.tuples(st.just("run")),
    st.tuples(st.just("wait"), st.sampled_from((1, 10, 400))),
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(steps=st.lists(STEPS, min_size=3, max_size=12), last=st.sampled_from(STATES))
def test_whatever_happens_the_newest_state_stands_in_one_comment(tmp_path_factory, steps, last):
    bed = Bed(tmp_path_factory.mktemp("scm"))
    try:
        changes = 0
        generation = 1
        for step in steps:
            match step:
                case ("state", status, commit):
                    generation += 1
                    changes += 1
                    pushed = {"tronador.stakater.com/commit": commit}
                    bed.set(environment(status, generation=generation, annotations=pushed))
                case ("outage", status, times):
                    bed.forge.set_faults([Fault(times=times, answer=Answer(status=status))])
                case ("lost", times):
                    bed.forge.set_faults([Fault(method="POST", times=times, carry_out=True)])
                case ("restart",):
                    bed.start()
                case ("wait", seconds):
                    bed.clock.advance(seconds)
            bed.run()
        bed.forge.set_faults([Fault(times=FOR_EVER, path="/nothing")])
        bed.clock.advance(400)
        bed.settle(environment(last, generation=generation + 1))

        words = {"pending": "is waiting for the cluster", "queued": "is waiting for a free", "failed": "has failed"}
        assert words.get(last, last) in bed.comment().replace("being deployed", "deploying")
        assert sum(state != "inactive" for _, state in bed.states()) <= 1
        written = [entry for entry in bed.forge.writes() if int(entry.status) < 300]
        # A comment, a status, a deployment, its state, and the ends of the status and of the deployment before.
        assert len(written) <= 6 * (changes + 1)
    finally:
        bed.server.stop(5)
