// One sample in full: what was asked, what was answered, what was taken from it, and what it should have been.

const ROLES = { "": "", system: "system", user: "user", assistant: "assistant", tool: "tool", function: "tool" };

function detail(store, sample) {
  return [
    heading(store, sample),
    sample.error ? part("Error", element("div", { class: "error" }, passage(sample.error))) : null,
    part(sample.prompt.length > 1 ? "Conversation" : "Prompt", conversation(store, sample)),
    part("Prediction", prediction(sample)),
    comparison(sample),
    scores(sample),
    facts(store, sample),
  ].filter(Boolean);
}

function part(title, ...children) {
  return element("section", { class: "part" }, element("h4", {}, title), ...children);
}

function heading(store, sample) {
  const outcome = OUTCOMES[sample.outcome], job = store.job(sample);
  const place = [sample.dataset, sample.subset, `${job.model} on ${job.backend}`].filter(Boolean).join(" / ");
  return element("header", {},
    element("h3", { class: "data" }, visible(sample.id)),
    element("span", { class: `chip outcome-${sample.outcome}` }, `${outcome.sign} ${outcome.word}`),
    sample.unparsed ? element("span", { class: "chip outcome-partly" }, "nothing extracted") : null,
    element("p", { class: "quiet data" }, visible(place)));
}

function conversation(store, sample) {
  if (!sample.prompt.length) return element("p", { class: "quiet" }, "The backend did not keep the prompt.");
  return element("div", { class: "chat" }, ...sample.prompt.map(([role, content]) => bubble(role, ...blocks(store, content))));
}

function blocks(store, content) {
  if (typeof content === "string") return [passage(content)];
  return content.map((part) => (typeof part === "string" ? passage(part) : picture(store, ...part)));
}

function picture(store, path, place) {
  if (typeof place !== "number") return element("p", { class: "quiet data" }, visible(`[picture ${path}: ${place}]`));
  return element("img", { class: "picture", src: store.picture(place), alt: visible(`picture ${path}`), title: visible(path), decoding: "async" });
}

function bubble(role, ...said) {
  const known = Object.hasOwn(ROLES, role);
  const name = known ? ROLES[role] : role;
  const label = name ? element("div", { class: "role data" }, visible(name)) : null;
  return element("div", { class: `bubble role-${known ? name || "text" : "other"}` }, label, ...said);
}

function prediction(sample) {
  if (!sample.prediction) return element("p", { class: "quiet" }, UNSCORED.has(sample.outcome) ? "There is none." : "The model answered with nothing.");
  return element("div", { class: "chat" }, bubble("assistant", passage(sample.prediction)));
}

function comparison(sample) {
  if (sample.answer === null && !sample.gold) return null;
  const nothing = sample.unparsed ? "nothing could be extracted" : UNSCORED.has(sample.outcome) ? "there is none" : "not stated";
  const answer = sample.answer === null ? element("p", { class: "quiet" }, nothing) : passage(sample.answer);
  const gold = sample.gold ? passage(sample.gold) : element("p", { class: "quiet" }, "not stated");
  return part("Extracted answer and gold", element("div", { class: `against outcome-${sample.outcome}` },
    element("div", {}, element("h5", {}, "extracted"), answer),
    element("div", {}, element("h5", {}, "gold"), gold)));
}

function scores(sample) {
  const names = Object.keys(sample.scores);
  if (!names.length) return null;
  return part("Scores of this sample", pairs(names.map((name) => [name, String(Number(sample.scores[name].toPrecision(6)))])));
}

function facts(store, sample) {
  const job = store.job(sample).id;
  const known = [
    ["latency", sample.latency_s === null ? null : duration(sample.latency_s)],
    ["prompt tokens", sample.tokens_in],
    ["answer tokens", sample.tokens_out],
  ].filter(([, value]) => value !== null && value !== undefined);
  return part("Where from", pairs([...known.map(([name, value]) => [name, String(value)]), ["file", `jobs/${job}/samples.jsonl, line ${sample.line}`]]));
}

function duration(seconds) {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}

function pairs(entries) {
  return element("dl", { class: "pairs" }, ...entries.map(([name, value]) =>
    element("div", {}, element("dt", { class: "data" }, visible(name)), element("dd", { class: "data" }, visible(value)))));
}
