import type { Socket } from 'node:net';
import type { Audit } from '../audit/audit.ts';
import type { Verifier } from '../caller/verify.ts';
import type { Scheduler } from '../schedule/scheduler.ts';
import type { Source } from '../types/source.ts';
import type { ControlServices } from './operation.ts';
import type { LongRunning } from './long-running/long-running.ts';

/** What the control plane is given. */
export interface ControlPlaneWorld extends Omit<ControlServices, 'inner' | 'evaluate' | 'longRunning'> {
  readonly verifier: Verifier;
  /** What the tokens of issuers that the operator added may be for, beside our own names. */
  readonly externalAudiences: readonly string[];
  readonly audit: Audit;
  /** Where a path names no subscription. */
  readonly homeSubscription: string;
  readonly sourceOf: (socket: Socket) => Source;
  /** Destroys what purged vaults left. */
  readonly clearPurged: () => Promise<void>;
  /** Ends the open connections of subnets whose service endpoint is gone. */
  readonly closeSubnets: (incarnations: readonly string[]) => void;
  /** Carries out long-running operations. */
  readonly schedule: Pick<Scheduler, 'claim' | 'carryOut'>;
  readonly logError: (error: unknown, requestId: string) => void;
}

/** What it adds to that itself. */
export interface ControlWorld extends ControlPlaneWorld, ControlServices {
  readonly longRunning: LongRunning;
}
