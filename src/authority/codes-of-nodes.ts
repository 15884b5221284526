import { hash, randomBytes } from 'node:crypto';
import type { AssertionUse, AssertionUses } from './assertion-uses.ts';
import { replayVerdict } from './assertion-uses.ts';
import { codeLifetimeMs } from './authorization-codes.ts';
import type { CodeGrant, Codes, Redemption } from './authorization-codes.ts';
import { deviceCodeSeconds } from './device-codes.ts';
import { DeviceBegins } from './device-begins.ts';
import type { Approval, DeviceCodes, DeviceRequest, Devices, Poll } from './device-codes.ts';
import type { Fleeting, FleetingRecord } from './fleeting.ts';
import type { OpaqueTokens } from './opaque-tokens.ts';

/** How much longer a use is remembered than it must be by this node's clock: another node's may be behind. */
export const clocksDifferMs = 600_000;

interface Parts {
  readonly fleeting: Fleeting;
  readonly opaqueTokens: OpaqueTokens;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Codes that any node redeems: each contains its grant, sealed, so that none is stored before it is used, and its use is a
 * record.
 */
export class SharedCodes implements Codes {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  issue(grant: CodeGrant): string {
    const { opaqueTokens, now } = this.#parts;
    return opaqueTokens.seal('code', { grant, expiresAt: now() + codeLifetimeMs, id: randomBytes(16).toString('hex') });
  }

  async redeem(code: string): Promise<Redemption> {
    const { opaqueTokens, fleeting, now } = this.#parts;
    const opened = opaqueTokens.open('code', code);
    if (opened === undefined) return { kind: 'unknown' };
    const expiresAt = Number(opened['expiresAt']);
    if (expiresAt <= now()) return { kind: 'expired' };
    // By its id: a sealed string has more than one spelling in base64url.
    const name = `code ${String(opened['id'])}`;
    if (!(await fleeting.replace('use', name, { before: undefined, value: { until: expiresAt + clocksDifferMs } })))
      return { kind: 'used' };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `issue` can seal a code
    return { kind: 'granted', grant: opened['grant'] as CodeGrant };
  }
}

/** Uses of assertions that every node knows. The bound of one client's is each node's own. */
export class SharedAssertionUses {
  readonly #parts: Parts;
  readonly #own: AssertionUses;

  constructor(parts: Parts, own: AssertionUses) {
    this.#parts = parts;
    this.#own = own;
  }

  async use(use: AssertionUse): Promise<'fresh' | 'replayed' | 'tooMany'> {
    const { fleeting, now } = this.#parts;
    const own = this.#own.use(use);
    if (own !== 'fresh') return own;
    const name = `assertion ${JSON.stringify([use.clientId, use.jti, use.resource])}`;
    const value = { until: use.forgetAt + clocksDifferMs, first: now() };
    if (await fleeting.replace('use', name, { before: undefined, value })) return 'fresh';
    const known = await fleeting.read('use', name);
    return known === undefined ? 'fresh' : replayVerdict(Number(known.value['first']), now());
  }
}

interface WaitingRecord extends FleetingRecord {
  readonly request: DeviceRequest;
  /** Of the device code. */
  readonly digest: string;
  readonly approval?: Approval;
}

/** Devices that wait on all nodes. Only the node on which one began slows its polls down. */
export class SharedDevices implements Devices {
  readonly #parts: Parts;
  readonly #own: DeviceCodes;
  readonly #begins = new DeviceBegins();

  constructor(parts: Parts, own: DeviceCodes) {
    this.#parts = parts;
    this.#own = own;
  }

  async begin(request: DeviceRequest) {
    const { fleeting, now } = this.#parts;
    const verdict = this.#begins.begin(request.site, now());
    if (verdict !== 'begins') return verdict;
    const codes = this.#own.begin(request);
    if (typeof codes === 'string') return codes;
    const { userCode } = codes;
    const deviceCode = `${codes.deviceCode}.${userCode}`;
    const value: WaitingRecord = { until: now() + 2 * deviceCodeSeconds * 1000, request, digest: digestOf(deviceCode) };
    return (await fleeting.replace('device', userCode, { before: undefined, value }))
      ? { deviceCode, userCode }
      : 'full';
  }

  async find(userCode: string): Promise<DeviceRequest | undefined> {
    const waiting = await this.#waiting(userCode);
    return waiting?.isOpen === true ? waiting.value.request : undefined;
  }

  async approve(userCode: string, approval: Approval): Promise<boolean> {
    const waiting = await this.#waiting(userCode);
    if (waiting?.isOpen !== true) return false;
    const value = { ...waiting.value, approval };
    return this.#parts.fleeting.replace('device', normal(userCode), { before: waiting.record, value });
  }

  async poll(deviceCode: string, clientId: string): Promise<Poll> {
    const [own = '', userCode = ''] = deviceCode.split('.');
    const waiting = await this.#waiting(userCode);
    if (waiting === undefined) return { kind: 'unknown' };
    const { value, record } = waiting;
    if (value.digest !== digestOf(deviceCode) || value.request.clientId !== clientId) return { kind: 'unknown' };
    if (waiting.isExpired) return { kind: 'expired' };
    const { approval, request } = value;
    if (approval === undefined) return { kind: this.#own.pace(own) };
    const isFirst = await this.#parts.fleeting.replace('device', userCode, { before: record });
    return isFirst ? { kind: 'approved', request, approval } : { kind: 'unknown' };
  }

  async #waiting(userCode: string) {
    const record = await this.#parts.fleeting.read('device', normal(userCode));
    if (record === undefined) return undefined;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- only `begin` and `approve` put records of this kind
    const value = record.value as WaitingRecord;
    const isExpired = value.until - deviceCodeSeconds * 1000 <= this.#parts.now();
    return { record, value, isExpired, isOpen: !isExpired && value.approval === undefined };
  }
}

/** As it may be typed. */
function normal(userCode: string): string {
  return userCode.toUpperCase().replaceAll(/[^A-Z]/g, '');
}

function digestOf(deviceCode: string): string {
  return hash('sha256', deviceCode, 'base64url');
}
