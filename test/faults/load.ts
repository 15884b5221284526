import { Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answered, Client, Json } from '../world/client.ts';

/** The requests of one client about one object, in order, each sent after the answer to the one before. */
export interface History {
  readonly name: string;
  readonly kind: 'secret' | 'key' | 'tag';
  /** The acknowledged versions, the oldest first: ids and values. */
  readonly versions: { readonly id: string; readonly value: string }[];
  /** Whether its deletion was acknowledged. */
  deleted: boolean;
  /** A request without an answer: it may or may not have been carried out. */
  unanswered: 'set' | 'delete' | undefined;
}

/** The writes that a server acknowledged. */
export interface Acknowledged {
  readonly histories: History[];
  /** The ids of the requests that succeeded, each of which has one record. */
  readonly requestIds: string[];
  /** Answers that refused for a time. */
  refused: number;
  /**
   * Faults that a client saw: an answer that is neither success nor a temporary refusal, or a value that is not the
   * last one.
   */
  readonly faults: string[];
}

export function nothingAcknowledged(): Acknowledged {
  return { histories: [], requestIds: [], refused: 0, faults: [] };
}

interface Asking {
  readonly client: Client;
  readonly agent: Agent;
  readonly acknowledged: Acknowledged;
  readonly signal: AbortSignal;
}

interface Loading extends Pick<Asking, 'acknowledged' | 'signal'> {
  readonly round: string;
  /** Whether a client whose request was refused or lost goes on with other objects; by default it ends. */
  readonly goesOn?: boolean;
}

const from = '127.0.0.7';
/** How long such a client waits, so that refusals do not become the whole of the load. */
const againMs = 200;
/** How long an answer is waited for when nothing more is asked. */
const unansweredMaxMs = 5_000;
/** The demo vault's path below the subscription. */
export const demoVault = '/resourceGroups/demo/providers/Microsoft.KeyVault/vaults/demo';

/**
 * Clients of every kind at once, until the server is gone or the signal is aborted: secrets that are set, read and
 * deleted, keys that are made and sign, a vault whose tags change.
 */
export async function load(client: Client, { round, acknowledged, signal, goesOn = false }: Loading): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  // While no worker can start, a connection waits in the socket.
  signal.addEventListener('abort', () => void setTimeout(() => agent.destroy(), unansweredMaxMs).unref(), {
    once: true,
  });
  const asking = { client, agent, acknowledged, signal };
  const work = (one: (asking: Asking, prefix: string) => Promise<void>) => async (prefix: string) => {
    await one(asking, prefix);
    if (!goesOn) return;
    for (let part = 2; !signal.aborted; part += 1) {
      await sleep(againMs);
      await one(asking, `${prefix}-${part}`);
    }
  };
  const clients = [
    ...['a', 'b', 'c', 'd', 'e'].map((one) => work(secrets)(`${round}-${one}`)),
    ...['f', 'g'].map((one) => work(keys)(`${round}-${one}`)),
    work(tags)(round),
  ];
  await Promise.all(clients);
  agent.destroy();
}

async function secrets(asking: Asking, prefix: string): Promise<void> {
  for (let index = 0; !asking.signal.aborted; index += 1) {
    const history = begin(asking, `${prefix}-${index}`, 'secret');
    const path = `/secrets/${history.name}`;
    for (const value of ['1', '2']) {
      const answer = await asked(asking, history, { method: 'PUT', path, body: { value }, as: 'set' });
      if (answer === undefined) return;
      history.versions.push({ id: versionOf(answer['id']), value });
    }
    const read = await asked(asking, history, { method: 'GET', path });
    if (read === undefined) return;
    if (read['value'] !== '2')
      asking.acknowledged.faults.push(`${history.name}: 2 was acknowledged, ${String(read['value'])} read`);
    if (index % 2 === 0) continue;
    if ((await asked(asking, history, { method: 'DELETE', path, as: 'delete' })) === undefined) return;
    history.deleted = true;
  }
}

async function keys(asking: Asking, prefix: string): Promise<void> {
  for (let index = 0; !asking.signal.aborted; index += 1) {
    const history = begin(asking, `${prefix}-${index}`, 'key');
    const path = `/keys/${history.name}`;
    const made = await asked(asking, history, {
      method: 'POST',
      path: `${path}/create`,
      body: { kty: 'EC' },
      as: 'set',
    });
    if (made === undefined) return;
    history.versions.push({ id: versionOf(made['key']?.['kid']), value: '' });
    const body = { alg: 'ES256', value: 'A'.repeat(43) };
    if ((await asked(asking, history, { method: 'POST', path: `${path}/sign`, body })) === undefined) return;
  }
}

async function tags(asking: Asking, round: string): Promise<void> {
  const history = begin(asking, `tag-${round}`, 'tag');
  for (let count = 1; !asking.signal.aborted; count += 1) {
    const value = String(count);
    const body = { tags: { [history.name]: value } };
    if ((await asked(asking, history, { method: 'PATCH', path: demoVault, body, as: 'set' })) === undefined) return;
    history.versions.push({ id: value, value });
    await sleep(20);
  }
}

function begin({ acknowledged }: Asking, name: string, kind: History['kind']): History {
  const history: History = { name, kind, versions: [], deleted: false, unanswered: undefined };
  acknowledged.histories.push(history);
  return history;
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** The kind of change, if it is one. */
  readonly as?: 'set' | 'delete';
}

/** The body of a success; `undefined` if the connection broke, or the server was temporarily unable. */
async function asked(asking: Asking, history: History, { method, path, body, as }: Asked): Promise<Json | undefined> {
  const { client, agent, acknowledged } = asking;
  history.unanswered = as;
  const sent = { from, agent, body };
  let answer: Answered;
  try {
    answer = await (history.kind === 'tag'
      ? client.arm(method, path, body, sent)
      : client.vault('demo', method, path, sent));
  } catch {
    return undefined;
  }
  if (!mayHaveHappened(answer)) history.unanswered = undefined;
  const { status, headers } = answer;
  if (status < 300) {
    acknowledged.requestIds.push(String(headers['x-ms-request-id']));
    return answer.body;
  }
  // 409 if others changed the vault again and again meanwhile.
  if ([503, 429, 409].includes(status)) acknowledged.refused += 1;
  else acknowledged.faults.push(`${method} ${path}: ${status} ${JSON.stringify(answer.body)}`);
  return undefined;
}

/** Whether the answer says that the outcome is not known: the store was lost during the commit. */
export function mayHaveHappened({ status, body }: Answered): boolean {
  return status === 503 && /may have happened/.test(String(body?.['error']?.['message']));
}

/** The last part of an object's id: the port before it may change with a restart. */
export function versionOf(id: unknown): string {
  return String(id).split('/').at(-1) ?? '';
}
