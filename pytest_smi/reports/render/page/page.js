"use strict";
// Filters, search, keyboard and the panel. Text reaches the page through textContent alone.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const SVG = "http://www.w3.org/2000/svg";
  const STATUSES = ["passed", "failed", "errored", "unsupported", "skipped", "observed"];

  function make(tag, className, ...inside) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...inside.filter((one) => one !== null && one !== undefined && one !== ""));
    return element;
  }
  function icon(status) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS(SVG, "use");
    use.setAttribute("href", `#i-${status}`);
    svg.append(use);
    return svg;
  }
  const known = (status) => (STATUSES.includes(status) ? status : "skipped");
  const chip = (tag, status, text) => make(tag, `chip s-${known(status)}`, icon(known(status)), text);
  function day(text) {
    const when = new Date(text);
    return Number.isNaN(when.getTime()) ? text : when.toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
  }
  const WORST = ["failed", "errored", "skipped", "unsupported", "observed", "passed"];
  const worst = (results) => WORST.find((status) => results.some((one) => one.status === status));

  // --- filters -------------------------------------------------------------------------------------------------------
  const table = $("table"), rows = $$("tr.requirement"), search = $("#search"), chosen = { status: new Set(), level: new Set() };
  const cellsOf = (row) => $$("td", row).filter((cell) => table.classList.contains("with-earlier") || !cell.classList.contains("earlier"));

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const shown =
        words.every((word) => row.dataset.text.includes(word)) &&
        (!chosen.level.size || chosen.level.has(row.dataset.level)) &&
        (!chosen.status.size || cellsOf(row).some((cell) => chosen.status.has(cell.dataset.status)));
      row.hidden = !shown;
      count += shown ? 1 : 0;
    }
    for (const body of $$("tbody")) {
      let level = null, any = false;
      for (const row of $$("tr", body)) {
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
    $("#clear").hidden = !(words.length || chosen.status.size || chosen.level.size);
    rove();
  }
  function clear() {
    search.value = "";
    for (const set of Object.values(chosen)) set.clear();
    for (const button of $$(".filter[data-filter]")) button.setAttribute("aria-pressed", "false");
    filter();
  }
  $(".tools").hidden = false;
  $(".tools").addEventListener("submit", (event) => event.preventDefault());
  search.addEventListener("input", filter);
  for (const button of $$(".filter[data-filter]")) {
    button.addEventListener("click", () => {
      const set = chosen[button.dataset.filter], value = button.dataset.value, on = !set.has(value);
      if (on) set.add(value);
      else set.delete(value);
      button.setAttribute("aria-pressed", String(on));
      filter();
    });
  }
  for (const button of $$(".clear")) button.addEventListener("click", () => { clear(); search.focus(); });
  const earlier = $("#earlier");
  if (earlier) {
    earlier.addEventListener("click", () => {
      earlier.setAttribute("aria-pressed", String(table.classList.toggle("with-earlier")));
      filter();
    });
  }

  // --- the grid and its keys -----------------------------------------------------------------------------------------
  // One cell is in the tab order; the arrow keys move within the grid.
  const grid = () => rows.filter((row) => !row.hidden).map((row) => cellsOf(row).map((cell) => $("button", cell)));
  function rove(to) {
    const before = $('.cell[tabindex="0"]');
    if (before) before.tabIndex = -1;
    const next = to || (before && before.offsetParent ? before : null) || grid().flat().find(Boolean);
    if (next) next.tabIndex = 0;
    return next;
  }
  table.addEventListener("keydown", (event) => {
    const cells = grid();
    const y = cells.findIndex((row) => row.includes(event.target));
    if (y < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
    const x = cells[y].indexOf(event.target), last = cells.length - 1;
    const walk = (from, step, at) => {
      for (let i = from; at(i) !== undefined; i += step) if (at(i)) return at(i);
      return null;
    };
    const column = (i) => (cells[i] ? cells[i][x] || null : undefined), line = (i) => (i in cells[y] ? cells[y][i] : undefined);
    const target = {
      ArrowDown: () => walk(y + 1, 1, column), ArrowUp: () => walk(y - 1, -1, column),
      ArrowRight: () => walk(x + 1, 1, line), ArrowLeft: () => walk(x - 1, -1, line),
      PageDown: () => walk(Math.min(y + 10, last), -1, column), PageUp: () => walk(Math.max(y - 10, 0), 1, column),
      Home: () => (event.shiftKey ? walk(0, 1, line) : walk(0, 1, column)), End: () => (event.shiftKey ? walk(cells[y].length - 1, -1, line) : walk(last, -1, column)),
    }[event.key];
    if (!target) return;
    event.preventDefault();
    const found = target();
    if (found) {
      rove(found).focus();
      found.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  });

  // --- the panel -----------------------------------------------------------------------------------------------------
  const panel = $("#panel"), body = $("#panel-body");
  let open = null, opener = null;

  function show(requirement, index) {
    const run = data.runs[index], about = data.requirements[requirement];
    const results = run && Object.hasOwn(run.results, requirement) ? run.results[requirement] : null;
    if (!results || !about) return false;
    open = { requirement, index };
    const title = make("h2", "", requirement);
    title.id = "panel-title";
    $("#panel-head").replaceChildren(title, chip("span", worst(results), worst(results)), make("span", "soft", `${run.mesh} ${run.version}`.trim()));
    body.replaceChildren(make("p", "said", about.statement), ...results.map((one) => result(one, about, run)), history(requirement, run, index) || "");
    body.scrollTop = 0;
    if (!panel.open) panel.showModal();
    const order = walkable();
    const at = order.indexOf(requirement);
    $("#previous").disabled = at <= 0;
    $("#next").disabled = at < 0 || at >= order.length - 1;
    // A button that was just disabled has lost the focus, and with it the keys.
    if (!panel.contains(document.activeElement) || document.activeElement.disabled) body.focus({ preventScroll: true });
    remember(`#${encodeURIComponent(requirement)}/${encodeURIComponent(run.mesh)}`);
    return true;
  }
  function result(one, about, run) {
    const facts = make("dl", "facts");
    const fact = (name, ...value) => facts.append(make("dt", "", name), make("dd", "", ...value));
    const clauses = one.clauses.flatMap((clause, number) => {
      const gap = number ? "; " : "";
      if (!clause.url || !clause.url.startsWith("https://")) return [gap, clause.text];
      const link = make("a", "", clause.text);
      link.href = clause.url;
      link.rel = "noopener noreferrer";
      link.target = "_blank";
      return [gap, link];
    });
    fact("Level", about.level);
    if (clauses.length) fact("Clause", ...clauses);
    if (one.version) fact("API version", one.version);
    fact("Assertion", make("span", "mono", one.id));
    fact("Run", `${day(run.finished)}, Kubernetes ${run.kubernetes || "unknown"}`);
    fact("Took", `${one.duration.toFixed(2)} s`);
    const box = make("section", "result");
    if (one.reading) box.append(make("p", "quote s-observed", make("b", "", "What was seen"), one.reading));
    if (one.reason) box.append(make("p", `quote s-${known(one.status)}`, make("b", "", one.status === "passed" ? "Note" : "Reason"), one.reason));
    box.append(facts, ...evidence(one));
    return box;
  }
  function evidence(one) {
    if (!one.file) return [make("h3", "", "Evidence"), make("p", "soft", "There is none: the assertion did not get to the traffic.")];
    const parts = [make("h3", "", "Evidence")];
    const name = make(one.file.link && /^(sources\/[0-9a-f]+\/)?evidence\/[A-Za-z0-9_][A-Za-z0-9._-]*\.json$/.test(one.file.path) ? "a" : "span", "mono", one.file.path);
    if (name.tagName === "A") name.href = one.file.path;
    const facts = make("dl", "facts", make("dt", "", "File"), make("dd", "", name), make("dt", "", "sha256"), make("dd", "mono", one.file.sha256));
    parts.push(facts);
    const inside = one.evidence;
    if (!inside) return [...parts, make("p", "note", "It is not embedded in this page.")];
    if (inside.events.length) parts.push(make("h3", "", "Timeline"), make("ol", "timeline", ...inside.events.map(happening)));
    if (inside.manifests.length) {
      parts.push(make("h3", "", "Objects applied"));
      for (const number of inside.manifests) {
        const object = data.manifests[number];
        parts.push(make("details", "", make("summary", "mono", object.name), make("pre", "", object.text)));
      }
    }
    if (inside.more) parts.push(make("p", "note", `${inside.more} more entries are in the evidence file.`));
    return parts;
  }
  function happening([at, depth, number]) {
    const event = data.events[number], details = Object.entries(event.details);
    const list = make("dl");
    for (const [name, value] of details) list.append(make("dt", "", name), make("dd", "", value));
    return make("li", "", make("time", "", `${at.toFixed(2)} s`), make("div", depth ? "what inner" : "what", event.what, details.length ? list : null));
  }
  function history(requirement, run, index) {
    const past = data.runs.map((one, number) => ({ one, number })).filter(({ one }) => one.mesh === run.mesh).reverse();
    if (past.length < 2) return null;
    const buttons = past.map(({ one, number }) => {
      const results = Object.hasOwn(one.results, requirement) ? one.results[requirement] : [];
      const status = worst(results);
      const button = chip("button", status || "unsupported", `${one.version} · ${day(one.finished)}`);
      button.type = "button";
      button.disabled = !status;
      button.setAttribute("aria-label", `${one.version}, ${day(one.finished)}: ${status || "no result"}`);
      if (number === index) button.setAttribute("aria-current", "true");
      button.addEventListener("click", () => show(requirement, number));
      return button;
    });
    return make("section", "", make("h3", "", "History, oldest first"), make("div", "past", ...buttons));
  }
  const walkable = () => rows.filter((row) => !row.hidden).map((row) => $("[data-open]", row)).filter(Boolean).map((one) => one.dataset.open);
  function step(by) {
    const order = walkable();
    for (let at = order.indexOf(open.requirement) + by; at >= 0 && at < order.length; at += by) if (show(order[at], open.index)) return;
  }
  function remember(hash) {
    try {
      window.history.replaceState(null, "", hash || location.pathname + location.search);
    } catch {
      // Some browsers forbid this for local files; the page works without.
    }
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-open]");
    if (!button) return;
    opener = button;
    if (button.classList.contains("cell")) rove(button);
    show(button.dataset.open, Number(button.dataset.run));
  });
  $("#close").addEventListener("click", leave);
  $("#previous").addEventListener("click", () => step(-1));
  $("#next").addEventListener("click", () => step(1));
  panel.addEventListener("click", (event) => { if (event.target === panel) leave(); });
  panel.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (by) {
      event.preventDefault();
      step(by);
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      leave();
    }
  });
  // A browser that closes the panel by itself gives the focus to the opener first and says "close" later. Here both happen at
  // once, so that a key pressed right after Escape meets the cell that was shown last.
  function leave() {
    panel.close();
    if (!open) return;
    const back = $(`.cell[data-open="${CSS.escape(open.requirement)}"][data-run="${open.index}"]`);
    const to = opener && opener.dataset.open === open.requirement ? opener : back || opener;
    open = opener = null;
    remember("");
    if (to && to.offsetParent) (to.classList.contains("cell") ? rove(to) : to).focus();
  }
  panel.addEventListener("close", () => { if (!panel.open) leave(); });
  document.addEventListener("keydown", (event) => {
    if (panel.open || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "/" && document.activeElement !== search) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape") {
      if (document.activeElement === search && !search.value) search.blur();
      else clear();
    }
  });

  // On a narrow screen the head of the table is not seen, so each cell says whose it is.
  const names = $$("thead th.run span").map((head) => head.textContent);
  if (names.length > 1) {
    for (const row of $$("tr.requirement, tr.group")) $$("td", row).forEach((cell, number) => { cell.dataset.mesh = names[number]; });
  }
  // The head of the table stays below the tools, whose height depends on how many lines they take.
  const tools = $(".tools");
  new ResizeObserver(() => document.documentElement.style.setProperty("--tools", `${tools.offsetHeight}px`)).observe(tools);
  rove();
  const wanted = location.hash.slice(1).split("/").map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
  if (wanted.length === 2) {
    const index = data.runs.findIndex((run) => run.mesh === wanted[1]);
    if (index >= 0 && Object.hasOwn(data.requirements, wanted[0])) show(wanted[0], index);
  }
})();
