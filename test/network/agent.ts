import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type {
  Application,
  Command,
  DialAnswer,
  DialCommand,
  ReadAnswer,
  RequestAnswer,
  RequestCommand,
  RunAnswer,
} from './workload.ts';
import { parseAs } from './parse-as.ts';

/** How to start the workload's program inside its namespaces. */
export interface AgentStart {
  readonly command: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
}

export interface Read {
  readonly requestId: string;
  readonly answer: ReadAnswer;
}

/** A running workload that tests control from outside. */
export class Agent implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();
  /** Its uid inside its user namespace. */
  uid = -1;

  private constructor({ command: [program = '', ...parameters], environment }: AgentStart) {
    this.#child = spawn(program, parameters, { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('the workload has no output');
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  static async start(start: AgentStart): Promise<Agent> {
    const agent = new Agent(start);
    const { uid } = await agent.#nextLine<{ readonly uid: number }>();
    agent.uid = uid;
    return agent;
  }

  /** The process of the program itself, as this process sees it, after `ip`, `unshare` and others. */
  get pid(): number {
    let pid = this.#child.pid ?? 0;
    for (;;) {
      const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
      if (first === undefined || first === '') return pid;
      pid = Number(first);
    }
  }

  async use(application: Application): Promise<void> {
    await this.#tell({ kind: 'application', application });
  }

  /** Reads a secret with the official client; `slot` names a client whose connection stays open. */
  async read(vaultUrl: string, secret: string, slot?: string): Promise<Read> {
    const requestId = randomUUID();
    const told = { kind: 'read', vaultUrl, secret, requestId, ...(slot !== undefined && { slot }) } as const;
    return { requestId, answer: await this.#tell<ReadAnswer>(told) };
  }

  request(asked: Omit<RequestCommand, 'kind'>): Promise<RequestAnswer> {
    return this.#tell({ kind: 'request', ...asked });
  }

  dial(to: DialCommand['to'], bytes: Uint8Array = Buffer.alloc(0)): Promise<DialAnswer> {
    return this.#tell({ kind: 'dial', to, bytes: Buffer.from(bytes).toString('base64') });
  }

  run(...command: readonly string[]): Promise<RunAnswer> {
    return this.#tell({ kind: 'run', command });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => {
      this.#child.once('exit', resolve);
    });
    this.#child.stdin?.end();
    // The last of the chain: when it ends, the programs before it end too.
    const timer = setTimeout(() => process.kill(this.pid, 'SIGKILL'), 2_000);
    await ended;
    clearTimeout(timer);
  }

  /** Commands are answered in order, so each waits for the one before it. */
  #tell<Answer>(command: Command): Promise<Answer> {
    const answered = this.#last.then(() => {
      this.#child.stdin?.write(`${JSON.stringify(command)}\n`);
      return this.#nextLine<Answer>();
    });
    this.#last = answered.catch(() => undefined);
    return answered;
  }

  async #nextLine<Line>(): Promise<Line> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error('the workload has ended: its complaint stands above');
    return parseAs<Line>(next.value);
  }
}
