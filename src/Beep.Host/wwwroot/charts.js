// Curves of runs. ECharts comes from the package's own bundle and is loaded by the first page that draws; of the bundle nothing else is used.
const bundle = "_content/Vizor.ECharts/js/vizor-echarts-bundle-min.js";
const palette = {
  light: ["#3451b2", "#b45309", "#18794e", "#a21caf", "#0b68a8", "#c02a2e", "#5b6472", "#7a5c00"],
  dark: ["#9eb1ff", "#f1a10d", "#4cc38a", "#e48bf0", "#70b8ff", "#ff9592", "#a9b2c0", "#d9c36a"],
};
let loading;

function load() {
  loading ??= new Promise((done, fail) => {
    if (window.echarts) {
      done();
      return;
    }
    const script = document.createElement("script");
    script.src = new URL(bundle, document.baseURI).href;
    script.onload = done;
    script.onerror = () => {
      loading = undefined;
      fail(new Error("The chart library could not be loaded."));
    };
    document.head.append(script);
  });
  return loading;
}

const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || getComputedStyle(document.body).getPropertyValue(name).trim();
const isDark = () => document.documentElement.dataset.theme === "dark";

/** A number as people read it: few digits, and powers of ten where it is very small or large. */
function format(value, unit) {
  if (value === null || value === undefined || Number.isNaN(value)) {
    return "–";
  }
  if (unit === "bytes") {
    const names = ["bytes", "kB", "MB", "GB", "TB"];
    let index = 0;
    while (value >= 1000 && index < names.length - 1) {
      value /= 1000;
      index++;
    }
    return `${value.toPrecision(3).replace(/\.?0+$/, "")} ${names[index]}`;
  }
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) {
    return value.toExponential(2).replace("e+", "e");
  }
  return size >= 100 ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(4)));
}

/** The running mean that forgets; begins at the first value and is not drawn towards zero. */
function smooth(values, weight) {
  let mean = 0;
  let count = 0;
  return values.map((value) => {
    if (value === null) {
      return null;
    }
    count++;
    mean = weight * mean + (1 - weight) * value;
    return mean / (1 - weight ** count);
  });
}

class Chart {
  constructor(element, options, page) {
    this.element = element;
    this.options = options;
    this.page = page;
    this.series = [];
    this.range = null;
    this.weight = options.smoothing ?? 0;
    this.isLog = false;
    this.canvas = element.querySelector("[data-canvas]");
    this.listeners = new AbortController();
    this.chart = window.echarts.init(this.canvas, null, { renderer: "canvas", width: this.canvas.clientWidth || 320, height: this.canvas.clientHeight || 160 });
    this.watchControls();
    this.watchMouse();
    this.sizes = new ResizeObserver(() => {
      if (this.canvas.clientWidth > 0) {
        this.chart.resize({ width: this.canvas.clientWidth, height: this.canvas.clientHeight });
      }
    });
    this.sizes.observe(this.canvas);
    this.themes = new MutationObserver(() => this.draw());
    this.themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  }

  watchControls() {
    const listen = (selector, type, act) => this.element.querySelector(selector)?.addEventListener(type, act, { signal: this.listeners.signal });
    listen("[data-smooth]", "input", (event) => {
      this.weight = Number(event.target.value);
      this.draw();
    });
    listen("[data-log]", "change", (event) => {
      this.isLog = event.target.checked;
      this.draw();
    });
    listen("[data-reset]", "click", () => this.zoom(null));
  }

  /** Dragging from one step to another shows what is between them. */
  watchMouse() {
    const zr = this.chart.getZr();
    let from = null;
    const mark = (to) => this.chart.setOption({ graphic: [{ id: "mark", type: "rect", silent: true, z: 100, ignore: to === null,
      shape: { x: Math.min(from ?? 0, to ?? 0), y: this.top, width: Math.abs((to ?? 0) - (from ?? 0)), height: this.canvas.clientHeight - this.top - 24 }, style: { fill: variable("--mud-palette-primary"), opacity: 0.15 } }] });
    zr.on("mousedown", (event) => {
      from = this.chart.containPixel("grid", [event.offsetX, event.offsetY]) ? event.offsetX : null;
    });
    zr.on("mousemove", (event) => {
      if (from !== null) {
        mark(event.offsetX);
      }
    });
    zr.on("mouseup", (event) => {
      if (from !== null && Math.abs(event.offsetX - from) > 8) {
        const ends = [from, event.offsetX].map((x) => this.chart.convertFromPixel({ xAxisIndex: 0 }, x)).sort((a, b) => a - b);
        mark(null);
        this.zoom([Math.max(0, Math.floor(ends[0])), Math.ceil(ends[1])]);
      } else if (from !== null) {
        mark(null);
      }
      from = null;
    });
    zr.on("dblclick", () => this.zoom(null));
    zr.on("globalout", () => {
      if (from !== null) {
        mark(null);
        from = null;
      }
    });
  }

  zoom(range) {
    this.range = range;
    const reset = this.element.querySelector("[data-reset]");
    if (reset) {
      reset.hidden = range === null;
    }
    this.draw();
    // The server has the steps between the points that are shown.
    this.page?.invokeMethodAsync("ZoomAsync", range ? range[0] : null, range ? range[1] : null).catch(() => {});
  }

  set(series) {
    this.series = series;
    this.draw();
  }

  append(points) {
    for (const point of points) {
      const series = this.series.find((one) => one.name === point.name);
      if (series) {
        series.steps.push(...point.steps);
        series.values.push(...point.values);
      }
    }
    this.draw();
  }

  draw() {
    const colors = palette[isDark() ? "dark" : "light"];
    const [text, line, surface] = ["--mud-palette-text-secondary", "--mud-palette-divider", "--mud-palette-surface"].map(variable);
    const drawn = [];
    const smoothed = new Set();
    for (const one of this.series) {
      const color = colors[one.color % colors.length];
      const pairs = (values) => one.steps.map((step, index) => [step, this.isLog && values[index] !== null && values[index] <= 0 ? null : values[index]]);
      const isSmoothed = one.isSmoothed && this.weight > 0 && one.values.length > 2;
      const isLine = one.style !== "points";
      drawn.push({
        name: one.label, type: "line", data: pairs(one.values), symbol: isLine && one.values.length > 1 ? "none" : "circle", symbolSize: 7, connectNulls: false, animation: false,
        lineStyle: { width: isSmoothed ? 1 : 1.75, opacity: isSmoothed ? 0.3 : 1, color, type: isLine ? "solid" : "dashed" }, itemStyle: { color }, emphasis: { disabled: true }, z: isLine ? 2 : 4,
      });
      if (isSmoothed) {
        smoothed.add(drawn.length);
        drawn.push({ name: one.label, type: "line", data: pairs(smooth(one.values, this.weight)), symbol: "none", animation: false, lineStyle: { width: 2, color }, itemStyle: { color }, emphasis: { disabled: true }, z: 3 });
      }
    }
    const hasLegend = this.options.hasLegend && this.series.length > 1;
    this.top = hasLegend ? 36 : 12;
    const steps = this.series.flatMap((one) => (one.steps.length ? [one.steps[0], one.steps[one.steps.length - 1]] : []));
    this.chart.setOption({
      animation: false,
      textStyle: { fontFamily: "system-ui, sans-serif", color: text },
      grid: { left: 8, right: 16, top: this.top, bottom: 4, containLabel: true },
      legend: hasLegend ? { top: 2, left: 0, padding: [4, 0, 0, 0], icon: "circle", itemWidth: 8, itemHeight: 12, textStyle: { color: text, fontSize: 12 }, type: "scroll" } : { show: false },
      tooltip: {
        trigger: "axis", confine: true, backgroundColor: surface, borderColor: line, textStyle: { color: variable("--mud-palette-text-primary"), fontSize: 12 }, axisPointer: { lineStyle: { color: text } },
        formatter: (items) => {
          const box = document.createElement("div");
          const head = document.createElement("strong");
          head.textContent = `Step ${Math.round(items[0].value[0]).toLocaleString("en-US")}`;
          box.append(head);
          for (const item of items) {
            const row = document.createElement("div");
            const dot = document.createElement("span");
            dot.className = "chart-dot";
            dot.style.background = item.color;
            row.append(dot, `${item.seriesName}${smoothed.has(item.seriesIndex) ? ", smoothed" : ""}: ${format(item.value[1], this.options.unit)}`);
            box.append(row);
          }
          return box;
        },
      },
      xAxis: {
        type: "value", min: this.range ? this.range[0] : steps.length ? Math.min(...steps) : 0, max: this.range ? this.range[1] : steps.length ? Math.max(...steps, Math.min(...steps) + 1) : 1, minInterval: 1,
        axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, splitLine: { show: false },
        axisLabel: { color: text, fontSize: 12, hideOverlap: true, formatter: (value) => (Number.isInteger(value) ? value.toLocaleString("en-US") : "") },
        name: this.options.isLarge ? "step" : "", nameLocation: "end", nameGap: -4, nameTextStyle: { color: text, align: "right", verticalAlign: "bottom", padding: [0, 0, 4, 0] },
      },
      yAxis: {
        type: this.isLog ? "log" : "value", scale: true, axisLabel: { color: text, fontSize: 12, formatter: (value) => format(value, this.options.unit) }, splitLine: { lineStyle: { color: line } }, splitNumber: this.options.isLarge ? 5 : 3,
      },
      series: drawn,
    }, { replaceMerge: ["series"] });
  }

  dispose() {
    this.listeners.abort();
    this.sizes.disconnect();
    this.themes.disconnect();
    this.chart.dispose();
  }
}

export async function create(element, options, page) {
  await load();
  return new Chart(element, options, page);
}

/** Keeps the end of a log in sight, unless the reader has scrolled up. */
export function follow(element) {
  element.scrollTop = element.scrollHeight;
}
