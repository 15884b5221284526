import { readFileSync } from 'node:fs';

/** The code of a thread: the texts of its modules by their URLs, of which `entry` is the first. */
export interface ThreadCode {
  readonly entry: string;
  readonly texts: ReadonlyMap<string, string>;
}

/** An import or export by a relative path; one of types alone is gone before the code runs. */
const importOfValues = /^(?:import|export) (?!type )[^;]*? from ['"](?<path>\.[^'"]+)['"]/gm;

/** Reads a module and all that it imports by a relative path, so that a thread can be started where its files are out of reach. */
export function readThreadCode(entry: URL): ThreadCode {
  const texts = new Map<string, string>();
  const add = (url: URL): void => {
    if (texts.has(url.href)) return;
    const text = readFileSync(url, 'utf8');
    texts.set(url.href, text);
    for (const { groups } of text.matchAll(importOfValues)) add(new URL(groups?.['path'] ?? '', url));
  };
  add(entry);
  return { entry: entry.href, texts };
}

/**
 * What a thread evaluates first: the module that it imports is `entry`, and this one's imports come from `workerData.code`,
 * others from where they always do.
 */
export const startThread = `
  const { registerHooks } = require('node:module');
  const { entry, texts } = require('node:worker_threads').workerData.code;
  const format = entry.endsWith('.ts') ? 'module-typescript' : 'module';
  registerHooks({
    resolve(specifier, context, next) {
      const { parentURL } = context;
      const url = texts.has(parentURL) ? new URL(specifier, parentURL).href : entry;
      return texts.has(url) ? { url, format, shortCircuit: true } : next(specifier, context);
    },
    load(url, context, next) {
      const source = texts.get(url);
      return source === undefined ? next(url, context) : { source, format, shortCircuit: true };
    },
  });
  import('./entry');
`;
