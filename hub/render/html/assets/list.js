// The list of samples. Only the rows in sight exist, so that its length costs nothing.

const ROW_HEIGHT = 46;
const BEYOND = 6;
const SNIPPET = 160;

class List {
  constructor(box, store, choose) {
    this.box = box;
    this.store = store;
    this.choose = choose;
    this.samples = [];
    this.current = -1;
    this.space = element("div", { class: "space", role: "presentation" });
    box.append(this.space);
    box.addEventListener("scroll", () => this.draw(), { passive: true });
    box.addEventListener("keydown", (event) => this.key(event));
    box.addEventListener("click", (event) => {
      const row = event.target.closest("[data-index]");
      if (row) this.choose(this.samples[Number(row.dataset.index)]);
    });
    new ResizeObserver(() => this.draw()).observe(box);
  }

  fill(samples) {
    this.samples = samples;
    this.space.style.height = `${samples.length * ROW_HEIGHT}px`;
    this.box.scrollTop = 0;
    this.draw();
  }

  mark(sample) {
    this.current = sample ? this.samples.indexOf(sample) : -1;
    if (this.current >= 0) this.reveal();
    this.draw();
  }

  reveal() {
    const top = this.current * ROW_HEIGHT, { scrollTop, clientHeight } = this.box;
    if (top < scrollTop) this.box.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) this.box.scrollTop = top + ROW_HEIGHT - clientHeight;
  }

  step(by) {
    if (!this.samples.length) return;
    const next = this.current < 0 ? (by > 0 ? 0 : this.samples.length - 1) : this.current + by;
    this.choose(this.samples[Math.max(0, Math.min(this.samples.length - 1, next))]);
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.box.clientHeight / ROW_HEIGHT) - 1);
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity }[event.key];
    if (by === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (this.current < 0 && Math.abs(by) === Infinity) this.current = 0;
    this.step(by);
  }

  draw() {
    const first = Math.max(0, Math.floor(this.box.scrollTop / ROW_HEIGHT) - BEYOND);
    const last = Math.min(this.samples.length, Math.ceil((this.box.scrollTop + this.box.clientHeight) / ROW_HEIGHT) + BEYOND);
    const rows = [];
    for (let index = first; index < last; index++) rows.push(this.row(index));
    this.space.replaceChildren(...rows);
    const active = this.current >= first && this.current < last;
    if (active) this.box.setAttribute("aria-activedescendant", `sample-${this.current}`);
    else this.box.removeAttribute("aria-activedescendant");
  }

  row(index) {
    const sample = this.samples[index], outcome = OUTCOMES[sample.outcome];
    const row = element("div", {
      id: `sample-${index}`, role: "option", class: `row outcome-${sample.outcome}`, "data-index": index,
      "aria-selected": index === this.current, "aria-posinset": index + 1, "aria-setsize": this.samples.length,
    },
    element("span", { class: "sign", "aria-hidden": "true" }, outcome.sign),
    element("span", { class: "name data" }, visible(`${sample.dataset} ${sample.id}`)),
    element("span", { class: "unseen" }, ` ${outcome.word}: `),
    element("span", { class: "snippet data" }, visible(snippet(sample))));
    row.style.top = `${index * ROW_HEIGHT}px`;
    return row;
  }
}

function snippet(sample) {
  const asked = sample.prompt.length ? textOf(sample.prompt[sample.prompt.length - 1][1]) : sample.error || sample.prediction;
  return asked.slice(0, SNIPPET).replace(/\s+/g, " ").trim();
}
