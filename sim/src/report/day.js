// The map of the day: reads the numbers beside it and draws the moment that the slider names. No library, no network.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("day-data").textContent);
  const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const valueOf = new Int8Array(128);
  [...DIGITS].forEach((digit, value) => { valueOf[digit.charCodeAt(0)] = value; });

  // The numbers of a line: five bits a digit, the lowest first, the sixth bit says that more follow, the last bit is the sign.
  function numbers(line) {
    const found = [];
    let value = 0;
    let shift = 0;
    for (let i = 0; i < line.length; i += 1) {
      const digit = valueOf[line.charCodeAt(i)];
      value += (digit & 31) * 2 ** shift;
      shift += 5;
      if (digit < 32) {
        found.push(value % 2 ? -(value - 1) / 2 : value / 2);
        value = 0;
        shift = 0;
      }
    }
    return found;
  }

  // Drives of a vehicle: {load, t: [s], x: [units], y: [units]}, in order of time.
  function vehicle([name, x, y, from, until, line]) {
    const all = numbers(line);
    const drives = [];
    let time = from;
    for (let i = 0; i < all.length;) {
      time += all[i];
      const drive = { load: all[i + 1], t: [time], x: [x], y: [y] };
      let left = all[i + 2];
      i += 3;
      for (; left > 0; left -= 1, i += 3) {
        time += all[i];
        x += all[i + 1];
        y += all[i + 2];
        drive.t.push(time);
        drive.x.push(x);
        drive.y.push(y);
      }
      drives.push(drive);
    }
    const begin = drives.length ? [drives[0].x[0], drives[0].y[0]] : [x, y];
    return { name, from, until, drives, begin };
  }

  // Index of the last of `sorted` that is not above `value`; -1 if all are.
  function before(sorted, value, of) {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (of(sorted[middle]) <= value) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  // Where a vehicle is at `time`, how many are on board, and whether it drives; null off shift.
  function at(one, time) {
    if (time < one.from) return null;
    const k = before(one.drives, time, (drive) => drive.t[0]);
    if (k < 0) return time > one.until ? null : { x: one.begin[0], y: one.begin[1], load: 0, drives: false };
    const { t, x, y, load } = one.drives[k];
    const n = t.length - 1;
    if (time < t[n]) {
      const i = before(t, time, (value) => value);
      const share = t[i + 1] > t[i] ? (time - t[i]) / (t[i + 1] - t[i]) : 0;
      return { x: x[i] + share * (x[i + 1] - x[i]), y: y[i] + share * (y[i + 1] - y[i]), load, drives: true };
    }
    if (time > one.until) return null;
    // While it stands somebody may be on board still: the next drive knows.
    const next = one.drives[k + 1];
    return { x: x[n], y: y[n], load: next ? Math.min(load, next.load) : 0, drives: false };
  }

  function riders(line) {
    const all = numbers(line);
    const found = [];
    let [begin, x, y] = [0, 0, 0];
    for (let i = 0; i < all.length; i += 4) {
      begin += all[i];
      x += all[i + 1];
      y += all[i + 2];
      found.push({ begin, x, y, waited: all[i + 3] });
    }
    return found;
  }

  const REFUSED_SHOWN_S = 300;
  const fleet = data.vehicles.map(vehicle);
  const people = riders(data.riders);
  const longest = people.reduce((most, rider) => Math.max(most, rider.waited), REFUSED_SHOWN_S);
  const stage = document.querySelector("#day .stage");
  const canvas = stage.querySelector("canvas");
  const pen = canvas.getContext("2d");
  const [play, speed, slider, clock, now] = ["play", "speed", "time", "clock", "now"].map((id) => byId(`day-${id}`));
  let time = 0;
  let running = false;
  let last = 0;

  const two = (n) => String(n).padStart(2, "0");
  function shown(seconds) {
    const minutes = Math.floor((data.clock + seconds) / 60);
    const days = Math.floor(minutes / 1440);
    return `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}${days ? ` +${days} d` : ""}`;
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const width = stage.clientWidth;
    const height = stage.clientHeight;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const loads = ["k0", "k1", "k2", "k3"].map(colour);
    const scale = width / data.width;
    pen.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * scale * data.margin, ratio * scale * data.margin);
    pen.clearRect(-data.margin, -data.margin, data.width, height / scale);
    const unit = 1 / data.scale;
    const counts = { driving: 0, aboard: 0, waiting: 0, refused: 0 };
    // Riders first, so that vehicles lie on top.
    const first = before(people, time - longest - 1, (rider) => rider.begin) + 1;
    for (let i = first; i < people.length && people[i].begin <= time; i += 1) {
      const { begin, x, y, waited } = people[i];
      const [px, py] = [x * unit, y * unit];
      if (waited < 0 && time < begin + REFUSED_SHOWN_S) {
        counts.refused += 1;
        pen.strokeStyle = colour("bad");
        pen.lineWidth = 1.4;
        pen.beginPath();
        pen.moveTo(px - 3, py - 3);
        pen.lineTo(px + 3, py + 3);
        pen.moveTo(px - 3, py + 3);
        pen.lineTo(px + 3, py - 3);
        pen.stroke();
      } else if (time < begin + waited) {
        counts.waiting += 1;
        pen.strokeStyle = colour("wait");
        pen.lineWidth = 1.2;
        pen.beginPath();
        pen.arc(px, py, 2.6, 0, 2 * Math.PI);
        pen.stroke();
      }
    }
    for (const one of fleet) {
      const place = at(one, time);
      if (!place) continue;
      counts.driving += place.drives ? 1 : 0;
      counts.aboard += place.load;
      pen.fillStyle = loads[Math.min(place.load, 3)];
      pen.strokeStyle = colour("paper");
      pen.lineWidth = 0.6;
      pen.beginPath();
      pen.arc(place.x * unit, place.y * unit, place.drives ? 3.6 + 0.4 * Math.min(place.load, 6) : 2.4, 0, 2 * Math.PI);
      pen.fill();
      pen.stroke();
    }
    clock.textContent = shown(time);
    slider.value = String(time);
    slider.setAttribute("aria-valuetext", shown(time));
    now.textContent = `${counts.driving} vehicles drive, ${counts.aboard} people on board, ${counts.waiting} wait, `
      + `${counts.refused} refused in the last five minutes`;
  }

  function go(to) {
    time = Math.min(Math.max(to, 0), data.span);
    draw();
  }

  function set(on) {
    running = on;
    play.textContent = on ? "Pause" : "Play";
    if (on) {
      if (time >= data.span) time = 0;
      last = performance.now();
      requestAnimationFrame(step);
    }
  }

  function step(moment) {
    if (!running) return;
    const passed = Math.min(Math.max(moment - last, 0), 250) / 1000;
    last = moment;
    go(time + passed * Number(speed.value));
    if (time >= data.span) set(false);
    else requestAnimationFrame(step);
  }

  play.addEventListener("click", () => set(!running));
  slider.addEventListener("input", () => go(Number(slider.value)));
  stage.addEventListener("keydown", (event) => {
    const minutes = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.key === " ") set(!running);
    else if (minutes) go(time + minutes * 60 * (event.shiftKey ? 15 : 1));
    else if (event.key === "Home") go(0);
    else if (event.key === "End") go(data.span);
    else return;
    event.preventDefault();
  });
  window.addEventListener("resize", draw);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  // Midnight is nothing to look at: begin when a third of all have asked, or at the time named by #day=SECONDS.
  const asked = /^#day=(\d+)$/.exec(window.location.hash);
  const awake = people.length ? people[Math.floor(people.length / 3)].begin : 0;
  go(asked ? Number(asked[1]) : awake);
})();
