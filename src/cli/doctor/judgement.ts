/**
 * `missing`: without it a server, a read of a secret or a program by `postern run` fails. `note`: something else does not
 * work, or not in every way.
 */
export interface Judgement {
  readonly state: 'ok' | 'note' | 'missing';
  readonly found: string;
  /** The command that mends it. */
  readonly mend?: string;
}
