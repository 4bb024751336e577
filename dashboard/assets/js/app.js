// Small comforts; every page works without them.
(() => {
  "use strict";

  // One live region for what a button did, announced once.
  const status = document.createElement("p");
  status.className = "vh";
  status.setAttribute("role", "status");
  document.body.append(status);

  // Copy buttons are hidden in the markup: without this script they could do nothing.
  if (navigator.clipboard) {
    for (const button of document.querySelectorAll("[data-copy]")) {
      button.hidden = false;
      button.addEventListener("click", async () => {
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
    }
  }

  // Times: the reader's zone instead of UTC, and "3 h" that stays true.
  const lang = document.documentElement.lang;
  const long = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : lang, {
    day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
  });
  const times = document.querySelectorAll("time[data-time]");
  for (const time of times) {
    const words = long.format(new Date(time.dateTime)).replace(" at ", ", ");
    time.title = words;
    if (time.dataset.time === "full") time.textContent = words;
  }
  setInterval(() => {
    for (const time of times) {
      const minutes = Math.floor((Date.now() - new Date(time.dateTime)) / 60000);
      if (time.dataset.time !== "ago" || minutes < 1 || minutes >= 1440) continue;
      const words = minutes < 60 ? minutes + " min" : Math.floor(minutes / 60) + " h";
      if (time.textContent !== words) time.textContent = words;
    }
  }, 60000);

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
})();
