// The keys, on `?`.

const KEYS = [
  ["/", "Search"],
  ["j  k", "Next, previous recording"],
  ["Enter", "Open it"],
  ["x", "Select it"],
  ["Esc", "Leave a field or a menu; clear the selection"],
  ["?", "These keys"],
];

function build() {
  const dialog = document.createElement("dialog");
  dialog.className = "help";
  dialog.setAttribute("aria-label", "Keys");
  const title = document.createElement("h2");
  title.textContent = "Keys";
  const list = document.createElement("dl");
  for (const [keys, meaning] of KEYS) {
    const term = document.createElement("dt");
    for (const key of keys.split("  ")) {
      const kbd = document.createElement("kbd");
      kbd.textContent = key;
      term.append(kbd, " ");
    }
    const what = document.createElement("dd");
    what.textContent = meaning;
    list.append(term, what);
  }
  dialog.append(title, list);
  dialog.addEventListener("click", () => dialog.close());
  document.body.append(dialog);
  return dialog;
}

let dialog;
document.addEventListener("keydown", (event) => {
  if (event.key !== "?" || event.target.closest("input, textarea, select, [contenteditable]")) return;
  event.preventDefault();
  dialog ??= build();
  if (dialog.open) dialog.close();
  else dialog.showModal();
});
