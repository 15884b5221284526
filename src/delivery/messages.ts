import type { StorageAccount } from './azure-blobs.ts';
import type { SinkReport } from '../metrics/vitals.ts';
import type { SinkGap } from './sink-parts.ts';

/** A collector of logs by OTLP. */
export interface OtlpEndpoint {
  readonly name: string;
  readonly endpoint: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  /** Whether it gets all records of the log, whatever the diagnostic settings are. */
  readonly everything: boolean;
}

/** The settings of the thread that delivers. */
export interface DeliveryConfiguration {
  /** The folder of the audit log, and those of storage accounts without an endpoint; relative ones stay reachable. */
  readonly directory: string;
  readonly storageDirectory: string;
  readonly accounts: readonly StorageAccount[];
  readonly otlp: readonly OtlpEndpoint[];
  /** How many files of the log are kept, and how long, anyway: see `Retention`. */
  readonly files: number;
  readonly keepMs: number;
  /** How many bytes of older files are kept for a sink that does not take them. */
  readonly undeliveredMaxBytes: number;
  /** For a sink without a state, milliseconds since 1970. */
  readonly sinceMs: number;
  readonly everyMs: number;
}

/** `storage/NAME` or `otlp/NAME`. */
export type SinkName = string;

/** The sinks of one resource, whose id is in upper case. */
export interface ResourceRoute {
  readonly resourceId: string;
  readonly sinks: readonly SinkName[];
}

export type ToDelivery =
  | {
      readonly kind: 'configure';
      readonly configuration: DeliveryConfiguration;
      readonly routes: readonly ResourceRoute[];
    }
  /** Settings have changed: nothing more is read until their routes have come. */
  | { readonly kind: 'hold' }
  | { readonly kind: 'routes'; readonly routes: readonly ResourceRoute[]; readonly atMs: number }
  | { readonly kind: 'gapRecorded'; readonly gap: number }
  | { readonly kind: 'stop' };

export type FromDelivery =
  | { readonly kind: 'loaded' | 'stopped' }
  | { readonly kind: 'notice'; readonly text: string }
  /** The inode of the oldest file of the log that a sink needs; `undefined`: none. */
  | { readonly kind: 'needed'; readonly inode: number | undefined }
  /** When any of them has changed. */
  | { readonly kind: 'sinks'; readonly sinks: readonly SinkReport[] }
  | {
      readonly kind: 'gap';
      readonly id: number;
      readonly sink: SinkName;
      /** Those whose records are missing; an empty id stands for all. */
      readonly resources: readonly string[];
      readonly gap: SinkGap;
    };
