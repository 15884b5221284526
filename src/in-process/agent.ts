import { Agent } from 'node:https';
import type { AgentOptions, RequestOptions } from 'node:https';
import { PassThrough } from 'node:stream';
import type { Duplex } from 'node:stream';
import { connect } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';

interface PosternAgentParts {
  /** The authority to trust for the server's own names, PEM. */
  readonly ca: string;
  /** Whether the server has that name, at that port. */
  readonly isOurs: (hostname: string, port: number) => boolean;
  /** The port of the listener to connect to. */
  readonly port: () => Promise<number>;
}

type Created = (error: Error | null, stream: Duplex) => void;

/**
 * Connects requests for the server's own names to one listener of it, whatever the names resolve to: `*.vault.localhost`
 * does not resolve in Node without the system's help. Other names and ports go where they would go without it.
 */
export class PosternAgent extends Agent {
  readonly #parts: PosternAgentParts;

  constructor(parts: PosternAgentParts) {
    super({ keepAlive: true });
    this.#parts = parts;
  }

  override createConnection(options: RequestOptions & AgentOptions, created?: Created): Duplex | null | undefined {
    const { ca, isOurs, port } = this.#parts;
    if (!isOurs(String(options.host), Number(options.port))) return super.createConnection(options, created);
    const connected = (found: number): void => {
      const to: ConnectionOptions = { ...options, host: '127.0.0.1', port: found, ca, lookup: undefined };
      created?.(null, connect(to));
    };
    const failed = (error: Error): void => {
      // Node does not look at a stream beside an error.
      created?.(error, new PassThrough());
    };
    port().then(connected, failed);
    return undefined;
  }
}
