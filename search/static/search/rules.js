// Of a condition's or an action's form, shows the fields that count for its kind.
"use strict";
{
  const FIELDS = JSON.parse(document.getElementById("rule-fields")?.textContent || "{}");

  function apply(select) {
    const form = select.closest(".form-group");
    const kinds = FIELDS[select.name.split("-")[0]];
    if (!form || !kinds) return;
    const all = new Set(Object.values(kinds).flat());
    const shown = new Set(kinds[select.value] || []);
    const match = form.querySelector('select[name$="-match"]');
    if (match && match.value === "any") shown.delete("words");
    for (const name of all) {
      for (const line of form.querySelectorAll(`.field-${name}`)) {
        const row = line.closest(".field-row") || line;
        row.style.display = shown.has(name) ? "" : "none";
      }
    }
  }

  function applyAll(root) {
    for (const select of root.querySelectorAll('select[name$="-kind"]')) apply(select);
  }

  document.addEventListener("change", (event) => {
    if (!(event.target instanceof HTMLSelectElement)) return;
    const form = event.target.closest(".form-group");
    if (form && /-(kind|match)$/.test(event.target.name)) applyAll(form);
  });
  document.addEventListener("formset:added", (event) => applyAll(event.target));
  applyAll(document);
}
