// Asks before somebody leaves a page whose choices are not saved: <form data-unsaved>. The browser has its own words for the question.
"use strict";
{
  let leaving = false;
  const changed = (select) => ![...select.options].some((option) => option.selected && option.defaultSelected);

  document.addEventListener("submit", ({ target }) => (leaving = target.matches("form[data-unsaved]")));
  addEventListener("pageshow", () => (leaving = false));
  addEventListener("beforeunload", (event) => {
    if (!leaving && [...document.querySelectorAll("form[data-unsaved] select")].some(changed)) event.preventDefault();
  });
}
