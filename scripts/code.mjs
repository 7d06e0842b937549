// Takes the comments and indents out of the programs' JavaScript: they are for whoever reads it, and
// would be a kilobyte of everyone's first visit. Its names stay: the same source leaves the same rest.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dist = process.env.TRUNK_STAGING_DIR;
for (const name of readdirSync(dist).filter(it => it.endsWith('.js'))) {
  const code = readFileSync(join(dist, name), 'utf8');
  const left = code
    .replace(/^\s*\/\*[\s\S]*?\*\/\s*$/gm, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/\n\s+/g, '\n');
  writeFileSync(join(dist, name), left);
}
