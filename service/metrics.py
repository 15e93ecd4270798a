"""Metrics for Prometheus, by route template, code and outcome. No label names a case, a person or an organisation."""

from collections.abc import Callable, Iterator, Mapping

from prometheus_client import (
    REGISTRY,
    Counter,
    Histogram,
    Metric,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

disable_created_metrics()  # type: ignore[no-untyped-call]  # a `_created` series for each counter serves no purpose
_REQUESTS = Counter("casusroute_requests_total", "Requests that were answered.", ("method", "route", "status"))
_SECONDS = Histogram(
    "casusroute_request_seconds",
    "From the head of a request to the end of its answer.",
    ("method", "route"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
_REFUSALS = Counter("casusroute_refusals_total", "Refusals, by what the problem says in `code`.", ("code",))
_UNITS = Counter("casusroute_units_total", "Units of work at the database, by how they ended.", ("outcome",))
_INVALID_TOKENS = Counter(
    "casusroute_invalid_tokens_total",
    "Tokens that no issuer signed, by what became of them.",
    ("outcome",),
)
_CASE_NUMBERS = Counter(
    "casusroute_case_numbers_total", "Case numbers that people tried in vain, by what became of them.", ("outcome",)
)
_EMERGENCIES = Counter("casusroute_emergency_readings_total", "Readings of content by emergency access.")
_GAUGES = {
    "database_up": "Whether the database answers.",
    "units_under_way": "Units of work that are with the database or wait for it.",
    "outbox_seconds": "Age of the oldest news that no feed has yet.",
    "deliveries_waiting": "Events that webhooks are still to be told.",
    "deliveries_dead": "Dead letters: events that never arrived.",
}


def count_request(method: str, route: str | None, status: int, seconds: float) -> None:
    """Count an answer. `route` is the template of its path, None when no route matched; `seconds` its duration."""
    template = route or "none"
    _REQUESTS.labels(method, template, f"{status // 100}xx").inc()
    _SECONDS.labels(method, template).observe(seconds)


def count_refusal(code: str) -> None:
    _REFUSALS.labels(code).inc()


def count_invalid_token(outcome: str) -> None:
    """Count a token that no issuer signed. `outcome`: answered, or turned_away because its address sent too many."""
    _INVALID_TOKENS.labels(outcome).inc()


def count_case_number(outcome: str) -> None:
    """Count a case number. `outcome`: missed (led to no step), or turned_away because its person tried too many."""
    _CASE_NUMBERS.labels(outcome).inc()


def count_unit_of_work(outcome: str) -> None:
    """Count a unit of work. `outcome`: committed, refused, failed, again, unavailable or turned_away (never begun)."""
    _UNITS.labels(outcome).inc()


def count_emergency_readings(count: int) -> None:
    _EMERGENCIES.inc(count)


class _GaugeCollector(Collector):
    """Reads the gauges of `_GAUGES` at the moment that Prometheus asks for them."""

    def __init__(self, read_gauges: Callable[[], Mapping[str, float]]) -> None:
        self._read_gauges = read_gauges

    def collect(self) -> Iterator[Metric]:
        for name, value in self._read_gauges().items():
            yield GaugeMetricFamily(f"casusroute_{name}", _GAUGES[name], value=value)


def serve_metrics(host: str, port: int, read_gauges: Callable[[], Mapping[str, float]]) -> None:
    """Serve the metrics to Prometheus at this address, from a thread of its own, until the process ends."""
    REGISTRY.register(_GaugeCollector(read_gauges))
    start_http_server(port, host)
