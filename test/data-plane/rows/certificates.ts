import type { Row } from './row.ts';

export const certificateSetUp: readonly Row['request'][] = [];

export const certificateSetUpElsewhere: readonly Row['request'][] = [];

export const certificateLists: readonly string[] = [];

export const certificateRows: Readonly<Record<string, Row>> = {};
