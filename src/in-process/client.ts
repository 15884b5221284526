import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asideNumbers, logFile } from '../audit/rotation.ts';
import { PosternAgent } from './agent.ts';
import type { Backend } from './backend.ts';
import { checkAdvance } from './clock.ts';
import { applicationCredential, credentialNamed } from './credential.ts';
import type {
  AuditRecord,
  ClientOptions,
  Credential,
  Explanation,
  Place,
  Postern,
  PosternOptions,
  Question,
  SecretRequest,
} from './postern.ts';
import { memberOf, send } from './send.ts';
import type { Answer } from './send.ts';

const managementVersion = 'api-version=2026-02-01';
const vaultVersion = 'api-version=7.4';
/** Azure's codes for a denial by the rules, and by `publicNetworkAccess`. */
const firewallCodes = new Set<unknown>(['ForbiddenByFirewall', 'ForbiddenByConnection']);
/** The place of the ordinary listener: 127.0.0.1 behind the NAT table. */
const ordinary = '';

/** A running server as its program has it, wherever it runs. */
export async function posternOf(backend: Backend, { clock }: PosternOptions): Promise<Postern> {
  try {
    return new Client(backend, clock, await backend.environment(process.env));
  } catch (error) {
    await backend.stop();
    throw error;
  }
}

class Client implements Postern {
  readonly #backend: Backend;
  readonly #clock: Date | undefined;
  readonly #agents = new Map<string, PosternAgent>();
  readonly #credentials = new Map<string, Credential>();
  #movedMs = 0;
  #life = 1;
  #stopping: Promise<void> | undefined;
  readonly url: string;
  readonly tenantId: string;
  readonly subscriptionId: string;
  readonly ca: string;
  readonly env: Readonly<Record<string, string>>;
  readonly credential: Credential;
  readonly clientOptions: ClientOptions;

  constructor(backend: Backend, clock: Date | undefined, env: Readonly<Record<string, string>>) {
    const { facts } = backend;
    this.#backend = backend;
    this.#clock = clock;
    this.url = facts.home;
    this.tenantId = facts.tenantId;
    this.subscriptionId = facts.subscriptionId;
    this.ca = facts.ca;
    this.env = env;
    this.clientOptions = this.clientOptionsFrom(ordinary);
    this.credential = applicationCredential(this.#toCredentials());
  }

  vaultUrl(name: string): string {
    return `https://${name}${this.#backend.facts.vaultSuffix}`;
  }

  credentialOf(identity: string): Credential {
    const known = this.#credentials.get(identity) ?? credentialNamed(identity, this.#toCredentials());
    this.#credentials.set(identity, known);
    return known;
  }

  clientOptionsFrom(place: Place): ClientOptions {
    const agent = this.#agentFrom(place);
    const sendRequest = <Request, Response>(
      request: Request & { agent?: unknown },
      next: (request: Request) => Promise<Response>,
    ) => {
      request.agent = agent;
      return next(request);
    };
    return { agent, additionalPolicies: [{ policy: { name: 'postern', sendRequest }, position: 'perCall' }] };
  }

  async advance(ms: number): Promise<void> {
    checkAdvance(ms, this.#now());
    this.#movedMs += ms;
    await this.#backend.advance(ms);
  }

  async explain({ vault, from, permission }: Question): Promise<Explanation> {
    const { address, subnet } = await this.#backend.find(from);
    const body = JSON.stringify({ from: address, subnet, permission });
    const answer = await this.#manage('POST', `${await this.#idOf(vault)}/explain`, body);
    const verdict = memberOf(answer, 'verdict');
    return {
      allowed: memberOf(verdict, 'allowed') === true,
      because: String(memberOf(verdict, 'because')),
      explanation: String(memberOf(answer, 'explanation')),
      fixes: listOf(memberOf(answer, 'fixes')).map((fix) => listOf(memberOf(fix, 'commands')).map(String)),
    };
  }

  async audit(): Promise<readonly AuditRecord[]> {
    await this.#backend.recorded();
    const folder = join(this.#backend.facts.dataDir, 'audit');
    // The rotated files first, the oldest of them before the others.
    const files = [...asideNumbers(folder).toReversed(), 0].map((number) => logFile(folder, number));
    const lines = files.flatMap((file) => readFileSync(file, 'utf8').split('\n'));
    const { recordsAtStart } = this.#backend.facts;
    return lines
      .filter((line) => line !== '')
      .slice(recordsAtStart)
      .map(readRecord);
  }

  async expectDenied(request: SecretRequest): Promise<void> {
    const { status, body } = await this.#read(request);
    const error = memberOf(body, 'error');
    if (status === 403 && firewallCodes.has(memberOf(memberOf(error, 'innererror'), 'code'))) return;
    const found = status === 200 ? 'it was let in' : `it was answered ${status}: ${String(memberOf(error, 'message'))}`;
    throw await this.#unexpected(request, `the firewall was to deny the request, but ${found}`);
  }

  async expectAllowed(request: SecretRequest): Promise<string> {
    const { status, body } = await this.#read(request);
    if (status === 200) return String(memberOf(body, 'value'));
    const message = String(memberOf(memberOf(body, 'error'), 'message')).replaceAll('\r\n', ' ');
    throw await this.#unexpected(request, `the request was to be allowed, but it was answered ${status}: ${message}`);
  }

  async reset(): Promise<void> {
    await this.#backend.reset();
    this.#movedMs = 0;
    this.#life += 1;
    // Their connections have ended.
    for (const agent of this.#agents.values()) agent.destroy();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    for (const agent of this.#agents.values()) agent.destroy();
    await this.#backend.stop();
  }

  readonly #now = (): number => (this.#clock?.getTime() ?? Date.now()) + this.#movedMs;

  #toCredentials() {
    return { facts: this.#backend.facts, agent: this.#agentFrom(ordinary), now: this.#now, life: () => this.#life };
  }

  #agentFrom(place: Place): PosternAgent {
    const known = this.#agents.get(place) ?? this.#newAgent(place);
    this.#agents.set(place, known);
    return known;
  }

  #newAgent(place: Place): PosternAgent {
    const { facts } = this.#backend;
    const { hostname: home } = new URL(facts.home);
    return new PosternAgent({
      ca: facts.ca,
      isOurs: (hostname, port) => port === facts.port && (hostname === home || hostname.endsWith(`.${home}`)),
      port: async () => (place === ordinary ? facts.port : (await this.#backend.find(place)).port),
    });
  }

  async #read({ vault, secret, from = ordinary, as }: SecretRequest): Promise<Answer> {
    const credential = as === undefined ? this.credential : this.credentialOf(as);
    const { token } = await credential.getToken(`https://${this.#backend.facts.vaultSuffix.slice(1)}/.default`);
    const url = `${this.vaultUrl(vault)}/secrets/${encodeURIComponent(secret)}?${vaultVersion}`;
    return send(url, this.#agentFrom(from), { headers: { authorization: `Bearer ${token}` } });
  }

  async #unexpected({ vault, from = '203.0.113.1' }: SecretRequest, what: string): Promise<Error> {
    const why = await this.explain({ vault, from }).then(
      ({ explanation }) => explanation,
      (error: unknown) => String(error),
    );
    return new Error(`vault '${vault}', from ${from}: ${what}\n${why}`);
  }

  /** The ARM id of a vault. */
  async #idOf(vault: string): Promise<string> {
    const filter = encodeURIComponent(`resourceType eq 'Microsoft.KeyVault/vaults' and name eq '${vault}'`);
    const answer = await this.#manage('GET', `/subscriptions/${this.subscriptionId}/resources?$filter=${filter}`);
    const [first] = listOf(memberOf(answer, 'value'));
    const id = memberOf(first, 'id');
    if (typeof id !== 'string') throw new Error(`There is no vault '${vault}'.`);
    return id;
  }

  async #manage(method: 'GET' | 'POST', path: string, body?: string): Promise<unknown> {
    const { token } = await this.credential.getToken(`${this.url}/.default`);
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const url = `${this.url}${path}${path.includes('?') ? '&' : '?'}${managementVersion}`;
    const sent = { method, headers, ...(body !== undefined && { body }) };
    const answer = await send(url, this.#agentFrom(ordinary), sent);
    if (answer.status === 200) return answer.body;
    throw new Error(`${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  }
}

/** A line of the log, which this program's own server wrote. */
function readRecord(line: string): AuditRecord {
  const record: unknown = JSON.parse(line);
  if (!isRecord(record)) throw new Error('a line of the audit log is not a record');
  return record;
}

function isRecord(value: unknown): value is AuditRecord {
  return memberOf(value, 'operationName') !== undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
