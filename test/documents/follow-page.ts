import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { warmAz } from '../azure-cli/warm.ts';
import { notRun } from '../not-run.ts';
import { whenEndedBySignal } from '../world/ended-by-signal.ts';
import { startCommand } from '../world/process.ts';
import type { RunningPostern } from '../world/process.ts';
import type { Step } from './blocks.ts';
import { blocksOf, isShown, stepsOf } from './blocks.ts';
import { asReader, readerUid, whyNoNamespaces, whyNotRun } from './needs.ts';
import { lookLikeCheckout, typeInto } from './session.ts';

const root = join(import.meta.dirname, '../..');

/**
 * Whether a page's reader has a server running in the checkout, or starts one by the page. A newcomer's machine may have
 * one loopback address only, as macOS and some containers do.
 */
export type Server = 'running' | 'running on one address' | 'by the page';

/**
 * Commands that are not typed: the checkout is installed, the server is started for the page, and the playbook is played by
 * `test/ansible`, as its page says.
 */
const done =
  /^(?:npm (?:ci|start|test)\b.*|(?:sudo chown .* && sudo )?\.\/bin\/postern start(?: --config (?<config>\S+))?|ansible-playbook .*)\n?$/;

/** A network namespace of its own, and a place for the names of others, which `ip netns` keeps. */
const alone = [
  'unshare',
  '--net',
  '--mount',
  'sh',
  '-c',
  'mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip link set lo up && exec "$@"',
  'sh',
];

/** The same, with 127.0.0.1 and no other address. */
const aloneOnOneAddress = alone.map((word) =>
  word.replace(
    'ip link set lo up',
    'ip link set lo up && ip address del 127.0.0.1/8 dev lo && ip address add 127.0.0.1/32 dev lo && ip -6 address flush dev lo',
  ),
);

/** The user who follows a page: the one of the tests, or an ordinary one where that is root. */
export type Reader = 'tester' | 'ordinary user';

/** Types what a page tells to type, in order, on a fresh checkout, and fails where it does not print what the page shows. */
export async function followPage(page: string, server: Server, reader: Reader = 'tester'): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'postern-page-'));
  // The worker of a server that root started is another user.
  chmodSync(folder, 0o755);
  try {
    lookLikeCheckout(folder);
    const user = reader === 'tester' || process.geteuid?.() !== 0 ? [] : asReader;
    if (user.length > 0)
      for (const each of ['', ...readdirSync(folder)]) lchownSync(join(folder, each), readerUid, readerUid);
    const blocks = blocksOf(readFileSync(join(root, page), 'utf8'));
    for (const { savedAs, text } of blocks) if (savedAs !== undefined) writeFileSync(join(folder, savedAs), text);
    const steps = stepsOf(blocks);
    const configs = steps.map(({ command }) => done.exec(command)?.groups?.['config']);
    await using postern =
      server === 'by the page'
        ? undefined
        : await startFor(folder, {
            config: configs.find((file) => file !== undefined),
            within: server === 'running' ? alone : aloneOnOneAddress,
            user,
          });
    using _ = networksOf(folder, [...placeOf(folder, postern), ...user]);
    await follow(folder, runnable(page, server, steps), { postern, user });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * The steps of a page that this machine can run. From one that it cannot run, the rest of the section is left, since it builds on
 * that; and so is a whole page that starts a server, which its last step stops.
 */
function runnable(page: string, server: Server, steps: readonly Step[]): readonly Step[] {
  const left = new Set<string>();
  const typed = steps.filter(({ command, section, line }) => {
    const part = server === 'by the page' ? page : section;
    if (done.test(command) || left.has(part)) return false;
    const why = whyNotRun(command);
    if (why === undefined) return true;
    left.add(part);
    notRun(server === 'by the page' ? page : `${page}, "${section}" from line ${line}`, why);
    return false;
  });
  return server === 'by the page' && left.size > 0 ? [] : typed;
}

interface Start {
  readonly config: string | undefined;
  readonly within: readonly string[];
  /** The words before a command that run it as the page's reader; none: the reader runs the tests. */
  readonly user: readonly string[];
}

function startFor(folder: string, { config, within, user }: Start): Promise<RunningPostern> {
  const command = [join(root, 'bin/postern'), 'start', '--data', join(folder, 'postern-data')];
  if (config !== undefined) command.push('--config', join(folder, config));
  return startCommand(whyNoNamespaces() === undefined ? [...within, ...user, ...command] : command);
}

/** The words before a command that run it where the server of the page is; none where that is here. */
function placeOf(folder: string, postern: RunningPostern | undefined): readonly string[] {
  if (postern === undefined || whyNoNamespaces() !== undefined) return [];
  return ['nsenter', '--target', `${postern.child.pid}`, '--net', '--mount', `--wd=${folder}`];
}

/** Removes the networks of a page at its end, whether or not it came to the step that does: they would outlive it. */
function networksOf(folder: string, within: readonly string[]): Disposable {
  const remove = (): void => {
    const data = join(folder, 'postern-data');
    const [program, ...parameters] = [...within, join(folder, 'bin/postern'), 'net', 'down', '--data', data];
    if (existsSync(data)) spawnSync(program, parameters, { cwd: folder, timeout: 60_000 });
  };
  const guard = whenEndedBySignal(remove);
  return {
    [Symbol.dispose]() {
      guard[Symbol.dispose]();
      remove();
    },
  };
}

interface Following {
  readonly postern: RunningPostern | undefined;
  readonly user: readonly string[];
}

async function follow(folder: string, steps: readonly Step[], { postern, user }: Following): Promise<void> {
  const port = postern === undefined ? '8443' : new URL(postern.ready.home).port;
  const within = whyNoNamespaces() !== undefined ? [] : postern === undefined ? alone : placeOf(folder, postern);
  const here = steps.map((step) => ({
    ...step,
    command: step.command.replaceAll('8443', port),
    shown: step.shown?.replaceAll('8443', port),
  }));
  using az = await warmAz({ within: [...placeOf(folder, postern), ...user], seen: folder });
  const typed = await typeInto(folder, here, { within: [...within, ...user], environment: az.environment });
  for (const { step, printed, status } of typed) {
    const what = `line ${step.line}: ${step.command}\nprinted, with status ${status}:\n${printed}`;
    assert.notEqual(status, undefined, what);
    if (step.shown === undefined) assert.equal(status, 0, what);
    else assert.ok(isShown(step.shown, printed), `${what}\nand the page shows:\n${step.shown}`);
  }
}
