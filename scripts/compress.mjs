// Lays each file's compressed forms beside it, where they are smaller: built once, sent often.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const dist = process.env.TRUNK_STAGING_DIR;
for (const name of readdirSync(dist)) {
  const plain = readFileSync(join(dist, name));
  const packed = {
    br: brotliCompressSync(plain, {
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 11,
        [constants.BROTLI_PARAM_LGWIN]: 22,
        [constants.BROTLI_PARAM_SIZE_HINT]: plain.length,
      },
    }),
    gz: gzipSync(plain, { level: 9 }),
  };
  for (const [coding, body] of Object.entries(packed)) {
    if (body.length < plain.length) writeFileSync(join(dist, `${name}.${coding}`), body);
  }
}
