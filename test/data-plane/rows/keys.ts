import type { Row } from './row.ts';

export const keySetUp: readonly Row['request'][] = [];

export const keySetUpElsewhere: readonly Row['request'][] = [];

export const keyLists: readonly string[] = [];

export const keyRows: Readonly<Record<string, Row>> = {};
