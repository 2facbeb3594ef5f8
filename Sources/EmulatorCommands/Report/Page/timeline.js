// Timelines that zoom: one canvas an image, drawn from the slices in view.

function drawTimelines() {
  const paint = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const hash = (name) => { let h = 7; for (const c of name) h = (h * 31 + c.codePointAt(0)) >>> 0; return h; };
  for (const image of images) {
    const line = image.timeline;
    if (!line) continue;
    const rowHeight = 17, gap = 6, label = 150, ruler = 24, chart = 38;
    const rows = [];
    let y = ruler;
    for (const track of line.tracks) {
      rows.push({...track, y, height: track.depths * rowHeight});
      y += track.depths * rowHeight + gap;
    }
    const charts = line.counters.map((counter) => { const at = y; y += chart + gap; return {...counter, y: at}; });
    const height = y + 2;
    let view = [line.start, Math.max(line.end, line.start + 1)];
    const whole = [...view];
    const caption = element("span");
    const canvas = element("canvas", {tabindex: "0", role: "application", height,
      "aria-label": `Timeline of ${image.name}: ${line.tracks.map((t) => `${t.group} ${t.name}, ${t.slices.length} slices`).join("; ")}. Arrow keys move, plus and minus zoom, comma and full stop step through slices.`});
    canvas.style.height = `${height}px`;
    $("timeline-list").append(element("div", {class: "panel timeline"}, element("div", {class: "range"}, element("h3", {}, image.name), caption), canvas));
    const context = canvas.getContext("2d");
    let width = 0, chosen = null, row = 0;

    const toX = (cycle) => label + (cycle - view[0]) / (view[1] - view[0]) * (width - label);
    const toCycle = (x) => view[0] + (x - label) / (width - label) * (view[1] - view[0]);
    const palette = () => ["--c0", "--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7"].map(paint);
    function colourOf(name, colours) {
      if (name === "asleep") return paint("--sleep");
      if (name.startsWith("interrupt")) return paint("--interrupt");
      if (name.endsWith("waits")) return paint("--idle");
      const kind = name.replace(/^job \d+ /, "").split(" ")[0];
      const known = {linear: 0, retention: 2, norm: 4, map: 5, ctrl: 7, list: 0};
      return colours[known[kind] ?? hash(kind) % 8];
    }
    const cache = new Map();
    function draw() {
      const ratio = devicePixelRatio || 1;
      width = canvas.clientWidth;
      canvas.width = width * ratio;
      canvas.height = height * ratio;
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      const ink = paint("--ink"), soft = paint("--soft"), faint = paint("--faint"), panel = paint("--panel");
      context.font = "11px system-ui, 'DejaVu Sans', sans-serif";
      context.textBaseline = "middle";
      // Ruler.
      const span = view[1] - view[0];
      let step = 10 ** Math.floor(Math.log10(span / 6));
      if (span / step > 24) step *= 5; else if (span / step > 12) step *= 2;
      step = Math.max(1, step);
      for (let tick = Math.ceil(view[0] / step) * step; tick <= view[1]; tick += step) {
        const x = Math.round(toX(tick)) + 0.5;
        context.fillStyle = faint;
        context.fillRect(x, ruler - 6, 1, height - ruler);
        context.fillStyle = soft;
        if (x < width - 40) context.fillText(grouped(tick), x + 4, 9);
      }
      for (const track of rows) {
        context.fillStyle = soft;
        context.fillText(`${track.group} · ${track.name}`.slice(0, 26), 0, track.y + rowHeight / 2);
        const reach = new Array(track.depths).fill(-1);
        const s = track.slices;
        for (let i = 0; i < s.length; i++) {
          const [start, length, name, depth] = s[i];
          if (start + length <= view[0] || start >= view[1]) continue;
          const x0 = Math.max(label, toX(start)), x1 = Math.min(width, toX(start + length));
          if (x1 <= reach[depth] + 0.3) continue;
          const text = line.names[name];
          let fill = cache.get(text);
          if (!fill) { fill = colourOf(text, palette()); cache.set(text, fill); }
          context.fillStyle = fill;
          const left = Math.max(x0, reach[depth]);
          const wide = Math.max(0.6, x1 - left);
          const top = track.y + depth * rowHeight;
          context.fillRect(left, top, wide > 3 ? wide - 0.7 : wide, rowHeight - 2);
          reach[depth] = x1;
          if (wide > 34) {
            context.save();
            context.beginPath();
            context.rect(left, top, wide - 3, rowHeight);
            context.clip();
            context.fillStyle = text === "asleep" || text.endsWith("waits") ? ink : panel;
            context.fillText(text, left + 4, top + rowHeight / 2 - 0.5);
            context.restore();
          }
        }
        if (chosen && chosen.track === track) {
          const [start, length, , depth] = s[chosen.index];
          context.strokeStyle = paint("--focus");
          context.lineWidth = 2;
          context.strokeRect(toX(start), track.y + depth * rowHeight, Math.max(2, toX(start + length) - toX(start)), rowHeight - 2);
        }
        for (const [cycle, name] of track.instants) {
          if (cycle < view[0] || cycle > view[1]) continue;
          const x = toX(cycle);
          context.fillStyle = colourOf(line.names[name], palette());
          context.beginPath();
          context.moveTo(x, track.y + 1);
          context.lineTo(x + 4, track.y + rowHeight - 4);
          context.lineTo(x - 4, track.y + rowHeight - 4);
          context.fill();
        }
      }
      const colours = palette();
      for (const counter of charts) {
        context.fillStyle = soft;
        context.fillText(counter.name.slice(0, 26), 0, counter.y + 8);
        context.fillText(`0 … ${counter.most} ${counter.unit}`, 0, counter.y + 23);
        context.fillStyle = faint;
        context.fillRect(label, counter.y + chart, width - label, 1);
        // Steps; of the samples that fall on one pixel the largest shows.
        for (let index = 0; index < counter.series.length; index++) {
          context.fillStyle = colours[index];
          context.globalAlpha = counter.series.length > 1 ? 0.42 : 0.9;
          let column = -1, peak = 0, last = 0;
          const fill = (from, until, value) => {
            const tall = chart * value / counter.most;
            if (tall > 0 && until > from) context.fillRect(from, counter.y + chart - tall, until - from, tall);
          };
          const flush = (until) => {
            if (column < 0) return;
            fill(column, Math.min(column + 1, Math.max(until, column + 1)), peak);
            fill(column + 1, until, last);
          };
          for (let i = 0; i < counter.samples.length; i++) {
            const end = i + 1 < counter.samples.length ? counter.samples[i + 1][0] : line.end;
            if (end <= view[0] || counter.samples[i][0] >= view[1]) continue;
            const x = Math.floor(Math.max(label, toX(counter.samples[i][0])));
            const value = counter.samples[i][1 + index];
            if (x > column) { flush(x); column = x; peak = value; } else peak = Math.max(peak, value);
            last = value;
          }
          flush(Math.min(width, toX(Math.min(line.end, view[1]))));
          context.globalAlpha = 1;
        }
      }
      caption.textContent = `cycles ${grouped(view[0])} to ${grouped(view[1])}, ${grouped(span)} of ${grouped(whole[1] - whole[0])}`;
    }
    function look(from, to) {
      const span = Math.min(Math.max(to - from, 20), whole[1] - whole[0]);
      from = Math.min(Math.max(from, whole[0]), whole[1] - span);
      view = [from, from + span];
      draw();
    }
    function zoom(factor, around = (view[0] + view[1]) / 2) { look(around - (around - view[0]) * factor, around + (view[1] - around) * factor); }
    function describe(track, index) {
      const [start, length, name, , detail] = track.slices[index];
      return `${line.names[name]}\n${grouped(length)} cycles, from ${grouped(start)} to ${grouped(start + length)}${detail >= 0 ? `\n${line.names[detail]}` : ""}`;
    }
    canvas.addEventListener("wheel", (event) => {
      if (event.offsetX < label) return;
      event.preventDefault();
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
        const move = (event.deltaX || event.deltaY) / width * (view[1] - view[0]);
        look(view[0] + move, view[1] + move);
      } else zoom(Math.exp(event.deltaY / 400), toCycle(event.offsetX));
    }, {passive: false});
    let drag = null;
    canvas.addEventListener("pointerdown", (event) => { drag = {x: event.clientX, view: [...view]}; canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointerup", () => { drag = null; });
    canvas.addEventListener("pointermove", (event) => {
      if (drag) {
        const move = (drag.x - event.clientX) / (width - label) * (drag.view[1] - drag.view[0]);
        look(drag.view[0] + move, drag.view[1] + move);
        return;
      }
      const cycle = toCycle(event.offsetX), near = 3 * (view[1] - view[0]) / (width - label);
      const track = rows.find((r) => event.offsetY >= r.y && event.offsetY < r.y + r.height + gap);
      const counter = charts.find((c) => event.offsetY >= c.y && event.offsetY < c.y + chart);
      if (event.offsetX < label) return hideTip();
      if (track) {
        const depth = Math.floor((event.offsetY - track.y) / rowHeight);
        const index = track.slices.findIndex(([start, length, , d]) => d === depth && start <= cycle && cycle < start + length);
        const instant = track.instants.find(([at]) => Math.abs(at - cycle) < near);
        if (index >= 0) return showTip(describe(track, index), event.clientX, event.clientY);
        if (instant) return showTip(`${line.names[instant[1]]}\ncycle ${grouped(instant[0])}`, event.clientX, event.clientY);
      }
      if (counter) {
        const sample = counter.samples.findLast((s) => s[0] <= cycle);
        if (sample) return showTip(counter.name + "\n" + counter.series.map((name, i) => `${name}: ${sample[1 + i]} ${counter.unit}`).join("\n"), event.clientX, event.clientY);
      }
      hideTip();
    });
    canvas.addEventListener("pointerleave", hideTip);
    canvas.addEventListener("blur", hideTip);
    canvas.addEventListener("keydown", (event) => {
      const span = view[1] - view[0];
      const step = (direction) => {
        const track = rows[row];
        if (!track?.slices.length) return;
        let index = chosen?.track === track ? chosen.index + direction : track.slices.findIndex(([start]) => start >= view[0]);
        index = Math.min(Math.max(index, 0), track.slices.length - 1);
        chosen = {track, index};
        const [start, length] = track.slices[index];
        if (start < view[0] || start + length > view[1]) look(start - span / 4, start + span * 3 / 4); else draw();
        const box = canvas.getBoundingClientRect();
        showTip(`${track.group} · ${track.name}: ${describe(track, index)}`, box.left + Math.max(label, toX(start)), box.top + track.y);
      };
      const keys = {
        ArrowLeft: () => look(view[0] - span / 5, view[1] - span / 5), ArrowRight: () => look(view[0] + span / 5, view[1] + span / 5),
        "+": () => zoom(0.6), "=": () => zoom(0.6), "-": () => zoom(1 / 0.6), "0": () => look(...whole), Home: () => look(...whole),
        ".": () => step(1), ",": () => step(-1),
        ArrowDown: () => { row = Math.min(row + 1, rows.length - 1); chosen = null; step(0); },
        ArrowUp: () => { row = Math.max(row - 1, 0); chosen = null; step(0); },
      };
      if (!keys[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      keys[event.key]();
    });
    new ResizeObserver(draw).observe(canvas.parentElement);
    onScheme.push(() => { cache.clear(); draw(); });
    draw();
  }
}
drawTimelines();
