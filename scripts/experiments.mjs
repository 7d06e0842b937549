// Names the experiments' program by its content, as trunk names the Lab's: trunk builds it as a
// program of its own under a fixed name. The page finds the names on the element it is drawn in.
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dist = process.env.TRUNK_STAGING_DIR;
const read = name => readFileSync(join(dist, name), 'utf8');

function rename(name, dash, end) {
  const hash = createHash('sha384').update(readFileSync(join(dist, name + dash + end))).digest('hex');
  const hashed = `${name}-${hash.slice(0, 16)}${dash}${end}`;
  renameSync(join(dist, name + dash + end), join(dist, hashed));
  return hashed;
}

const wasm = rename('experiments', '_bg', '.wasm');
// A module that starts by itself: the page's policy lets no inline script start it.
const code = read('experiments.js').replaceAll('experiments_bg.wasm', wasm);
const started = code.replace(/export \{[^}]*__wbg_init as default[^}]*\};?/, `$&
await __wbg_init().catch(error => {
  // The Lab says so on the page.
  document.getElementById('experiments').dispatchEvent(new Event('error'));
  throw error;
});`);
if (started === code) throw new Error('experiments.js has no __wbg_init: has wasm-bindgen changed?');
writeFileSync(join(dist, 'experiments.js'), started);

// The same program draws the room, and what a class sees of itself: one sheet for all.
const sheets = ['experiments.css', 'room.css', 'board.css'];
writeFileSync(join(dist, 'experiments.css'), sheets.map(read).join(''));
for (const sheet of sheets.slice(1)) rmSync(join(dist, sheet));

let html = read('index.html');
for (const end of ['.js', '.css']) {
  const hashed = rename('experiments', '', end);
  const before = html;
  html = html.replace(`"./experiments${end}"`, `"./${hashed}"`);
  if (html === before) throw new Error(`index.html names no ./experiments${end}`);
}
writeFileSync(join(dist, 'index.html'), html);
