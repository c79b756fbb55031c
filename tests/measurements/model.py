"""A domain as different from TODOs as can be, to see what the engine takes for granted.

A station measures; an output says how the measurement compares with the last 250 ones, which are the
state: about 10 KB. Keys are text. No output has a number of its own. The fields of a request are of
every JSON type and have names that columns, members and systems of others have.
"""

from dataclasses import dataclass
from enum import Enum
from statistics import fmean
from typing import Annotated, Any, Final, Literal

from domain import Domain, Key, Meta

WINDOW_MAX: Final = 250


class Unit(Enum):
    CELSIUS = "°C"
    PERCENT = "%"


@dataclass(frozen=True, slots=True)
class Sensor:
    serial_number: Annotated[str, Meta(pattern="^[A-Z]{2}[0-9]{4}$")]
    calibrated: bool = False


@dataclass(frozen=True, slots=True)
class Measurement:
    id: Sensor
    state: dict[str, float]
    v: float
    PartitionKey: Unit
    Timestamp: str | None
    requestId: tuple[int, ...]  # noqa: N815 - the name is the point
    RowKey: Any = None
    etag: Literal["raw", "smooth"] = "raw"
    payload: bool = False
    output: int = 0


@dataclass(frozen=True, slots=True)
class Comparison:
    id: str
    mean: float
    above: bool
    version: Literal["raw", "smooth"]
    place: Any


@dataclass(frozen=True, slots=True)
class Sample:
    at: str
    value: float


@dataclass(frozen=True, slots=True)
class Window:
    samples: tuple[Sample, ...] = ()


def compare(asked: Measurement, window: Window) -> tuple[Comparison, Window]:
    at = asked.Timestamp or "unknown"
    samples = (*window.samples, Sample(at, asked.v))[-WINDOW_MAX:]
    mean = round(fmean(each.value for each in samples), 6)
    made = Comparison(asked.id.serial_number, mean, asked.v > mean, asked.etag, asked.RowKey)
    return made, Window(samples)


MEASUREMENTS: Final[Domain[Measurement, Comparison, Window]] = Domain(
    name="measurement",
    key=Key("stationName", Annotated[str, Meta(max_length=40)], plural="stations"),
    entity="WeatherStation",
    place="position",
    request_id="requestName",
    empty=Window(),
    versions={1: compare},
    examples=[
        (
            Measurement(
                id=Sensor("TX1042", calibrated=True),
                state={"battery": 0.75, "": 1.0},
                v=20.5,
                PartitionKey=Unit.CELSIUS,
                Timestamp="2026-01-01T00:00:00Z",
                requestId=(3, 1, 2),
                RowKey={"v": [None, True, 1.5, "\N{SNOWFLAKE}", {"id": []}]},
            ),
            Comparison(
                id="TX1042",
                mean=20.5,
                above=False,
                version="raw",
                place={"v": [None, True, 1.5, "\N{SNOWFLAKE}", {"id": []}]},
            ),
        ),
        (
            Measurement(
                id=Sensor("TX1042"),
                state={},
                v=21.5,
                PartitionKey=Unit.PERCENT,
                Timestamp=None,
                requestId=(),
                etag="smooth",
                payload=True,
                output=-7,
            ),
            Comparison("TX1042", 21.0, above=True, version="smooth", place=None),
        ),
    ],
)
