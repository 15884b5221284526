import { useEffect, useMemo, useRef } from 'preact/hooks';
import { hrefOf, navigate } from '../navigation.ts';
import type { SeenAs } from '../network-info.ts';
import { usePortal } from '../portal.ts';
import { useSeenAs } from '../seen-as.ts';
import { groupOf } from '../vaults/vault.ts';
import type { VaultTabProps } from '../vaults/vault-page.tsx';
import { Conflicted } from './conflicted.tsx';
import { Effects } from './effects.tsx';
import { GuardDialog, useGuard } from './guard.tsx';
import { fromAddress, judgeOf, judgingBy, smallestFix } from './judge.ts';
import type { Judge } from './judge.ts';
import { judgeCallers } from './callers.ts';
import { withAcls } from './draft.ts';
import type { Draft } from './draft.ts';
import './networking.css';
import { RulesForm } from './rules-form.tsx';
import { SaveBar } from './save-bar.tsx';
import { incarnationsOf } from './subnets.ts';
import { readyOr, useKnown } from './use-known.ts';
import type { Known } from './use-known.ts';
import { useDraft } from './use-draft.ts';
import type { Editing } from './use-draft.ts';
import { YourVerdict } from './your-verdict.tsx';

/** From where a vault is reached: its rules, and what a change of them does before it is saved. */
export function Networking({ vault, etag, reload, query }: VaultTabProps) {
  const { settings } = usePortal();
  const options = useMemo(() => judgingBy(settings.rules), [settings]);
  const asked = query.getAll('add').join(' ');
  const editing = useDraft(
    { vault, etag },
    (base) => askedFor(base, asked.split(' '), (draft) => judgeOf(draft, (id) => id.toLowerCase(), options)),
    reload,
  );
  const { base, draft, isDirty, save } = editing;
  const known = useKnown(vault, etag);
  const incarnationOf = useMemo(
    () => incarnationsOf(readyOr(known.networks, []), readyOr(known.states, undefined)?.value ?? []),
    [known.networks, known.states],
  );
  const before = useMemo(() => judgeOf(base, incarnationOf, options), [base, incarnationOf, options]);
  const after = useMemo(() => judgeOf(draft, incarnationOf, options), [draft, incarnationOf, options]);
  const seen = useSeenAs();
  const you = seen?.by === 'serviceEndpoint' || seen === undefined ? undefined : fromAddress(seen.text);
  const judged = useMemo(
    () =>
      judgeCallers(readyOr(known.callers, undefined)?.rows ?? [], {
        before,
        after,
        tenantId: settings.tenantId,
      }),
    [known.callers, before, after],
  );
  useEffect(() => {
    // The link's address is in the draft, or saved, or discarded: the same link must not add it again.
    if (!isDirty && asked !== '')
      navigate(hrefOf(['vaults', groupOf(vault.id), vault.name, 'networking']), { replace: true });
  }, [isDirty, asked]);
  const isLoading = known.callers.state === 'loading';
  const guard = useGuard({ you, before, after, judged, draft, isLoading }, editing.send);
  useSaveKey(isDirty && save.kind !== 'saving' && save.kind !== 'conflict', guard.ask);
  return (
    <div class="networking">
      <div class="networking-verdict">
        <h2>{isDirty ? 'What this change does' : 'Who gets in'}</h2>
        <YourVerdict
          seen={seen}
          judges={{ before, after }}
          fix={you && smallestFix(after, you, options)}
          onFix={editing.edit}
        />
      </div>
      <RulesSide {...{ editing, known, seen }} waiting={guard.waiting} onSave={guard.ask} />
      <Effects isDraft={isDirty} {...{ base, draft, before, after, judged, known, options }} you={you} />
      {guard.asking && <GuardDialog losers={guard.losers} onSave={guard.go} onClose={guard.close} />}
    </div>
  );
}

interface RulesSideProps {
  readonly editing: Editing;
  readonly known: Known;
  readonly seen: SeenAs | undefined;
  readonly waiting: boolean;
  readonly onSave: () => void;
}

/** The form that is edited, and the bar that saves it. */
function RulesSide({ editing, known, seen, waiting, onSave }: RulesSideProps) {
  const { save, settle } = editing;
  const rules = useRef<HTMLFieldSetElement>(null);
  return (
    <div class="networking-form">
      {save.kind === 'conflict' && <Conflicted conflict={save.conflict} onSettle={settle} />}
      <fieldset
        ref={rules}
        tabIndex={-1}
        class="stack"
        aria-label="Rules"
        disabled={save.kind === 'conflict' || save.kind === 'saving'}
      >
        <RulesForm editing={editing} known={known} seen={seen} />
      </fieldset>
      <SaveBar
        editing={editing}
        waiting={waiting}
        onSave={onSave}
        onDiscarded={() => {
          rules.current?.focus({ preventScroll: true });
        }}
      />
    </div>
  );
}

/** The draft of a link: the addresses that it names are let in, by the smallest change. Ranges are added as they are. */
function askedFor(base: Draft, values: readonly string[], judge: (draft: Draft) => Judge): Draft {
  return values.reduce((draft, value) => {
    if (value === '' || draft.networkAcls.ipRules.some((rule) => rule.value === value)) return draft;
    const request = fromAddress(value);
    const fix = request && smallestFix(judge(draft), request);
    return fix?.draft ?? withAcls(draft, { ipRules: [...draft.networkAcls.ipRules, { value }] });
  }, base);
}

/** Ctrl+S, or ⌘S. */
function useSaveKey(canSave: boolean, save: () => void): void {
  // The newest, from the moment it is drawn: an effect of each draft would come too late for a key pressed right after an edit.
  const newest = useRef({ canSave, save });
  newest.current = { canSave, save };
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 's' || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey)
        return;
      event.preventDefault();
      if (newest.current.canSave) newest.current.save();
    };
    window.addEventListener('keydown', pressed);
    return () => {
      window.removeEventListener('keydown', pressed);
    };
  }, []);
}
