import { randomBytes, randomInt } from 'node:crypto';
import { Places } from '../shares/places.ts';

export const deviceCodeSeconds = 900;
export const pollSeconds = 5;
/** A client whose timer is a little fast does not poll too often. */
const fastestPollMs = (pollSeconds - 2) * 1000;

/** So many wait at a time, and so many of them for one client at one source: then an older one is forgotten (`whoGoes`). */
const limits = { total: 10_000, perSource: 500 };

/** Without vowels, so that no word comes of it, and without what is read for something else (RFC 8628 section 6.1). */
const letters = 'BCDFGHJKLMNPQRSTVWXZ';
const userCodeLength = 9;

export interface DeviceRequest {
  readonly clientId: string;
  /** As the path named it: who signs in decides what `organizations` means. */
  readonly tenant: string;
  /** As it was asked for. */
  readonly scope: string;
  /** Where the device is, as `siteOf` says it; `undefined` where that is not known. */
  readonly site: string | undefined;
}

export interface Approval {
  readonly userId: string;
  readonly tenant: string;
  /** Milliseconds since 1970. */
  readonly authTime: number;
}

interface Waiting extends DeviceRequest {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly expiresAt: number;
  polledAt: number;
  approval?: Approval;
}

export type Poll =
  | { readonly kind: 'approved'; readonly request: DeviceRequest; readonly approval: Approval }
  | { readonly kind: 'pending' | 'slowDown' | 'expired' | 'unknown' };

/** Devices that wait for their user (RFC 8628). In this process's memory: after a restart the device asks again. */
export class DeviceCodes {
  readonly #now: () => number;
  readonly #byDevice = new Map<string, Waiting>();
  readonly #byUser = new Map<string, Waiting>();
  readonly #places = new Places<Waiting>(limits);

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Two codes, one for the device and one for its user; `undefined` when too many wait that were approved already. */
  begin(request: DeviceRequest): { readonly deviceCode: string; readonly userCode: string } | undefined {
    // They expire in the order in which they were made, and are known as expired for a while.
    for (const old of this.#byDevice.values()) {
      const keptMs = this.#byDevice.size < limits.total ? deviceCodeSeconds * 1000 : 0;
      if (old.expiresAt + keptMs > this.#now()) break;
      this.#forget(old);
    }
    const place = `${request.site ?? ''} ${request.clientId}`;
    const room = this.#places.roomFor(place);
    if (room.kind === 'full') return undefined;
    if (room.kind === 'goes') this.#forget(room.connection);
    const deviceCode = randomBytes(32).toString('base64url');
    const userCode = this.#userCode();
    const expiresAt = this.#now() + deviceCodeSeconds * 1000;
    const waiting: Waiting = { ...request, deviceCode, userCode, expiresAt, polledAt: 0 };
    this.#byDevice.set(deviceCode, waiting);
    this.#byUser.set(userCode, waiting);
    this.#places.add(waiting, place);
    return { deviceCode, userCode };
  }

  /** What asks under this code, however it is typed; `undefined` for none, and once somebody has signed in. */
  find(userCode: string): DeviceRequest | undefined {
    return this.#find(userCode);
  }

  /** Lets the device in as this user; `false` when the code does not exist, or has expired. */
  approve(userCode: string, approval: Approval): boolean {
    const waiting = this.#find(userCode);
    if (waiting === undefined) return false;
    waiting.approval = approval;
    this.#places.begin(waiting);
    return true;
  }

  /** What the device is told. A code that was redeemed is forgotten. */
  poll(deviceCode: string, clientId: string): Poll {
    const now = this.#now();
    const waiting = this.#byDevice.get(deviceCode);
    if (waiting === undefined || waiting.clientId !== clientId) return { kind: 'unknown' };
    if (waiting.expiresAt <= now) return { kind: 'expired' };
    const { approval, polledAt } = waiting;
    waiting.polledAt = now;
    if (approval === undefined) return { kind: now - polledAt < fastestPollMs ? 'slowDown' : 'pending' };
    this.#forget(waiting);
    return { kind: 'approved', request: waiting, approval };
  }

  #find(typed: string): Waiting | undefined {
    const waiting = this.#byUser.get(typed.toUpperCase().replaceAll(/[^A-Z]/g, ''));
    if (waiting === undefined || waiting.expiresAt <= this.#now() || waiting.approval !== undefined) return undefined;
    return waiting;
  }

  #forget(waiting: Waiting): void {
    this.#byDevice.delete(waiting.deviceCode);
    this.#byUser.delete(waiting.userCode);
    this.#places.remove(waiting);
  }

  #userCode(): string {
    for (;;) {
      const code = Array.from({ length: userCodeLength }, () => letters[randomInt(letters.length)]).join('');
      if (!this.#byUser.has(code)) return code;
    }
  }
}
