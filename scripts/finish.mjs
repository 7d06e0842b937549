// What is done to the page after trunk: one after the other, because all write index.html.
await import('./externalize.mjs');
await import('./styles.mjs');
await import('./experiments.mjs');
