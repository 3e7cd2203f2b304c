"""The signals, jobs and storage pages in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paddock.domain.catalogue import Entry
from paddock.domain.catalogue_defaults import Role
from paddock.domain.job import Job, JobState
from paddock.domain.principal import Principal, PrincipalKind
from paddock.domain.recording import Failure, Signal
from paddock.domain.roles import TeamRole
from paddock.usecases.catalogue.catalogue import load_catalogue, save_catalogue
from tests.web.browsing import Site, needs_chromium, open_page, screenshot, served
from tests.web.builders import build_artifact, build_channel, build_recording, insert_with_contents, metadata

pytestmark = needs_chromium

MEI = Principal(PrincipalKind.MEMBER, "Mei", TeamRole.ADMIN)
ENTRIES = [
    Entry(
        "VNData.vn_vel_m_s.x", ("vn_data.velocity.x",), label="Ground speed", unit="m/s", role=Role.SPEED, high=40
    ),
    Entry("Pack.cell_temp_max", unit="°C", high=60.0, cars=("HT09", "HT08")),
    Entry("Pedals.brake", unit="bar", role=Role.BRAKE, low=0.0, high=120.0),
]


def fill(site: Site) -> None:
    recordings = [
        build_recording(
            number,
            uploaded_at=number,
            metadata=metadata(
                car=("HT09", "HT08")[number % 2], event=("Endurance", "Autocross", "Skidpad")[number % 3]
            ),
        )
        for number in range(12)
    ]
    names = ("rpm", "motor_temp_c", "thingummy", "dc_bus_voltage", "torque_nm", "igbt_temp", "errorCode")
    signals = [
        Signal(f"{each.id}:Inverter.{name}", each.id, f"Inverter.{name}", "float", "inverter")
        for each in recordings
        for name in names
    ]
    documents = site.context.documents
    channels = (build_channel("Pack"), build_channel("Inverter"))
    site.run(insert_with_contents(documents, *recordings, channels=channels))
    site.run(documents.signals.put_many(signals))
    site.run(documents.artifacts.put_many([build_artifact(each) for each in recordings]))
    site.run(save_catalogue(site.context, MEI, ENTRIES, version=0))
    why = Failure("disk_full", "The worker's disk is full: make room, then retry the job.")
    jobs = [
        Job(f"convert-{each.id}", "convert", each.id, 1, 1, JobState.DEAD, tries=5, error=why, updated_at=2)
        for each in recordings[:3]
    ]
    site.run(documents.jobs.put_many(jobs))


def test_the_catalogue_is_edited(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser, provoked=(409, 422)) as page:
        fill(site)
        catalogue = lambda: site.run(load_catalogue(site.context)).signals  # noqa: E731
        page.goto(f"{site.url}/signals")
        screenshot(page, "signals-light")
        page.get_by_role("button", name="Edit Pedals.brake").click()
        page.get_by_label("High").fill("-1")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("are no range").wait_for()
        page.get_by_label("High").fill("90")
        page.get_by_label("Aliases").fill("Driver.brake_bar\n")
        screenshot(page, "signals-dialog-light")
        page.get_by_role("button", name="Save").click()
        page.locator("#signal-rows").get_by_text("0 to 90").wait_for()
        assert catalogue()[2] == Entry(
            "Pedals.brake", ("Driver.brake_bar",), unit="bar", role=Role.BRAKE, low=0, high=90
        )

        # Somebody else's change of another entry is none of ours; of the same one it is said first.
        site.run(save_catalogue(site.context, MEI, [*catalogue()[1:]], version=2))
        page.get_by_role("button", name="Edit Pedals.brake").click()
        page.get_by_label("Unit").fill("psi")
        page.get_by_role("button", name="Save").click()
        page.locator("#signal-rows").get_by_text("psi").wait_for()
        page.get_by_role("button", name="Edit Pedals.brake").click()
        theirs = [catalogue()[0], Entry("Pedals.brake", unit="kPa")]
        site.run(save_catalogue(site.context, MEI, theirs, version=4))
        page.get_by_label("Unit").fill("bar")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Mei changed this entry meanwhile: name Pedals.brake · unit kPa").wait_for()
        page.get_by_role("button", name="Save").click()
        page.locator("#signal-rows").get_by_text("bar", exact=True).wait_for()
        assert [entry.unit for entry in catalogue()] == ["°C", "bar"]

        page.get_by_role("button", name="Edit Pedals.brake").click()
        page.get_by_role("button", name="Remove").click()
        page.locator("#signal-rows tr").nth(1).wait_for(state="detached")


def follow(page: Any, version: int) -> None:
    """The page behind a dialog asks again now, and not only when its time has come, and shows this version."""
    page.evaluate("dispatchEvent(new Event('online'))")
    page.locator(f"#signals-head[data-version='{version}']").wait_for(state="attached")


def test_an_entry_is_saved_where_it_is_though_the_page_went_on(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser, provoked=(409,)) as page:
        fill(site)
        page.goto(f"{site.url}/signals")
        page.get_by_role("button", name="Edit Pedals.brake").click()
        site.run(save_catalogue(site.context, MEI, [Entry("A.b"), *ENTRIES], version=1))
        follow(page, version=2)
        page.get_by_label("Label").fill("Brake")
        page.get_by_role("button", name="Save").click()
        page.get_by_text("Pedals.brake is saved.").wait_for()
        signals = site.run(load_catalogue(site.context)).signals
        assert [entry.name for entry in signals] == ["A.b", *(entry.name for entry in ENTRIES)]
        assert [entry.label for entry in signals if entry.name == "Pedals.brake"] == ["Brake"]


def test_entries_are_put_in_order_by_keys_and_by_dragging(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser, provoked=(409,)) as page:
        fill(site)
        page.goto(f"{site.url}/signals")
        names = lambda: [entry.name.split(".")[0] for entry in site.run(load_catalogue(site.context)).signals]  # noqa: E731
        grip = lambda name: page.get_by_role("button", name=f"Move {name}")  # noqa: E731
        said = page.locator("#signals-said")
        grip("Pedals.brake").focus()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        said.get_by_text("Pedals.brake is now 1 of 3.").wait_for()
        assert names() == ["Pedals", "VNData", "Pack"]
        page.keyboard.press("ArrowDown")
        said.get_by_text("Pedals.brake is now 2 of 3.").wait_for()
        assert names() == ["VNData", "Pedals", "Pack"]
        assert page.evaluate("document.activeElement.ariaLabel") == "Move Pedals.brake", "the grip keeps the focus"

        box = page.locator("#signal-rows tr").nth(2).bounding_box()
        grip("VNData.vn_vel_m_s.x").hover()
        page.mouse.down()
        page.mouse.move(box["x"] + 40, box["y"] + box["height"] - 4, steps=5)
        page.locator("tr.drop-below", has_text="Pack").wait_for()
        screenshot(page, "signals-dragged-light")
        page.mouse.up()
        said.get_by_text("VNData.vn_vel_m_s.x is now 3 of 3.").wait_for()
        assert names() == ["Pedals", "Pack", "VNData"]
        page.reload()
        shown = page.locator("#signal-rows tr .name > code").all_inner_texts()
        assert [name.split(".")[0] for name in shown] == names()

        site.run(
            save_catalogue(site.context, MEI, ENTRIES[:2], version=site.run(load_catalogue(site.context)).version)
        )
        grip("Pedals.brake").focus()
        page.keyboard.press("ArrowDown")
        said.get_by_text("Somebody changed the catalogue meanwhile").wait_for()
        page.locator("#signal-rows tr").nth(2).wait_for(state="detached")
        assert names() == ["VNData", "Pack"]


def test_unknown_names_are_accepted_and_a_file_comes_in(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser, provoked=(422,)) as page:
        fill(site)
        page.goto(f"{site.url}/signals?show=unknown")
        screenshot(page, "signals-unknown-light")
        page.get_by_role("button", name="Accept Inverter.motor_temp_c").click()
        page.get_by_text("Inverter.motor_temp_c is in the catalogue").wait_for()
        page.get_by_role("button", name="Accept these 6").click()
        page.get_by_text("Every name is known").wait_for()
        assert len(site.run(load_catalogue(site.context)).signals) == 10

        page.get_by_role("link", name="Catalogue", exact=True).last.click()
        page.wait_for_url(f"{site.url}/signals")
        for text, said in (("low = wide", "Line 1"), ('[[signals]]\nname = "A.b"\n', "has 1 entries")):
            page.get_by_role("button", name="Import…").click()
            page.get_by_label("File").set_input_files(
                {"name": "signals.toml", "mimeType": "text/plain", "buffer": text.encode()}
            )
            page.get_by_role("button", name="Replace the catalogue").click()
            page.get_by_text(said).wait_for()
            page.keyboard.press("Escape")
        page.locator("#signal-rows").get_by_text("A.b").first.wait_for()


def test_a_renamed_signal_becomes_another_name_of_its_entry(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser, provoked=(409,)) as page:
        fill(site)
        catalogue = lambda: site.run(load_catalogue(site.context)).signals  # noqa: E731
        page.goto(f"{site.url}/signals?show=unknown")
        page.get_by_role("button", name="Inverter.motor_temp_c is another name of…").click()
        page.get_by_label("Entry").wait_for()  # the dialog opens once the catalogue has come
        offered = page.locator("#alias-entries option").evaluate_all("all => all.map((one) => one.value)")
        assert sorted(offered) == ["Pack.cell_temp_max (HT09, HT08)", "Pedals.brake", "VNData.vn_vel_m_s.x"]
        page.get_by_label("Entry").fill("Pack")
        page.get_by_role("button", name="Add the alias").click()
        page.get_by_text("has no such entry").wait_for()
        # Somebody else puts another entry first meanwhile.
        site.run(save_catalogue(site.context, MEI, [Entry("A.b"), *ENTRIES], version=1))
        follow(page, version=2)
        page.get_by_label("Entry").fill("Pedals.brake")
        screenshot(page, "signals-alias-light")
        page.get_by_role("button", name="Add the alias").click()
        page.get_by_text("Inverter.motor_temp_c is another name of Pedals.brake.").wait_for()
        assert catalogue()[3].names == ("Pedals.brake", "Inverter.motor_temp_c")
        page.get_by_role("button", name="Edit Inverter.motor_temp_c").wait_for(state="detached")


def test_a_name_that_no_catalogue_can_have_is_in_nobodys_way(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser, provoked=(409,)) as page:
        fill(site)
        odd = build_recording(20, uploaded_at=20, metadata=metadata(car="HT09"))
        names = ("Odd.be\x07ll", f"Odd.{'long' * 100}", "Odd.fine")
        site.run(insert_with_contents(site.context.documents, odd, channels=(build_channel("Odd"),)))
        site.run(
            site.context.documents.signals.put_many(
                [Signal(f"{odd.id}:{number}", odd.id, name, "float", "odd") for number, name in enumerate(names)]
            )
        )
        page.goto(f"{site.url}/signals?show=unknown")
        assert page.get_by_text("too long or cannot be printed").count() == 2
        # What somebody else accepts meanwhile is accepted.
        site.run(save_catalogue(site.context, MEI, [*ENTRIES, Entry("Inverter.rpm", unit="rpm")], version=1))
        page.get_by_role("button", name="Accept these 8").click()
        page.get_by_text("8 names are in the catalogue").wait_for()
        page.get_by_role("button", name="Accept").first.wait_for(state="detached")
        assert len(site.run(load_catalogue(site.context)).signals) == 11
        assert page.locator("#signal-rows tr").count() == 2
        screenshot(page, "signals-refused-light")


def test_dead_jobs_are_retried_and_storage_is_shown(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        fill(site)
        page.goto(f"{site.url}/jobs")
        screenshot(page, "jobs-dead-light")
        page.get_by_role("button", name="Retry all 3 failed").click()
        page.get_by_role("button", name="Retry all").wait_for(state="detached")
        page.get_by_role("link", name="Storage").click()
        page.get_by_role("row", name="HT09 Endurance").wait_for()
        screenshot(page, "storage-light")


def test_storage_follows_what_arrives(browser: Any, tmp_path: Path) -> None:
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        page.goto(f"{site.url}/storage")
        page.get_by_text("Nothing is stored yet").wait_for()
        for number, car in enumerate(("HT09", "<b>HT 08/2026")):
            known = build_recording(number, metadata=metadata(car=car, event="Endurance"))
            site.run(site.context.documents.recordings.insert(known))
            page.evaluate("dispatchEvent(new Event('online'))")  # it would look every ten seconds by itself
            page.locator("#usages tr", has_text=car).wait_for()
        page.keyboard.press("j")
        opened = page.locator("tr.selected .car").inner_text()
        site.run(site.context.documents.recordings.insert(build_recording(3, metadata=metadata(car=opened))))
        page.evaluate("dispatchEvent(new Event('online'))")
        page.locator("#usages tr", has_text="no event").wait_for()
        assert page.locator("tr.selected .car").inner_text() == opened, "whoever is at a row stays there"
        assert page.locator("#figures b").first.inner_text() == "220 MB"
