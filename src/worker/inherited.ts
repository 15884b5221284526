import { closeSync, existsSync, readdirSync, readFileSync } from 'node:fs';

/** O_CLOEXEC among the flags of a descriptor (proc_pid_fdinfo(5)). */
const closeOnExec = 0o2_000_000;

/**
 * Closes the inherited descriptors after `last`: a shell may have had files of root's open. Node hides most of them from
 * its children, but stops at the first gap above 16 (`uv_disable_stdio_inheritance`). Descriptors that a process opens
 * itself, as all of Node's, are closed on exec; so one that is not was inherited.
 */
export function closeInherited(last: number): void {
  const folder = '/proc/self/fdinfo';
  if (!existsSync(folder)) return;
  const inherited = readdirSync(folder)
    .map(Number)
    .filter((descriptor) => descriptor > last && isInherited(`${folder}/${descriptor}`));
  for (const descriptor of inherited) closeSync(descriptor);
}

function isInherited(information: string): boolean {
  // For example, the descriptor used to read the folder.
  if (!existsSync(information)) return false;
  const [, flags] = /^flags:\s+([0-7]+)$/m.exec(readFileSync(information, 'utf8')) ?? [];
  return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
}
