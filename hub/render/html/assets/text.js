// Elements and texts. What came from models, data and users only ever becomes a text node: there is no innerHTML here.

const UNSEEN = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;
const FIRST_SHOWN = 20000;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("aria-") || (value && value !== true)) made.setAttribute(key, String(value));
    else if (value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

function codePoint(character) {
  return `U+${character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}

function visible(text) {
  return text.replace(UNSEEN, (character) => `[${codePoint(character)}]`);
}

// The text as nodes, every unseen character as a small mark with its code point.
function spelled(text) {
  const nodes = document.createDocumentFragment();
  let from = 0;
  for (const match of text.matchAll(UNSEEN)) {
    if (match.index > from) nodes.append(text.slice(from, match.index));
    nodes.append(element("span", { class: "unseen-character", title: "a character that is not seen" }, codePoint(match[0])));
    from = match.index + match[0].length;
  }
  nodes.append(text.slice(from));
  return nodes;
}

// A text block; a long one begins with its beginning and a button for the rest.
function passage(text) {
  const block = element("div", { class: "text data", dir: "auto" });
  if (text.length <= FIRST_SHOWN) {
    block.append(spelled(text));
    return block;
  }
  const more = element("button", { type: "button" }, `Show all ${text.length.toLocaleString("en")} characters`);
  more.addEventListener("click", () => block.replaceChildren(spelled(text)));
  block.append(spelled(text.slice(0, FIRST_SHOWN)), "\u2026 ", more);
  return block;
}
