// Brings the place that the address names into sight, and loads its program when it is first asked for.

const lab = { code: './chalkwire-web.js', wasm: './chalkwire-web_bg.wasm' };
const second = { code: './experiments.js', wasm: './experiments_bg.wasm', style: './experiments.css' };

// Each place by the id of the element that it is drawn in.
const programs = { lab, experiments: second, room: second };

// The first words of a fragment, as in #/join/HKTPWN, that name another place than the Lab. A test of
// web/src/place.rs holds both to each other.
const words = new Map([
  ['experiments', 'experiments'],
  ['room', 'room'],
  ['join', 'room'],
  ['teach', 'room'],
  ['view', 'room'],
]);

function enter() {
  // In a frame of another page there is nothing but an experiment.
  const embedded = new URLSearchParams(location.search).has('embed');
  const word = /^#\/(\w+)(?![^/?])/.exec(location.hash)?.[1];
  const place = embedded ? 'experiments' : words.get(word) ?? 'lab';
  for (const id in programs) document.getElementById(id).hidden = id !== place;
  const program = programs[place];
  if (program.asked) return;
  program.asked = true;
  say(place, 'status', 'Loading …');
  load(program).catch(error => {
    const trouble = 'This could not be loaded: is the gateway still there? Reload the page to try again.';
    for (const id in programs) if (programs[id] === program) say(id, 'alert', trouble);
    throw error;
  });
}

async function load({ code, wasm, style }) {
  // The code would ask for the rest only once it is there itself.
  link({ rel: 'preload', href: wasm, as: 'fetch', type: 'application/wasm', crossOrigin: 'anonymous' });
  if (style) link({ rel: 'stylesheet', href: style });
  const { default: start } = await import(code);
  await start({ module_or_path: wasm });
}

function link(what) {
  document.head.append(Object.assign(document.createElement('link'), what));
}

function say(place, role, text) {
  const line = document.createElement('p');
  line.className = 'loading';
  line.setAttribute('role', role);
  line.textContent = text;
  document.getElementById(place).replaceChildren(line);
}

addEventListener('hashchange', enter);
enter();
