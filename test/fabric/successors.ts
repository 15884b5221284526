import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../world/process.ts';

/** Each process starts the next one, and ends. There is an end of them also when a test is killed. */
const line = `trap '' TERM; n=$(($1 + 1)); echo $n > "$0/$n"
  rm -f "$0/$1"; sleep 0.1; [ -e "$0/stop" ] || [ $n -gt 3000 ] || exec sh -c "$2" "$0" $n "$2" &`;

/** Processes that follow one another, and have the mark of a fabric's programs. */
export class Successors implements AsyncDisposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'postern-successors-'));
  readonly #mark: string;
  readonly #uid: number | undefined;

  /** @param uid whose they are; without it this process's user's */
  constructor(mark: string, uid?: number) {
    this.#mark = mark;
    this.#uid = uid;
    chmodSync(this.#folder, 0o777);
  }

  async begin(): Promise<void> {
    spawn('sh', ['-c', line, this.#folder, '0', line], {
      stdio: 'ignore',
      detached: true,
      env: { PATH: process.env['PATH'], POSTERN_FABRIC: this.#mark },
      ...(this.#uid !== undefined && { uid: this.#uid, gid: this.#uid }),
    });
    await until(() => this.goOn(), 'the second of them');
  }

  /** Whether there is one after the first. */
  goOn(): boolean {
    return [...Array(3_000).keys()].some((number) => number > 1 && existsSync(join(this.#folder, `${number}`)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    writeFileSync(join(this.#folder, 'stop'), '');
    // The last one sees it.
    await sleep(500);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
