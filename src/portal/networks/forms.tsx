import { everyPage } from '../every-page.ts';
import { useLoaded, usePortal } from '../portal.ts';
import { Confirm, textIn } from '../ui/confirm.tsx';
import { Field } from '../ui/parts.tsx';
import { networkApiVersion } from './network.ts';
import type { VirtualNetwork } from './network.ts';

interface FormProps {
  readonly onDone: () => void;
  readonly onClose: () => void;
}

interface Group {
  readonly name: string;
  readonly location: string;
}

const groupApiVersion = 'api-version=2024-11-01';

export function NewNetwork({ onDone, onClose }: FormProps) {
  const { services, settings } = usePortal();
  const subscription = `/subscriptions/${settings.subscriptionId}`;
  const { loaded } = useLoaded(
    (signal) => everyPage<Group>(services, `${subscription}/resourcegroups?${groupApiVersion}`, signal),
    subscription,
  );
  const groups = loaded.state === 'ready' ? loaded.value : [];
  return (
    <Confirm
      title="Create virtual network"
      verb="Create"
      failed="The network could not be made."
      onClose={onClose}
      work={async (fields) => {
        const group = textIn(fields, 'group');
        const name = encodeURIComponent(textIn(fields, 'name'));
        const at = `${subscription}/resourceGroups/${group}/providers/Microsoft.Network/virtualNetworks/${name}`;
        // Without If-None-Match a network of that name would be changed.
        await services.arm(`${at}?${networkApiVersion}`, {
          method: 'PUT',
          ifNoneMatch: '*',
          body: {
            location: groups.find((each) => each.name === group)?.location,
            properties: {
              addressSpace: { addressPrefixes: textIn(fields, 'space').split(/[\s,]+/) },
              subnets: [subnetIn(fields)],
            },
          },
        });
        onDone();
      }}
    >
      <Field label="Resource group">
        <select name="group" required>
          {groups.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </Field>
      <Field label="Name">
        <input name="name" required spellcheck={false} autocomplete="off" />
      </Field>
      <Field label="Address space" hint="One or more ranges, such as 10.1.0.0/16">
        <input name="space" class="mono" required spellcheck={false} defaultValue="10.1.0.0/16" />
      </Field>
      <SubnetFields prefix="10.1.0.0/24" name="workloads" />
    </Confirm>
  );
}

export function NewSubnet({ network, onDone, onClose }: FormProps & { readonly network: VirtualNetwork }) {
  const { services } = usePortal();
  return (
    <Confirm
      title={`Add a subnet to ${network.name}`}
      verb="Add"
      failed="The subnet could not be made."
      onClose={onClose}
      work={async (fields) => {
        const { name, ...body } = subnetIn(fields);
        await services.arm(`${network.id}/subnets/${encodeURIComponent(name)}?${networkApiVersion}`, {
          method: 'PUT',
          ifNoneMatch: '*',
          body,
        });
        onDone();
      }}
    >
      <SubnetFields prefix="" name="" />
      <p class="detail">The network has {network.properties.addressSpace.addressPrefixes.join(', ')}.</p>
    </Confirm>
  );
}

function SubnetFields({ prefix, name }: { readonly prefix: string; readonly name: string }) {
  return (
    <>
      <Field label="Subnet">
        <input name="subnet" required spellcheck={false} autocomplete="off" defaultValue={name} />
      </Field>
      <Field label="Addresses of the subnet">
        <input name="prefix" class="mono" required spellcheck={false} defaultValue={prefix} placeholder="10.1.1.0/24" />
      </Field>
      <label class="choice">
        <input type="checkbox" name="endpoint" defaultChecked />
        Service endpoint Microsoft.KeyVault
      </label>
    </>
  );
}

function subnetIn(fields: FormData) {
  return {
    name: textIn(fields, 'subnet'),
    properties: {
      addressPrefix: textIn(fields, 'prefix'),
      serviceEndpoints: fields.has('endpoint') ? [{ service: 'Microsoft.KeyVault' }] : [],
    },
  };
}
