
  // --- filters, meshes, differences, earlier runs: what of the matrix is seen ------------------------------------------------
  const table = $("#grid"), rows = $$("tr.requirement", table), search = $("#search");
  const chosen = { status: new Set(), level: new Set(), hidden: new Set(), differences: false, earlier: false };
  const idOf = (row) => $(".id", row).textContent;
  const heads = () => $$("thead th.run", table);
  const seen = () => heads().map((head, number) => ({ head, number: number + 1 })).filter(({ head }) => !head.hidden);
  const statusIn = (cell) => (cell.className.startsWith("s-") ? cell.className.slice(2) : "");

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean), columns = seen();
    let count = 0;
    for (const row of rows) {
      const text = row.dataset.text === undefined ? row.cells[0].textContent.toLowerCase() : row.dataset.text;
      const found = columns.map(({ number }) => statusIn(row.cells[number]));
      row.hidden = !(
        words.every((word) => text.includes(word)) &&
        (!chosen.level.size || chosen.level.has(row.dataset.level)) &&
        (!chosen.status.size || found.some((status) => chosen.status.has(status))) &&
        (!chosen.differences || new Set(found).size > 1)
      );
      count += row.hidden ? 0 : 1;
    }
    for (const body of $$("tbody", table)) {
      let level = null, any = false;
      for (const row of body.rows) {
        if (row.classList.contains("level")) {
          level = row;
          level.hidden = true;
        } else if (row.classList.contains("requirement") && !row.hidden) {
          level.hidden = false;
          any = true;
        }
      }
      body.hidden = !any;
    }
    $("#found").textContent = `${count} of ${rows.length}`;
    $("#nothing").hidden = count > 0;
    $("#clear").hidden = !(words.length || chosen.status.size || chosen.level.size || chosen.hidden.size || chosen.differences);
    rove();
  }
  function columns() {
    heads().forEach((head, number) => {
      const mesh = data.meshes[head.dataset.mesh].name;
      const hidden = chosen.hidden.has(mesh) || (head.classList.contains("earlier") && !chosen.earlier);
      if (head.hidden === hidden) return;
      head.hidden = hidden;
      for (const row of $$("tr.group, tr.requirement", table)) row.cells[number + 1].hidden = hidden;
    });
    const shown = seen().length;
    table.classList.toggle("wide", shown > 4);
    table.classList.toggle("narrow", shown <= 4);
    for (const row of $$("tr.level", table)) row.cells[0].colSpan = shown + 1;
    if ($("#picked")) $("#picked").textContent = String(data.meshes.length - chosen.hidden.size);
    for (const row of $$(".overview tbody tr")) row.classList.toggle("left-out", chosen.hidden.has(data.meshes[row.dataset.mesh].name));
  }
  // The columns of earlier runs are made when they are asked for: they follow the latest run of their mesh.
  function addEarlier() {
    if ($("th.earlier", table)) return;
    for (const head of heads()) {
      let after = [...head.parentNode.cells].indexOf(head);
      for (const run of histories[head.dataset.mesh].slice(1, 6)) {
        const own = make("th", "run earlier", link(`#${encode(run.name)}`, make("bdi", "", run.name)));
        own.firstChild.append(" ", make("bdi", "soft", run.version));
        Object.assign(own.dataset, { run: run.key, mesh: run.mesh });
        own.scope = "col";
        own.hidden = true;
        head.parentNode.cells[after].after(own);
        for (const row of $$("tr.group, tr.requirement", table)) {
          const status = row.classList.contains("requirement") ? statusOf(run, idOf(row)) : undefined;
          const cell = make("td", status ? `s-${status}` : "");
          cell.hidden = true;
          if (status) cell.append(named(link(addressOf(idOf(row), run), status), idOf(row), run, status));
          row.cells[after].after(cell);
        }
        after += 1;
      }
    }
  }
  function named(anchor, requirement, run, status) {
    anchor.href = addressOf(requirement, run);
    anchor.setAttribute("aria-label", `${requirement}, ${label(run)}: ${status}`);
    anchor.title = `${label(run)}: ${status}`;
    anchor.tabIndex = -1;
    return anchor;
  }

  // --- the same as an address, and back --------------------------------------------------------------------------------------
  let sorted = "";
  function note() {
    const query = new URLSearchParams();
    for (const name of ["status", "level"]) for (const value of chosen[name]) query.append(name, value);
    if (chosen.hidden.size) for (const { name } of data.meshes) if (!chosen.hidden.has(name)) query.append("mesh", name);
    if (chosen.hidden.size === data.meshes.length) query.append("mesh", "");
    if (search.value.trim()) query.set("q", search.value.trim());
    if (chosen.differences) query.set("differences", "1");
    if (chosen.earlier) query.set("earlier", "1");
    if (sorted) query.set("sort", sorted);
    const text = query.toString().replace(/%40/g, "@");
    put("replaceState", location.pathname + (text ? `?${text}` : "") + location.hash, window.history.state);
  }
  function recall() {
    const query = new URLSearchParams(location.search), meshes = new Set(query.getAll("mesh"));
    for (const name of ["status", "level"]) chosen[name] = new Set(query.getAll(name));
    chosen.hidden = new Set(meshes.size ? data.meshes.map(({ name }) => name).filter((name) => !meshes.has(name)) : []);
    chosen.differences = query.has("differences");
    chosen.earlier = query.has("earlier");
    search.value = query.get("q") || "";
    press();
    if (query.get("sort")) sort(query.get("sort"));
  }
  function press() {
    for (const button of $$(".filter[data-filter]")) button.setAttribute("aria-pressed", String(chosen[button.dataset.filter].has(button.dataset.value)));
    for (const name of ["differences", "earlier"]) if ($(`#${name}`)) $(`#${name}`).setAttribute("aria-pressed", String(chosen[name]));
    for (const box of $$("#picker input")) box.checked = !chosen.hidden.has(box.value);
    if (chosen.earlier) addEarlier();
    columns();
    filter();
  }
  function changed() {
    press();
    note();
  }
  function clear() {
    search.value = "";
    for (const name of ["status", "level", "hidden"]) chosen[name].clear();
    chosen.differences = false;
    changed();
  }

  $(".tools").hidden = false;
  $(".tools").addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", () => { filter(); note(); });
  for (const button of $$(".filter[data-filter]")) {
    button.addEventListener("click", () => {
      const set = chosen[button.dataset.filter], value = button.dataset.value;
      if (!set.delete(value)) set.add(value);
      changed();
    });
  }
  for (const name of ["differences", "earlier"]) {
    if ($(`#${name}`)) $(`#${name}`).addEventListener("click", () => { chosen[name] = !chosen[name]; changed(); });
  }
  for (const box of $$("#picker input")) {
    box.addEventListener("change", () => { chosen.hidden[box.checked ? "delete" : "add"](box.value); changed(); });
  }
  for (const [button, names] of [["#all-meshes", []], ["#no-meshes", data.meshes.map(({ name }) => name)]]) {
    if ($(button)) $(button).addEventListener("click", () => { chosen.hidden = new Set(names); changed(); });
  }
  for (const button of ["#clear", "#nothing .clear"]) $(button).addEventListener("click", () => { clear(); search.focus(); });
  document.addEventListener("click", (event) => { if ($("#picker") && !event.target.closest("#picker")) $("#picker").open = false; });
