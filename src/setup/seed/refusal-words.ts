import { refusalMessage } from '../../firewall/refusal.ts';
import type { DirectoryRefusal } from '../../directory/refusal.ts';
import type { ObjectRefusal } from '../../objects/refusal.ts';
import type { ResourceRefusal } from '../../resources/refusal.ts';

/** Why a vault or a network cannot be as the seed has it, in words that follow the path. */
export function wordsOfResource(refusal: ResourceRefusal): string {
  if ('path' in refusal) return refusalMessage(refusal);
  if ('message' in refusal) return refusal.message;
  if (refusal.kind === 'subnetNotFound') {
    return `there is no subnet ${refusal.id}: add its network to the seed, or remove the rule`;
  }
  if (refusal.kind === 'subnetWithoutServiceEndpoint') {
    return `the subnet '${refusal.subnet}' of ${refusal.virtualNetwork} has no service endpoint for Microsoft.KeyVault: add it, or remove the rule`;
  }
  if (refusal.kind === 'subnetInUse') {
    return `the subnet ${refusal.id} is in use by ${refusal.users.join(', ')}: delete these first`;
  }
  return `it was refused (${refusal.kind})`;
}

/** The same for a secret or a key. */
export function wordsOfObject(refusal: ObjectRefusal): string {
  if ('message' in refusal) return refusal.message;
  if (refusal.kind === 'objectDeletedButRecoverable') {
    return 'it is soft-deleted, and keeps its name: start once without --seed and recover or purge it, or leave it out of the seed';
  }
  if (refusal.kind === 'secretManaged' || refusal.kind === 'keyManaged') {
    return 'it belongs to the certificate of that name, which changes it: choose another name, or leave it out';
  }
  if (refusal.kind === 'objectBeingDeleted' || refusal.kind === 'objectBeingRecovered') {
    return 'it is being deleted or recovered at the moment: start again in some seconds';
  }
  return `it was refused (${refusal.kind})`;
}

/** The same for a user, with the member that is to blame. */
export function wordsOfDirectory(refusal: DirectoryRefusal): {
  readonly member?: 'password' | 'displayName';
  readonly rule: string;
} {
  if (refusal.kind !== 'propertyInvalid') return { rule: `it was refused (${refusal.kind})` };
  if (refusal.property === 'passwordProfile.password') return { member: 'password', rule: refusal.rule };
  if (refusal.property === 'displayName') return { member: 'displayName', rule: refusal.rule };
  return { rule: refusal.rule };
}
