// What is done to the page after trunk: one after the other, because most write index.html.
await import('./code.mjs');
await import('./imports.mjs');
await import('./styles.mjs');
await import('./start.mjs');
// Under `trunk serve` the page comes from trunk, which sends no other forms.
if (process.env.TRUNK_PROFILE === 'release') await import('./compress.mjs');
