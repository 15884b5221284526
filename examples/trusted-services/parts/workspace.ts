import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { isRestError } from '@azure/core-rest-pipeline';
import type { Clients } from './vault.ts';

/** An answer of the workspace's interface. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The workspace, as a job sees it. */
export interface Notebook {
  readonly secrets: { readonly get: (scope: string, key: string) => Promise<string> };
  readonly print: (line: string) => void;
}

export interface Workspace extends AsyncDisposable {
  /** A request to `/api/2.0/secrets/…`. */
  readonly api: (method: 'GET' | 'POST', path: string, body?: object) => Promise<Answer>;
  /** Runs a job, and gives what it printed, with every secret that it read struck out. */
  readonly run: (job: (notebook: Notebook) => Promise<void>) => Promise<string>;
}

/** A Databricks workspace, as far as its secret scopes go (the document "Secret management"). */
export async function startWorkspace(
  vault: Clients,
  { admit }: { readonly admit: () => Promise<void> },
): Promise<Workspace> {
  const scopes = new Scopes(vault, admit);
  const server = createServer((request, response) => {
    const send = ({ status, body }: Answer) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    void answerOf(scopes, request).then(send);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const api: Workspace['api'] = async (method, path, body) => {
    const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(`http://127.0.0.1:${port}/api/2.0/secrets/${path}`, init);
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  };
  return {
    api,
    run: (job) => outputOf(job, api),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function outputOf(job: (notebook: Notebook) => Promise<void>, api: Workspace['api']): Promise<string> {
  const [lines, read]: [string[], Set<string>] = [[], new Set()];
  await job({
    secrets: {
      get: async (scope, key) => {
        const { status, body } = await api('GET', `get?${new URLSearchParams({ scope, key }).toString()}`);
        if (status !== 200) throw new Error(`${String(body['error_code'])}: ${String(body['message'])}`);
        const value = Buffer.from(String(body['value']), 'base64').toString();
        read.add(value);
        return value;
      },
    },
    print: (line) => lines.push(line),
  });
  return [...read].reduce((text, value) => text.replaceAll(value, '[REDACTED]'), lines.join('\n'));
}

interface Scope {
  readonly name: string;
  readonly backend_type: 'AZURE_KEYVAULT';
  readonly keyvault_metadata: { readonly resource_id: string; readonly dns_name: string };
}

/** The parameters of a request, from its query or its body. */
interface Asked {
  readonly scope?: string;
  readonly key?: string;
  readonly backend_azure_keyvault?: { readonly resource_id?: string; readonly dns_name?: string };
}

class Refusal extends Error {
  readonly answer: Answer;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.answer = { status, body: { error_code: code, message } };
  }
}

/** The workspace's scopes. It keeps where the vaults are, and no secret. */
class Scopes {
  readonly #vault: Clients;
  readonly #admit: () => Promise<void>;
  readonly #scopes = new Map<string, Scope>();

  constructor(vault: Clients, admit: () => Promise<void>) {
    this.#vault = vault;
    this.#admit = admit;
  }

  async create({ scope = '', backend_azure_keyvault: backend = {} }: Asked): Promise<object> {
    const { resource_id = '', dns_name = '' } = backend;
    if (dns_name !== this.#vault.secrets.vaultUrl) throw invalid(`${dns_name} is not the URL of a vault.`);
    if (this.#scopes.has(scope)) throw new Refusal(400, 'RESOURCE_ALREADY_EXISTS', `Scope ${scope} exists already.`);
    await this.#admit();
    const keyvault_metadata = { resource_id, dns_name };
    this.#scopes.set(scope, { name: scope, backend_type: 'AZURE_KEYVAULT', keyvault_metadata });
    return {};
  }

  scopes(): object {
    return { scopes: [...this.#scopes.values()] };
  }

  async list({ scope }: Asked): Promise<object> {
    this.#named(scope);
    const secrets: { readonly key: string }[] = [];
    for await (const { name } of this.#vault.secrets.listPropertiesOfSecrets()) secrets.push({ key: name });
    return { secrets };
  }

  async get({ scope, key = '' }: Asked): Promise<object> {
    this.#named(scope);
    const { value = '' } = await this.#vault.secrets.getSecret(key);
    return { key, value: Buffer.from(value).toString('base64') };
  }

  write({ scope }: Asked): never {
    const { name } = this.#named(scope);
    throw invalid(`Scope ${name} is a key vault, which is read only here. Change its secrets in the vault.`);
  }

  #named(name = ''): Scope {
    const scope = this.#scopes.get(name);
    if (scope === undefined) throw new Refusal(404, 'RESOURCE_DOES_NOT_EXIST', `Scope ${name} does not exist.`);
    return scope;
  }
}

function invalid(message: string): Refusal {
  return new Refusal(400, 'BAD_REQUEST', message);
}

const operations: Readonly<Record<string, (scopes: Scopes, asked: Asked) => object | Promise<object>>> = {
  'POST scopes/create': (scopes, asked) => scopes.create(asked),
  'GET scopes/list': (scopes) => scopes.scopes(),
  'GET list': (scopes, asked) => scopes.list(asked),
  'GET get': (scopes, asked) => scopes.get(asked),
  'POST put': (scopes, asked) => scopes.write(asked),
  'POST delete': (scopes, asked) => scopes.write(asked),
};

async function answerOf(scopes: Scopes, request: IncomingMessage): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://workspace');
  const operation = operations[`${request.method} ${pathname.replace('/api/2.0/secrets/', '')}`];
  if (operation === undefined) return invalid(`${pathname} is not an operation of this workspace.`).answer;
  try {
    const asked = request.method === 'GET' ? Object.fromEntries(searchParams) : ((await json(request)) as Asked);
    return { status: 200, body: (await operation(scopes, asked)) as Answer['body'] };
  } catch (error) {
    if (error instanceof Refusal) return error.answer;
    if (!isRestError(error)) throw error;
    // Databricks passes the vault's message on.
    const code = error.statusCode === 404 ? 'RESOURCE_DOES_NOT_EXIST' : 'PERMISSION_DENIED';
    return new Refusal(error.statusCode ?? 500, code, error.message).answer;
  }
}
