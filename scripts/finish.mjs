// What is done to the page after trunk: one after the other, because both write index.html.
await import('./externalize.mjs');
await import('./experiments.mjs');
