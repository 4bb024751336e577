// Small comforts; every page works without them.
(() => {
  "use strict";

  // One live region for what a button did, announced once.
  const status = document.createElement("p");
  status.className = "vh";
  status.setAttribute("role", "status");
  document.body.append(status);

  // Copy buttons are hidden in the markup: without this script they could do nothing.
  const showCopies = (root) => {
    if (!navigator.clipboard) return;
    for (const button of root.querySelectorAll("[data-copy]")) button.hidden = false;
  };
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      return; // refused by the browser; the text stands on the page
    }
    const words = button.querySelector("span");
    const before = words && (button.dataset.words ??= words.textContent);
    if (words) words.textContent = button.dataset.done;
    button.dataset.copied = "";
    status.textContent = button.dataset.done;
    setTimeout(() => {
      if (words) words.textContent = before;
      delete button.dataset.copied;
      status.textContent = "";
    }, 2000);
  });

  // Times: the reader's zone instead of UTC, "3 h" that stays true, and countdowns.
  const lang = document.documentElement.lang;
  const inLang = lang === "en" ? "en-GB" : lang;
  const long = new Intl.DateTimeFormat(inLang, {
    day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  const short = new Intl.DateTimeFormat(inLang, { hour: "2-digit", minute: "2-digit" });
  const [moment, within, on] = document.body.dataset.words.split("|");
  const whole = (at) => long.format(at).replace(/ (at|um) /, ", ");
  const put = (time, words) => {
    if (time.textContent !== words) time.textContent = words;
  };
  const countDown = (time) => {
    const at = new Date(time.dateTime);
    const left = Math.ceil((at - Date.now()) / 1000);
    if (left <= 0) put(time, moment);
    else if (left < 600) put(time, within.replace("%", Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0")));
    else if (left < 3600) put(time, within.replace("%", Math.floor(left / 60) + " min"));
    else if (left < 64800) put(time, within.replace("%", Math.floor(left / 3600) + " h " + Math.floor((left % 3600) / 60) + " min"));
    else put(time, on.replace("%", whole(at)));
  };
  const showTimes = (root) => {
    for (const time of root.querySelectorAll("time[data-time]")) {
      const words = whole(new Date(time.dateTime));
      time.title = words;
      if (time.dataset.time === "full") time.textContent = words;
      if (time.dataset.time === "clock") time.textContent = short.format(new Date(time.dateTime));
      if (time.dataset.time === "until") countDown(time);
    }
  };
  setInterval(() => {
    for (const time of document.querySelectorAll('time[data-time="ago"]')) {
      const minutes = Math.floor((Date.now() - new Date(time.dateTime)) / 60000);
      if (minutes < 1 || minutes >= 1440) continue;
      put(time, minutes < 60 ? minutes + " min" : Math.floor(minutes / 60) + " h");
    }
  }, 60000);
  setInterval(() => document.querySelectorAll('time[data-time="until"]').forEach(countDown), 1000);

  // Words that follow what was chosen or typed: "Allow as @news", "@name@acme.example".
  for (const target of document.querySelectorAll("[data-follow]")) {
    const blank = target.textContent;
    const update = (event) => {
      const field = event.target;
      if (field.name !== target.dataset.follow || (field.type === "radio" && !field.checked)) return;
      const value = (field.dataset.words || field.value).trim();
      target.textContent = value && field.validity.valid ? target.dataset.words.replace("%", value) : blank;
    };
    document.addEventListener("input", update);
    document.addEventListener("change", update);
    for (const field of document.getElementsByName(target.dataset.follow)) update({ target: field });
  }

  // How much room a text has left. A link counts 23, whatever its length.
  for (const target of document.querySelectorAll("[data-left]")) {
    const field = document.getElementById(target.dataset.left);
    const update = () => {
      const text = field.value.replace(/https?:\/\/\S+/g, "x".repeat(23));
      target.textContent = target.dataset.words.replace("%", Number(field.dataset.count) - [...new Intl.Segmenter().segment(text)].length);
    };
    field.addEventListener("input", update);
    update();
  }

  // The zone of the reader, where nobody has said another.
  for (const field of document.querySelectorAll("[data-zone]")) {
    if (!field.value) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
  }

  // Tabs that a phone has no room for: the current one stays in view, also when the row or
  // the words in it get another width.
  const centred = new ResizeObserver((changes) => {
    for (const { target } of changes) {
      const tabs = target.closest(".tabs");
      const tab = tabs.querySelector("[aria-current]");
      tabs.scrollLeft = tab.offsetLeft - tabs.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;
    }
  });
  const showTabs = (part) => {
    for (const tab of part.querySelectorAll(".tabs [aria-current]")) {
      centred.observe(tab);
      centred.observe(tab.closest(".tabs"));
    }
  };

  // A part of the page that the server sends anew when something changes. What has the
  // focus and what is unfolded stays so.
  const nameOf = (element) => element.id || element.getAttribute("aria-label") || element.textContent.trim();
  const replace = (box, html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html").body;
    const sprite = document.querySelector(".hidden-sprite");
    const symbols = fresh.querySelector(".hidden-sprite");
    for (const symbol of symbols ? symbols.querySelectorAll("symbol") : []) {
      if (!document.getElementById(symbol.id)) sprite.append(document.importNode(symbol, true));
    }
    if (symbols) symbols.remove();
    // Words of the frame around the part, such as a name that has just changed.
    for (const words of fresh.querySelectorAll("[data-elsewhere]")) {
      for (const slot of document.querySelectorAll(`[data-slot="${words.dataset.elsewhere}"]`)) slot.textContent = words.textContent;
    }
    const open = new Set([...box.querySelectorAll("details[open] > summary")].map(nameOf));
    for (const summary of fresh.querySelectorAll("details > summary")) summary.parentElement.open ||= open.has(nameOf(summary));
    const focused = box.contains(document.activeElement) ? nameOf(document.activeElement) : "";
    box.replaceChildren(...fresh.childNodes);
    showCopies(box);
    showTimes(box);
    showTabs(box);
    if (!focused) return;
    const again = [...box.querySelectorAll("a, button, summary, input, select, textarea, [tabindex]")].find((e) => nameOf(e) === focused);
    if (again) again.focus({ preventScroll: true });
    else box.focus({ preventScroll: true }); // what had it is gone: stay in its place
  };
  for (const box of document.querySelectorAll("[data-live]")) {
    const source = new EventSource(box.dataset.live);
    source.addEventListener("state", (event) => {
      replace(box, event.data);
      const summary = box.querySelector("[data-summary]");
      if (summary && status.textContent !== summary.textContent) status.textContent = summary.textContent;
    });
    addEventListener("pagehide", () => source.close());
  }

  showCopies(document);
  showTimes(document);
  showTabs(document);
})();
