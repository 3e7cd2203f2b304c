"""Our plots beside plotly.js, in one browser: ``uv run --with plotly python -m tests.benchmarks.drawing``.

Both draw the same: four stacked plots of three signals with a shared time axis, as decimated as the service sends
them, from files that a server on loopback gzips. Printed are what a cold browser fetches, when the first plots are
painted, how long a zoom takes until it is painted (a frame is 17 ms), what the heap holds, and how many nodes the
page has, on this machine and with its processor slowed down to a phone's.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import random
import shutil
import statistics
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

import paddock.web
from paddock.web.kernel.assets import as_served
from tests.web.browsing import SWITCHES

WEB = Path(paddock.web.__file__).parent
PLOTS, SIGNALS, POINTS, SPAN_S = 4, 3, 2_000, 600.0
"""A plot is about 1,000 px wide, and the service sends two points for each."""
ROUNDS = 5
PHONE = 4
"""So many times slower is a phone, as Lighthouse has it."""

SHARED = """
export const series = await (await fetch("/data.json")).json();
const painted = () => new Promise((done) => requestAnimationFrame(() => {
  const after = new MessageChannel();
  after.port1.onmessage = done;
  after.port2.postMessage(0);
}));
export async function measure(draw, zoom) {
  await draw();
  await painted();
  globalThis.first = performance.now();
  globalThis.zooms = [];
  for (let round = 0; round < 20; round += 1) {
    const start = 15 * round;
    const begun = performance.now();
    await zoom({ start, end: start + 300 });
    await painted();
    zooms.push(performance.now() - begun);
  }
  globalThis.done = true;
}
"""
OURS = """
import { measure, series } from "/shared.js";
import { Figure } from "/static/plots/figure.js";
import { Linked } from "/static/plots/linked.js";
const linked = new Linked([{ id: "x", key: "a", shift: 0 }]);
linked.stacked = true;
linked.full = { start: 0, end: 600 };
const found = series.flat().map((each) => [each.key, { ...each, shift: 0, gap: Infinity }]);
linked.found = new Map(found);
await measure(() => {
  linked.figures = series.map((plot) => new Figure(linked, plot.map(({ key, name, label, colour }) => (
    { key, name, label, colour, source: "a" }))));
  document.querySelector("main").append(...linked.figures.map((figure) => figure.root));
  linked.show();
}, (view) => {
  linked.zoomed = view;
  for (const figure of linked.figures) figure.look(view);
});
"""
THEIRS = """
import { measure, series } from "/shared.js";
const host = document.querySelector("main");
const axes = series.map((_, plot) => (plot ? String(plot + 1) : ""));
const layout = {
  width: 1000, height: 840, hovermode: "x unified", margin: { l: 54, r: 12, t: 8, b: 30 },
  grid: { rows: series.length, columns: 1 }, legend: { orientation: "h" },
};
for (const axis of axes) layout[`xaxis${axis}`] = { matches: axis ? "x" : undefined, range: [0, 600] };
const traces = series.flatMap((plot, number) => plot.map((each) => ({
  type: "scatter", mode: "lines", x: each.seconds, y: each.values, name: each.label,
  xaxis: `x${axes[number]}`, yaxis: `y${axes[number]}`, line: { width: 1.5 },
})));
await measure(
  () => Plotly.newPlot(host, traces, layout, { displayModeBar: false }),
  ({ start, end }) => Plotly.relayout(host, { "xaxis.range": [start, end] }),
);
"""


def page(body: str, script: str) -> str:
    sheets = ("kernel/paddock.css", "plots/plots.css")
    style = "".join(f'<link rel="stylesheet" href="/static/{name}">' for name in sheets)
    main = '<main style="width: 1000px"></main>'
    return f"<!doctype html><title>Plots</title>{style}{main}{body}<script type=module>{script}</script>"


def made_up_series() -> list[list[dict[str, Any]]]:
    """What ``/api/recordings/{id}/plot`` answers, made up: a drift, a swing and noise."""
    randomly = random.Random(5)
    seconds = [round(number * SPAN_S / POINTS, 4) for number in range(POINTS)]

    def one(plot: int, signal: int) -> dict[str, Any]:
        swing = 5 + 3 * signal
        values = [round(plot + math.sin(s / swing) + randomly.gauss(0, 0.2), 5) for s in seconds]
        name = f"Topic{plot}.signal{signal}"
        facts: dict[str, Any] = {"unit": "m/s", "dtype": "float", "drawing": "line", "low": None, "high": None}
        facts |= {"enums": {}, "faults": []}
        return {
            "key": f"a:{name}", "name": name, "label": name, "colour": signal,
            "seconds": seconds, "values": values, "samples": POINTS, **facts,
        }  # fmt: skip

    return [[one(plot, signal) for signal in range(SIGNALS)] for plot in range(PLOTS)]


class Shelf:
    """Files on a port of loopback, gzipped, and how many bytes of them were sent."""

    def __init__(self, plotly: Path) -> None:
        pages = {
            "/ours": page("", OURS),
            "/plotly": page('<script src="/plotly.js"></script>', THEIRS),
            "/shared.js": SHARED,
            "/data.json": json.dumps(made_up_series()),
            "/favicon.ico": "",
        }
        files = {name: gzip.compress(text.encode()) for name, text in pages.items()}
        files["/plotly.js"] = gzip.compress(plotly.read_bytes())
        for file in WEB.rglob("*"):
            if file.suffix in {".js", ".css"}:
                files[f"/static/{file.relative_to(WEB)}"] = gzip.compress(as_served(file))
        self.sent: dict[str, int] = {}
        shelf = self
        kinds = {"js": "text/javascript", "css": "text/css", "json": "application/json"}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content = files[self.path]
                shelf.sent[self.path] = len(content)
                self.send_response(200)
                self.send_header("Content-Type", kinds.get(self.path.rpartition(".")[2], "text/html"))
                self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Not a word."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


def visit(browser: Browser, shelf: Shelf, path: str, slower: int) -> dict[str, float]:
    """One cold visit."""
    shelf.sent.clear()
    context = browser.new_context(viewport={"width": 1100, "height": 1000})
    tab = context.new_page()
    tab.on("pageerror", lambda error: print(f"{path}: {error}"))
    devtools = context.new_cdp_session(tab)
    devtools.send("Performance.enable")
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": slower})
    tab.goto(shelf.url + path)
    tab.wait_for_function("globalThis.done", timeout=120_000)
    first, zooms = tab.evaluate("[first, zooms]")
    devtools.send("HeapProfiler.collectGarbage")
    metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
    context.close()
    fetched = sum(size for name, size in shelf.sent.items() if name.endswith(".js") and name != "/shared.js")
    return {
        "script, kB gzipped": fetched / 1e3,
        "first plots, ms": first,
        "a zoom, ms": statistics.median(zooms),
        "slowest zoom, ms": max(zooms),
        "heap, MB": metrics["JSHeapUsedSize"] / 1e6,
        "nodes": metrics["Nodes"],
    }


def run(plotly: Path) -> None:
    shelf = Shelf(plotly)
    print(f"{PLOTS} plots of {SIGNALS} signals of {POINTS} points; median of {ROUNDS} visits")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=SWITCHES)
        for slower, label in ((1, "this machine"), (PHONE, f"{PHONE} times slower, a phone")):
            visits = {
                path: [visit(browser, shelf, path, slower) for _ in range(ROUNDS)] for path in ("/ours", "/plotly")
            }
            print(f"{label:<28}{'ours':>10}{'plotly.js':>12}{'ratio':>8}")
            for row in visits["/ours"][0]:
                ours, theirs = (statistics.median(one[row] for one in found) for found in visits.values())
                print(f"  {row:<26}{ours:>10.1f}{theirs:>12.1f}{theirs / ours:>7.1f}×")
        browser.close()
    shelf.server.shutdown()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle", nargs="?", type=Path, help="another build of plotly.js than the Python package's")
    bundle: Path | None = parser.parse_args().bundle
    if bundle is None:
        package = find_spec("plotly")
        if package is None or package.origin is None:
            parser.error("run it with `uv run --with plotly`, or name a bundle")
        bundle = Path(package.origin).parent / "package_data" / "plotly.min.js"
    run(bundle)


if __name__ == "__main__":
    main()
