// Draws the charts from the figures in the page. Tables, cards and words are plain HTML already.
"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // Told apart by people who see fewer colours, too: light and dark alternate.
  const colours = [
    "#4269d0", "#efb118", "#ff725c", "#6cc5b0", "#3ca951", "#ff8ab7", "#a463f2", "#97bbf5",
    "#9c6b4e", "#7f8794", "#c49a00", "#2b8cbe", "#d95f9a", "#74a12e", "#b0b7c3", "#5b616b",
  ];
  const LIMIT = "share of the limit";
  const LINE_PX = 18;
  const drawn = {};

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const number = (value) => Number(value).toLocaleString("en-US");

  function axes() {
    const text = { color: style("--dim"), fontSize: 11 };
    const line = { lineStyle: { color: style("--line") } };
    return {
      x: { type: "category", axisLabel: { ...text, hideOverlap: true }, axisLine: line, axisTick: { show: false } },
      y: { type: "value", axisLabel: { ...text, formatter: number }, splitLine: line, minInterval: 1 },
    };
  }

  function base() {
    return {
      color: colours,
      animation: false,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      tooltip: {
        trigger: "axis", confine: true, formatter: said,
        backgroundColor: style("--card"), borderColor: style("--line"),
        textStyle: { color: style("--ink"), fontSize: 12 },
      },
    };
  }

  // All names, in as many lines as they need: of a list to page through, a phone would show two.
  const ruler = document.createElement("canvas").getContext("2d");
  function lines(names, width) {
    ruler.font = `11px ${getComputedStyle(document.body).fontFamily}`;
    let count = 1;
    let used = 0;
    for (const name of names) {
      const needed = Math.min(ruler.measureText(name).width, 220) + 30;
      if (used && used + needed > width - 8) [count, used] = [count + 1, 0];
      used += needed;
    }
    return count;
  }

  function legend(names, width) {
    return {
      data: names, top: 0, left: 0, width: width - 8, itemWidth: 12, itemHeight: 10, itemGap: 8, padding: 4,
      textStyle: { color: style("--ink"), fontSize: 11, width: 220, overflow: "truncate" },
      inactiveColor: style("--line"),
    };
  }

  const names = (name) => [
    ...figures[name].series.map((one) => one.name), ...(name === "requests" ? [LIMIT] : []),
  ];

  // What a day or minute holds, the largest first; layers that have none of it are left out.
  function said(parts) {
    const shown = parts.filter((part) => part.value).sort((a, b) => b.value - a.value);
    const bars = shown.filter((part) => part.seriesType === "bar");
    const sum = bars.reduce((all, part) => all + part.value, 0);
    const words = (part) =>
      part.seriesType === "bar" ? number(part.value) : `${part.value} % (${figures.requests.busiest[part.dataIndex]})`;
    const line = (marker, name, value) =>
      `<div>${marker}${echarts.format.encodeHTML(name)} <b style="float:right;margin-left:16px">${echarts.format.encodeHTML(value)}</b></div>`;
    return [
      `<b>${echarts.format.encodeHTML(parts[0].name)}</b>`,
      line("", "together", number(sum)),
      ...shown.map((part) => line(part.marker, part.seriesName, words(part))),
    ].join("");
  }

  // Of lists and segments: what they are called and how many; nothing is added up.
  function counted(parts) {
    const shown = parts.filter((part) => part.value !== null && part.value !== undefined && part.value !== "-");
    return [
      `<b>${echarts.format.encodeHTML(parts[0].name)}</b>`,
      ...shown.map((part) =>
        `<div>${part.marker}${echarts.format.encodeHTML(part.seriesName)} <b style="float:right;margin-left:16px">${number(Math.abs(part.value))}</b></div>`),
    ].join("");
  }

  const layers = (series) =>
    series.map(({ name, counts }) => ({
      name, type: "bar", stack: "all", data: counts, barCategoryGap: "8%", barMaxWidth: 48, emphasis: { focus: "series" },
    }));

  function days(width) {
    const { start, length, series } = figures.days;
    const first = Date.parse(start);
    const dates = Array.from({ length }, (_, n) => new Date(first + n * 864e5).toISOString().slice(0, 10));
    const { x, y } = axes();
    const top = LINE_PX * lines(names("days"), width) + 20;
    return {
      ...base(),
      legend: legend(names("days"), width),
      grid: { left: 8, right: 8, top, bottom: 52, containLabel: true },
      xAxis: { ...x, data: dates },
      yAxis: y,
      dataZoom: [
        // A finger on the bars scrolls the page; moving along is what the strip is for.
        { type: "inside", zoomOnMouseWheel: "ctrl", moveOnMouseMove: false, preventDefaultMouseMove: false },
        { type: "slider", height: 28, bottom: 8, showDetail: false, borderColor: style("--line"), brushSelect: false, handleSize: "120%" },
      ],
      series: layers(series),
    };
  }

  function late() {
    const { x, y } = axes();
    return {
      ...base(),
      grid: { left: 8, right: 8, top: 12, bottom: 8, containLabel: true },
      xAxis: { ...x, data: figures.late.days },
      yAxis: y,
      series: [{ name: "late events", type: "bar", data: figures.late.counts, barMaxWidth: 28 }],
    };
  }

  function requests(width) {
    const { times, series, share, unit } = figures.requests;
    const { x, y } = axes();
    const top = LINE_PX * lines(names("requests"), width) + 40;
    return {
      ...base(),
      legend: legend(names("requests"), width),
      grid: { left: 8, right: 8, top, bottom: 8, containLabel: true },
      xAxis: { ...x, data: times.map((time) => (unit === "minute" ? time.slice(11) : time)) },
      yAxis: [
        { ...y, name: `pages a ${unit}`, nameTextStyle: { color: style("--dim"), align: "left" } },
        {
          ...y, name: "of the limit", nameTextStyle: { color: style("--dim"), align: "right" }, min: 0,
          max: Math.max(100, ...share), splitLine: { show: false }, axisLabel: { ...y.axisLabel, formatter: "{value} %" },
        },
      ],
      series: [
        ...layers(series).map((layer) => ({ ...layer, barMaxWidth: 28 })),
        {
          name: LIMIT, type: "line", yAxisIndex: 1, data: share, symbolSize: 6, color: style("--ink"),
          lineStyle: { width: 1.5, type: "dashed" },
        },
      ],
    };
  }

  function growth(name, width, series) {
    const { x, y } = axes();
    const top = LINE_PX * lines(names(name), width) + 20;
    return {
      ...base(),
      tooltip: { ...base().tooltip, formatter: counted },
      legend: legend(names(name), width),
      grid: { left: 8, right: 8, top, bottom: 8, containLabel: true },
      xAxis: { ...x, data: figures[name].days, axisLine: { ...x.axisLine, onZero: true } },
      yAxis: y,
      series,
    };
  }

  const lists = (width) => growth("lists", width, layers(figures.lists.series));

  function segments(width) {
    const drawnAs = figures.segments.series.map(({ name, counts }) => ({ name, type: "line", data: counts, symbolSize: 4 }));
    const option = growth("segments", width, drawnAs);
    // How they move is what counts: from zero all of them would look flat.
    return { ...option, yAxis: { ...option.yAxis, scale: true } };
  }

  const options = { days, lists, segments, late, requests };

  function draw(name) {
    const place = document.getElementById(`chart-${name}`);
    if (!place) return;
    const chart = drawn[name] || echarts.init(place);
    const zoom = drawn[name] ? chart.getOption().dataZoom : null;
    if (name !== "late") {
      const bars = name === "days" ? 320 : 220;
      place.style.height = `${bars + LINE_PX * lines(names(name), place.clientWidth)}px`;
    }
    drawn[name] = chart;
    chart.resize();
    chart.setOption(options[name](place.clientWidth), true);
    if (zoom && zoom.length) chart.dispatchAction({ type: "dataZoom", start: zoom[0].start, end: zoom[0].end });
  }

  function show(button) {
    const { length } = figures.days;
    const wanted = Number(button.dataset.days) || length;
    drawn.days.dispatchAction({
      type: "dataZoom", startValue: Math.max(0, length - wanted), endValue: length - 1,
    });
    for (const other of button.parentElement.children) other.setAttribute("aria-pressed", other === button);
  }

  const all = () => Object.keys(options).forEach(draw);
  all();
  const buttons = document.querySelectorAll("[data-days]");
  buttons.forEach((button) => button.addEventListener("click", () => show(button)));
  if (buttons.length && drawn.days) show(buttons[innerWidth < 500 ? 0 : 1]);
  document.querySelectorAll(".to-end").forEach((part) => { part.scrollLeft = part.scrollWidth; });
  dark.addEventListener("change", all);
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; all(); } });
})();
