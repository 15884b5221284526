import { closeSync, existsSync, readdirSync, readFileSync } from 'node:fs';

/** O_CLOEXEC, as the flags of a descriptor are shown (proc_pid_fdinfo(5)). */
const closeOnExec = 0o2_000_000;

/**
 * Closes what this process inherited beside the descriptors up to `last`: a shell may have had files of root's open. Node
 * keeps most of them from its children, but looks no further than the first gap above 16 (`uv_disable_stdio_inheritance`).
 * What a process opens by itself is closed on exec, as everything of Node's is; so whatever is not was inherited.
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
  // Such as the descriptor by which the folder was read.
  if (!existsSync(information)) return false;
  const [, flags] = /^flags:\s+([0-7]+)$/m.exec(readFileSync(information, 'utf8')) ?? [];
  return flags !== undefined && (Number.parseInt(flags, 8) & closeOnExec) === 0;
}
