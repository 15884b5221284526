import type { Socket } from 'node:net';
import type { Audit } from '../audit/audit.ts';
import type { Verifier } from '../caller/verify.ts';
import type { RuleProfile } from '../firewall/profiles.ts';
import type { Rulebook } from '../rulebook/rulebook.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import type { Store } from '../store/store.ts';
import type { SecretAsked, SecretRead } from '../types/secret-reference.ts';
import type { Source } from '../types/source.ts';
import type { Evaluate } from './deployments/evaluations.ts';
import type { Inner } from './inner-request.ts';
import type { LongRunning } from './long-running/long-running.ts';
import type { VaultObjects } from './vault-objects/objects.ts';

/** What the control plane is given. */
export interface ControlPlaneWorld {
  readonly store: Store;
  readonly rulebook: Rulebook;
  readonly verifier: Verifier;
  /** What the tokens of issuers that the operator added may be for, beside our own names. */
  readonly externalAudiences: readonly string[];
  readonly audit: Audit;
  readonly profile: RuleProfile;
  /** Where public IP addresses come from (IPv4, CIDR). */
  readonly publicAddressPool: string;
  /** Whether answers are changed as Azure changes them, instead of giving back what was sent. */
  readonly azureNormalization: boolean;
  /** Where a path names no subscription. */
  readonly homeSubscription: string;
  readonly sourceOf: (socket: Socket) => Source;
  /** Destroys what purged vaults left. */
  readonly clearPurged: () => Promise<void>;
  /** Ends the open connections of subnets whose service endpoint is gone. */
  readonly closeSubnets: (incarnations: readonly string[]) => void;
  readonly objects: VaultObjects;
  /** Reads a secret as the template deployment service, through the vault's firewall and into its log. */
  readonly readSecret: (asked: SecretAsked) => Promise<SecretRead>;
  /** Carries out long-running operations. */
  readonly schedule: Pick<Scheduler, 'claim' | 'carryOut'>;
  readonly now: () => number;
  readonly logError: (error: unknown, requestId: string) => void;
}

/** What it adds to that itself. */
export interface ControlWorld extends ControlPlaneWorld {
  readonly inner: Inner;
  readonly evaluate: Evaluate;
  readonly longRunning: LongRunning;
}
