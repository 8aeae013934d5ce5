"use strict";
// Players with more than one take: one is heard at a time, at the same moment; keys 1, 2, 3 choose.
(() => {
  const all = [...document.querySelectorAll("audio")];
  for (const audio of all) {
    audio.addEventListener("play", () => all.forEach((other) => other !== audio && other.pause()));
  }

  const element = (name, properties, ...children) => {
    const made = Object.assign(document.createElement(name), properties);
    made.append(...children);
    return made;
  };

  document.querySelectorAll(".player.choice").forEach((player, number) => {
    const takes = [...player.querySelectorAll("audio")];
    const rows = takes.map((take) => take.closest(".voice"));
    let current = 0;

    const choose = (index) => {
      const from = takes[current], to = takes[index];
      const playing = !from.paused && !from.ended;
      current = index;
      rows.forEach((row, at) => { row.hidden = at !== index; });
      if (to === from) return;
      to.currentTime = Math.min(from.currentTime, Number.isFinite(to.duration) ? to.duration : Infinity);
      if (playing) to.play(); // pauses the other one
    };

    const radios = takes.map((take, index) => {
      const radio = element("input", { type: "radio", name: `player-${number}`, checked: index === 0 });
      radio.addEventListener("change", () => choose(index));
      return radio;
    });
    const own = element("input", { type: "checkbox" });
    own.addEventListener("change", () => {
      for (const take of takes) take.volume = own.checked ? Number(take.dataset.volume) : 1;
    });
    const bar = element("div", { className: "choices" },
      ...radios.map((radio, index) => element("label", {}, radio, ` ${takes[index].dataset.label}`)),
      element("label", { className: "own" }, own, " at their own levels"));
    player.querySelector("legend").after(bar);
    player.querySelectorAll(".voice .name").forEach((name) => {
      if (name.parentElement.querySelector("audio")) name.hidden = true;
    });
    player.addEventListener("keydown", (event) => {
      const index = Number(event.key) - 1;
      if (event.ctrlKey || event.altKey || event.metaKey || !(index in takes)) return;
      radios[index].checked = true;
      choose(index);
      event.preventDefault();
    });
    choose(0);
  });
})();
