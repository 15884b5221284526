import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file as the build made it. */
export interface BuiltFile {
  readonly type: string;
  readonly body: Buffer;
  /** The same compressed, if the build put it beside it. */
  readonly gzip: Buffer | undefined;
}

/** The built portal. */
export interface PortalFiles {
  readonly page: BuiltFile;
  /** By name. The build puts a hash of the contents into each name. */
  readonly assets: ReadonlyMap<string, BuiltFile>;
}

/** The portal, or a sentence that says why there is none. It has no path of this machine, because everyone may read it. */
export type FoundPortal =
  { readonly ok: true; readonly files: PortalFiles } | { readonly ok: false; readonly why: string };

export const notBuilt: FoundPortal = { ok: false, why: 'The portal is not built.' };

/** The most that is kept in memory. The portal is a fiftieth of it. */
const portalMax = { files: 200, bytes: 8 * 1024 * 1024 };

/** Other files are not served. */
const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** The folder of the build, as seen from `src/` of a checkout and from a program of the package (`src/programs/programs.ts`). */
export function portalFolder(code = import.meta.url): string {
  const isCheckout = code.endsWith('.ts');
  return fileURLToPath(new URL(isCheckout ? '../../dist/portal/' : '../portal/', code));
}

/** Reads the built portal, once, at the start. Links, and whatever else is not a file, are left out. */
export function readPortal(folder = portalFolder(), most = portalMax): FoundPortal {
  const assets = join(folder, 'assets');
  try {
    const names = [...filesIn(folder), ...filesIn(assets)];
    const bytes = names.reduce((sum, { size }) => sum + size, 0);
    if (names.length > most.files || bytes > most.bytes) {
      return { ok: false, why: `The portal has more than ${most.files} files or ${most.bytes} bytes.` };
    }
    const page = builtIn(folder).get('index.html');
    return page === undefined ? notBuilt : { ok: true, files: { page, assets: builtIn(assets) } };
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return notBuilt;
    return { ok: false, why: `The portal's files cannot be read (${codeOf(error)}).` };
  }
}

interface Named {
  readonly name: string;
  readonly size: number;
}

function filesIn(folder: string): readonly Named[] {
  return readdirSync(folder).flatMap((name) => {
    const found = lstatSync(join(folder, name));
    return found.isFile() ? [{ name, size: found.size }] : [];
  });
}

function builtIn(folder: string): ReadonlyMap<string, BuiltFile> {
  const names = new Set(filesIn(folder).map(({ name }) => name));
  const read = (name: string) => readFileSync(join(folder, name));
  const built = [...names].flatMap((name): readonly (readonly [string, BuiltFile])[] => {
    const type = types[extname(name)];
    if (type === undefined) return [];
    return [[name, { type, body: read(name), gzip: names.has(`${name}.gz`) ? read(`${name}.gz`) : undefined }]];
  });
  return new Map(built);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
}
