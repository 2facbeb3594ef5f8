// The report page: overview, bars, comparison, histograms, roofline, energy, tables. timeline.js draws the timelines.

const data = JSON.parse(document.getElementById("data").textContent);
const images = data.images;
const $ = (id) => document.getElementById(id);
const colour = (index) => `var(--c${index % 8})`;

function element(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    if (key === "style") node.style.cssText = value; else node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== null));
  return node;
}
function svg(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// Numbers.
const grouped = (value) => Math.round(value).toString().replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
function short(value) {
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
    if (Math.abs(value) >= size) return `${+(value / size).toPrecision(3)} ${unit}`;
  }
  return `${+value.toPrecision(3)}`;
}
const percent = (value) => `${(100 * value).toFixed(value !== 0 && value < 0.01 ? 4 : 2)} %`;
function shown(form, value) {
  if (value === null || value === undefined) return "–";
  if (form === "count") return grouped(value);
  if (form === "share") return percent(value);
  if (form === "energy") return grouped(value / 1000);
  return Math.abs(value) < 10 ? value.toFixed(4) : value.toFixed(1);
}

// Tips.
const tip = $("tip");
function showTip(text, x, y) {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - box.width - 8))}px`;
  tip.style.top = `${y + 18 + box.height > innerHeight ? Math.max(8, y - box.height - 12) : y + 18}px`;
}
const hideTip = () => { tip.hidden = true; };
function explain(node, text) {
  node.addEventListener("mousemove", (event) => showTip(text, event.clientX, event.clientY));
  node.addEventListener("mouseleave", hideTip);
  node.addEventListener("focus", () => { const box = node.getBoundingClientRect(); showTip(text, box.right, box.top); });
  node.addEventListener("blur", hideTip);
  return node;
}

// Colour scheme.
const onScheme = [];
function setScheme(scheme) {
  if (scheme === "auto") delete document.documentElement.dataset.scheme; else document.documentElement.dataset.scheme = scheme;
  for (const button of document.querySelectorAll(".scheme button")) button.setAttribute("aria-pressed", button.dataset.scheme === scheme);
  for (const redraw of onScheme) redraw();
}
for (const button of document.querySelectorAll(".scheme button")) button.addEventListener("click", () => setScheme(button.dataset.scheme));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { for (const redraw of onScheme) redraw(); });

// Overview.
$("lede").textContent = data.lede;
for (const [index, image] of images.entries()) {
  const o = image.statistics.overhead;
  const hasJobs = o.acceleratorBusyCycles > 0;
  const facts = hasJobs
    ? [["region, cycles", grouped(o.regionCycles)], ["accelerator used", percent((o.acceleratorBusyCycles + o.acceleratorStallCycles) / o.regionCycles)],
       ["jobs", grouped(o.jobs)], ["host cycles awake", grouped(o.hostActiveCycles)]]
    : [["cycles", grouped(image.statistics.cycles)], ["instructions", grouped(image.statistics.instructions)], ["accelerator", "not used"]];
  if (image.statistics.exit.reason !== "exit" || image.statistics.exit.code !== 0) {
    facts.push(["ended by", `${image.statistics.exit.reason} ${image.statistics.exit.code}`]);
  }
  $("cards").append(element("article", {class: "card", style: `--colour:${colour(index)}`},
    element("h3", {}, image.name),
    element("div", {class: "big"}, hasJobs ? percent(o.interventionRatio) : short(image.statistics.cycles)),
    element("div", {class: "note", style: "margin:0"}, hasJobs ? "intervention ratio" : "cycles on the host alone"),
    element("dl", {}, ...facts.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]))));
}

// Stacked bars.
function bars(target, title, parts, rows, format) {
  const longest = Math.max(1, ...rows.map((row) => row.values.reduce((a, b) => a + b, 0)));
  const panel = element("div", {class: "panel"}, element("h3", {}, title));
  for (const row of rows) {
    const total = row.values.reduce((a, b) => a + b, 0);
    const text = parts.map(([name], i) => `${name}: ${format(row.values[i])}${total ? ` (${percent(row.values[i] / total)})` : ""}`).join("\n");
    const bar = element("div", {class: "bar", role: "img", tabindex: "0", "aria-label": `${row.name}: ${text.replaceAll("\n", ", ")}`},
      ...parts.map(([, paint], i) => row.values[i] ? element("span", {style: `width:${100 * row.values[i] / longest}%;background:var(--${paint})`}) : null));
    panel.append(element("div", {class: "bar-row"}, element("span", {class: "name"}, row.name), explain(bar, `${row.name}\n${text}`),
      element("span", {class: "total"}, format(total))));
  }
  panel.append(element("ul", {class: "legend"}, ...parts.map(([name, paint]) =>
    element("li", {}, element("i", {style: `background:var(--${paint})`}), name))));
  target.append(panel);
}
const measured = images.filter((image) => image.statistics.overhead.regionCycles > 0);
bars($("bars"), "Host", [["configuring", "configure"], ["polling", "poll"], ["interrupts", "interrupt"], ["other", "other"], ["asleep", "sleep"]],
  measured.map(({name, statistics: {overhead: o}}) => ({name, values:
    [o.hostConfigureCycles, o.hostPollCycles, o.hostInterruptCycles, o.hostOtherCycles, o.hostSleepCycles]})), grouped);
bars($("bars"), "Accelerator", [["busy", "busy"], ["stalled by contention", "stall"], ["idle while work remained", "idle"]],
  measured.map(({name, statistics: {overhead: o}}) => ({name, values:
    [o.acceleratorBusyCycles, o.acceleratorStallCycles, o.acceleratorIdleCycles]})), grouped);

// Comparison.
{
  const body = element("tbody");
  let group = "";
  for (const figure of data.figures) {
    if (images.every((image) => image.figures[figure.name] === undefined)) continue;
    if (figure.group !== group) {
      group = figure.group;
      if (group) body.append(element("tr", {class: "group"}, element("th", {colspan: 1 + images.length, scope: "rowgroup"}, group)));
    }
    const first = images[0].figures[figure.name];
    body.append(element("tr", {"data-figure": figure.name}, element("th", {scope: "row", style: `padding-left:${14 + 14 * (figure.title.length - figure.title.trimStart().length) / 2}px`}, figure.title.trim()),
      ...images.map((image, index) => {
        const value = image.figures[figure.name];
        const factor = index && first && value !== undefined ? `×${+(value / first).toPrecision(3)}` : "";
        return element("td", {"data-value": value}, shown(figure.form, value), ...(images.length > 1 ? [" ", element("small", {}, factor)] : []));
      })));
  }
  $("comparison-table").append(
    element("thead", {}, element("tr", {}, element("th", {scope: "col"}, "Figure"), ...images.map((image, index) =>
      element("th", {scope: "col", style: `box-shadow:inset 0 3px ${colour(index)}`}, image.name)))), body);
}

// Histograms.
function samples(image, name) {
  const jobs = image.statistics.timeline ?? [];
  const between = (a, b) => jobs.filter((job) => job[a] !== undefined && job[b] !== undefined && job[b] >= job[a]).map((job) => job[b] - job[a]);
  switch (name) {
    case "triggerToStart": return between("trigger", "start");
    case "doneToInterrupt": return between("end", "interrupt");
    case "interruptToHandler": return between("interrupt", "handler");
    case "handlerToAcknowledge": return between("handler", "acknowledge");
    case "doneToAcknowledge": return between("end", "acknowledge");
    default: return jobs.filter((job) => job.gapBefore > 0).map((job) => job.gapBefore);
  }
}
const kinds = [["triggerToStart", "Trigger → first cycle of the job"], ["doneToInterrupt", "Done → interrupt taken"],
  ["interruptToHandler", "Interrupt taken → handler"], ["handlerToAcknowledge", "Handler → register access"],
  ["doneToAcknowledge", "Done → next register access"], ["gap", "Gap between two jobs"]];
for (const [name, title] of kinds) {
  const rows = images.map((image, index) => ({index, name: image.name, values: samples(image, name).sort((a, b) => a - b)})).filter((row) => row.values.length);
  if (!rows.length) continue;
  const width = 460, height = 168, left = 34, bottom = 26, top = 8;
  const low = 0.8, high = 1.6 * Math.max(10, ...rows.map((row) => row.values.at(-1)));
  const x = (value) => left + (width - left - 10) * Math.log(Math.max(value, 1) / low) / Math.log(high / low);
  const bins = 36;
  const chart = svg("svg", {viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}: ` + rows.map((row) =>
    `${row.name} ${row.values.length} samples, median ${row.values[(row.values.length - 1) >> 1]}, largest ${row.values.at(-1)}`).join("; ")});
  for (let decade = 1; decade < high; decade *= 10) {
    chart.append(svg("line", {x1: x(decade), x2: x(decade), y1: top, y2: height - bottom, class: "grid"}),
      Object.assign(svg("text", {x: x(decade), y: height - 10, "text-anchor": "middle"}), {textContent: short(decade)}));
  }
  for (const share of [0, 0.5, 1]) {
    const y = height - bottom - share * (height - bottom - top);
    chart.append(svg("line", {x1: left, x2: width - 10, y1: y, y2: y, class: share ? "grid" : "axis"}),
      Object.assign(svg("text", {x: left - 6, y: y + 4, "text-anchor": "end"}), {textContent: `${100 * share}%`}));
  }
  const slot = (width - left - 10) / bins;
  for (const [order, row] of rows.entries()) {
    const counts = new Array(bins).fill(0);
    for (const value of row.values) counts[Math.min(bins - 1, Math.floor((x(value) - left) / slot))] += 1;
    counts.forEach((count, bin) => {
      if (!count) return;
      const tall = Math.max(1.5, (height - bottom - top) * count / row.values.length);
      const wide = (slot - 1.5) / rows.length;
      chart.append(svg("rect", {x: left + bin * slot + order * wide, y: height - bottom - tall, width: wide, height: tall, rx: 1, style: `fill:${colour(row.index)}`}));
    });
    const median = x(row.values[(row.values.length - 1) >> 1]);
    chart.append(svg("line", {x1: median, x2: median, y1: top, y2: height - bottom, style: `stroke:${colour(row.index)};stroke-dasharray:3 3`}));
  }
  $("histograms").append(element("div", {class: "panel"}, element("h3", {}, title), chart,
    element("ul", {class: "legend"}, ...rows.map((row) => element("li", {}, element("i", {style: `background:${colour(row.index)}`}),
      `${row.name}: ${row.values.length} × median ${grouped(row.values[(row.values.length - 1) >> 1])}`)))));
}

// Roofline.
{
  const {macs, bytesPerCycle} = data.hardware;
  $("roofline-note").textContent = `Each mark is an operation of one shape, over all its descriptors: how many multiply-accumulates it does for a byte through the ports, and how many a cycle it reaches. `
    + `The roof is what the ports bring (${bytesPerCycle} bytes a cycle) and, behind ${macs / bytesPerCycle} MACs a byte, the array (${macs} MACs a cycle).`;
  const width = 1000, height = 400, left = 56, bottom = 44, top = 14, right = 20;
  const points = images.flatMap((image, index) => (image.statistics.operations ?? []).filter((o) => o.macs > 0)
    .map((o) => ({...o, index, image: image.name, x: o.macs / o.bytes, y: o.macs / o.cycles})));
  const lowX = Math.min(0.05, ...points.map((p) => p.x / 1.5)), highX = Math.max(2 * macs / bytesPerCycle, ...points.map((p) => p.x * 1.5));
  const lowY = Math.min(0.5, ...points.map((p) => p.y / 1.5)), highY = macs * 1.8;
  const x = (v) => left + (width - left - right) * Math.log(v / lowX) / Math.log(highX / lowX);
  const y = (v) => height - bottom - (height - bottom - top) * Math.log(v / lowY) / Math.log(highY / lowY);
  const chart = svg("svg", {viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Roofline: MACs a cycle over MACs a byte"});
  for (let decade = 1e-3; decade <= highX; decade *= 10) if (decade >= lowX) chart.append(
    svg("line", {x1: x(decade), x2: x(decade), y1: top, y2: height - bottom, class: "grid"}),
    Object.assign(svg("text", {x: x(decade), y: height - bottom + 17, "text-anchor": "middle"}), {textContent: short(decade)}));
  for (let decade = 1e-3; decade <= highY; decade *= 10) if (decade >= lowY) chart.append(
    svg("line", {x1: left, x2: width - right, y1: y(decade), y2: y(decade), class: "grid"}),
    Object.assign(svg("text", {x: left - 8, y: y(decade) + 4, "text-anchor": "end"}), {textContent: short(decade)}));
  chart.append(Object.assign(svg("text", {x: (left + width) / 2, y: height - 6, "text-anchor": "middle"}), {textContent: "MACs per byte"}),
    Object.assign(svg("text", {x: 14, y: height / 2, "text-anchor": "middle", transform: `rotate(-90 14 ${height / 2})`}), {textContent: "MACs per cycle"}));
  const knee = macs / bytesPerCycle;
  const start = Math.max(lowX, lowY / bytesPerCycle);
  chart.append(svg("path", {d: `M${x(start)} ${y(start * bytesPerCycle)}L${x(knee)} ${y(macs)}L${x(highX)} ${y(macs)}`, style: "fill:none;stroke:var(--ink);stroke-width:2"}),
    Object.assign(svg("text", {x: x(highX), y: y(macs) - 8, "text-anchor": "end"}), {textContent: `array: ${macs} MACs a cycle`}),
    Object.assign(svg("text", {x: x(0.35), y: y(0.35 * bytesPerCycle) - 12, "text-anchor": "end"}), {textContent: `ports: ${bytesPerCycle} bytes a cycle`}));
  for (const p of points.sort((a, b) => b.cycles - a.cycles)) {
    const size = 4 + 7 * Math.sqrt(p.cycles / Math.max(...points.map((q) => q.cycles)));
    const at = [x(p.x), y(p.y)];
    const mark = p.operation === "retention"
      ? svg("rect", {x: at[0] - size, y: at[1] - size, width: 2 * size, height: 2 * size, rx: 2})
      : svg("circle", {cx: at[0], cy: at[1], r: size});
    mark.setAttribute("style", `fill:${colour(p.index)};fill-opacity:.72;stroke:var(--panel)`);
    mark.setAttribute("tabindex", "0");
    mark.setAttribute("role", "img");
    const text = `${p.image}: ${p.operation} ${p.shape}\n${p.x.toFixed(2)} MACs a byte, ${p.y.toFixed(2)} MACs a cycle\n${grouped(p.count)} descriptors, ${grouped(p.cycles)} cycles (${grouped(p.formulaCycles)} without contention)`;
    mark.setAttribute("aria-label", text.replaceAll("\n", ", "));
    chart.append(explain(mark, text));
  }
  $("roofline-chart").append(element("div", {class: "panel"}, chart, element("ul", {class: "legend"},
    ...images.map((image, index) => ({image, index})).filter(({index}) => points.some((p) => p.index === index)).map(({image, index}) =>
      element("li", {}, element("i", {style: `background:${colour(index)}`}), image.name)),
    element("li", {}, "● linear, norm, map   ■ retention   size: cycles"))));
}

// Energy.
{
  const assumptions = images.find((image) => image.statistics.energy)?.statistics.energy.assumptions ?? {};
  $("energy-note").textContent = "Of the whole program, by the specification's formula; one constant is published, the others are guesses: "
    + data.constants.map((c) => `${c.name} = ${assumptions[c.name]} ${c.unit} (${c.basis})`).join("; ") + ".";
  bars($("energy-bars"), "Whole program", [["L2 traffic of the accelerator", "memory"], ["MACs", "mac"], ["accelerator's clock", "clock"], ["host awake", "host"]],
    images.filter((image) => image.statistics.energy).map(({name, statistics: {energy: {run: e}}}) => ({name, values: [e.memory, e.macs, e.idle, e.host]})),
    (value) => `${grouped(value / 1000)} nJ`);
}

// Tables that sort.
function table(title, columns, rows, wide) {
  const body = element("tbody");
  const heads = columns.map((column, index) => {
    const head = element("th", {scope: "col", class: column.text ? "text" : undefined}, element("button", {type: "button"}, column.title));
    head.firstChild.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") === "descending" || (column.text && head.getAttribute("aria-sort") !== "ascending");
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const value = (row) => row[index] ?? (column.text ? "" : -1);
      rows.sort((a, b) => (up ? 1 : -1) * (column.text ? String(value(a)).localeCompare(String(value(b))) : value(a) - value(b)));
      fill();
    });
    return head;
  });
  function fill() {
    body.replaceChildren(...rows.slice(0, 4000).map((row) => element("tr", {}, ...row.map((value, index) =>
      element("td", {class: columns[index].text ? "text" : undefined}, value === undefined ? "–" : columns[index].text ? value : (columns[index].show ?? grouped)(value))))));
  }
  fill();
  return element("div", {class: wide ? "wide" : undefined}, element("h3", {}, `${title} (${grouped(rows.length)})`),
    element("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": title},
      element("table", {}, element("thead", {}, element("tr", {}, ...heads)), body)));
}
const text = (title) => ({title, text: true}), number = (title, show) => ({title, show});
function showDetails(index) {
  const s = images[index].statistics;
  for (const [i, button] of [...$("detail-tabs").children].entries()) {
    button.setAttribute("aria-selected", i === index);
    button.tabIndex = i === index ? 0 : -1;
  }
  const total = (s.functions ?? []).reduce((sum, f) => sum + f.instructions, 0);
  $("detail-panel").setAttribute("aria-labelledby", `tab-${index}`);
  $("detail-panel").replaceChildren(
    table("Instructions by function, in the region", [text("Function"), number("Instructions"), number("Share", percent)],
      (s.functions ?? []).flatMap((f) => [[f.function, f.instructions, f.instructions / total],
        ...f.inlined.slice(0, 4).map((part) => [`${f.function} › ${part.function}`, part.instructions, part.instructions / total])])),
    table("Register accesses, in the region", [text("Register"), number("Reads"), number("Writes")],
      s.overhead.registers.map((r) => [`${r.block}.${r.register}`, r.reads, r.writes])),
    table("Operations of the accelerator", [text("Operation"), text("Shape"), number("Count"), number("Cycles"), number("Without contention"), number("MACs"), number("Bytes"), number("MACs a cycle", (v) => v.toFixed(2)), number("MACs a byte", (v) => v.toFixed(2))],
      (s.operations ?? []).map((o) => [o.operation, o.shape, o.count, o.cycles, o.formulaCycles, o.macs, o.bytes, o.cycles ? o.macs / o.cycles : undefined, o.bytes ? o.macs / o.bytes : undefined]), true),
    table("Jobs", [number("Id"), number("Context"), text("Operation"), number("Trigger"), number("Start"), number("End"), number("Cycles"), number("Stalls"), number("Gap before"), number("Interrupt"), number("Handler"), number("Acknowledged"), number("Next trigger")],
      (s.timeline ?? []).map((j) => [j.id, j.context, j.operation, j.trigger, j.start, j.end, j.end - j.start + 1, j.stall, j.gapBefore, j.interrupt, j.handler, j.acknowledge, j.nextTrigger]), true));
}
for (const [index, image] of images.entries()) {
  const button = element("button", {type: "button", role: "tab", id: `tab-${index}`, "aria-controls": "detail-panel"}, image.name);
  button.addEventListener("click", () => showDetails(index));
  button.addEventListener("keydown", (event) => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (!step) return;
    const next = (index + step + images.length) % images.length;
    showDetails(next);
    $("detail-tabs").children[next].focus();
  });
  $("detail-tabs").append(button);
}
showDetails(0);
$("footer").textContent = data.footer;
