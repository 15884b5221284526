import { readFileSync } from 'node:fs';

/** The code of a thread: the source of each module by its URL; `entry` is the first. */
export interface ThreadCode {
  readonly entry: string;
  readonly sources: ReadonlyMap<string, string>;
}

/** An import or export by a relative path; type-only ones do not exist when the code runs. */
const importOfValues = /^(?:import|export) (?!type )[^;]*? from ['"](?<path>\.[^'"]+)['"]/gm;

/** Reads a module and all relative imports, so that a thread can start when its files are out of reach. */
export function readThreadCode(entry: URL): ThreadCode {
  const sources = new Map<string, string>();
  const add = (url: URL): void => {
    if (sources.has(url.href)) return;
    const text = readFileSync(url, 'utf8');
    sources.set(url.href, text);
    for (const { groups } of text.matchAll(importOfValues)) add(new URL(groups?.['path'] ?? '', url));
  };
  add(entry);
  return { entry: entry.href, sources };
}

/**
 * The first code of a thread: it imports `entry`; relative imports of its modules come from `workerData.code`, and
 * others are resolved as usual.
 */
export const startThread = `
  const { registerHooks } = require('node:module');
  const { entry, sources } = require('node:worker_threads').workerData.code;
  const format = entry.endsWith('.ts') ? 'module-typescript' : 'module';
  let isBegun = false;
  registerHooks({
    resolve(specifier, context, next) {
      const { parentURL } = context;
      const url = !isBegun ? entry : sources.has(parentURL) ? new URL(specifier, parentURL).href : undefined;
      isBegun = true;
      return sources.has(url) ? { url, format, shortCircuit: true } : next(specifier, context);
    },
    load(url, context, next) {
      const source = sources.get(url);
      return source === undefined ? next(url, context) : { source, format, shortCircuit: true };
    },
  });
  import('./entry');
`;
