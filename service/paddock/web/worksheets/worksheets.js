// The worksheets of a plot workspace: a menu that opens one on this recording, and a dialog that saves what is plotted.

import { call, messageOf, may } from "../kernel/api.js";
import { make, need } from "../kernel/dom.js";

/** @typedef {{ id: string, name: string, is_default: boolean, version: number }} Worksheet */

/**
 * What it needs of the workspace.
 * @typedef {{ recording: string, plots: () => string[][], set: (plots: string[][]) => void, say: (text: string) => void }} Workspace
 */

const SAVE = "save…";

/**
 * The menu, for the workspace's toolbar.
 * @param {Workspace} workspace
 */
export function worksheetMenu(workspace) {
  const menu = make("select", { class: "button small worksheets", "aria-label": "Worksheets" }, make("option", { value: "" }, "Worksheets"));
  /** @type {Worksheet[]} */
  let known = [];
  /** @type {Worksheet | null} */
  let opened = null;

  async function refresh() {
    /** @type {{ items: Worksheet[] }} */
    const found = await call("GET", "/api/worksheets");
    known = found.items;
    menu.replaceChildren(
      make("option", { value: "" }, "Worksheets"),
      ...known.map((each) => make("option", { value: each.id, selected: opened?.id === each.id }, each.is_default ? `${each.name} (default)` : each.name)),
      ...(may("edit_dashboards") ? [make("option", { value: SAVE }, "Save as a worksheet…")] : []),
    );
  }

  /** @param {string} id */
  async function open(id) {
    /** @type {{ worksheet: Worksheet, plots: string[][], missing: string[] }} */
    const found = await call("GET", `/api/worksheets/${encodeURIComponent(id)}?${new URLSearchParams({ recording: workspace.recording })}`);
    opened = found.worksheet;
    workspace.set(found.plots);
    workspace.say(found.missing.length ? `Not in this log: ${found.missing.join(", ")}.` : "");
  }

  menu.addEventListener("change", async () => {
    const { value } = menu;
    try {
      if (value === SAVE) await save(workspace, known, opened, async (saved) => { opened = saved; await refresh(); });
      else if (value) await open(value);
    } catch (error) {
      workspace.say(messageOf(error));
    }
    menu.value = opened?.id ?? "";
  });
  refresh().catch(() => { menu.hidden = true; });  // plots work without
  return menu;
}

/**
 * Asks for a name; the one that is open is replaced under its own name, or removed.
 * @param {Workspace} workspace
 * @param {Worksheet[]} known
 * @param {Worksheet | null} opened
 * @param {(saved: Worksheet | null) => Promise<void>} done
 */
async function save(workspace, known, opened, done) {
  const name = make("input", { name: "name", maxlength: 120, required: true, autocomplete: "off", value: opened?.name ?? "" });
  const byDefault = make("input", { type: "checkbox", name: "default" });
  byDefault.checked = opened?.is_default ?? false;
  const error = make("p", { class: "form-error wide", role: "alert", hidden: true });
  const removing = opened && make("button", { class: "button", type: "button" }, `Remove ${opened.name}`);
  const dialog = make("dialog", { class: "dialog", "aria-labelledby": "worksheet-title" });
  const form = make("form", { class: "form", method: "dialog", autocomplete: "off" },
    make("h2", { id: "worksheet-title" }, "Save these plots"),
    make("label", { class: "wide" }, "Name", name),
    make("label", { class: "check wide" }, byDefault, "Pages of recordings begin with it"),
    error,
    make("p", { class: "actions wide" }, removing, make("span", { class: "grow" }),
      make("button", { class: "button", type: "button", onclick: () => dialog.close() }, "Cancel"),
      make("button", { class: "button primary", type: "submit" }, "Save")));
  dialog.append(form);
  /** @param {() => Promise<Worksheet | null>} work */
  const attempt = async (work) => {
    try {
      const saved = await work();
      dialog.close();
      await done(saved);
    } catch (problem) {
      error.textContent = messageOf(problem);
      error.hidden = false;
    }
  };
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const replaced = known.find((each) => each.name === name.value.trim());
    const said = { name: name.value, recording: workspace.recording, plots: workspace.plots(), is_default: byDefault.checked, version: replaced?.version ?? 0 };
    void attempt(() => call(replaced ? "PUT" : "POST", replaced ? `/api/worksheets/${replaced.id}` : "/api/worksheets", said));
  });
  removing?.addEventListener("click", () => void attempt(async () => {
    await call("DELETE", `/api/worksheets/${opened?.id}`);
    return null;
  }));
  dialog.addEventListener("close", () => dialog.remove());
  need(document, "main").append(dialog);
  dialog.showModal();
}
