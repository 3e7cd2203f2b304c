// Offers, in the fields of a form with `data-known-values`, the values that recordings have already.

const asked = new WeakSet();  // forms: once is enough

async function values() {
  const answer = await fetch("/api/metadata-values", { headers: { Accept: "application/json" } }).catch(() => null);
  return answer?.ok ? answer.json() : {};  // a convenience: fields work without
}

function listOf(name, known) {
  const id = `known-${name}`;
  const list = document.getElementById(id) ?? document.body.appendChild(Object.assign(document.createElement("datalist"), { id }));
  list.replaceChildren(...known.map((value) => Object.assign(document.createElement("option"), { value })));
  return id;
}

document.addEventListener("focusin", async (event) => {
  const form = event.target.closest?.("form[data-known-values]");
  if (!form || asked.has(form)) return;
  asked.add(form);
  const known = await values();
  for (const field of form.elements) {
    if (field.tagName === "INPUT" && known[field.name]?.length) field.setAttribute("list", listOf(field.name, known[field.name]));
  }
});
