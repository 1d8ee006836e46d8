
  // --- the table of meshes: sorted by any column, and how old what it shows is ------------------------------------------------
  const overview = $(".overview"), titles = $$("th", overview.tHead);
  function sort(by) {
    const [name, down] = by.startsWith("-") ? [by.slice(1), -1] : [by, 1];
    const at = titles.findIndex((title) => title.textContent.trim().toLowerCase() === name);
    if (at < 0) return;
    const number = titles[at].dataset.sort === "number", value = (row) => row.cells[at].dataset.value;
    const order = (one, other) => (number ? Number(value(one)) - Number(value(other)) : value(one).localeCompare(value(other), "en", { numeric: true }));
    const body = overview.tBodies[0];
    body.append(...[...body.rows].sort((one, other) => down * order(one, other) || one.dataset.mesh - other.dataset.mesh));
    titles.forEach((title, number_) => title.setAttribute("aria-sort", number_ === at ? (down > 0 ? "ascending" : "descending") : "none"));
    sorted = by === "mesh" ? "" : by;
  }
  for (const title of titles) {
    const name = title.textContent.trim(), button = make("button", "", name);
    button.type = "button";
    title.replaceChildren(button);
    button.addEventListener("click", () => {
      const now = title.getAttribute("aria-sort"), word = name.toLowerCase();
      // Numbers are wanted with the largest first.
      const first = title.dataset.sort === "number" ? `-${word}` : word, second = title.dataset.sort === "number" ? word : `-${word}`;
      const next = { ascending: `-${word}`, descending: word }[now] || first;
      sort(now === "none" || !now ? first : next || second);
      note();
    });
  }
  const oldest = Number(document.body.dataset.maxAge);
  for (const row of overview.tBodies[0].rows) {
    const time = $("time", row), age = (Date.now() - Date.parse(time.dateTime)) / 1000, days = Math.floor(age / 86400);
    if (Number.isFinite(days)) time.title = days < 1 ? "today" : `${days} day${days === 1 ? "" : "s"} ago`;
    if (oldest && !(age <= oldest)) $(".stale", row).hidden = false;
  }

  // Where the top of the box is above the screen, its head follows the screen: the names stay in sight.
  const area = $(".scroll");
  const follow = () => {
    const { top, height } = area.getBoundingClientRect();
    area.style.setProperty("--over", `${Math.round(Math.max(0, Math.min(-top, height - 240)))}px`);
  };
  window.addEventListener("scroll", follow, { passive: true });
  window.addEventListener("resize", follow, { passive: true });
  follow();

  // --- the grid and its keys: one cell is in the tab order; the arrow keys move within the grid --------------------------------
  heads().forEach((head, number) => {
    const run = byKey.get(head.dataset.run);
    for (const row of rows) {
      const anchor = $("a", row.cells[number + 1]);
      if (anchor) named(anchor, idOf(row), run, anchor.textContent);
    }
  });
  const grid = () => rows.filter((row) => !row.hidden).map((row) => seen().map(({ number }) => $("a", row.cells[number])));
  function rove(to) {
    const before = $('td a[tabindex="0"]', table);
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
      rove(found).focus({ preventScroll: true });
      found.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  });
