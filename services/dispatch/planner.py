"""Plans of days, worked out by a process of its own and kept until something changes.

OR-Tools does not let go of the interpreter while it searches: two seconds for a hundred engineers' day, in
which a process of the API would answer nobody. So the search runs in a child that reads tasks from its
standard input and ends when that ends, which it also does when its parent was killed.
"""

from __future__ import annotations

import os
import pickle
import select
import subprocess
import sys
import threading
from collections import OrderedDict
from typing import cast

from services.dispatch.plan import DayPlan, DayTask, plan_day
from zerodistance.errors import UnavailableError

_KEPT = 64
# On top of the search's own limit: starting the child, and a machine that does other things as well.
_GRACE_S = 30.0
# Who waits longer for others' plans is told so: a thread of the API each.
_PATIENCE_S = 15.0


class Planner:
    """Works days out, one after the other; may be used by several threads."""

    def __init__(self) -> None:
        self._known = threading.Lock()
        self._turn = threading.Lock()
        self._kept: OrderedDict[DayTask, DayPlan] = OrderedDict()
        self._child: subprocess.Popen[bytes] | None = None

    def plan(self, task: DayTask) -> DayPlan:
        """Return the plan of a day: at once if nothing has changed since it was last asked for.

        Raises:
            UnavailableError: too many plans are asked for at a time, or the child does not answer.
        """
        if (found := self._look(task)) is not None:
            return found
        if not self._turn.acquire(timeout=_PATIENCE_S):
            raise UnavailableError("Other days are being planned: ask again in a moment.")
        try:
            if (found := self._look(task)) is not None:  # somebody else asked for the same
                return found
            found = self._solve(task)
        finally:
            self._turn.release()
        with self._known:
            self._kept[task] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return found

    def close(self) -> None:
        """End the child."""
        with self._turn:
            self._end()

    def _look(self, task: DayTask) -> DayPlan | None:
        with self._known:
            if task in self._kept:
                self._kept.move_to_end(task)
            return self._kept.get(task)

    def _solve(self, task: DayTask) -> DayPlan:
        if self._child is None or self._child.poll() is not None:
            self._end()
            self._child = subprocess.Popen(
                [sys.executable, "-m", "services.dispatch.planner"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C is for the parent, which ends this
            )
        child = self._child
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            pickle.dump(task, child.stdin)
            child.stdin.flush()
            if select.select([child.stdout], [], [], task.rule.solver_s + _GRACE_S)[0]:
                return cast(DayPlan, pickle.load(child.stdout))  # noqa: S301 - our own child's
        except (OSError, EOFError):
            pass  # it is gone
        self._end()
        raise UnavailableError("The day could not be planned: ask again; the log says more if it stays so.")

    def _end(self) -> None:
        if self._child is None:
            return
        child, self._child = self._child, None
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()


def _serve() -> None:
    """Answer tasks until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    while True:
        try:
            task = pickle.load(sys.stdin.buffer)  # noqa: S301 - our parent's
        except EOFError:
            return
        pickle.dump(plan_day(task), answers)
        answers.flush()


if __name__ == "__main__":
    _serve()
