import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { missingForLab } from '../network/lab.ts';

const root = join(import.meta.dirname, '../..');
/** A uid that no account has; root changes to it to be an ordinary user. */
const uid = 61_111;

/** A folder where an ordinary user finds the checkout, and a home. */
export class UserCheckout implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'postern-user-'));
  readonly #home = mkdtempSync(join(tmpdir(), 'postern-home-'));

  constructor() {
    chmodSync(this.#folder, 0o755);
    if (process.geteuid?.() === 0) chownSync(this.#home, uid, uid);
  }

  /** Why a fabric cannot be tried: a user may be forbidden user namespaces, and a checkout may be closed to others. */
  whyNot(): string | undefined {
    const why = missingForLab();
    if (why !== undefined) return why;
    const tried = 'test -x runtime/node && unshare --user --map-root-user --mount --net true';
    const [first = '', ...parameters] = this.#command(tried);
    const { status, stderr } = spawnSync(first, parameters, { cwd: root, encoding: 'utf8' });
    return status === 0 ? undefined : `no user namespace, or the checkout is closed to other users: ${stderr.trim()}`;
  }

  /** Runs a program of the checkout as an ordinary user, and returns what it printed. */
  async run(
    program: string,
    parameters: readonly string[] = [],
  ): Promise<{ readonly exitStatus: number | null; readonly printed: string }> {
    const [first = '', ...rest] = this.#command(`exec runtime/node ${[program, ...parameters].join(' ')}`);
    const env = { ...process.env, HOME: this.#home };
    const child = spawn(first, rest, { cwd: root, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise<number | null>((resolve) => {
      child.once('close', resolve);
    });
    const printed = await text(child.stdout);
    return { exitStatus: await ended, printed };
  }

  #command(command: string): readonly string[] {
    if (process.geteuid?.() !== 0) return ['sh', '-euc', command];
    const user = `setpriv --reuid=${uid} --regid=${uid} --clear-groups --`;
    const bind = `mount --bind "$1" "$2" && cd "$2" && exec ${user} sh -euc "$3"`;
    return ['unshare', '--mount', 'sh', '-euc', bind, 'sh', root, this.#folder, command];
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
    rmSync(this.#home, { recursive: true, force: true });
  }
}
