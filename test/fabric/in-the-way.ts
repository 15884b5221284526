import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FabricLab } from './fabric-lab.ts';

/** A folder under a name of the fabric's namespaces, which `ip` cannot remove: every change fails. */
export function inTheWayOf(lab: FabricLab): Disposable & { readonly name: string } {
  const name = `pt-${lab.place.instance}-w999`;
  const path = join('/run/netns', name);
  mkdirSync(path);
  return { name, [Symbol.dispose]: () => rmdirSync(path) };
}
