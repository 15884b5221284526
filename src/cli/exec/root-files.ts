import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed } from '../failed.ts';
import type { Inherited, RootFiles } from '../run/environment.ts';
import { ownRootFiles } from '../run/environment.ts';

/**
 * The files of roots for a workload, in the fabric's own folder. Most environments name none, or the system's, which the
 * fabric has already together with its authority. Another one that is inherited is added to it there.
 * @throws {CommandFailed} when an inherited file cannot be read
 */
export async function rootFiles(inherited: Inherited, runFolder: string): Promise<RootFiles> {
  const [system, own] = [join(runFolder, 'roots.pem'), join(runFolder, 'fabric-ca.pem')];
  const bases = ownRootFiles(inherited);
  const merged = new Map<string, string>();
  if (bases.length > 0) {
    const { keptFile } = await import('../run/roots.ts');
    const authority = readFileSync(own, 'utf8');
    for (const base of bases) {
      const source = `${certificatesIn(base)}\n${authority}`;
      merged.set(base, keptFile(runFolder, { source, extension: '.pem' }));
    }
  }
  const fileOf = (base: string | undefined, otherwise: string): string => {
    if (base === undefined || base === '') return otherwise;
    return merged.get(base) ?? system;
  };
  return { rootsWith: (base) => fileOf(base, system), extraWith: (base) => fileOf(base, own) };
}

/** Java's file of roots, which is made when the first workload has a Java. */
export async function javaRootFile(runFolder: string): Promise<string> {
  const [name, source] = ['java.jks', join(runFolder, 'roots.pem')];
  const file = join(runFolder, name);
  const made = statSync(file, { throwIfNoEntry: false });
  if (made !== undefined && made.mtimeMs > statSync(source).mtimeMs) return name;
  const { javaKeyStore } = await import('../run/java-key-store.ts');
  const { replaceFile } = await import('../run/roots.ts');
  replaceFile(file, javaKeyStore(readFileSync(source, 'utf8')));
  return name;
}

/** Nothing but the certificates: root reads the file for a user, who may be one that cannot. */
function certificatesIn(file: string): string {
  try {
    const found = readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
    return (found ?? []).join('\n');
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new CommandFailed(
      `The roots that the environment names cannot be read: ${cause}`,
      'Correct or unset the variable.',
    );
  }
}
