import type { SinkGap } from './sink-parts.ts';

/** The sentences for the operator about a sink; `sink` is its name and its target. */
export const sinkNotices = {
  failing: (sink: string, reason: string) =>
    `Audit records cannot be delivered to ${sink} yet; they wait in the audit log. ${reason}`,
  again: (sink: string) => `Audit records are delivered to ${sink} again.`,
  nothingWaits: (sink: string) => `No audit records wait for ${sink} any more.`,
  unreadable: (sink: string, { toTime }: SinkGap) =>
    `The state of the delivery to ${sink} cannot be read, so how far it was is not known. It goes on with the records ` +
    `since ${toTime}: earlier ones may be missing there, and later ones may be there twice.`,
  gap: (sink: string, { fromTime, toTime, refused }: SinkGap) => {
    const span = `between ${fromTime || 'the first'} and ${toTime || 'now'}`;
    const what =
      refused === undefined
        ? `Audit records ${span} were not delivered to ${sink}, and never will be.`
        : `${sink} refused ${refused} audit records ${span} for good.`;
    return `${what} A record AuditDeliveryGap of each vault says so.`;
  },
} as const;
