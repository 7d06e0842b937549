// Puts web/start.js in the place of the script that trunk writes into index.html, with the programs' own
// names in it. It is a file named by its content: the page is served with `script-src 'self'
// 'wasm-unsafe-eval'`, which allows no inline script.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dist = process.env.TRUNK_STAGING_DIR;
const index = join(dist, 'index.html');
const read = name => readFileSync(join(dist, name), 'utf8');
const hashes = content => createHash('sha384').update(content);

// A file's name with its content's hash in it: trunk gave the Lab's files theirs.
function hashed(name) {
  const [stem, end] = /^(.+?)((?:_bg)?\.\w+)$/.exec(name).slice(1);
  const named = readdirSync(dist).find(it => it.startsWith(`${stem}-`) && it.endsWith(end));
  if (named) return named;
  const hash = hashes(readFileSync(join(dist, name))).digest('hex');
  const to = `${stem}-${hash.slice(0, 16)}${end}`;
  renameSync(join(dist, name), join(dist, to));
  return to;
}

// The second program draws the experiments, the room, and what a class sees of itself: one sheet for all.
const sheets = ['experiments.css', 'room.css', 'board.css'];
writeFileSync(join(dist, 'experiments.css'), sheets.map(read).join(''));
for (const sheet of sheets.slice(1)) rmSync(join(dist, sheet));

const start = readFileSync('web/start.js', 'utf8')
  .replace(/^\s*\/\/.*\n/gm, '')
  .replace(/\n\s+/g, '\n')
  .replace(/'\.\/([\w.-]+)'/g, (_, name) => `'./${hashed(name)}'`);

function script(code) {
  const hash = hashes(code).digest();
  const name = `start-${hash.toString('hex').slice(0, 16)}.js`;
  writeFileSync(join(dist, name), code);
  return `<script type="module" async src="./${name}" integrity="sha384-${hash.toString('base64')}"></script>`;
}

let scripts = '';
let found = 0;
const html = readFileSync(index, 'utf8')
  .replace(/<script type="module">([\s\S]*?)<\/script>/g, (_, code) => {
    // `trunk serve` adds a script for reloading.
    const own = code.includes('import init');
    found += own;
    scripts += script(own ? start : code.trim() + '\n') + '\n';
    return '';
  })
  // Not everybody comes to the Lab: the start script asks for what is needed.
  .replace(/<link rel="(modulepreload|preload)"[^>]*>/g, '')
  .replace(/\n{2,}/g, '\n');
if (found !== 1) throw new Error('index.html has no script that starts the Lab: has trunk changed?');
// At the end of the body, so that it need not wait for anything: neither for elements nor for style.
writeFileSync(index, html.replace('</body>', `${scripts}</body>`));
