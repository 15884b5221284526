import { useRef, useState } from 'preact/hooks';
import { usePortal } from '../portal.ts';
import type { VaultNetworkAcls } from '../vaults/vault.ts';
import { AddSubnets } from './add-subnets.tsx';
import { subnetRuleKey, withAcls } from './draft.ts';
import { subnetInWords, subnetNames } from './draft-words.ts';
import { RuleList } from './rule-list.tsx';
import { statesByKey } from './rule-words.ts';
import { SubnetFix } from './subnet-fix.tsx';
import type { Editing } from './use-draft.ts';
import { readyOr } from './use-known.ts';
import type { Known } from './use-known.ts';

interface SubnetRulesProps {
  readonly editing: Editing;
  readonly known: Known;
  readonly note: string | undefined;
}

/** The card "Virtual networks". */
export function SubnetRules({ editing, known, note }: SubnetRulesProps) {
  const { settings } = usePortal();
  const { base, draft, edit } = editing;
  const [adding, setAdding] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const rules = draft.networkAcls.virtualNetworkRules;
  const write = (virtualNetworkRules: VaultNetworkAcls['virtualNetworkRules']) => {
    edit(withAcls(draft, { virtualNetworkRules }));
  };
  return (
    <fieldset class="card panel">
      <legend class="card-title">
        Virtual networks
        <span class="card-note">
          {rules.length} of {settings.rules.profile.virtualNetworkRulesMax}
        </span>
      </legend>
      <RuleList
        label="Virtual network rules"
        before={base.networkAcls.virtualNetworkRules}
        after={rules}
        note={note}
        keyOf={subnetRuleKey}
        nameOf={({ id }) => subnetInWords(id)}
        show={({ id }) => <SubnetName id={id} />}
        states={statesByKey(readyOr(known.states, undefined), (value) => value.toLowerCase())}
        fix={({ id }, { state }) => <SubnetFix state={state} id={id} editing={editing} known={known} />}
        onWrite={write}
        onGone={() => {
          button.current?.focus();
        }}
      />
      <button
        ref={button}
        type="button"
        class="button"
        onClick={() => {
          setAdding(true);
        }}
      >
        + Add existing virtual networks
      </button>
      {adding && (
        <AddSubnets
          rules={rules}
          networks={known.networks}
          onReload={known.reloadNetworks}
          onAdd={(added) => {
            write([...rules, ...added]);
          }}
          onClose={() => {
            setAdding(false);
          }}
        />
      )}
    </fieldset>
  );
}

function SubnetName({ id }: { readonly id: string }) {
  const { network, subnet } = subnetNames(id);
  if (network === '') return <code>{id}</code>;
  return (
    <>
      <strong>{network}</strong> / {subnet}
    </>
  );
}
