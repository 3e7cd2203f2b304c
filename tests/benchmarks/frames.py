"""Frames while plots are moved, zoomed and pointed at, and while an X-Y plot is drawn anew.

    python -m tests.benchmarks.frames

A simulated run is served and opened in Chromium; each frame changes the view, as a hand that drags does. What
counts is the time of the processor for a frame, in the thread of the page: the same on a busy machine, although
fewer frames come. A frame of 60 a second has 16.7 ms.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from paddock.simulator.log import simulate
from tests.web.browsing import SWITCHES, served
from tests.web.converted import converted

FRAMES = 150
PLOTS = (
    "VNData.vn_vel_m_s.x,VNData.vn_linear_accel_m_ss.x,VNData.vn_linear_accel_m_ss.y;"
    "VehicleData.current_rpms.FL,VehicleData.current_rpms.FR,VehicleData.current_rpms.RL,VehicleData.current_rpms.RR;"
    "PedalsSystemData.accel_pedal,PedalsSystemData.brake_pedal;BatteryPack.voltage_v,BatteryPack.current_a"
)
RUN = """async ({ frames, kind }) => {
    const { linked } = document.querySelector("plot-workspace") ?? {};
    const { start, end } = linked?.full ?? { start: 0, end: 1 };
    const half = (end - start) / 2;
    const picture = kind === "xy" ? await import("/static/analysis/picture.js") : null;
    const canvas = document.querySelector("#picture canvas");
    const cloud = kind === "xy" ? await (await fetch(window.cloud)).json() : null;
    const steps = {
        move: (share) => linked.zoomTo({ start: start + share * half, end: start + (share + 1) * half }),
        zoom: (share) => linked.zoomTo({ start: start + 0.9 * share * half, end: end - 0.9 * share * half }),
        point: (share) => linked.moveCursor(start + 2 * share * half),
        xy: () => picture.drawCloud(canvas, cloud, "x", "y", true),
    };
    const longs = [];
    const watching = new PerformanceObserver((list) => longs.push(...list.getEntries()));
    watching.observe({ entryTypes: ["longtask"] });
    const times = [];
    await new Promise((done) => {
        const frame = (now) => {
            times.push(now);
            if (times.length > frames) return done();
            steps[kind](times.length / frames);
            requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
    });
    watching.disconnect();
    const apart = times.slice(1).map((time, at) => time - times[at]).sort((a, b) => a - b);
    return { apart, longs: longs.length };
}"""


def measure(browser: Browser, url: str, kind: str, cloud: str = "", scale: int = 1) -> None:
    """One kind of movement, and what its frames cost."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, device_scale_factor=scale)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    page.goto(url)
    ready = "#picture:not([hidden])" if kind == "xy" else "plot-workspace .plots:not(.waiting) .chart"
    page.locator(ready).first.wait_for()
    page.wait_for_load_state("networkidle")
    page.locator("#picture, plot-workspace .plots").last.evaluate("(each) => each.scrollIntoView()")
    page.evaluate("(cloud) => { window.cloud = cloud; }", cloud)
    page.evaluate(RUN, {"frames": 30, "kind": kind})  # compiled by then
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = metrics(devtools)
    found: dict[str, Any] = page.evaluate(RUN, {"frames": FRAMES, "kind": kind})
    after = metrics(devtools)
    context.close()
    busy_ms = 1e3 * (after["TaskDuration"] - before["TaskDuration"]) / FRAMES
    script_ms = 1e3 * (after["ScriptDuration"] - before["ScriptDuration"]) / FRAMES
    apart = found["apart"]
    print(
        f"{kind:<6} at {scale}×: {busy_ms:6.2f} ms of the processor a frame ({script_ms:.2f} in scripts); "
        f"{1e3 * len(apart) / sum(apart):5.1f} frames a second, median {apart[len(apart) // 2]:.1f} ms, "
        f"99 % {apart[int(0.99 * len(apart))]:.1f} ms, {found['longs']} tasks over 50 ms"
    )


def metrics(devtools: Any) -> dict[str, float]:
    """What the page's thread has done so far, in seconds."""
    return {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}


def main() -> None:
    """Plots with eleven signals, and a g-g diagram of all samples as its density."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        log = Path(folder) / "run.mcap"
        simulate(log, event="autocross", laps=2)
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=SWITCHES)
        with served(Path(folder) / "data", with_worker=False) as site:
            recording = site.run(converted(site.context, log)).id
            x, y = "VNData.vn_linear_accel_m_ss.y", "VNData.vn_linear_accel_m_ss.x"
            for scale in (1, 2):
                for kind in ("move", "zoom", "point"):
                    measure(browser, f"{site.url}/recordings/{recording[:16]}#plots={PLOTS}", kind, scale=scale)
                measure(
                    browser,
                    f"{site.url}/recordings/{recording[:16]}/analysis?kind=xy&x={x}&y={y}",
                    "xy",
                    f"{site.url}/api/recordings/{recording}/xy?x={x}&y={y}",
                    scale,
                )
        browser.close()


if __name__ == "__main__":
    main()
