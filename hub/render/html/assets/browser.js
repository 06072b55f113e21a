// The sample browser: filters, list and detail kept in step with each other and with the address.

const SEARCH_DELAY_MS = 150;
const EMPTY = { show: "", job: "", data: "", q: "", sample: "" };

class Browser {
  constructor(store) {
    this.store = store;
    this.state = { ...EMPTY };
    this.found = document.getElementById("found");
    this.pane = document.getElementById("detail");
    this.hint = [...this.pane.childNodes];
    this.search = document.getElementById("search");
    this.list = new List(document.getElementById("list"), store, (sample) => this.open(sample));
    this.selects = { data: this.select("data", "every data set", store.datasets()), job: this.select("job", "every model", store.jobs.map((job) => job.id)) };
    this.listen();
    if (!this.follow()) this.apply();
  }

  select(name, every, values) {
    const box = document.getElementById(name);
    const models = new Map(this.store.jobs.map((job) => [job.id, `${job.model} on ${job.backend} (${job.id})`]));
    box.append(element("option", { value: "" }, every));
    box.append(...values.map((value) => element("option", { value }, visible(name === "job" ? models.get(value) : value))));
    box.addEventListener("change", () => this.change({ [name]: box.value }));
    box.parentElement.hidden = values.length < 2;
    return box;
  }

  listen() {
    let waiting = 0;
    this.search.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => this.change({ q: this.search.value }), SEARCH_DELAY_MS);
    });
    this.search.form.addEventListener("submit", (event) => event.preventDefault());
    window.addEventListener("hashchange", () => this.follow());
    document.getElementById("browser").addEventListener("keydown", (event) => this.key(event));
  }

  // Single letters act only while the focus is in the browser, so that they never meet a screen reader's own.
  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const typing = event.target.closest("input, select, textarea");
    if (event.key === "Escape" && event.target === this.search) this.search.blur();
    if (typing) return;
    const act = { j: () => this.list.step(1), k: () => this.list.step(-1), "/": () => this.search.focus() }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }

  // Take the state from an address such as #show=wrong&data=gsm8k&sample=1-m-native:17, and say whether there is one.
  follow() {
    const hash = location.hash.slice(1);
    if (!hash.includes("=")) return false;
    const parameters = new URLSearchParams(hash);
    for (const name of Object.keys(EMPTY)) this.state[name] = parameters.get(name) || "";
    this.apply();
    document.getElementById("samples").scrollIntoView();
    return true;
  }

  change(part) {
    Object.assign(this.state, part);
    this.apply();
    this.write();
  }

  open(sample) {
    this.state.sample = this.store.address(sample);
    this.show(sample);
    this.write();
  }

  close() {
    this.state.sample = "";
    this.show(undefined);
    this.write();
    this.list.box.focus();
  }

  write() {
    const stated = Object.entries(this.state).filter(([, value]) => value);
    const hash = stated.length ? `#${new URLSearchParams(stated)}` : "#samples";
    history.replaceState(null, "", hash);
  }

  apply() {
    const { show, job, data, q, sample } = this.state;
    if (this.search.value !== q) this.search.value = q;
    this.selects.job.value = job;
    this.selects.data.value = data;
    const { samples, counts } = this.store.within(this.state);
    const kept = samples.filter((candidate) => shows(candidate, show));
    this.chips(counts);
    this.list.fill(kept);
    this.found.textContent = kept.length === 1 ? "1 sample" : `${kept.length.toLocaleString("en")} samples`;
    this.show(sample ? this.store.at(sample) : this.first());
  }

  // Where list and sample stand side by side, an empty half says less than the first sample.
  first() {
    return matchMedia("(min-width: 46.01rem)").matches ? this.list.samples[0] : undefined;
  }

  chips(counts) {
    const chips = [["", "all", counts.all], ["unscored", "not scored", counts.unscored], ["unparsed", "nothing extracted", counts.unparsed]];
    const single = Object.keys(OUTCOMES).filter((name) => UNSCORED.has(name) && counts[name]).length < 2;
    for (const [name, { word }] of Object.entries(OUTCOMES)) {
      if (!(single && UNSCORED.has(name) && this.state.show !== name)) chips.push([name, word, counts[name] || 0]);
    }
    const order = ["", "right", "partly", "wrong", "scored", "unparsed", "unscored", ...UNSCORED];
    chips.sort(([one], [other]) => order.indexOf(one) - order.indexOf(other));
    const box = document.getElementById("shows"), focused = document.activeElement?.dataset?.show;
    box.replaceChildren(...chips.filter(([name, , count]) => count || name === "" || name === this.state.show).map((chip) => this.chip(chip)));
    if (focused !== undefined) box.querySelector(`[data-show="${focused}"]`)?.focus();
  }

  chip([name, word, count]) {
    const chip = element("button", { type: "button", "data-show": name, "aria-pressed": this.state.show === name, class: `filter outcome-${name || "all"}` },
      word, element("span", { class: "count" }, count.toLocaleString("en")));
    chip.addEventListener("click", () => this.change({ show: name }));
    return chip;
  }

  show(sample) {
    this.list.mark(sample);
    this.pane.parentElement.classList.toggle("open", Boolean(sample));
    this.pane.replaceChildren(...(sample ? [this.steps(sample), ...detail(this.store, sample)] : this.missing()));
    this.pane.scrollTop = 0;
  }

  missing() {
    if (!this.state.sample) return this.hint;
    return [element("p", { class: "quiet data" }, visible(`The sample ${this.state.sample} is not in this page.`))];
  }

  steps(sample) {
    const place = this.list.current;
    const words = place < 0 ? "not among the samples found" : `${(place + 1).toLocaleString("en")} of ${this.list.samples.length.toLocaleString("en")}`;
    const button = (word, act, off, name) => {
      const made = element("button", { type: "button", disabled: off, class: name }, word);
      made.addEventListener("click", act);
      return made;
    };
    return element("div", { class: "steps" },
      button("Back to the list", () => this.close(), false, "back"),
      button("Previous", () => this.list.step(-1), place === 0, "previous"),
      button("Next", () => this.list.step(1), place === this.list.samples.length - 1, "next"),
      element("span", { class: "quiet" }, words),
      element("a", { href: `#${new URLSearchParams({ sample: this.store.address(sample) })}` }, "link to this sample"));
  }
}
