// Conversations: what is new, who writes, and keys. The room works without it.
(() => {
  "use strict";
  const room = document.querySelector("[data-inbox]");
  if (!room) return;

  // What the server says anew goes into its place, never into what is under somebody's hands.
  const slots = (name) => document.querySelectorAll(`[data-slot="${CSS.escape(name)}"]`);
  const listen = (event) => {
    const fresh = new DOMParser().parseFromString(event.data, "text/html").body;
    const sprite = document.querySelector(".hidden-sprite");
    for (const symbol of fresh.querySelectorAll(".hidden-sprite symbol")) {
      if (!document.getElementById(symbol.id)) sprite.append(document.importNode(symbol, true));
    }
    for (const part of fresh.querySelectorAll("[data-slot]")) {
      for (const place of slots(part.dataset.slot)) {
        if (place.innerHTML === part.innerHTML && place.hidden === part.hidden) continue;
        place.replaceChildren(...part.cloneNode(true).childNodes);
        place.hidden = part.hidden;
      }
    }
  };
  if (room.dataset.inbox) {
    const source = new EventSource(room.dataset.inbox);
    source.addEventListener("inbox", listen);
    addEventListener("pagehide", () => source.close());
  }

  // How long somebody has waited stays true.
  const [now, days] = document.body.dataset.words.split("|").slice(3);
  const words = (minutes) => {
    if (minutes < 1) return now;
    if (minutes < 60) return minutes + " min";
    if (minutes >= 2880) return days.replace("%", Math.floor(minutes / 1440));
    return Math.floor(minutes / 60) + " h" + (minutes % 60 ? " " + (minutes % 60) + " min" : "");
  };
  setInterval(() => {
    for (const time of room.querySelectorAll("time[data-wait]")) {
      time.lastChild.textContent = words(Math.floor((Date.now() - new Date(time.dateTime)) / 60000));
    }
  }, 60000);

  // The latest message stands in view.
  const body = room.querySelector(".thread__body");
  if (body) body.scrollTop = body.scrollHeight;

  // Colleagues see who writes: said when it begins, and again while it goes on.
  const form = document.getElementById("answer");
  const field = document.getElementById("answer-text");
  let said = 0;
  if (form && form.dataset.writing) {
    form.addEventListener("input", () => {
      if (Date.now() - said < 15000) return;
      said = Date.now();
      const token = form.elements.authenticity_token.value;
      fetch(form.dataset.writing, { method: "POST", body: new URLSearchParams({ authenticity_token: token }) }).catch(() => {});
    });
    const wide = form.querySelector("[data-wide]");
    form.elements.visibility.addEventListener("change", (event) => {
      wide.hidden = !event.target.selectedOptions[0].hasAttribute("data-wider");
    });
  }

  // One menu at a time; Escape closes it and goes back to its button.
  const menus = room.querySelectorAll("details.drop");
  for (const menu of menus) {
    menu.addEventListener("toggle", () => {
      if (menu.open) for (const other of menus) if (other !== menu) other.open = false;
    });
  }

  for (const help of room.querySelectorAll("[data-keys]")) help.hidden = false;
  const step = (by) => {
    const lines = [...room.querySelectorAll(".conv")];
    const at = lines.indexOf(document.activeElement);
    const from = at >= 0 ? at : lines.findIndex((line) => line.hasAttribute("aria-current"));
    const next = lines[Math.max(0, Math.min(lines.length - 1, from + by))];
    if (next) next.focus();
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const open = [...menus].find((menu) => menu.open);
      if (open) {
        open.open = false;
        open.querySelector("summary").focus();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const target = room.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else if (event.key === "r" && field) field.focus();
    else if (event.key === "e" && target) target.click();
    else if (event.key === "a" && target) {
      target.open = true;
      target.querySelector(".drop__box button").focus();
    } else return;
    event.preventDefault();
  });
})();
