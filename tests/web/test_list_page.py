"""The list as a page: what is shown of whom, in which order, and what it says when nothing matches."""

from __future__ import annotations

import html
import re

import httpx
import pytest

from paddock.domain.instants import INT64_MAX, NS_PER_S
from paddock.domain.recording import RunFigures, Signal, Status
from paddock.domain.signal_names import SignalName
from paddock.usecases.context import Context
from tests.web.builders import HOSTILE, STARTED_NS, build_recording, metadata

pytestmark = pytest.mark.anyio
DAY_NS = 86_400 * NS_PER_S


def names(page: str) -> list[str]:
    """The names of the logs listed, in their order."""
    return re.findall(r'aria-label="Select ((?:run_|the |0)[^"]+)"', page)


async def test_only_what_is_known_to_have_stood_is_folded(client: httpx.AsyncClient, context: Context) -> None:
    await context.documents.recordings.put_many(
        [
            build_recording("drove", highlights=RunFigures(driven=True)),
            build_recording("stood", highlights=RunFigures(driven=False)),
            build_recording("short", duration_ns=NS_PER_S, metadata={}),
        ]
    )
    page = (await client.get("/")).text
    assert set(names(page)) == {"run_drove.mcap", "run_short.mcap", "the 1 log of a parked car"}
    assert "run_short.mcap</span>" in page, "a row without metadata shows its name"
    (ids,) = re.findall(r'data-ids="([^"]+)"', page)
    assert ids.split() == [build_recording("stood").id], "what is folded can be selected"


@pytest.mark.parametrize("query", ["q=02_29_2024", "q=02_29&driver=Adam"])
async def test_what_was_looked_for_by_its_name_shows_it(
    client: httpx.AsyncClient, context: Context, query: str
) -> None:
    known = metadata(driver="Adam", event="Endurance", venue="Michigan")
    await context.documents.recordings.put_many(
        [
            build_recording(
                1, names=("02_29_2024_19_30_56.mcap",), highlights=RunFigures(driven=False), metadata=known
            ),
            build_recording(
                2, names=("02_29_2024_20_17_28.mcap",), metadata={} if "driver" not in query else known
            ),
        ]
    )
    page = (await client.get(f"/?{query}")).text
    for name in ("02_29_2024_19_30_56.mcap", "02_29_2024_20_17_28.mcap"):
        assert f'<span class="file">{name}</span>' in page
    assert "Michigan" in page and "Adam" in page


async def test_what_just_arrived_of_other_days_is_pointed_at(client: httpx.AsyncClient, context: Context) -> None:
    now = context.now()
    await context.documents.recordings.put_many(
        [
            build_recording("new", uploaded_at=now),
            build_recording("older", started_ns=STARTED_NS - 500 * DAY_NS, uploaded_at=now),
            build_recording("as old", started_ns=STARTED_NS - 500 * DAY_NS, uploaded_at=now - NS_PER_S),
            build_recording("older yet", started_ns=STARTED_NS - 700 * DAY_NS, uploaded_at=now),
            build_recording("last year", started_ns=STARTED_NS - 360 * DAY_NS, uploaded_at=now - 2 * DAY_NS),
        ]
    )
    page = (await client.get("/")).text
    strip = page[page.index('id="arrived"') :].partition("</p>")[0]
    assert "3 logs of other days" in strip and 'href="/?day=2024-12-04"' in strip and "last year" not in strip
    (href,) = re.findall(r'href="([^"]+)">Show them', strip)
    arrived = (await client.get(html.unescape(href))).text
    assert names(arrived)[-1] == "run_last year.mcap" and len(names(arrived)) == 5
    assert 'id="arrived"' not in arrived and 'id="arrived"' not in (await client.get("/?day=2024-12-04")).text


async def test_what_cannot_be_read_is_below_the_runs(client: httpx.AsyncClient, context: Context) -> None:
    later = STARTED_NS + DAY_NS
    nothing = {"started_ns": None, "duration_ns": None, "uploaded_at": later, "metadata": {}}
    await context.documents.recordings.put_many(
        [
            build_recording("run"),
            build_recording("empty", message_count=0, **nothing),
            build_recording("coming", status=Status.CONVERTING, **nothing),
        ]
    )
    for path in ("/", "/?day=all"):
        page = (await client.get(path)).text
        assert names(page) == ["run_coming.mcap", "run_run.mcap", "run_empty.mcap"], path
        assert page.index("On their way") < page.index("Nothing could be read") and "nothing read</span>" in page
    assert names((await client.get("/?sort=started_at")).text)[0] == "run_run.mcap"


async def test_columns_sort_within_a_day_and_over_pages(client: httpx.AsyncClient, context: Context) -> None:
    await context.documents.recordings.put_many(
        [
            build_recording(
                number,
                started_ns=STARTED_NS + (number % 3) * DAY_NS,
                highlights=RunFigures(max_speed_m_s=float(number % 60), driven=bool(number % 2)),
            )
            for number in range(70)
        ]
    )
    day = (await client.get("/?sort=-max_speed_m_s")).text
    assert len(names(day)) == 23 and "of a parked car" not in day, "of the latest day, and nothing folded"
    assert 'aria-sort="descending"' in day and 'href="/?sort=max_speed_m_s"' in day
    first = (await client.get("/?day=all&sort=-max_speed_m_s")).text
    older = html.unescape(re.findall(r'rel="next" href="([^"]+)"', first)[0])
    order = [int(name[4:-5]) % 60 for name in (*names(first), *names((await client.get(older)).text))]
    assert order == sorted(order, reverse=True) and len(order) == 70
    refused = await client.get("/?sort=speed")
    assert refused.status_code == 422 and "max_speed_m_s" in refused.json()["detail"]


async def test_a_figure_is_a_filter_of_page_and_api(client: httpx.AsyncClient, context: Context) -> None:
    await context.documents.recordings.put_many(
        [build_recording(speed, highlights=RunFigures(max_speed_m_s=float(speed))) for speed in (10, 20, 30)]
    )
    page = (await client.get("/", params={"figure": "max_speed_m_s >= 20"})).text
    assert set(names(page)) == {"run_20.mcap", "run_30.mcap"} and "Top speed &gt;= 72 km/h" in page
    assert 'value="72"' in page, "the menu says it again"
    query = {"figure": ["max_speed_m_s>15", "max_speed_m_s<=20"], "sort": "-max_speed_m_s", "fields": "name"}
    answer = (await client.get("/api/recordings", params=query)).json()
    assert answer["items"] == [{"name": "run_20.mcap"}]
    counted = (await client.get("/api/recordings/facets", params={"figure": "max_speed_m_s > 15"})).json()
    assert counted["driver"] == [{"value": "Adam", "count": 2}]


async def test_a_signal_that_no_log_has_is_said_and_others_are_offered(
    client: httpx.AsyncClient, context: Context
) -> None:
    run = build_recording()
    await context.documents.recordings.insert(run)
    await context.documents.signals.put_many([Signal("s", run.id, "Pack.cell_temp_max", "float", max=61.0)])
    known = SignalName("Pack.cell_temp_max", "Pack", "float", search="pack.cell_temp_max")
    await context.documents.signal_names.put_many([known])
    page = (await client.get("/", params={"signal": "max(BatteryPack.cell_temp_max) > 55", "driver": "adam"})).text
    assert "No log has a signal <code>BatteryPack.cell_temp_max</code>" in page
    (href,) = re.findall(r'<a href="([^"]+)"><code>Pack\.cell_temp_max', page)
    assert len(names((await client.get(html.unescape(href))).text)) == 1
    cold = (await client.get("/", params={"signal": "max(pack.CELL_temp_max) > 99"})).text
    assert "Nothing matches" in cold and "No log has" not in cold
    hostile = (await client.get("/", params={"signal": f"max({HOSTILE}) > 1"})).text
    assert "<script>alert" not in hostile and "No log has a signal" in hostile


async def test_known_values_complete_what_is_typed(client: httpx.AsyncClient, context: Context) -> None:
    said = [("Adam", "Endurance"), ("Mei", "endurance "), ("Mei", "Skidpad")]
    await context.documents.recordings.put_many(
        [build_recording(number, metadata=metadata(driver=d, event=e)) for number, (d, e) in enumerate(said)]
        + [build_recording("gone", deleted_at=1, metadata=metadata(driver="Noah"))]
    )
    values = (await client.get("/api/metadata-values")).json()
    assert values["driver"] == ["Mei", "Adam"] and len(values["event"]) == 2 and values["session"] == []
    assert "notes" not in values
    for path in ("/", "/upload", f"/recordings/{build_recording(0).id}"):
        assert "data-known-values" in (await client.get(path)).text, path


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"health": "good"}, "failed, intact, recovered, unread"),
        ({"figure": "speed > 3"}, "duration_s, distance_m, max_speed_m_s"),
        ({"signal": "vmax > 3"}, "max(BatteryPack.cell_temp) > 55"),
        ({"sort": "driver.name"}, "started_at, uploaded_at"),
        ({"from": "yesterday"}, "write it like 2026-04-18"),
    ],
)
async def test_what_cannot_be_asked_says_what_can(
    client: httpx.AsyncClient, query: dict[str, str], says: str
) -> None:
    for path in ("/api/recordings", "/"):
        answer = await client.get(path, params=query)
        assert answer.status_code == 422 and says in answer.json()["detail"], (path, answer.text)


async def test_the_ends_of_time_are_days_too(client: httpx.AsyncClient, context: Context) -> None:
    last = build_recording(1, started_ns=INT64_MAX - 807 * NS_PER_S)
    await context.documents.recordings.put_many([last, build_recording(2)])
    assert names((await client.get("/")).text) == ["run_1.mcap"], "a clock was that wrong, and the list still opens"
    for query in ("from=0001-01-01", "from=0001-01-01&to=2263-01-01"):
        answer = await client.get("/api/recordings", params=query)
        assert [item["name"] for item in answer.json()["items"]] == ["run_1.mcap", "run_2.mcap"], query
    assert (await client.get("/?day=0001-01-01")).status_code == 200
    for query in ("day=9999-12-31", "to=9999-12-31T23:59:59Z", "from=1600-01-01T00:00:00Z"):
        answer = await client.get("/", params=query)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_time"), query


async def test_filters_are_said_in_the_order_of_the_address(client: httpx.AsyncClient) -> None:
    query = "driver=Mei&q=run&car=HT09&health=intact&driver=Adam&event=autocross"
    page = (await client.get(f"/?{query}")).text
    chips = re.findall(r'class="chip" href="[^"]*" title="Remove this filter"><span class="text">([^<]+)<', page)
    assert [chip.split(": ")[1] for chip in chips] == ["Mei", "run", "HT09", "intact", "Adam", "autocross"]
