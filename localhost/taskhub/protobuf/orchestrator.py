"""An episode of SDK 2.x: the SDK replays, and answers only what is new."""

from google.protobuf.message import DecodeError
from typing_extensions import override

from localhost.taskhub.actions import InvalidAction, unknown_function
from localhost.taskhub.episode import Episode, Next, Orchestrator, end, start_of
from localhost.taskhub.events import Event
from localhost.taskhub.protobuf.failure import UNKNOWN, details_of, shown
from localhost.taskhub.protobuf.turn import Ending, Turn, request, turn_of
from localhost.taskhub.worker_port import FunctionFailed, FunctionTimedOut


class ProtobufOrchestrator(Orchestrator):
    """Runs episodes.

    One whose worker dies or takes too long is run again; with 1.x the instance fails.
    """

    @override
    async def _run(self, instance: str, episode: Episode) -> Next | None:
        start = start_of(episode)
        turn = await self._turn(instance, start, episode)
        episode.custom_status = turn.custom_status
        self._decide(start, episode, turn.decisions)
        if turn.ending is not None and turn.ending.continued:
            return Next(turn.ending.output, list(turn.ending.carried))
        if turn.ending is not None:
            self._finish(episode, turn.ending)
        self._close(episode)
        return None

    def _finish(self, episode: Episode, ending: Ending) -> None:
        episode.status, episode.output = ending.status, ending.output
        if ending.failure is not None:
            episode.failure = shown(ending.failure)
            episode.output = ending.output or episode.failure
        end(episode, self._clock.now())

    async def _turn(self, instance: str, start: Event, episode: Episode) -> Turn:
        name = start["Name"]
        if not self._worker.has_orchestrator(name):
            said = unknown_function(name, "orchestrator", self._worker.names("orchestrator"))
            return _failed(said)
        past = episode.history.events
        payload = request(instance, past, episode.events)
        try:
            reply = await self._worker.run_orchestrator(name, payload)
            return turn_of(reply, past, self._clock.now(), episode.history.execution)
        except FunctionTimedOut:
            raise  # the episode is run again, and so it is when the worker dies
        except FunctionFailed as failure:
            return _failed(details_of(failure))
        except (InvalidAction, ValueError, DecodeError) as error:
            return _failed(str(error))


def _failed(why: str | dict[str, str]) -> Turn:
    if isinstance(why, str):
        why = {"ErrorType": UNKNOWN, "ErrorMessage": why, "StackTrace": ""}
    return Turn(ending=Ending("Failed", failure=why))
