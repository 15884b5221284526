import { hrefOf } from '../navigation.ts';
import { counted } from '../ui/words.ts';
import { groupOf } from '../vaults/vault.ts';
import type { Vault } from '../vaults/vault.ts';
import { hasEndpoint } from './network.ts';
import type { Subnet } from './network.ts';
import { useRuleStates } from './use-rule-states.ts';

/** The vaults with a rule for the subnet, and whether that lets it in. */
export function RulesFor({ subnet, naming }: { readonly subnet: Subnet; readonly naming: readonly Vault[] }) {
  const stateOf = useRuleStates(naming);
  if (naming.length === 0) return <>in no vault</>;
  return (
    <ul>
      {naming.map((vault) => (
        <li key={vault.id}>
          <a href={hrefOf(['vaults', groupOf(vault.id), vault.name, 'networking'])}>{vault.name}</a>{' '}
          <Use isOn={hasEndpoint(subnet)} state={stateOf(vault, subnet.id)} />
        </li>
      ))}
    </ul>
  );
}

function Use({
  isOn,
  state,
}: {
  readonly isOn: boolean;
  readonly state: ReturnType<ReturnType<typeof useRuleStates>>;
}) {
  if (state?.state === 'earlierSubnet')
    return <span class="bad">made for an earlier subnet of that name: remove it and add it again</span>;
  if (!isOn) return <span class="bad">matches nothing while the endpoint is off</span>;
  if (state === undefined) return null;
  return (
    <span class="detail">{state.count === 0 ? 'not used in 24 h' : `${counted(state.count, 'call')} in 24 h`}</span>
  );
}
