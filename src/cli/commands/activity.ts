import { setTimeout as sleep } from 'node:timers/promises';
import { entryLine } from '../activity/entry-line.ts';
import { Output } from '../audit/output.ts';
import { jsonLine } from '../audit/record-line.ts';
import { answerFailed, getToken, send } from '../client.ts';
import type { Command } from '../command.ts';
import { readConnection } from '../connection.ts';
import type { Connection } from '../connection.ts';
import { CommandFailed } from '../failed.ts';
import { membersOf } from '../json.ts';
import { findVault } from '../vault-request.ts';

const first = 20;
const page = 1000;
/** The wait between two questions: while something comes, and at most. */
const waitsMs = { least: 1000, most: 5000 };

export const activity: Command = {
  name: 'activity',
  synopsis:
    'Prints the last requests to the vaults of a running server, and why they were let in or refused; with --follow also each new one, until Ctrl-C.',
  options: { vault: 'name of the vault; without it all vaults' },
  required: [],
  flags: {
    denied: 'only what a firewall refused',
    follow: 'goes on with each new request',
    json: 'as JSON: a line each, with control characters escaped',
  },
  async run({ data = 'postern-data', vault }, { flags }) {
    const feed = new Feed(await scopeOf(data, vault), flags.has('denied'));
    const isTerminal = process.stdout.isTTY;
    const lineOf = flags.has('json')
      ? (entry: unknown) => jsonLine(JSON.stringify(entry))
      : (entry: unknown) => entryLine(entry, { isTerminal });
    const output = new Output();
    if (flags.has('follow')) await follow(feed, (entries) => output.print(entries.map(lineOf)));
    else await output.print((await feed.next()).map(lineOf));
    return '';
  },
};

interface Scope {
  readonly connection: Connection;
  /** ARM id of a vault or of the subscription. */
  readonly id: string;
}

async function scopeOf(data: string, vault: string | undefined): Promise<Scope> {
  if (vault !== undefined) return findVault(data, vault);
  const connection = readConnection(data);
  return { connection, id: `/subscriptions/${connection.subscriptionId}` };
}

/** The activity of a scope, as far as it was not read yet. */
class Feed {
  readonly #scope: Scope;
  readonly #deniedOnly: boolean;
  #token: string | undefined;
  #after: string | undefined;
  /** Whether there is more already. */
  isBehind = false;

  constructor(scope: Scope, deniedOnly: boolean) {
    this.#scope = scope;
    this.#deniedOnly = deniedOnly;
  }

  /** @throws {CommandFailed} when the server does not answer, or refuses */
  async next(): Promise<readonly unknown[]> {
    const { connection, id } = this.#scope;
    const query = new URLSearchParams({
      'api-version': '2026-12-01',
      $top: String(this.#after === undefined ? first : page),
      ...(this.#after !== undefined && { after: this.#after }),
      ...(this.#deniedOnly && { $filter: "result eq 'denied'" }),
    });
    this.#token ??= await getToken(connection, connection.home);
    const url = `${connection.home}${id}/providers/Postern.Insight/activity?${query.toString()}`;
    const answer = await send(connection, { method: 'GET', url, token: this.#token });
    // Its hour is over.
    if (answer.status === 401) this.#token = undefined;
    if (answer.status !== 200) throw answerFailed(answer);
    const members = membersOf(answer.body);
    if (members.get('gap') === true) {
      note('Some requests may be missing here, or be shown again: there were too many, or the server was restarted.');
    }
    this.#after = String(members.get('next'));
    this.isBehind = members.get('more') === true;
    const value: unknown = members.get('value');
    const entries: readonly unknown[] = Array.isArray(value) ? value : [];
    return entries;
  }
}

/** Prints what comes until the reader has ended. A server that ends is waited for. */
async function follow(feed: Feed, print: (entries: readonly unknown[]) => Promise<boolean>): Promise<void> {
  // The first answer shows whether the question is good at all.
  let isRead = await print(await feed.next());
  let waitMs = waitsMs.least;
  let isLost = false;
  while (isRead) {
    if (!feed.isBehind) await sleep(waitMs);
    try {
      const entries = await feed.next();
      isRead = await print(entries);
      waitMs = entries.length > 0 ? waitsMs.least : waitsMs.most;
      isLost = false;
    } catch (error) {
      if (!(error instanceof CommandFailed)) throw error;
      if (!isLost) note(`${error.message} Trying again.`);
      isLost = true;
      waitMs = waitsMs.least;
    }
  }
}

function note(message: string): void {
  process.stderr.write(`${message}\n`);
}
