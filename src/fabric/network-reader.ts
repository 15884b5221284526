import { request } from 'node:https';
import { FabricFailed } from './failed.ts';

/** How the fabric reaches the server on this machine, as a reader of its networks. */
export interface ServerAddress {
  readonly home: string;
  /** The IP address to connect to; names are not resolved. */
  readonly address: string;
  /** The listeners' own, which may be another than that of `home`. */
  readonly port: number;
  /** The authority of the server's certificate, in PEM. */
  readonly authority: string;
  readonly tenantId: string;
  readonly reader: { readonly clientId: string; readonly clientSecret: string };
}

/** Longer than the server waits for a change. */
const timeoutMs = 40_000;
/** A state of this size has some ten thousand subnets. */
const answerBytesMax = 64 * 1024 * 1024;

interface Asked {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token?: string;
  readonly form?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** Reads the state of the networks, and waits for the next one. */
export class NetworkReader {
  readonly #server: ServerAddress;
  #token: string | undefined;

  constructor(server: ServerAddress) {
    this.#server = server;
  }

  /**
   * The state of the networks as the server sends it.
   * @param after a version: the answer waits for another one, for some seconds
   * @throws {FabricFailed} when the server cannot be reached or refuses
   */
  async state(after: string | undefined, signal: AbortSignal): Promise<unknown> {
    const query = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
    const path = `/providers/Postern.Fabric/networks?api-version=2026-11-01${query}`;
    this.#token ??= await this.#newToken(signal);
    const first = await this.#ask({ method: 'GET', path, token: this.#token, signal });
    if (first.status !== 401) return read(first, 'The server did not tell its networks');
    // It expired, or the server has other keys since it was started again.
    this.#token = await this.#newToken(signal);
    return read(await this.#ask({ method: 'GET', path, token: this.#token, signal }), 'The server refused its reader');
  }

  async #newToken(signal: AbortSignal): Promise<string> {
    const { home, tenantId, reader } = this.#server;
    const form = {
      grant_type: 'client_credentials',
      client_id: reader.clientId,
      client_secret: reader.clientSecret,
      scope: `${home}/.default`,
    };
    const answer = await this.#ask({ method: 'POST', path: `/${tenantId}/oauth2/v2.0/token`, form, signal });
    const body = read(answer, 'The server did not accept the reader of its networks');
    const token = typeof body === 'object' && body !== null && 'access_token' in body ? body.access_token : undefined;
    if (typeof token === 'string') return token;
    throw new FabricFailed('The server issued no token for the reader of its networks.');
  }

  #ask({ method, path, token, form, signal }: Asked): Promise<{ readonly status: number; readonly body: string }> {
    const { home, address, port, authority } = this.#server;
    const { hostname, host } = new URL(home);
    const payload = form === undefined ? undefined : new URLSearchParams(form).toString();
    return new Promise((resolve, reject) => {
      const outgoing = request(
        {
          host: address,
          port,
          servername: hostname,
          ca: authority,
          method,
          path,
          signal,
          timeout: timeoutMs,
          headers: {
            host,
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            ...(payload !== undefined && {
              'content-type': 'application/x-www-form-urlencoded',
              'content-length': Buffer.byteLength(payload),
            }),
          },
        },
        (incoming) => {
          let body = '';
          incoming.setEncoding('utf8').on('data', (chunk: string) => {
            body += chunk;
            if (body.length > answerBytesMax) incoming.destroy(new Error('its answer is too long'));
          });
          incoming.once('error', reject);
          incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, body }));
        },
      );
      outgoing.once('timeout', () => outgoing.destroy(new Error(`it did not answer for ${timeoutMs / 1000} s`)));
      outgoing.once('error', (error) => {
        reject(new FabricFailed(`The server at ${home} cannot be reached: ${error.message}`, 'Is it running?'));
      });
      outgoing.end(payload);
    });
  }
}

function read({ status, body }: { readonly status: number; readonly body: string }, what: string): unknown {
  if (status !== 200) throw new FabricFailed(`${what}: ${status} ${body.slice(0, 300)}`);
  try {
    return JSON.parse(body);
  } catch {
    throw new FabricFailed(`${what}: the answer is not JSON.`);
  }
}
