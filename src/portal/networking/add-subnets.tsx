import { useState } from 'preact/hooks';
import { usePortal } from '../portal.ts';
import type { Loaded } from '../portal.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Failed } from '../ui/message.tsx';
import { Empty, Field, Loading } from '../ui/parts.tsx';
import type { VaultNetworkAcls } from '../vaults/vault.ts';
import { subnetRuleKey } from './draft.ts';
import { switchEndpointOn } from './subnet-endpoint.ts';
import { hasEndpoint, prefixOf } from './subnets.ts';
import type { Subnet, VirtualNetwork } from './subnets.ts';

type SubnetRules = VaultNetworkAcls['virtualNetworkRules'];

interface AddSubnetsProps {
  readonly rules: SubnetRules;
  readonly networks: Loaded<readonly VirtualNetwork[]>;
  readonly onReload: () => void;
  readonly onAdd: (rules: SubnetRules) => void;
  readonly onClose: () => void;
}

/** The dialog "Add networks": a network, then its subnets. */
export function AddSubnets({ rules, networks, onReload, onAdd, onClose }: AddSubnetsProps) {
  return (
    <Dialog title="Add existing virtual networks" onClose={onClose}>
      {networks.state === 'loading' && <Loading what="the virtual networks" />}
      {networks.state === 'failed' && (
        <Failed what="The virtual networks could not be loaded." error={networks.error} again={onReload} />
      )}
      {networks.state === 'ready' && networks.value.length === 0 && <NoNetworks />}
      {networks.state === 'ready' && networks.value.length > 0 && (
        <Chooser
          networks={networks.value}
          rules={rules}
          onAdd={(added, switched) => {
            if (switched) onReload();
            onAdd(added);
            onClose();
          }}
        />
      )}
    </Dialog>
  );
}

function NoNetworks() {
  return (
    <Empty title="There is no virtual network yet.">
      <p>Make one with the Azure CLI:</p>
      <p>
        <code>az network vnet create --name my-network --resource-group my-group --subnet-name my-subnet</code>
      </p>
    </Empty>
  );
}

interface ChooserProps {
  readonly networks: readonly VirtualNetwork[];
  readonly rules: SubnetRules;
  readonly onAdd: (rules: SubnetRules, switched: boolean) => void;
}

function Chooser({ networks, rules, onAdd }: ChooserProps) {
  const { services } = usePortal();
  const [networkId, setNetworkId] = useState(networks[0]?.id ?? '');
  const [chosen, setChosen] = useState<readonly Subnet[]>([]);
  const [switchOn, setSwitchOn] = useState(true);
  const [state, setState] = useState<{ readonly busy: boolean; readonly error?: unknown }>({ busy: false });
  const network = networks.find(({ id }) => id === networkId);
  const without = chosen.filter((subnet) => !hasEndpoint(subnet));
  const add = async () => {
    setState({ busy: true });
    try {
      if (switchOn) for (const subnet of without) await switchEndpointOn(services, subnet.id);
      const added = chosen.map((subnet) => ({
        id: subnet.id,
        ...(!switchOn && !hasEndpoint(subnet) && { ignoreMissingVnetServiceEndpoint: true }),
      }));
      onAdd(added, switchOn && without.length > 0);
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <Field label="Virtual network">
        <select
          value={networkId}
          onChange={(event) => {
            setNetworkId(event.currentTarget.value);
            setChosen([]);
          }}
        >
          {networks.map(({ id, name, location }) => (
            <option key={id} value={id}>
              {name} · {id.split('/')[4]} · {location}
            </option>
          ))}
        </select>
      </Field>
      <SubnetChoices
        subnets={network?.properties.subnets ?? []}
        chosen={chosen}
        isNamed={(subnet) => rules.some((rule) => subnetRuleKey(rule) === subnetRuleKey(subnet))}
        onChoose={setChosen}
      />
      {without.length > 0 && <EndpointSwitch on={switchOn} onSwitch={setSwitchOn} subnets={without} />}
      {state.error !== undefined && <Failed what="Nothing was added." error={state.error} />}
      <div class="buttons">
        <button type="submit" class="button button-main" disabled={chosen.length === 0 || state.busy}>
          Add
        </button>
      </div>
    </form>
  );
}

function SubnetChoices({
  subnets,
  chosen,
  isNamed,
  onChoose,
}: {
  readonly subnets: readonly Subnet[];
  readonly chosen: readonly Subnet[];
  readonly isNamed: (subnet: Subnet) => boolean;
  readonly onChoose: (subnets: readonly Subnet[]) => void;
}) {
  if (subnets.length === 0) return <p class="muted">This network has no subnet.</p>;
  return (
    <fieldset>
      <legend class="field-label">Subnets</legend>
      {subnets.map((subnet) => {
        const named = isNamed(subnet);
        return (
          <label key={subnet.id} class="choice">
            <input
              type="checkbox"
              disabled={named}
              checked={named || chosen.some(({ id }) => id === subnet.id)}
              onChange={(event) => {
                const others = chosen.filter(({ id }) => id !== subnet.id);
                onChoose(event.currentTarget.checked ? [...others, subnet] : others);
              }}
            />
            <span>
              {subnet.name} <code class="muted">{prefixOf(subnet)}</code>{' '}
              <span class="detail">
                {named ? 'in the list already' : hasEndpoint(subnet) ? 'service endpoint on' : 'no service endpoint'}
              </span>
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}

function EndpointSwitch({
  on,
  onSwitch,
  subnets,
}: {
  readonly on: boolean;
  readonly onSwitch: (on: boolean) => void;
  readonly subnets: readonly Subnet[];
}) {
  const names = subnets.map(({ name }) => name).join(', ');
  return (
    <div class="message message-warn">
      <label class="choice">
        <input
          type="checkbox"
          checked={on}
          onChange={(event) => {
            onSwitch(event.currentTarget.checked);
          }}
        />
        Switch the service endpoint Microsoft.KeyVault on for {names}
      </label>
      <p class="detail">
        {on
          ? 'At once, before the rules are saved. From then on every vault sees this subnet and its private addresses instead of its public address: rules for that address match it no longer, and its open connections to vaults end.'
          : 'The rule is saved, but lets nobody in until the subnet has its service endpoint.'}
      </p>
    </div>
  );
}
