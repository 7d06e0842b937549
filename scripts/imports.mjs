// Gives what the programs import from their JavaScript short names, in both: the long ones with their
// hashes are 5 KB of everyone's first visit. Numbered in their order, so the same source gets the same.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const dist = process.env.TRUNK_STAGING_DIR;
for (const name of readdirSync(dist).filter(it => it.endsWith('_bg.wasm'))) {
  const { wasm, names } = shorten(readFileSync(join(dist, name)));
  const script = join(dist, name.replace('_bg.wasm', '.js'));
  let left = names.size;
  const code = readFileSync(script, 'utf8').replace(/^(\w+)(?=: )/gm, key => {
    if (names.has(key)) left -= 1;
    return names.get(key) ?? key;
  });
  if (left !== 0) throw new Error(`${script} lacks ${left} imports: has wasm-bindgen changed?`);
  writeFileSync(join(dist, name), wasm);
  writeFileSync(script, code);
}

/** The module with short names for its imports, and which they were (WebAssembly, 5.5.5). */
function shorten(wasm) {
  let at = 8;
  const number = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = wasm[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const text = () => {
    const length = number();
    at += length;
    return wasm.toString('utf8', at - length, at);
  };
  const bytes = value => value < 128 ? [value] : [value & 127 | 128, ...bytes(Math.floor(value / 128))];
  const limits = () => { if (number() & 1) number(); number(); };
  // What follows the kind of an import: of a function, a table, a memory, a global, a tag.
  const kinds = [number, () => { at++; limits(); }, limits, () => { at += 2; }, () => { at++; number(); }];
  const names = new Map();
  while (at < wasm.length) {
    const start = at;
    const id = wasm[at++];
    const end = number() + at;
    if (id !== 2) {
      at = end;
      continue;
    }
    const count = number();
    const section = [Buffer.from(bytes(count))];
    for (let no = 0; no < count; no++) {
      const from = at;
      text();
      const module = wasm.subarray(from, at);
      const name = text();
      const kind = at;
      kinds[wasm[at++]]();
      const short = no.toString(36);
      names.set(name, `$${short}`);
      section.push(module, Buffer.from([short.length + 1]), Buffer.from(`$${short}`), wasm.subarray(kind, at));
    }
    const body = Buffer.concat(section);
    const whole = [wasm.subarray(0, start), Buffer.from([2, ...bytes(body.length)]), body, wasm.subarray(end)];
    return { wasm: Buffer.concat(whole), names };
  }
  throw new Error('a program that imports nothing');
}
