// Trends with uPlot: past and future in one chart a unit, zoom by dragging, double click to go back.
(() => {
  "use strict";
  const place = document.getElementById("charts");
  if (!place || typeof uPlot === "undefined") return;
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const zone = place.dataset.zone.split(",")[0];
  const local = (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone);
  const STROKES = ["--ink", "--second", "--plan", "--held", "--p3", "--ok"];

  function aligned(series) {
    const times = new Set();
    for (const one of series) one.at.forEach((at) => times.add(at));
    const xs = [...times].sort((a, b) => a - b);
    const index = new Map(xs.map((at, i) => [at, i]));
    const rows = series.map((one) => {
      if (one.kind === "limit") return xs.map(() => one.values[0]);
      const row = new Array(xs.length).fill(undefined);
      one.at.forEach((at, i) => { row[index.get(at)] = one.values[i]; });
      return row;
    });
    return [xs, ...rows];
  }

  function stroke(one, own) {
    if (one.kind === "limit") return { stroke: style("--p2"), dash: [9, 3, 2, 3], width: 1.5 };
    if (one.kind === "measured") return { stroke: style(STROKES[own % STROKES.length]), width: 2 };
    if (one.kind === "baseline") return { stroke: style("--base"), dash: [6, 4], width: 1.5 };
    return { stroke: style("--plan"), width: 2, dash: one.kind.startsWith("p") && one.kind !== "plan" && one.kind !== "p50" ? [2, 3] : [8, 3] };
  }

  function draw(unit, series, now) {
    const card = document.createElement("section");
    card.className = "card";
    const head = document.createElement("h2");
    head.textContent = unit || "–";
    card.append(head);
    place.append(card);
    let own = 0;
    const axis = { stroke: style("--muted"), grid: { stroke: style("--rule"), width: 1 }, ticks: { stroke: style("--rule") } };
    const two = (n) => String(n).padStart(2, "0");
    const stamp = (at) => `${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
    const options = {
      width: card.clientWidth - 28,
      height: 280,
      tzDate: local,
      cursor: { drag: { x: true, y: false, uni: 20 }, focus: { prox: 24 } },
      scales: { x: { time: true } },
      axes: [
        { ...axis, values: (_, ticks) => ticks.map((t) => { const at = local(t); return at.getHours() === 0 && at.getMinutes() === 0 ? stamp(at).slice(0, 5) : stamp(at).slice(6); }) },
        { ...axis, size: 58 },
      ],
      series: [
        { label: place.dataset.time, value: (_, at) => (at === null ? "–" : stamp(local(at))) },
        ...series.map((one) => ({
          label: one.name, spanGaps: true, points: { show: false },
          value: (_, v) => (v === null || v === undefined ? "–" : v.toFixed(2)),
          ...stroke(one, one.kind === "measured" ? own++ : 0),
        })),
      ],
      hooks: {
        draw: [(plot) => {
          const x = plot.valToPos(now, "x", true);
          if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) return;
          const pen = plot.ctx;
          pen.save();
          pen.strokeStyle = style("--now");
          pen.fillStyle = style("--now");
          pen.setLineDash([4, 4]);
          pen.beginPath();
          pen.moveTo(x, plot.bbox.top);
          pen.lineTo(x, plot.bbox.top + plot.bbox.height);
          pen.stroke();
          pen.fillText(place.dataset.now, x + 5, plot.bbox.top + 12);
          pen.restore();
        }],
      },
    };
    const plot = new uPlot(options, aligned(series), card);
    addEventListener("resize", () => plot.setSize({ width: card.clientWidth - 28, height: 280 }));
  }

  fetch(place.dataset.source).then((answer) => answer.json()).then((found) => {
    const units = new Map();
    for (const one of found.series) units.set(one.chart, [...(units.get(one.chart) || []), one]);
    if (!found.series.length) return;
    document.getElementById("drawn").remove();
    for (const [unit, series] of units) draw(unit, series, found.now);
    place.dataset.ready = "true";
  }).catch(() => { place.dataset.ready = "failed"; });
})();
