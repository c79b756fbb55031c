"""`/admin/localhost`: what shall go wrong, changed while the host runs.

| request | what it does |
|---|---|
| `GET faults` | the plan that is followed |
| `PUT faults`, a plan | follow this one, counting from now on; 400 when it is none |
| `DELETE worker` | kill a worker process now; 404 when there is none |
"""

from aiohttp import web

from localhost.faults import FaultPlan
from localhost.taskhub import FaultPlanError
from localhost.workers import Workers


class FaultsApi:
    """Answers what is below /admin/localhost; the caller has checked the key."""

    def __init__(self, plan: FaultPlan, workers: Workers) -> None:
        self._plan = plan
        self._workers = workers

    def answer(self, method: str, what: str, body: str) -> web.Response:
        """Answer; `what` follows `/admin/localhost/`, in lower case."""
        match method, what:
            case "GET", "faults":
                return web.Response(text=self._plan.text, content_type="application/json")
            case "PUT", "faults":
                return self._replace(body)
            case "DELETE", "worker":
                return web.Response(status=404 if self._workers.kill_one() is None else 202)
        return web.Response(status=404)

    def _replace(self, body: str) -> web.Response:
        try:
            self._plan.replace(body)
        except FaultPlanError as error:
            return web.Response(status=400, text=str(error))
        return web.Response(status=204)
