import type { ArmError, OperationStatus } from '../long-running/operation.ts';

/** The record of a deployment. It has no value of a secret parameter or a secure output. */
export interface DeploymentRecord {
  readonly name: string;
  readonly subscriptionId: string;
  /** The group's name as stored; absent at the scope of the subscription. */
  readonly resourceGroup?: string;
  /** The region of a deployment at the scope of the subscription. */
  readonly location?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** The long-running operation that carries it out. */
  readonly operationId: string;
  readonly correlationId: string;
  readonly state: OperationStatus;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** JSON. Without the default values of its secure parameters. */
  readonly template: unknown;
  /** A number that is the same for the same template. */
  readonly templateHash: string;
  /** By name: `{ type, value }`, or only the type of a secret one. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly resources: readonly DeployedResource[];
  /** The ids of the resources that it creates. */
  readonly made: readonly string[];
  readonly error?: ArmError;
}

export interface DeployedResource {
  readonly id: string;
  readonly type: string;
  readonly name: string;
  readonly location?: string;
  readonly dependsOn: readonly string[];
}

/** The operation of a deployment on one resource. */
export interface DeploymentOperationRecord {
  readonly operationId: string;
  readonly provisioningOperation: 'Create';
  readonly state: OperationStatus;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly status: number;
  readonly target?: Pick<DeployedResource, 'id' | 'type' | 'name'>;
  readonly error?: ArmError;
}
