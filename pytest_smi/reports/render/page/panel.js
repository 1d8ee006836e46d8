
  // --- the panel: a result, or a mesh with its history -------------------------------------------------------------------------
  const panel = $("#panel"), body = $("#panel-body");
  let open = null, opener = null;

  function head(name, ...more) {
    const title = make("h2", "", name);
    title.id = "panel-title";
    $("#panel-head").replaceChildren(title, ...more);
  }
  function present(...inside) {
    body.replaceChildren(...inside.filter(Boolean));
    body.scrollTop = 0;
    if (!panel.open) panel.showModal();
    const order = open.requirement ? walkable() : [], at = order.indexOf(open.requirement);
    $("#previous").disabled = at <= 0;
    $("#next").disabled = at < 0 || at >= order.length - 1;
    // A button that was just disabled has lost the focus, and with it the keys.
    if (!panel.contains(document.activeElement) || document.activeElement.disabled) body.focus({ preventScroll: true });
  }
  function showResult(requirement, run) {
    const status = statusOf(run, requirement);
    if (!status) return false;
    const row = rows.find((one) => idOf(one) === requirement);
    open = { requirement, run };
    head(requirement, chip("span", status, status), make("span", "soft", label(run)));
    const results = run.results && Object.hasOwn(run.results, requirement) ? run.results[requirement] : null;
    const told = results
      ? results.map((one) => result(one, row.dataset.level, run, run.pools || data))
      : [make("p", "note", run.details ? "Loading …" : "Results that passed in an earlier run are in its own report.")];
    present(make("p", "said", ...$(".statement", row).cloneNode(true).childNodes), ...told, past(requirement, run));
    if (!results && run.details) load(run).then(() => { if (open && open.requirement === requirement && open.run === run) showResult(requirement, run); }, failed);
    return true;
  }
  async function load(run) {
    const response = await fetch(run.details);
    if (!response.ok) throw new Error(`${run.details} was answered with status ${response.status}`);
    const found = await response.json();
    run.pools = found;
    run.results = found.results;
    run.kubernetes = found.kubernetes;
  }
  function failed(error) {
    const note = $(".note", body);
    const hint = location.protocol === "file:" ? "A browser loads nothing beside a local file: serve the folder, python -m http.server does." : String(error.message || error);
    if (note) note.textContent = `The details could not be loaded. ${hint}`;
  }
  function past(requirement, run) {
    const runs = histories[run.mesh].filter((one) => statusOf(one, requirement)).reverse();
    if (runs.length < 2) return null;
    const chips = runs.map((one) => {
      const status = statusOf(one, requirement), own = chip("a", status, `${one.version} · ${day(one.finished)}`);
      own.href = addressOf(requirement, one);
      own.setAttribute("aria-label", `${one.version}, ${day(one.finished)}: ${status}`);
      if (one === run) own.setAttribute("aria-current", "true");
      return own;
    });
    return make("section", "", make("h3", "", "History, oldest first"), make("div", "past", ...chips));
  }

  function showMesh(number) {
    const mesh = data.meshes[number], runs = histories[number];
    open = { mesh: number };
    head(mesh.name, make("span", "soft", runs[0].version));
    const badge = mesh.badgeFile || (mesh.badge ? `data:image/svg+xml;charset=utf-8,${encodeURIComponent(mesh.badge)}` : "");
    const downloads = make("p", "downloads");
    if (badge) {
      const image = Object.assign(make("img"), { src: badge, alt: `Badge of ${mesh.name}` });
      downloads.append(Object.assign(link(badge, image), { download: "badge.svg", title: "Download the badge" }));
    }
    if (runs[0].page) downloads.append(link(runs[0].page, "Page of this version"));
    if (runs[0].matrix) downloads.append(link(runs[0].matrix, "matrix.json"));
    present(downloads.childElementCount ? downloads : null, make("h3", "", "Versions, newest first"), make("ol", "versions", ...runs.map(version)));
  }
  function version(run) {
    const name = run.page ? link(run.page, run.version || run.key) : make("b", "", run.version || run.key);
    const line = make("p", "", name, make("span", "share", run.percent), make("span", "soft", `${run.passed} of ${run.tested} passed`), make("span", "soft", day(run.finished)));
    line.append(make("span", run.conformant ? "verdict good" : "verdict bad", icon(run.conformant ? "passed" : "failed"), run.conformant ? "Conformant" : "Not conformant"));
    const kinds = [["-", "worse", "Worse"], ["+", "better", "Better"], ["~", "soft", "Changed"]].map(([kind, name_, title]) => {
      const changes = run.since.filter((one) => one[2] === kind);
      if (!changes.length) return null;
      return make("p", name_, `${title}: `, ...changes.flatMap(([number, was], index) => {
        const id = data.requirements[number], now = statusOf(run, id), own = now ? link(addressOf(id, run), id) : make("span", "", id);
        own.title = `${WORD[was] || "no result"} → ${now || "no result"}`;
        return index ? [", ", own] : [own];
      }));
    });
    return make("li", "", line, ...kinds, run.since.length || run.first ? null : make("p", "soft", "As the run before."));
  }

  const walkable = () => rows.filter((row) => !row.hidden && statusOf(open.run, idOf(row))).map(idOf);
  function step(by) {
    if (!open || !open.requirement) return;
    const order = walkable(), next = order[order.indexOf(open.requirement) + by];
    if (next === undefined) return;
    put("replaceState", addressOf(next, open.run), window.history.state);
    showResult(next, open.run);
  }
  // A browser that closes the panel by itself gives the focus to the opener first and says "close" later. Here both happen at
  // once, so that a key pressed right after Escape meets the cell that was shown last.
  function close() {
    if (!open) return;
    panel.close();
    const shown = open, hash = shown.requirement ? addressOf(shown.requirement, shown.run) : null;
    const cell = hash && $$("td a", table).find((one) => one.getAttribute("href") === hash);
    const to = opener && (!hash || opener.getAttribute("href") === hash) ? opener : cell || opener;
    open = opener = null;
    if (to && to.offsetParent) (to.closest("#grid td") ? rove(to) : to).focus();
  }
  function leave() {
    close();
    forget();
  }
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
  panel.addEventListener("close", () => { if (open && !panel.open) leave(); });
