/** The licenses of the packages whose code the build puts into `dist/`. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A bundler adds code of its own, which has an id instead of a path. */
const added = /^\0(?<name>vite|rolldown)\//;
/** The innermost folder of a package in a path. */
const inPackage = /^.*\/node_modules\/(?<name>(?:@[^/]+\/)?[^/]+)\//s;

/** The folder below the root of each package that one of these modules is of, in the order of their names. */
export function packagesOf(root: string, modules: readonly string[]): readonly string[] {
  const folders = modules.flatMap((id) => {
    const own = added.exec(id)?.groups?.['name'];
    if (own !== undefined) return [join(root, 'node_modules', own)];
    const [folder] = inPackage.exec(id) ?? [];
    return folder === undefined ? [] : [folder.slice(0, -1)];
  });
  return [...new Set(folders)].toSorted();
}

/**
 * The file that the package has of them, one heading a package.
 * @throws {Error} when a package has no license
 */
export function licensesIn(folders: readonly string[]): string {
  const sections = folders.map((folder) => {
    const { name, version, license } = manifestOf(folder);
    return `## ${name} ${version} (${license})\n\n${licenseOf(folder, license).trim()}\n`;
  });
  return [
    '# Licenses of the packages that are bundled in Postern\n',
    'Their code is in dist/programs/ and dist/portal/. Postern itself is under the Apache License 2.0, in LICENSE.\n',
    ...sections,
  ].join('\n');
}

function manifestOf(folder: string): { readonly name: string; readonly version: string; readonly license: string } {
  const read: unknown = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const member = (name: string): string => {
    const value: unknown = typeof read === 'object' && read !== null ? Reflect.get(read, name) : undefined;
    if (typeof value !== 'string') throw new Error(`${folder}/package.json has no ${name}: it cannot be bundled.`);
    return value;
  };
  return { name: member('name'), version: member('version'), license: member('license') };
}

/** Of licenses that ask for no notice; a package may have only its name. */
const withoutNotice: Readonly<Record<string, string>> = {
  Unlicense: 'Its authors have dedicated it to the public domain: https://unlicense.org/',
};

function licenseOf(folder: string, license: string): string {
  const names = readdirSync(folder).filter((name) => /^(?:licen[cs]e|notice|copying)(?:\.|$)/i.test(name));
  if (names.length === 0 && withoutNotice[license] !== undefined) return withoutNotice[license];
  if (names.length === 0) throw new Error(`${folder} has no license file: its code may not be passed on without one.`);
  const texts = names.toSorted().map((name) => readFileSync(join(folder, name), 'utf8'));
  // The code that Vite and Rolldown add has nothing of the packages that they bundle themselves.
  return texts.join('\n').split(/^#+ (?:licenses of bundled dependencies|third[- ]party)/im)[0] ?? '';
}
