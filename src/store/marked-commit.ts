import { createHash } from 'node:crypto';
import { unwrapDataKey, wrapDataKey } from '../crypto/master-key.ts';
import type { MasterKey } from '../crypto/master-key.ts';

/** The contents of a commit mark. A `plain` one was written by an older version, and anyone can make one. */
export type MarkedCommit =
  | { readonly kind: 'none' }
  | { readonly kind: 'damaged' }
  | { readonly kind: 'sealed'; readonly commit: bigint; readonly storeId: string }
  | { readonly kind: 'plain'; readonly commit: bigint };

/** The store's own state. */
export interface CountedCommit {
  /** The count that it has reached. */
  readonly commit: bigint;
  /** Whether its mark was a sealed one at that count. */
  readonly markSealed: boolean;
  /** Whether nothing was ever written to it. */
  readonly isNew: boolean;
}

export type MarkVerdict =
  | { readonly ok: true }
  | { readonly ok: false; readonly kind: 'olderCopy' | 'noMark' | 'damagedMark'; readonly found: string };

/** Binds the seal of a mark, so that nothing else sealed by the key passes for a mark. */
const owner = 'commit mark';

const sealedText = /^postern commit mark ([A-Za-z0-9+/]{1,200}={0,2})\n/;
const plainText = /^postern commit ([0-9]{1,30}) ([0-9a-f]{16})\n/;

/** The contents of a mark: the count, sealed under the master key for this store. Without the key it cannot be made. */
export function sealMark(commit: bigint, masterKey: MasterKey, storeId: string): string {
  const sealed = wrapDataKey(masterKey, Buffer.from(`${commit} ${storeId}`), owner);
  return `postern commit mark ${Buffer.from(sealed).toString('base64')}\n`;
}

/** Reads the slots of a mark: the highest count applies, and a torn slot is ignored. */
export function readMark(slots: readonly string[], masterKeys: readonly MasterKey[]): MarkedCommit {
  if (slots.length === 0) return { kind: 'none' };
  const sealed = slots.map((slot) => openSlot(slot, masterKeys)).filter((mark) => mark !== undefined);
  const plain = slots.map(readPlainSlot).filter((mark) => mark !== undefined);
  return last(sealed) ?? last(plain) ?? { kind: 'damaged' };
}

/** The slot that the next mark belongs into: not the one with the mark that applies. */
export function slotAfter(slots: readonly string[], masterKeys: readonly MasterKey[]): 0 | 1 {
  const mark = readMark(slots, masterKeys);
  const [first = ''] = slots;
  const ofFirst = readMark([first], masterKeys);
  const applies = 'commit' in mark && mark.kind === ofFirst.kind && mark.commit === ofFirst.commit;
  return applies ? 1 : 0;
}

function last<T extends { readonly commit: bigint }>(marks: readonly T[]): T | undefined {
  return marks.toSorted((one, other) => (one.commit < other.commit ? -1 : 1)).at(-1);
}

/** Whether an older version wrote these slots. */
export function isPlainMark(slots: readonly string[]): boolean {
  return slots.some((slot) => readPlainSlot(slot) !== undefined);
}

/** Whether a store may be opened with a mark: its count must be at least the mark's. */
export function judgeMark(
  { commit, markSealed, isNew }: CountedCommit,
  mark: MarkedCommit,
  storeId: string,
): MarkVerdict {
  if (mark.kind === 'none') {
    if (isNew) return { ok: true };
    return {
      ok: false,
      kind: 'noMark',
      found: `the commit mark is missing, although the database is not new: it is at commit ${commit}`,
    };
  }
  if (mark.kind === 'damaged' || (mark.kind === 'plain' && markSealed)) {
    return {
      ok: false,
      kind: 'damagedMark',
      found: 'the commit mark is damaged, or was made with another master key',
    };
  }
  if (mark.kind === 'sealed' && mark.storeId !== storeId) {
    return { ok: false, kind: 'olderCopy', found: 'the commit mark was made for another database' };
  }
  if (commit >= mark.commit) return { ok: true };
  const found = `the database is an older copy, or another one: it is at commit ${commit}, and the commit mark at ${mark.commit}`;
  return { ok: false, kind: 'olderCopy', found };
}

/** The remedy for a refusal of `judgeMark`. `join`: of a store that several nodes use, whether this one is new to it. */
export function remedyOf(
  kind: Extract<MarkVerdict, { readonly ok: false }>['kind'],
  join: boolean | undefined,
): string {
  if (kind === 'noMark' && join !== undefined) {
    const carry = 'Put a copy of the commit mark of another node of this store there, as you do with the master key';
    return `${carry}, or start once with --join if this node is new to the store and you know that the database is the latest`;
  }
  const restore = 'Restore the latest copy or the mark, or start once with --accept-copy to use the database as it is';
  if (kind !== 'damagedMark') return restore;
  return `If the master key was replaced, start once with the one before it in POSTERN_MASTER_KEY_PREVIOUS. If not: ${restore}`;
}

function openSlot(slot: string, masterKeys: readonly MasterKey[]) {
  const [, sealed] = sealedText.exec(slot) ?? [];
  if (sealed === undefined) return undefined;
  for (const masterKey of masterKeys) {
    const opened = unwrapDataKey(masterKey, Buffer.from(sealed, 'base64'), owner);
    if (opened === undefined) continue;
    const [commit = '', storeId = ''] = Buffer.from(opened).toString('latin1').split(' ');
    return { kind: 'sealed' as const, commit: BigInt(commit), storeId };
  }
  return undefined;
}

function readPlainSlot(slot: string) {
  const [, commit, check] = plainText.exec(slot) ?? [];
  if (commit === undefined || check !== createHash('sha256').update(commit).digest('hex').slice(0, 16))
    return undefined;
  return { kind: 'plain' as const, commit: BigInt(commit) };
}
