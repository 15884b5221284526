import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { FabricFailed, messageOf } from './failed.ts';

/** A supervisor opens hundreds of listeners at once, on a busy machine too. */
const usualPatienceMs = 30_000;

export type Members = Readonly<Record<string, unknown>>;

/** A connection to the supervisor's control socket. Requests are answered in order, one line each. */
export class ControlConnection implements Disposable {
  readonly path: string;
  readonly #socket: Socket;
  readonly #patienceMs: number;
  readonly #waiting: PromiseWithResolvers<Members>[] = [];
  readonly #ended: Promise<void>;
  #received = '';

  private constructor(path: string, { socket, patienceMs }: { readonly socket: Socket; readonly patienceMs: number }) {
    this.path = path;
    this.#socket = socket;
    this.#patienceMs = patienceMs;
    socket.setEncoding('utf8').on('data', (chunk: string) => this.#take(chunk));
    socket.on('error', () => undefined);
    // A connection that is reset ends with an error first, which "once" of node:events would throw.
    this.#ended = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
    socket.once('close', () => {
      const error = new FabricFailed('The server ended before it answered.');
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    });
  }

  /**
   * @param patienceMs how long each request waits for its answer
   * @throws {FabricFailed} when no supervisor listens there
   */
  static async open(path: string, patienceMs = usualPatienceMs): Promise<ControlConnection> {
    const socket = createConnection(path);
    try {
      await once(socket, 'connect');
      return new ControlConnection(path, { socket, patienceMs });
    } catch (error) {
      socket.destroy();
      throw new FabricFailed(
        `The server's supervisor cannot be reached at ${path}: ${messageOf(error)}`,
        'Start the server with "postern start", and run the command as the same user, or as root.',
      );
    }
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  /** Resolves when the supervisor has ended. */
  async closed(): Promise<void> {
    if (this.isOpen) await this.#ended;
  }

  /**
   * A supervisor that does not answer is left: what it holds is seen when it is connected again.
   * @throws {FabricFailed} with the supervisor's message when it refuses
   */
  async ask(request: object): Promise<Members> {
    if (!this.isOpen) throw new FabricFailed('The server is not running.');
    const answered = Promise.withResolvers<Members>();
    this.#waiting.push(answered);
    this.#socket.write(`${JSON.stringify(request)}\n`);
    const overdue = setTimeout(() => {
      answered.reject(new FabricFailed(`The server did not answer for ${this.#patienceMs / 1000} s.`));
      this.close();
    }, this.#patienceMs);
    const answer = await answered.promise.finally(() => clearTimeout(overdue));
    if (answer['ok'] === true || Array.isArray(answer['listeners'])) return answer;
    throw new FabricFailed(`The server refused: ${String(answer['message'])}`);
  }

  close(): void {
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #take(chunk: string): void {
    const lines = (this.#received + chunk).split('\n');
    this.#received = lines.pop() ?? '';
    for (const line of lines) this.#waiting.shift()?.resolve(readMembers(line));
  }
}

function readMembers(line: string): Members {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return { ok: false, message: 'the answer is not JSON' };
  }
}
