import type { Services } from './request.ts';

/** The whole of a list of the resource manager, where it is short enough to wait for. */
export async function everyPage<T>(services: Services, first: string, signal: AbortSignal): Promise<readonly T[]> {
  const all: T[] = [];
  for await (const page of services.pages<T>({ first, of: 'arm' }, signal)) all.push(...page);
  return all;
}
