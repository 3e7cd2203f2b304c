"""Queries that read what is nobody's, write, reach out, or never end, all asked of a site in use.

    python -m tests.scripts.hostile_sql

Says what became of each, how fast pages answered before and meanwhile, and the memory of the largest process.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.cli.running import Running, running
from tests.logs import small_log
from tests.scripts.hostile_uploads import Watch

ALONE_S = 5.0
SIGNAL = "Pedals.throttle"
QUERIES = {
    "a file": "select * from read_text('/etc/passwd')",
    "every file": "select * from glob('/**')",
    "this Paddock's database": "select * from read_blob('{data}/paddock.sqlite')",
    "other files of it": "select * from read_parquet('{data}/objects/**/*.parquet')",
    "network": "select * from read_csv('http://169.254.169.254/latest/meta-data')",
    "network by extension": "install httpfs; load httpfs; select 1",
    "pragma": "pragma database_list",
    "setting": "set memory_limit = '1TB'",
    "attach": "attach '{data}/paddock.sqlite' as other (type sqlite)",
    "copy": "copy (select 1) to '{data}/written.csv'",
    "two statements": "select 1; drop view recordings",
    "cross join of 10 GB": "select a.range, b.range from range(40000) a, range(40000) b order by 2, 1",
    "sorted texts": "select repeat(range::varchar, 1000) t from range(100000000) order by t",
    "endless recursion": "with recursive r(n) as (select 1 union all select n + 1 from r) select max(n) from r",
    "recursion that grows": "with recursive r(n) as (select 'x' union all select n || n from r) from r",
    "endless count": "select count(*) from range(10000000000) a, range(10000000000) b where a.range = -b.range - 1",
    "a huge answer": "select repeat('x', 10000) from range(1000000)",
    "deep text": "select " + "(" * 9_000 + "1" + ")" * 9_000,
    "all samples by all": "select count(*) from " + ", ".join(f"samples('{SIGNAL}') s{n}" for n in range(3)),
}


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch, running(Path(scratch) / "data") as up:
        log = Path(scratch) / "run.mcap"
        log.write_bytes(small_log(5_000))
        with up.client() as client:
            client.upload(log).wait()
        watch = _watching(up)
        time.sleep(ALONE_S)
        _say("alone", watch)
        watch = _watching(up)
        texts = {name: sql.replace("{data}", f"{scratch}/data") for name, sql in QUERIES.items()}
        with ThreadPoolExecutor(len(texts)) as people:
            for name, became in zip(texts, people.map(lambda sql: _ask(up, sql), texts.values()), strict=True):
                print(f"  {name:<24} {became}")
        _say("meanwhile", watch)
        assert not (Path(scratch) / "data" / "written.csv").exists()
        print("a good query afterwards:", _ask(up, f"select count(*) from samples('{SIGNAL}')"))


def _watching(up: Running) -> Watch:
    watch = Watch(up)
    watch.start()
    return watch


def _ask(up: Running, sql: str) -> str:
    begun = time.monotonic()
    answer = httpx.post(f"{up.url}/api/sql", json={"sql": sql}, timeout=900, trust_env=False)
    body = answer.json()
    said = f"{len(body['rows'])} rows" if answer.status_code == 200 else f"{body['code']}: {body['detail'][:90]}"
    return f"{answer.status_code} after {time.monotonic() - begun:5.1f} s, {said}"


def _say(when: str, watch: Watch) -> None:
    watch.end()
    answers = sorted(watch.answers_s)
    p95 = statistics.quantiles(answers, n=20)[-1]
    print(
        f"site {when}: {len(answers)} answers, median {statistics.median(answers) * 1e3:.0f} ms, "
        f"p95 {p95 * 1e3:.0f} ms, slowest {answers[-1] * 1e3:.0f} ms; "
        f"largest process {watch.largest_bytes / 1e6:.0f} MB"
    )


if __name__ == "__main__":
    main()
