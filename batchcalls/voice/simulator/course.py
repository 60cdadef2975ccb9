"""Follow one call from placement to its end, computing each part only when needed."""

from __future__ import annotations

from batchcalls.voice.base import CallRequest
from batchcalls.voice.simulator.dialogue import Talk, write_conversation, write_voicemail
from batchcalls.voice.simulator.options import Outcome, SimulatorOptions
from batchcalls.voice.simulator.outcomes import Draws, plan_call
from batchcalls.voice.simulator.timeline import Stage, end_stage, stages_before_end


class Course:
    """The course of the call for one request; the same request always has the same course."""

    __slots__ = ("before_end", "draws", "plan", "request", "talk")

    def __init__(self, request: CallRequest, options: SimulatorOptions) -> None:
        self.request = request
        self.draws = Draws(options.seed, request)
        self.plan = plan_call(request, options, self.draws)
        self.before_end = stages_before_end(self.plan.outcome, self.draws)
        #: The conversation, set by `finish`; None when no one picks up.
        self.talk: Talk | None = None

    def finish(self) -> Stage:
        """Return how the call ends, which requires writing the whole conversation."""
        dice = self.draws.generator("talk")
        if self.plan.outcome is Outcome.HUMAN:
            may_opt_out = not self.plan.forced
            self.talk = write_conversation(self.request, dice, may_opt_out=may_opt_out)
        elif self.plan.outcome is Outcome.VOICEMAIL:
            self.talk = write_voicemail(self.request, dice)
        seconds = self.talk.seconds if self.talk else 0
        return end_stage(self.plan.outcome, self.before_end[-1], seconds, self.draws)
