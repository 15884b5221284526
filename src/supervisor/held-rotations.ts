import { randomUUID } from 'node:crypto';
import { nextKeyFile } from '../settings/next-key-file.ts';
import type { Settings } from '../settings/settings.ts';
import type { MasterKeyPlace, Rotation } from '../types/key-rotation.ts';
import type { FromWorker } from '../types/supervision.ts';
import type { Send } from './held-listeners.ts';
import { canRedirect } from './redirectable-path.ts';
import type { User } from './worker-user.ts';

export interface HeldRotationsParts {
  /** Those of the current worker. */
  readonly settings: () => Pick<Settings, 'masterKey' | 'masterKeyFile' | 'dataFolder'>;
  readonly worker: User | undefined;
  /** Changes what later workers read in these files; `undefined`: the file is not there. */
  readonly setFiles: (contents: Readonly<Record<string, string | undefined>>) => void;
}

type RotationAnswer =
  | { readonly ok: true; readonly from: readonly string[]; readonly to: string }
  | { readonly ok: false; readonly message: string };

interface Asked {
  readonly rotation: Rotation;
  readonly answer: PromiseWithResolvers<RotationAnswer>;
  sent: boolean;
}

/**
 * The rotations of keys that the operator asks for, which the worker does. Of the master key there is one at a time: who
 * began it holds it until its connection closes, because the command replaces the key's file where the worker may not.
 */
export class HeldRotations {
  readonly #parts: HeldRotationsParts;
  /** By id. */
  readonly #asked = new Map<string, Asked>();
  #holder: Promise<void> | undefined;
  #send: Send | undefined;

  constructor(parts: HeldRotationsParts) {
    this.#parts = parts;
  }

  /** Begins a rotation of the master key, and says where the key is. It is over when `closed` resolves. */
  begin(closed: Promise<void>): object {
    if (this.#holder !== undefined && this.#holder !== closed) return refused(underWay);
    const found = placeOf(this.#parts);
    if (!found.ok) return found;
    this.#holder = closed;
    void closed.then(() => (this.#holder = undefined));
    return found;
  }

  /** Asks the current worker, or else the next one. */
  async rotate(rotation: Rotation, closed: Promise<void>): Promise<RotationAnswer> {
    if (rotation.of === 'tokenKey') return this.#ask(rotation);
    if (this.#holder === undefined || this.#holder !== closed) return refused(notBegun);
    const { masterKeyFile } = this.#parts.settings();
    const { key } = rotation;
    if (masterKeyFile === undefined || key === undefined) return this.#ask(rotation);
    // If the worker dies, the next one must be able to open what this one has sealed already.
    const { setFiles } = this.#parts;
    setFiles({ [nextKeyFile(masterKeyFile)]: key });
    const answer = await this.#ask(rotation);
    if (answer.ok) setFiles({ [masterKeyFile]: key, [nextKeyFile(masterKeyFile)]: undefined });
    return answer;
  }

  /** A new worker has started. */
  attach(send: Send): void {
    this.#send = send;
    for (const [id, asked] of this.#asked) this.#give(id, asked, send);
  }

  /** The worker has died. How far it came is unknown. */
  detach(): void {
    this.#send = undefined;
    for (const [id, { sent, answer }] of this.#asked) {
      if (!sent) continue;
      this.#asked.delete(id);
      answer.resolve(refused(died));
    }
  }

  /** Handles a worker's answer. Returns `false` if it is about something else. */
  answered(answer: Extract<FromWorker, { readonly kind: 'rotated' | 'refused' }>): boolean {
    const asked = this.#asked.get(answer.id);
    this.#asked.delete(answer.id);
    if (answer.kind === 'refused') asked?.answer.resolve(refused(answer.message));
    else asked?.answer.resolve({ ok: true, from: answer.from.split(' ').filter((id) => id !== ''), to: answer.to });
    return asked !== undefined;
  }

  #ask(rotation: Rotation): Promise<RotationAnswer> {
    const [id, asked] = [randomUUID(), { rotation, answer: Promise.withResolvers<RotationAnswer>(), sent: false }];
    this.#asked.set(id, asked);
    if (this.#send !== undefined) this.#give(id, asked, this.#send);
    return asked.answer.promise;
  }

  #give(id: string, asked: Asked, send: Send): void {
    asked.sent = true;
    send({ kind: 'rotate', id, rotation: asked.rotation });
  }
}

type FoundPlace = ({ readonly ok: true } & MasterKeyPlace) | { readonly ok: false; readonly message: string };

function placeOf({ settings, worker }: HeldRotationsParts): FoundPlace {
  const { masterKey, masterKeyFile, dataFolder } = settings();
  if (dataFolder === undefined) return refused(ofMemory);
  if (masterKey !== undefined) return { ok: true, place: 'environment' };
  if (masterKeyFile === undefined) return { ok: true, place: 'dataFolder' };
  if (worker !== undefined && canRedirect(worker, masterKeyFile)) return refused(ofWorker(masterKeyFile, worker));
  return { ok: true, place: 'file', file: masterKeyFile };
}

const underWay = 'another rotation of the master key is under way: wait until it has ended';
const notBegun = 'a rotation of the master key begins with {"begin":"masterKeyRotation"} on the same connection';
const died = 'the worker ended before it answered; the next one finishes what it began: run the command again';
const ofMemory = 'the server keeps nothing: with --memory there is no key to rotate';

function ofWorker(file: string, { uid }: User): string {
  const why = `the worker (uid ${uid}) can change the folder of ${file}, so root writes no key there`;
  return `${why}: as that user, put the new key into ${nextKeyFile(file)}, send SIGHUP, then move it to ${file}`;
}

function refused(message: string): { readonly ok: false; readonly message: string } {
  return { ok: false, message };
}
