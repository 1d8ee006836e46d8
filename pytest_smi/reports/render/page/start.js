
  // --- keys of the whole page, and the state that the address asks for ---------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    if (panel.open || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape") {
      if ($("#picker[open]")) $("#picker").open = false;
      else if (document.activeElement === search && !search.value) search.blur();
      else clear();
    }
  });
  recall();
  apply();
})();
