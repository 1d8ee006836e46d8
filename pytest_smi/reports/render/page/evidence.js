
  // --- a result and its evidence ---------------------------------------------------------------------------------------------
  const PLACE = /^(reports\/[0-9a-f]+\/)?(sources\/[0-9a-f]+\/)?evidence\/[A-Za-z0-9_][A-Za-z0-9._-]*\.json$/;

  function facts(...pairs) {
    const list = make("dl", "facts");
    for (const [name, ...value] of pairs) list.append(make("dt", "", name), make("dd", "", ...value));
    return list;
  }
  function result(one, level, run, pools) {
    const clauses = pools.clauses[one.clauses].flatMap((clause, number) => [
      number ? "; " : "",
      clause.url && clause.url.startsWith("https://") ? link(clause.url, clause.text) : clause.text,
    ]);
    const box = make("section", "result");
    if (one.reading) box.append(make("p", "quote s-observed", make("b", "", "Observed"), ...withCode(one.reading)));
    if (one.reason) box.append(make("p", `quote s-${known(one.status)}`, make("b", "", one.status === "passed" ? "Note" : "Reason"), ...withCode(one.reason)));
    if (one.failure) box.append(failure(one.failure));
    const pairs = [["Level", level]];
    if (clauses.length) pairs.push(["Clause", ...clauses]);
    if (one.version) pairs.push(["API version", one.version]);
    pairs.push(["Assertion", make("span", "mono", one.id)]);
    pairs.push(["Run", `${day(run.finished)}, Kubernetes ${run.kubernetes || "unknown"}`], ["Took", `${one.duration.toFixed(2)} s`]);
    box.append(facts(...pairs), ...evidence(one, pools));
    return box;
  }
  // The block of a failure, as the terminal shows it; a part that goes on has an empty label.
  function failure(parts) {
    const list = make("dl", "facts failure");
    for (const [name, text] of parts) list.append(make("dt", "", name), make("dd", "", text));
    return list;
  }
  function evidence(one, pools) {
    if (!one.file) return [make("h3", "", "Evidence"), make("p", "soft", "There is none: the assertion did not get to the traffic.")];
    const inside = one.evidence, parts = [make("h3", "", "Evidence")];
    if (inside && inside.calls.length) parts.push(calls(inside.calls));
    const name = one.file.link && PLACE.test(one.file.path) ? link(data.root + one.file.path, one.file.path, "mono") : make("span", "mono", one.file.path);
    const digest = make("span", "mono", one.file.sha256);
    parts.push(facts(["File", name], ["sha256", digest]));
    if (!inside) return [...parts, make("p", "note", "It is not embedded in this page.")];
    if (inside.events.length) parts.push(make("h3", "", "Timeline"), make("ol", "timeline", ...inside.events.map((event) => happening(event, pools))));
    if (inside.manifests.length) {
      parts.push(make("h3", "", "Objects applied"));
      for (const number of inside.manifests) {
        const object = pools.manifests[number];
        parts.push(make("details", "", make("summary", "mono", object.name), make("pre", "", object.text)));
      }
    }
    if (inside.more) parts.push(make("p", "note", `${inside.more} more entries are in the evidence file.`));
    return parts;
  }
  function calls(listed) {
    const head = make("tr", "", ...["Call", "Expected", "Got", "Count"].map((name) => Object.assign(make("th", "", name), { scope: "col" })));
    const lines = listed.map(([call, expected, got, count, wrong]) =>
      make("tr", wrong ? "wrong" : "", make("td", "mono", call), make("td", "", expected), make("td", "", got), make("td", "count", count)));
    return make("div", "sheet", make("table", "calls", make("thead", "", head), make("tbody", "", ...lines)));
  }
  function happening([at, depth, number], pools) {
    const event = pools.events[number], details = Object.entries(event.details);
    const list = make("dl");
    for (const [name, value] of details) list.append(make("dt", "", name), make("dd", "", value));
    return make("li", "", make("time", "", `${at.toFixed(2)} s`), make("div", depth ? "what inner" : "what", event.what, details.length ? list : null));
  }
