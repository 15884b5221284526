import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAs } from './parse-as.ts';

/**
 * What a workload needs of this checkout, copied to a folder that everyone can read: its uid owns nothing here, and a
 * checkout may be under a home folder that is closed to others.
 */
export interface Kit {
  readonly node: string;
  readonly program: string;
  /** `token.ts` */
  readonly tokenProgram: string;
  readonly caFile: string;
  readonly hostsFile: string;
}

export interface KitParts {
  readonly folder: string;
  readonly root: string;
  /** The contents of the workload's /etc/hosts. */
  readonly hosts: string;
}

export async function packKit({ folder, root, hosts }: KitParts): Promise<Kit> {
  mkdirSync(folder);
  const [node, program, hostsFile] = [join(folder, 'node'), join(folder, 'workload.ts'), join(folder, 'hosts')];
  copyFileSync(process.execPath, node);
  const tokenProgram = join(folder, 'token.ts');
  copyFileSync(join(import.meta.dirname, 'workload.ts'), program);
  copyFileSync(join(import.meta.dirname, 'token.ts'), tokenProgram);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(hostsFile, hosts);
  const packages = withDependencies(['@azure/identity', '@azure/keyvault-secrets'], root);
  const paths = packages.map((name) => `node_modules/${name}`).join(' ');
  const copy = `tar -c --exclude='*.map' --exclude='*.ts' ${paths} | tar -x --no-same-owner -C "$1"`;
  await promisify(execFile)('sh', ['-euc', copy, 'sh', folder], { cwd: root });
  await promisify(execFile)('chmod', ['-R', 'a+rX', folder]);
  return { node, program, tokenProgram, hostsFile, caFile: join(folder, 'ca.pem') };
}

/** The names of these packages and of all their dependencies; npm puts them all side by side. */
function withDependencies(names: readonly string[], root: string): readonly string[] {
  const found = new Set<string>();
  const asked = [...names];
  for (let name = asked.pop(); name !== undefined; name = asked.pop()) {
    const file = join(root, 'node_modules', name, 'package.json');
    if (found.has(name) || !existsSync(file)) continue;
    found.add(name);
    const text = readFileSync(file, 'utf8');
    const { dependencies = {} } = parseAs<{ readonly dependencies?: Readonly<Record<string, string>> }>(text);
    asked.push(...Object.keys(dependencies));
  }
  return [...found];
}
