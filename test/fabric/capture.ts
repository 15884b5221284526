import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** An IP packet, as it passed an interface of a namespace. */
export interface Packet {
  readonly interface: string;
  /** Sent through the interface, and not received. */
  readonly leaves: boolean;
  readonly protocol: string;
  readonly source: string;
  readonly destination: string;
  readonly destinationPort: number;
}

const python = '/usr/bin/python3';

/** Why packets cannot be read here; `undefined` if they can. */
export function whyNoCapture(): string | undefined {
  const { status } = spawnSync(python, ['-c', 'import socket; socket.AF_PACKET']);
  return status === 0 ? undefined : 'there is no Python (Debian: apt-get install python3)';
}

/** Reads all packets of a namespace, from when it has started until it is asked for them. */
export class Capture {
  readonly #child: ChildProcessWithoutNullStreams;
  #output = '';

  private constructor(namespace: string) {
    const program = join(import.meta.dirname, 'read_packets.py');
    this.#child = spawn('ip', ['netns', 'exec', namespace, python, '-B', program]);
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  static async start(namespace: string): Promise<Capture> {
    const capture = new Capture(namespace);
    await once(capture.#child.stdout, 'data');
    return capture;
  }

  /** Ends it. */
  async packets(): Promise<readonly Packet[]> {
    const closed = once(this.#child, 'close');
    this.#child.stdin.end();
    assert.deepEqual(await closed, [0, null]);
    const [ready, ...lines] = this.#output.trim().split('\n');
    assert.equal(ready, 'ready');
    return lines.map((line) => JSON.parse(line) as Packet);
  }
}

/** Each thing once, in order. */
export function distinct(all: readonly string[]): readonly string[] {
  return [...new Set(all)].toSorted();
}
