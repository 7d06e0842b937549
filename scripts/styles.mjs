// Takes the comments and indents out of the page's style sheets, and names each by what is left: they
// are for whoever reads the source, and would be a kilobyte of everyone's first visit.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dist = process.env.TRUNK_STAGING_DIR;
const index = join(dist, 'index.html');
let html = readFileSync(index, 'utf8');
const hashes = css => createHash('sha384').update(css);
for (const name of readdirSync(dist).filter(it => it.endsWith('.css'))) {
  const css = readFileSync(join(dist, name), 'utf8');
  const left = css.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\n\s+/g, '\n').trim() + '\n';
  writeFileSync(join(dist, name), left);
  // The experiments' sheet has a fixed name still: it is named with their program.
  const named = /^(.+)-[0-9a-f]{16}\.css$/.exec(name);
  if (!named) continue;
  const hashed = `${named[1]}-${hashes(left).digest('hex').slice(0, 16)}.css`;
  renameSync(join(dist, name), join(dist, hashed));
  const before = html;
  html = html.replaceAll(name, hashed)
    .replaceAll(hashes(css).digest('base64'), hashes(left).digest('base64'));
  if (html === before) throw new Error(`index.html names no ${name}`);
}
writeFileSync(index, html);
