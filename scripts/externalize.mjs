// Moves the module script that trunk writes into index.html to a file of its own, named by its
// hash: the page is served with `script-src 'self' 'wasm-unsafe-eval'`, which allows no inline one.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dist = process.env.TRUNK_STAGING_DIR;
const index = join(dist, 'index.html');
const html = readFileSync(index, 'utf8');
let moved = 0;
const out = html.replace(/<script type="module">([\s\S]*?)<\/script>/g, (_, script) => {
  const code = script.trim() + '\n';
  const hash = createHash('sha384').update(code).digest();
  const name = `start-${hash.toString('hex').slice(0, 16)}.js`;
  writeFileSync(join(dist, name), code);
  moved += 1;
  return `<script type="module" src="./${name}" integrity="sha384-${hash.toString('base64')}"></script>`;
});
// `trunk serve` adds a script for reloading; a build has exactly one.
if (moved < 1) throw new Error('index.html has no inline module script: has trunk changed?');
writeFileSync(index, out);
