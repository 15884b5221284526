import { randomBytes, randomInt } from 'node:crypto';
import { Places } from '../shares/places.ts';

export const deviceCodeSeconds = 900;
export const pollSeconds = 5;
/** Tolerates a client whose timer is slightly fast. */
const fastestPollMs = (pollSeconds - 2) * 1000;

/** The most devices waiting in total, and for one client at one site; beyond that an older one is dropped (`chooseLeaving`). */
const limits = { total: 10_000, perSource: 500 };

/** No vowels, so that codes do not form words, and no characters that look alike (RFC 8628 section 6.1). */
const letters = 'BCDFGHJKLMNPQRSTVWXZ';
const userCodeLength = 9;

export interface DeviceRequest {
  readonly clientId: string;
  /** As in the path: with `organizations`, the user who signs in decides which tenant it is. */
  readonly tenant: string;
  /** As requested. */
  readonly scope: string;
  /** The device's site, by `siteOf`; `undefined` if it is not known. */
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

/** The two codes; or that all places are taken, or those of the device's site. */
type Begun = { readonly deviceCode: string; readonly userCode: string } | 'full' | 'siteFull';

/** Devices that wait, wherever they are remembered; the methods are those of `DeviceCodes`. */
export interface Devices {
  begin(request: DeviceRequest): Begun | Promise<Begun>;
  find(userCode: string): DeviceRequest | undefined | Promise<DeviceRequest | undefined>;
  approve(userCode: string, approval: Approval): boolean | Promise<boolean>;
  poll(deviceCode: string, clientId: string): Poll | Promise<Poll>;
}

/** Devices waiting for their user (RFC 8628). They are in this process's memory: after a restart the device asks again. */
export class DeviceCodes implements Devices {
  readonly #now: () => number;
  readonly #byDevice = new Map<string, Waiting>();
  readonly #byUser = new Map<string, Waiting>();
  readonly #places = new Places<Waiting>(limits);

  /** `now` in milliseconds since 1970. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Issues two codes, for the device and for its user; `full` when too many approved devices are waiting. */
  begin(request: DeviceRequest): Begun {
    // Codes expire in the order in which they were issued. They are kept a while longer, so that they are known as expired.
    for (const old of this.#byDevice.values()) {
      const keptMs = this.#byDevice.size < limits.total ? deviceCodeSeconds * 1000 : 0;
      if (old.expiresAt + keptMs > this.#now()) break;
      this.#forget(old);
    }
    const place = `${request.site ?? ''} ${request.clientId}`;
    const room = this.#places.roomFor(place);
    if (room.kind === 'full') return 'full';
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

  /** The device's request for a code, however it is typed; `undefined` if the code is unknown, expired or already approved. */
  find(userCode: string): DeviceRequest | undefined {
    return this.#find(userCode);
  }

  /** Approves the device for this user; `false` when the code does not exist or has expired. */
  approve(userCode: string, approval: Approval): boolean {
    const waiting = this.#find(userCode);
    if (waiting === undefined) return false;
    waiting.approval = approval;
    this.#places.begin(waiting);
    return true;
  }

  /** The answer to a polling device. A redeemed code is deleted. */
  poll(deviceCode: string, clientId: string): Poll {
    const now = this.#now();
    const waiting = this.#byDevice.get(deviceCode);
    if (waiting === undefined || waiting.clientId !== clientId) return { kind: 'unknown' };
    if (waiting.expiresAt <= now) return { kind: 'expired' };
    const { approval } = waiting;
    if (approval === undefined) return { kind: this.pace(deviceCode) };
    this.#forget(waiting);
    return { kind: 'approved', request: waiting, approval };
  }

  /** Of a poll of a device that waits: whether it is too early. */
  pace(deviceCode: string): 'pending' | 'slowDown' {
    const now = this.#now();
    const waiting = this.#byDevice.get(deviceCode);
    const polledAt = waiting?.polledAt ?? 0;
    if (waiting !== undefined) waiting.polledAt = now;
    return now - polledAt < fastestPollMs ? 'slowDown' : 'pending';
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
