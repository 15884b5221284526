/** What an edge answers, before it becomes bytes. A body is JSON unless it is `undefined`, which sends none. */
export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}
