import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { watched } from '../../tools/turns.ts';
import { whenEndedBySignal } from '../world/ended-by-signal.ts';
import type { Step } from './blocks.ts';

const root = join(import.meta.dirname, '../..');

/** Ends a page whose command waits for something. */
const timeoutMs = 240_000;

/**
 * What `npm test` is for a reader who has Postern beside the code that it tests: does the vault of the job answer? Postern's
 * own `npm test` is what runs the page.
 */
const testOfReader = 'curl --silent --fail --output /dev/null "$VAULT_URL/healthstatus"';

/** Makes `folder` look like a fresh checkout, whose programs find the Node and Python that tests run on. */
export function lookLikeCheckout(folder: string): void {
  for (const name of readdirSync(root)) {
    if (!/^(?:\.git|postern-data|dist|package(?:-lock)?\.json)$/.test(name))
      symlinkSync(join(root, name), join(folder, name));
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { test: testOfReader } }));
  const programs = join(folder, '.programs');
  mkdirSync(programs);
  symlinkSync(process.execPath, join(programs, 'node'));
  // Debian's own, which `python3-azure` is for; another one in the path does not see its packages.
  symlinkSync('/usr/bin/python3', join(programs, 'python3'));
  mkdirSync(join(folder, '.home'));
  // Where a job has Postern beside the code that it tests.
  symlinkSync('.', join(folder, 'postern'));
  writeFileSync(join(folder, '.github-env'), '');
}

export interface Typed {
  readonly step: Step;
  readonly printed: string;
  /** `undefined`: the shell had ended before. */
  readonly status: number | undefined;
}

export interface Session {
  /** The command that runs the shell where the server is, if that is another place. */
  readonly within?: readonly string[];
  /** Variables of the shell besides. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** Types the steps into one shell, in `folder`, so that a variable or function of one is there in the next. */
export async function typeInto(
  folder: string,
  steps: readonly Step[],
  { within = [], environment = {} }: Session = {},
): Promise<readonly Typed[]> {
  const file = join(folder, '.typed');
  writeFileSync(file, scriptOf(steps));
  const [program, ...parameters] = [...within, 'bash', file];
  const shell = spawn(program, parameters, {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
    // With its own process group, so that what it started in the background can be ended with it.
    detached: true,
    env: environmentIn(folder, environment),
  });
  const kill = (): void => void process.kill(-(shell.pid ?? 0), 'SIGKILL');
  const overdue = setTimeout(kill, timeoutMs);
  const guard = whenEndedBySignal(kill);
  let rest = (await text(shell.stdout)).replaceAll('\r\n', '\n');
  guard[Symbol.dispose]();
  clearTimeout(overdue);
  return steps.map((step, index) => {
    const [whole, printed = '', status] = new RegExp(`^((?:.*\\n)*?)\\n?::: ${index} (\\d+)\\n`).exec(rest) ?? [];
    if (whole === undefined) return { step, printed: rest, status: undefined };
    rest = rest.slice(whole.length);
    return { step, printed, status: Number(status) };
  });
}

/** After each step a line with its number, and the status of the last command in it that failed. */
function scriptOf(steps: readonly Step[]): string {
  const typed = steps.map(
    ({ command }, index) => `wrong=0\n${command.trimEnd()}\nprintf '\\n::: ${index} %s\\n' "$wrong"\n`,
  );
  return `exec 2>&1\nset -E\ntrap 'wrong=$?' ERR\n${typed.join('')}`;
}

function environmentIn(folder: string, more: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const home = join(folder, '.home');
  return {
    ...watched({ ...process.env, ...more }),
    PATH: `${join(folder, '.programs')}:${more['PATH'] ?? process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
    HOME: home,
    AZURE_CONFIG_DIR: home,
    GITHUB_ENV: join(folder, '.github-env'),
    AZURE_CORE_COLLECT_TELEMETRY: 'false',
    PYTHONWARNINGS: 'ignore',
    // Its folders are those of the checkout.
    PYTHONDONTWRITEBYTECODE: '1',
    // Ansible asks who runs it, and the uid of a container may have no account.
    LOGNAME: process.env['LOGNAME'] ?? 'postern',
  };
}
