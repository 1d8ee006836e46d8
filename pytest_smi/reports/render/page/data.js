"use strict";
// What the page holds, and the pieces that the rest is built of. Text reaches the page through textContent alone.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const SVG = "http://www.w3.org/2000/svg";
  const STATUSES = ["passed", "failed", "errored", "unsupported", "skipped", "observed"];
  const WORD = Object.fromEntries(STATUSES.map((status) => [status[0], status]));
  const WORST = ["failed", "errored", "skipped", "unsupported", "observed", "passed"];

  function make(tag, className, ...inside) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...inside.filter((one) => one !== null && one !== undefined && one !== ""));
    return element;
  }
  function icon(name) {
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS(SVG, "use");
    use.setAttribute("href", `#i-${name}`);
    svg.append(use);
    return svg;
  }
  function link(address, text, className) {
    const element = make("a", className, text);
    element.href = address;
    if (/^https:/.test(address)) {
      element.rel = "noopener noreferrer";
      element.target = "_blank";
    }
    return element;
  }
  // What stands between backticks is code.
  const withCode = (text) => text.split(/`([^`\n]+)`/).map((part, number) => (number % 2 ? make("code", "", part) : part));
  const known = (status) => (STATUSES.includes(status) ? status : "skipped");
  const chip = (tag, status, text) => make(tag, `chip s-${known(status)}`, icon(known(status)), text);
  const day = (text) => (/^\d{4}-\d\d-\d\d/.test(text) ? text.slice(0, 10) : text);
  const worst = (results) => WORST.find((status) => results.some((one) => one.status === status));

  // The latest run of a mesh has all its statuses; each earlier one follows from what changed after it.
  const numbers = new Map(data.requirements.map((id, number) => [id, number]));
  const byKey = new Map(), latest = new Map(), histories = data.meshes.map(() => []);
  data.meshes.forEach((mesh, number) => mesh.runs.forEach((run, place) => {
    const history = histories[number];
    run.mesh = number;
    run.name = mesh.name;
    run.key = run.key || `${mesh.name}@${run.version}`;
    run.since = run.since || [];
    run.first = place === mesh.runs.length - 1;
    if (!run.page && mesh.folder) run.page = `${mesh.folder}${run.version}/`;
    run.details = run.details || (run.results ? "" : `${run.page}run.json`);
    if (run.statuses === undefined) {
      const newer = history[history.length - 1], letters = [...newer.statuses];
      for (const [number, letter] of newer.since) letters[number] = letter;
      run.statuses = letters.join("");
    }
    history.push(run);
    byKey.set(run.key, run);
    if (!latest.has(run.name)) latest.set(run.name, run);
  }));
  const statusOf = (run, requirement) => WORD[run.statuses[numbers.get(requirement)]];
  const label = (run) => `${run.name} ${run.version}`.trim();
