/**
 * Each program of its own: a process, a thread, or a module that users import; and its entry below `src/`. A checkout
 * runs the sources as they are. In the package each is a file of its own, all in one folder (`tools/build.ts`).
 */
export const programs = {
  supervisor: 'supervisor/main.ts',
  worker: 'main.ts',
  reader: 'reader.ts',
  'namespace-opener': 'supervisor/namespace-opener.ts',
  responder: 'fabric/dns/responder.ts',
  'sqlite-writer-thread': 'store/sqlite-writer-thread.ts',
  'backup-thread': 'backup/backup-thread.ts',
  'key-thread': 'crypto/key-thread.ts',
  'certificate-file-thread': 'crypto/certificate-file-thread.ts',
  'plain-thread': 'delivery/plain-thread.ts',
  'otlp-thread': 'delivery/otlp-thread.ts',
  cli: 'cli/main.ts',
  register: 'cli/register.ts',
  imported: 'in-process/imported.ts',
  required: 'in-process/required.ts',
  'server-child': 'in-process/child-main.ts',
} as const;

export type ProgramName = keyof typeof programs;

export const programNames = Object.keys(programs).filter(isProgram);

function isProgram(name: string): name is ProgramName {
  return Object.hasOwn(programs, name);
}

/**
 * Where a program is, as seen from this code, which the bundler puts into each file of the package.
 * @param code the URL of the file that asks
 */
export function programUrl(name: ProgramName, code = import.meta.url): URL {
  return new URL(isCheckout(code) ? `../${programs[name]}` : `./${name}.js`, code);
}

/** The command as its user types it: in a checkout from there, and else as npm finds it, in a project or globally. */
export function typedCommand(code = import.meta.url): string {
  return isCheckout(code) ? './bin/postern' : 'npx postern';
}

function isCheckout(code: string): boolean {
  return code.endsWith('.ts');
}
