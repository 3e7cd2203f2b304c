// The list of recordings by keyboard and pointer: j and k move, Enter opens, a click anywhere on a row opens it.

const rows = () => [...document.querySelectorAll("#rows > tr")];
const selected = () => document.querySelector("#rows > tr.selected");

function select(row) {
  selected()?.classList.remove("selected");
  row.classList.add("selected");
  row.querySelector("a").focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target.closest("input, textarea, select");
  if (typing) {
    if (event.key === "Escape") typing.blur();
    return;
  }
  const all = rows();
  const step = { j: 1, k: -1 }[event.key];
  if (!step || !all.length) return;
  event.preventDefault();
  const at = all.indexOf(selected());
  select(all[at < 0 ? 0 : Math.min(all.length - 1, Math.max(0, at + step))]);
});

document.addEventListener("click", (event) => {
  const row = event.target.closest("#rows > tr");
  if (!row || event.defaultPrevented || event.target.closest("a, button") || String(getSelection())) return;
  location.href = row.dataset.href;
});
