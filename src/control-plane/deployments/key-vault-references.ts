import { vaultId, vaultKey } from '../../resources/keys.ts';
import { isVaultName } from '../../resources/vaults/vaults.ts';
import { readRecords } from '../../store/records.ts';
import { object, partial, string } from '../../shape/shape.ts';
import { isObject } from '../../templates/value.ts';
import type { Value, ValueObject } from '../../templates/value.ts';
import { refuse } from '../operation.ts';
import type { ControlCall, ControlServices } from '../operation.ts';

const vaultIdForm =
  /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.KeyVault\/vaults\/([^/]+)\/?$/i;

/**
 * The values of a deployment's parameters. `{ value }` is the value itself; `{ reference: { keyVault: { id },
 * secretName, secretVersion } }` is read from a vault ("Use Azure Key Vault to pass secure parameter value"). The
 * deploying caller needs `Microsoft.KeyVault/vaults/deploy/action` on the vault; the secret is read by the template
 * deployment service. `references` has the names of the parameters that were read, in lower case.
 * @throws {Refused} for a malformed parameter, or a secret that cannot be read
 */
export async function parameterValues(
  given: Value,
  call: ControlCall,
  services: Pick<ControlServices, 'readSecret'>,
): Promise<{ readonly values: ValueObject; readonly references: ReadonlySet<string> }> {
  const references = new Set<string>();
  if (given === null) return { values: {}, references };
  if (!isObject(given))
    return refuse({ kind: 'invalidDeployment', message: "The deployment's parameters must be an object." });
  const values: [string, Value][] = [];
  for (const [name, parameter] of Object.entries(given)) {
    if (!isObject(parameter)) return malformed(name);
    const { value, reference, ...others } = parameter;
    if (Object.keys(others).some((member) => member !== 'metadata' && member !== 'type')) return malformed(name);
    if (reference === undefined || reference === null) {
      if (value !== undefined) values.push([name, value]);
      continue;
    }
    values.push([name, await readReference(name, reference, { call, ...services })]);
    references.add(name.toLowerCase());
  }
  return { values: Object.fromEntries(values), references };
}

function malformed(name: string): never {
  const forms = '{"value": …} or {"reference": {"keyVault": {"id": …}, "secretName": …}}';
  const message = `The value of deployment parameter '${name}' is not valid: give ${forms}.`;
  return refuse({ kind: 'invalidDeployment', message });
}

const ignoreOthers = { ignoredIf: () => true };

const secretReference = object(
  { keyVault: object({ id: string }, ignoreOthers), ...partial({ secretVersion: string }), secretName: string },
  ignoreOthers,
);

async function readReference(
  parameter: string,
  reference: Value,
  { call, readSecret }: { readonly call: ControlCall } & Pick<ControlServices, 'readSecret'>,
): Promise<string> {
  const read = secretReference(reference);
  if (!read.ok) return malformed(parameter);
  const { keyVault, secretName, secretVersion } = read.value;
  const { id } = keyVault;
  const name = vaultIdForm.exec(id)?.[1] ?? '';
  const [record] = isVaultName(name) ? await readRecords(call.store, { get: [vaultKey(name)] }) : [];
  const vault = record?.value;
  if (vault === undefined || vault.deleted !== undefined || !sameId(vaultId(vault), id)) {
    return refuse({ kind: 'keyVaultReferenceNotFound', parameter, vaultId: id });
  }
  if (!call.access.may('Microsoft.KeyVault/vaults/deploy/action', vaultId(vault))) {
    return refuse({ kind: 'keyVaultReferenceNotAuthorized', objectId: call.caller.objectId, vaultId: id });
  }
  const { correlationId } = call.origin;
  const origin = `https://${vault.name.toLowerCase()}${call.names.vaultSuffix}`;
  const asked = {
    vaultId: vaultId(vault),
    origin,
    secretName,
    secretVersion: secretVersion === '' ? undefined : secretVersion,
    correlationId,
  };
  const secret = await readSecret(asked);
  if (secret.ok) return secret.value;
  return refuse({
    kind: 'keyVaultReferenceNotRead',
    parameter,
    vaultId: id,
    status: secret.status,
    answered: secret.message,
  });
}

function sameId(own: string, asked: string): boolean {
  return own.toLowerCase() === asked.replace(/\/$/, '').toLowerCase();
}
