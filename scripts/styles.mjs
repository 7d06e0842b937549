// Takes the comments and indents out of the page's style sheets, and makes one sheet of those that
// index.html names: what is for whoever reads the source, and four requests, would be 3 KB of everyone's
// first visit.
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dist = process.env.TRUNK_STAGING_DIR;
const index = join(dist, 'index.html');
for (const name of readdirSync(dist).filter(it => it.endsWith('.css'))) {
  const css = readFileSync(join(dist, name), 'utf8');
  const left = css.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\n\s+/g, '\n').trim() + '\n';
  writeFileSync(join(dist, name), left);
}

let css = '';
const html = readFileSync(index, 'utf8').replace(/<link rel="stylesheet" href="\.\/([^"]+)"[^>]*>\s*/g, (_, name) => {
  css += readFileSync(join(dist, name), 'utf8');
  rmSync(join(dist, name));
  return '';
});
if (css === '') throw new Error('index.html names no style sheet: has trunk changed?');
const hash = createHash('sha384').update(css).digest();
const name = `page-${hash.toString('hex').slice(0, 16)}.css`;
writeFileSync(join(dist, name), css);
const link = `<link rel="stylesheet" href="./${name}" integrity="sha384-${hash.toString('base64')}">\n`;
writeFileSync(index, html.replace('</head>', `${link}</head>`));
