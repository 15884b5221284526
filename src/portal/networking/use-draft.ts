import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { takeKept, useKeptOverSignIn } from '../kept-draft.ts';
import { useHold } from '../navigation.ts';
import { isRefusal, usePortal } from '../portal.ts';
import type { Answered, Services } from '../request.ts';
import { vaultApiVersion } from '../vaults/vault.ts';
import type { Vault } from '../vaults/vault.ts';
import { changedProperties, draftOf, isSame, mergeDrafts, settledOn } from './draft.ts';
import type { Draft } from './draft.ts';

/** The settings in force, as they were read last. */
interface Base {
  readonly draft: Draft;
  readonly etag: string | undefined;
}

/** Another user changed the settings meanwhile. Both changes together are the draft until it is settled. */
export interface Conflict {
  readonly base: Draft;
  readonly mine: Draft;
  readonly theirs: Draft;
}

export type SaveState =
  | { readonly kind: 'quiet' }
  | { readonly kind: 'saving' }
  | { readonly kind: 'saved' }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'conflict'; readonly conflict: Conflict };

export interface Editing {
  readonly base: Draft;
  readonly draft: Draft;
  readonly isDirty: boolean;
  readonly save: SaveState;
  readonly edit: (draft: Draft) => void;
  readonly discard: () => void;
  readonly send: () => Promise<void>;
  /** After a conflict: goes on with both changes, or with theirs. */
  readonly settle: (keep: 'both' | 'theirs') => void;
  /** Sends settings that are not the draft's, one after the other; the last answer is the new base. */
  readonly patch: (steps: readonly Draft[]) => Promise<void>;
}

/** A change, and the settings that it was made from. */
interface Changed {
  readonly base: Draft;
  readonly draft: Draft;
}

interface Edited {
  readonly base: Base;
  readonly draft: Draft;
  readonly save: SaveState;
}

interface VaultRead {
  readonly vault: Vault;
  readonly etag: string | undefined;
}

/** The draft of a vault's settings: begun with `first`, saved only over what was read. `onSaved` is told of each change. */
export function useDraft(read: VaultRead, first: (base: Draft) => Draft, onSaved: () => void): Editing {
  const { services, user } = usePortal();
  const keptAt = `${user.objectId} ${read.vault.id}`;
  const [edited, setEdited] = useState(() => begun(baseOf(read), takeKept<Changed>(keptAt), first));
  const { base, draft, save } = edited;
  const isDirty = !isSame(base.draft, draft);
  useEffect(() => {
    // Read again: the draft stays, and its save is refused if the settings are others by now.
    setEdited((last) =>
      isSame(last.base.draft, last.draft) ? { ...last, base: baseOf(read), draft: baseOf(read).draft } : last,
    );
  }, [read.etag]);
  useHold(useHoldOf(isDirty));
  const changed = useMemo((): Changed => ({ base: base.draft, draft }), [base, draft]);
  useKeptOverSignIn(keptAt, isDirty ? changed : undefined);
  const patch = async (steps: readonly Draft[]) => {
    const found = await sendSteps(services, read.vault.id, { base, steps });
    setEdited({ base: found, draft: found.draft, save: { kind: 'saved' } });
    onSaved();
  };
  const conflicted = async () => {
    const theirs = await readBase(services, read.vault.id);
    const conflict = { base: base.draft, mine: draft, theirs: theirs.draft };
    const merged = mergeDrafts(conflict.base, conflict.mine, conflict.theirs).draft;
    setEdited({ base: theirs, draft: merged, save: { kind: 'conflict', conflict } });
  };
  const send = async () => {
    setEdited((last) => ({ ...last, save: { kind: 'saving' } }));
    try {
      await patch([draft]).catch((error: unknown) => {
        if (isRefusal(error, 412)) return conflicted();
        throw error;
      });
    } catch (error) {
      setEdited((last) => ({ ...last, save: { kind: 'failed', error } }));
    }
  };
  return {
    base: base.draft,
    draft,
    isDirty,
    save,
    send,
    patch,
    edit: (next) => {
      setEdited((last) => ({ ...last, draft: settledOn(last.base.draft, next), save: { kind: 'quiet' } }));
    },
    discard: () => {
      setEdited((last) => ({ ...last, draft: last.base.draft, save: { kind: 'quiet' } }));
    },
    settle: (keep) => {
      setEdited((last) => ({
        ...last,
        draft: keep === 'both' ? last.draft : last.base.draft,
        save: { kind: 'quiet' },
      }));
    },
  };
}

/** Others may have changed the settings while the page was away for a sign-in: only the user's own change goes on. */
function begun(base: Base, kept: Changed | undefined, first: (base: Draft) => Draft): Edited {
  const draft = kept === undefined ? first(base.draft) : mergeDrafts(kept.base, kept.draft, base.draft).draft;
  return { base, draft, save: { kind: 'quiet' } };
}

/** Sends settings one after the other, each over the answer to the one before. */
async function sendSteps(
  { arm }: Services,
  vaultId: string,
  { base, steps }: { readonly base: Base; readonly steps: readonly Draft[] },
): Promise<Base> {
  let found = base;
  for (const wanted of steps) {
    const body = { properties: changedProperties(found.draft, wanted) };
    const ifMatch = found.etag === undefined ? {} : { ifMatch: found.etag };
    found = baseIn(await arm<Vault>(`${vaultId}?${vaultApiVersion}`, { method: 'PATCH', body, ...ifMatch }));
  }
  return found;
}

async function readBase({ arm }: Services, vaultId: string): Promise<Base> {
  return baseIn(await arm<Vault>(`${vaultId}?${vaultApiVersion}`));
}

function baseIn({ value, headers }: Answered<Vault>): Base {
  return baseOf({ vault: value, etag: headers.get('etag') ?? undefined });
}

function baseOf({ vault, etag }: VaultRead): Base {
  return { draft: draftOf(vault), etag };
}

function useHoldOf(isDirty: boolean): (() => boolean) | undefined {
  const ask = useCallback(() => window.confirm('Leave without saving? The changes of the rules would be lost.'), []);
  return isDirty ? ask : undefined;
}
