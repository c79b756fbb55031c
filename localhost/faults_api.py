"""`/admin/localhost`: what shall go wrong, changed while the host runs.

| request | what it does |
|---|---|
| `GET faults` | the plan that is followed |
| `PUT faults`, a plan | follow this one, counting from now on; 400 when it is none |
| `DELETE worker` | kill a worker process now; 404 when there is none |
| `DELETE instance:GROUP` | end the instance of `http`, `durable` or `function:NAME`, with `--placement apart` |
"""

from typing import Final

from aiohttp import web

from localhost.faults import FaultPlan
from localhost.http_server import Request
from localhost.instances import Instances
from localhost.taskhub import FaultPlanError

INSTANCE: Final = "instance:"


class FaultsApi:
    """Answers what is below /admin/localhost; the caller has checked the key."""

    def __init__(self, plan: FaultPlan, instances: Instances) -> None:
        self._plan = plan
        self.instances = instances

    async def answer(self, request: Request, what: str) -> web.Response:
        """Answer; `what` follows `/admin/localhost/`, in lower case."""
        match request.method, what:
            case "GET", "faults":
                return web.Response(text=self._plan.text, content_type="application/json")
            case "PUT", "faults":
                return self._replace((await request.read()).decode(errors="replace"))
            case "DELETE", "worker":
                return _done(self.instances.kill_worker())
            case "DELETE", _ if what.startswith(INSTANCE):
                return _done(self.instances.end(what.removeprefix(INSTANCE)))
        return web.Response(status=404)

    def _replace(self, body: str) -> web.Response:
        try:
            self._plan.replace(body)
        except FaultPlanError as error:
            return web.Response(status=400, text=str(error))
        return web.Response(status=204)


def _done(done: bool) -> web.Response:  # noqa: FBT001 - no choice, an outcome
    return web.Response(status=202 if done else 404)
