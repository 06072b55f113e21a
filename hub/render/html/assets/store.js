// The samples: unpacked, named, filtered.

const OUTCOMES = {
  right: { word: "right", sign: "\u2713" },
  partly: { word: "partly right", sign: "\u25d0" },
  wrong: { word: "wrong", sign: "\u2717" },
  scored: { word: "scored", sign: "\u2022" },
  judge_fallback: { word: "no verdict", sign: "?" },
  model_error: { word: "model error", sign: "!" },
  infra_error: { word: "request failed", sign: "!" },
  skipped: { word: "skipped", sign: "\u2013" },
};
const UNSCORED = new Set(["judge_fallback", "model_error", "infra_error", "skipped"]);

async function unpack(packed) {
  const letters = atob(packed.trim());
  const bytes = new Uint8Array(letters.length);
  for (let index = 0; index < letters.length; index++) bytes[index] = letters.charCodeAt(index);
  if (typeof DecompressionStream === "undefined") return JSON.parse(new TextDecoder().decode(inflate(bytes)));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

class Store {
  constructor({ fields, jobs, rows }) {
    this.jobs = jobs;
    this.samples = rows.map((row, index) => {
      const sample = { index };
      for (let place = 0; place < fields.length; place++) sample[fields[place]] = row[place];
      return sample;
    });
  }

  // Taken apart when the first picture is shown: most visits to a page begin with its numbers.
  picture(line) {
    this.pictures ||= document.getElementById("pictures").textContent.trim().split("\n");
    return `data:image/${this.pictures[line]}`;
  }

  job(sample) {
    return this.jobs[sample.job];
  }

  // What a link names a sample by: its job and its line in that job's samples.jsonl.
  address(sample) {
    return `${this.job(sample).id}:${sample.line}`;
  }

  at(address) {
    return this.samples.find((sample) => this.address(sample) === address);
  }

  datasets() {
    return [...new Set(this.samples.map((sample) => sample.dataset))];
  }

  // All samples that the filter lets through but for their outcome, and how many there are of each outcome.
  within({ job, data, q }) {
    const words = q.toLowerCase();
    const samples = this.samples.filter((sample) =>
      (!job || this.job(sample).id === job) && (!data || sample.dataset === data) && (!words || haystack(sample).includes(words)));
    const counts = { all: samples.length, unscored: 0, unparsed: 0 };
    for (const sample of samples) {
      counts[sample.outcome] = (counts[sample.outcome] || 0) + 1;
      if (UNSCORED.has(sample.outcome)) counts.unscored++;
      if (sample.unparsed) counts.unparsed++;
    }
    return { samples, counts };
  }
}

function shows(sample, show) {
  if (!show) return true;
  if (show === "unscored") return UNSCORED.has(sample.outcome);
  return show === "unparsed" ? Boolean(sample.unparsed) : sample.outcome === show;
}

// A message is a text, or a list of texts and of pictures: [path, line of the pictures or why it is not there].
function textOf(content) {
  return typeof content === "string" ? content : content.filter((part) => typeof part === "string").join("\n");
}

function haystack(sample) {
  if (sample.haystack === undefined) {
    const prompt = sample.prompt.map(([, content]) => textOf(content));
    const parts = [sample.id, sample.subset, ...prompt, sample.prediction, sample.answer || "", sample.gold, sample.error];
    sample.haystack = parts.join("\n").toLowerCase();
  }
  return sample.haystack;
}
