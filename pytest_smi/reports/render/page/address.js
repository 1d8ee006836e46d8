
  // --- the address: what is open stands after the #, filters after the ? ---------------------------------------------------
  const decode = (part) => { try { return decodeURIComponent(part); } catch { return part; } };
  const encode = (part) => encodeURIComponent(part).replace(/%(40|7E|3D|2B|2C|3A)/g, decode);
  const addressOf = (requirement, run) => `#${encode(requirement)}/${encode(run.key)}`;

  // {requirement, run}, {mesh}, {row} or null.
  function targetOf(hash) {
    const [first, second, ...more] = hash.replace(/^#/, "").split("/").map(decode);
    if (more.length || !first) return null;
    if (second === undefined) {
      if (numbers.has(first)) return { row: first };
      const run = latest.get(first);
      return run ? { mesh: run.mesh } : null;
    }
    const run = byKey.get(second) || latest.get(second);
    return run && numbers.has(first) ? { requirement: first, run } : null;
  }
  function put(how, address, state) {
    try {
      window.history[how](state, "", address);
      return true;
    } catch {
      return false; // Some browsers forbid this for local files; the page works without.
    }
  }
  const bare = () => location.pathname + location.search;
  // After the panel was closed, the place of its address in the history is free for the next one.
  function go(hash) {
    if (!put(window.history.state && window.history.state.free ? "replaceState" : "pushState", hash, { inside: true })) location.hash = hash;
    apply();
  }
  function forget() {
    if (!location.hash) return;
    const state = window.history.state && window.history.state.inside ? { free: true } : null;
    if (!put("replaceState", bare(), state)) location.hash = "";
  }
  function apply() {
    const target = targetOf(location.hash);
    if (target && target.requirement) showResult(target.requirement, target.run);
    else if (target && target.mesh !== undefined) showMesh(target.mesh);
    else {
      close();
      const row = target && rows.find((one) => idOf(one) === target.row);
      if (row) row.scrollIntoView({ block: "center" });
    }
  }
  window.addEventListener("popstate", () => apply());
  window.addEventListener("hashchange", () => apply());
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest('a[href^="#"]');
    if (!anchor || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const hash = anchor.getAttribute("href");
    if (!targetOf(hash)) return;
    event.preventDefault();
    if (!panel.contains(anchor)) opener = anchor;
    if (anchor.closest("#grid td")) rove(anchor);
    if (panel.open) {
      put("replaceState", hash, window.history.state);
      apply();
    } else go(hash);
  });
