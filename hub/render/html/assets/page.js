// The page itself: light and dark, further metrics, printing, and the start of the sample browser.

const root = document.documentElement;

function remembered() {
  try {
    return localStorage.getItem("evaldock-theme");
  } catch {
    return null; // a page opened from a file may have no storage
  }
}

function remember(theme) {
  try {
    localStorage.setItem("evaldock-theme", theme);
  } catch {
    // it then holds for this visit only
  }
}

function themes() {
  const button = document.getElementById("theme"), dark = matchMedia("(prefers-color-scheme: dark)");
  const current = () => root.dataset.theme || (dark.matches ? "dark" : "light");
  const show = () => { button.textContent = current() === "dark" ? "Light" : "Dark"; };
  const stored = remembered();
  if (stored === "dark" || stored === "light") root.dataset.theme = stored;
  button.addEventListener("click", () => {
    root.dataset.theme = current() === "dark" ? "light" : "dark";
    remember(root.dataset.theme);
    show();
  });
  dark.addEventListener("change", show);
  button.hidden = false;
  show();
}

function furtherMetrics() {
  const button = document.getElementById("more-metrics");
  if (!button) return;
  const others = document.querySelectorAll(".scores .other");
  const show = (open) => {
    for (const body of others) body.classList.toggle("folded", !open);
    button.setAttribute("aria-expanded", String(open));
    button.textContent = open ? "Leading metrics only" : `Show ${others.length} more metric${others.length === 1 ? "" : "s"}`;
  };
  button.addEventListener("click", () => show(button.getAttribute("aria-expanded") !== "true"));
  button.hidden = false;
  show(false);
}

function printing() {
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const details of opened) details.open = true;
  });
  window.addEventListener("afterprint", () => { for (const details of opened) details.open = false; });
}

async function samples() {
  const box = document.getElementById("browser");
  if (!box) return;
  box.hidden = false;
  try {
    new Browser(new Store(await unpack(document.getElementById("packed").textContent)));
    root.dataset.samples = "ready";
  } catch (error) {
    document.getElementById("found").textContent = `The samples cannot be shown: ${error.message}`;
  }
}

themes();
furtherMetrics();
printing();
samples();
