import { useRef } from 'preact/hooks';
import type { RuleStatesAnswer } from '../../types/activity.ts';
import { usePortal } from '../portal.ts';
import type { Loaded } from '../portal.ts';
import type { SeenAs } from '../network-info.ts';
import { ipRuleKey, withAcls } from './draft.ts';
import { NewIpRule } from './new-ip-rule.tsx';
import { RuleList } from './rule-list.tsx';
import { statesByKey } from './rule-words.ts';
import type { Editing } from './use-draft.ts';
import { readyOr } from './use-known.ts';

interface IpRulesProps {
  readonly editing: Editing;
  readonly states: Loaded<RuleStatesAnswer>;
  readonly seen: SeenAs | undefined;
  readonly note: string | undefined;
}

/** The card "Firewall": the IP rules, the field for a new one, and the user's own address. */
export function IpRules({ editing: { base, draft, edit }, states, seen, note }: IpRulesProps) {
  const { settings } = usePortal();
  const input = useRef<HTMLInputElement>(null);
  const { ipRules } = draft.networkAcls;
  const write = (values: readonly { readonly value: string }[]) => {
    edit(withAcls(draft, { ipRules: values }));
  };
  const add = (values: readonly string[]) => {
    write([...ipRules, ...values.map((value) => ({ value }))]);
  };
  const ownIsThere = ipRules.some(({ value }) => ipRuleKey(value) === seen?.text);
  return (
    <fieldset class="card panel">
      <legend class="card-title">
        Firewall
        <span class="card-note">
          {ipRules.length} of {settings.rules.profile.ipRulesMax}
        </span>
      </legend>
      <RuleList
        label="IP rules"
        before={base.networkAcls.ipRules}
        after={ipRules}
        note={note}
        keyOf={({ value }) => ipRuleKey(value)}
        nameOf={({ value }) => value}
        show={({ value }) => <code>{value}</code>}
        states={statesByKey(readyOr(states, undefined), ipRuleKey)}
        onWrite={write}
        onGone={() => {
          input.current?.focus();
        }}
      />
      <NewIpRule input={input} acls={draft.networkAcls} onAdd={add} />
      {seen?.by === 'ipv4' && !ownIsThere && (
        <button
          type="button"
          class="button"
          onClick={() => {
            add([seen.text]);
          }}
        >
          + Add your client IP address ({seen.text})
        </button>
      )}
      {seen?.by === 'ipv6' && <p class="detail">You come over IPv6 ({seen.text}), which no IP rule can name.</p>}
    </fieldset>
  );
}
